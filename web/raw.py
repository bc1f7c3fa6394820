"""An entry's line, laid out so that it can be read, with what is hashed and what is signed marked on each part.

The exact bytes have no line ends and no spaces between fields; this form is for eyes alone and is never hashed.
"""

from __future__ import annotations

import json
from typing import Any, Final, NamedTuple

ALL_BUT_ITSELF: Final = "signature"
"""The one field that ``signature.value`` is not over (docs/architecture.md, "One format")."""


class Part(NamedTuple):
    """One field of the entry at the top level."""

    name: str
    text: str
    """``"name": value`` as JSON with indents, and the comma after it."""
    signed: bool
    """Whether ``signature.value`` is over it."""
    chained: bool
    """Whether ``signatures["ledger.chain"]`` is over it."""


def parts(body: dict[str, Any]) -> list[Part]:
    """The fields in the order in which they stand in the line."""
    last = len(body) - 1
    return [
        Part(name, _text(name, value) + ("," if number < last else ""), name != ALL_BUT_ITSELF, name == "chain")
        for number, (name, value) in enumerate(sorted(body.items()))
    ]


def _text(name: str, value: Any) -> str:
    text = json.dumps({name: value}, indent=2, ensure_ascii=False, sort_keys=True)
    return "\n".join(text.split("\n")[1:-1])
