"""Words of pages that the application layer has, too; they are translated where they are shown."""

from __future__ import annotations

from typing import Final


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
