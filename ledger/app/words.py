"""Words of pages that the application layer has, too; they are translated where they are shown."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from ledger.said import Said


def mark(message: str) -> str:
    """Marks a text for the catalogue; it is translated where it is shown."""
    return message


ROLES: Final = {
    "incident_manager": mark("Incident Manager"),
    "l2_ops": mark("L2 Ops"),
    "observability": mark("Observability"),
    "noc": mark("NOC"),
    "product_owner": mark("product owner"),
    "auditor": mark("auditor"),
    "admin": mark("admin"),
    "system": mark("the ledger itself"),
    "none": mark("no role"),
}


_CODES: Final = re.compile(
    r"^(?:observability|noc)(?=: )|(?<!--role )(?<![\w/-])(?:incident_manager|l2_ops|product_owner)(?![\w/-])"
)


def codes_by_name(text: str, name: Callable[[str], str] = str) -> str:
    """A text with the codes of roles in it by name; what is to be typed keeps them."""
    return _CODES.sub(lambda match: name(ROLES[match[0]]), text)


def roles_by_name(sentence: Said, name: Callable[[str], str] = str) -> Said:
    """A sentence with the roles that were filled into it by name: ``l2_ops or noc`` is ``L2 Ops or NOC``."""
    return sentence.each(lambda value: _named(value, name))


def _named(value: str, name: Callable[[str], str]) -> str:
    for between in (" or ", ", "):
        parts = value.split(between)
        if all(part in ROLES for part in parts):
            return between.join(name(ROLES[part]) for part in parts)
    return value
