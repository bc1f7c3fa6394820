"""Whether what is seen at an override's path stops its component, and whose it claims to be."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from ledger.domain.facts import FileSeen
from ledger.domain.override_text import parse_override
from ledger.domain.runbook import COMPONENTS
from ledger.domain.text import clean
from ledger.said import Said

MODE = "0600"
"""The mode of an override: nobody but its owner changes or reads what stops trading."""


def why_it_does_not_stop(file: FileSeen, component: str, at: datetime) -> str:
    """Why what is seen at the path does not stop the component, as a clause; "" where it does.

    Only a plain file of mode 600 whose bytes mean "disable" for this very component, and that has not expired, is an
    override (docs/runbook.md, "The stop"). A scheduler may well stop for less; nobody can be promised that.
    """
    if file.kind != "file":
        return "nothing is there" if file.kind == "absent" else Said("it is {}", _A[file.kind])
    fields = parse_override(file.content)
    if fields is None:
        return "its content is no override" if file.content.strip() else "it is empty"
    _, schema, action = COMPONENTS[component]
    for name, wanted in (("action", action), ("schema", schema)):
        if fields.get(name) != wanted:
            return Said("its {} is {} and not {}", name, ascii(clean(fields.get(name, ""), 60)), wanted)
    if file.mode != MODE:
        return Said("its mode is {} and not 0600", file.mode)
    return _expired(fields, at)


_A = {"link": "a symbolic link", "folder": "a folder", "other": "no plain file", "unreadable": "unreadable"}


def _expired(fields: dict[str, str], at: datetime) -> str:
    if fields.get("expires_at") in (None, "", "None"):
        return ""
    try:
        over = datetime.fromisoformat(fields["expires_at"]) <= at
    except (ValueError, TypeError):
        return "its end cannot be read"
    return Said("it expired at {}", clean(fields["expires_at"], 40)) if over else ""


class Claims(NamedTuple):
    """What an override says of itself, made fit to be shown. Nobody vouches for it."""

    by: str
    at: str
    reason: str
    ticket: str
    ends: str
    """When it stops stopping; "" where it has no end."""


def claims(content: bytes) -> Claims:
    """Whose the override says it is; ``?`` where it does not say."""
    fields = parse_override(content) or {}
    by, at, reason = (clean(fields.get(name, ""), 80) or "?" for name in ("requested_by", "timestamp", "reason"))
    ends = fields.get("expires_at", "")
    return Claims(by, at, reason, clean(fields.get("ticket", ""), 64), "" if ends == "None" else clean(ends, 40))
