"""Characters that nobody sees, or that turn the text around them over, are named where a page shows text.

What people type and what other systems say is kept as it is; a page shows ``[U+202E]`` in place of the character that
would show the rest of the line backwards (Unicode TR 36, "Bidirectional Text Spoofing"; CVE-2021-42574).
"""

from __future__ import annotations

import re
from typing import Any

from markupsafe import Markup, escape

_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x0c\x0e-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e007f]"
)
"""Controls but for tab and line ends, marks of direction, spaces without width, tags. Joiners are part of words."""


def visible(text: str) -> str:
    """The text with such characters named."""
    return _UNSEEN.sub(_name, text)


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
    for found in _UNSEEN.finditer(text):
        parts += [
            escape(text[last : found.start()]),
            Markup('<bdi class="odd" title="%s">%s</bdi>') % (_name(found), found[0]),
        ]
        last = found.end()
    return Markup("").join([*parts, escape(text[last:])])


def _name(found: re.Match[str]) -> str:
    return f"[U+{ord(found[0]):04X}]"
