"""Characters that nobody sees, or that turn the text around them over, are named where a page shows text.

What people type and what other systems say is kept as it is; a page shows ``[U+202E]`` in place of the character that
would show the rest of the line backwards.
"""

from __future__ import annotations

import re
from typing import Any, Final

from markupsafe import Markup, escape

from ledger.domain.text import UNSEEN, named, visible

_LONG: Final = re.compile(r"[^\s<>&]{28,}")
_JOINTS: Final = re.compile(r"(?<=[a-z.])(?=[A-Z])|(?<=[_./])(?=[^\s_./])|(?=\{)")


def finalize(value: Any) -> Any:
    """What a template puts out: as :func:`visible` where it is text, as it is where the template made it."""
    if value is None or isinstance(value, (int, float)) or hasattr(value, "__html__"):
        return value
    return visible(str(value))


def exact(text: object) -> Markup:
    """The text, escaped and otherwise as it is: in a field that gives back what was typed."""
    return escape(str(text))


def exact_bytes(text: str) -> Markup:
    """The text as it is, each such character in an element of its own that names it and keeps its effect inside."""
    parts = []
    last = 0
    for match in UNSEEN.finditer(text):
        parts += [
            escape(text[last : match.start()]),
            Markup('<bdi class="odd" title="%s">%s</bdi>') % (named(match), match[0]),
        ]
        last = match.end()
    return Markup("").join([*parts, escape(text[last:])])


def broken(text: object) -> Markup:
    """The text with the places at which a long name in it may be broken where there is little room.

    Before its capitals and braces, after its underscores, dots and slashes: ``MultiStrategySchedulerLatencyHigh`` and
    ``cross_exchange_arbitrage`` are names, and what is copied from a page has nothing in between.
    """
    safe = str(escape(visible(str(text))))
    return Markup(_LONG.sub(lambda long: _JOINTS.sub("<wbr>", long[0]), safe))  # noqa: S704 (escaped above)
