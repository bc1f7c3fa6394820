"""What was typed with a stop, made fit. Of a stop only the will to stop is required (docs/runbook.md, "The stop").

What does not fit is dropped or shortened and noted; nothing here ever refuses.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from ledger.domain.runbook import COMPONENTS, TRADING
from ledger.domain.text import LONGEST, check_ticket, clean
from ledger.errors import Refused
from ledger.said import Said

NO_REASON = "no reason was given with the stop"
UNREAD = "what was typed is too large to be read, and was left out"
_SECONDS = {"": 60, "s": 1, "m": 60, "h": 3600, "d": 86400}
_LONGEST_SECONDS = 366 * 86400


class Asked(NamedTuple):
    """A stop as it is carried out."""

    reason: str
    """At most 200 characters, one line, printable; never empty."""
    ticket: str
    """A ticket id, or "" where none or none that is one was typed."""
    requested_by: str
    """The team, or "" where none was typed."""
    component: str
    seconds: int | None
    """Seconds until the override ends; None: no end."""
    notes: tuple[str, ...]
    """What was left out or shortened, one clause each."""
    whole_reason: str
    """All of a reason that was too long for an entry or not fit for one, else ""; printable, at most 10,000."""

    @property
    def reason_owed(self) -> bool:
        """Whether a reason is still to be given."""
        return self.reason == NO_REASON


def fit(
    *, reason: str = "", ticket: str = "", requested_by: str = "", component: str = TRADING, lasts: str = ""
) -> Asked:
    """Whatever was typed, as a stop that can be carried out. ``lasts`` is minutes, or a duration such as ``2h``."""
    notes: list[str] = []
    short = clean(reason) or NO_REASON
    whole = clean(reason, LONGEST) if reason.strip() not in ("", short) else ""
    if whole:
        notes.append(Said("the reason was shortened or made printable ({} characters were typed)", len(reason)))
    team = clean(requested_by, 80)
    if team != requested_by.strip():
        notes.append("the team was shortened or made printable")
    return Asked(
        short, _ticket(ticket, notes), team, _component(component, notes), _lasts(lasts, notes), tuple(notes), whole
    )


def _ticket(ticket: str, notes: list[str]) -> str:
    ticket = ticket.strip()
    if not ticket:
        return ""
    try:
        return check_ticket(ticket)
    except Refused:
        notes.append(Said("the ticket {} is none (of the form INC-2042) and was left out", ascii(clean(ticket, 80))))
        return ""


def _component(component: str, notes: list[str]) -> str:
    component = component.strip() or TRADING
    if component in COMPONENTS:
        return component
    notes.append(
        Said("{} is no component ({}): trading was stopped", ascii(clean(component, 60)), ", ".join(COMPONENTS))
    )
    return TRADING


def _lasts(lasts: str, notes: list[str]) -> int | None:
    if not lasts.strip():
        return None
    match = re.fullmatch(r"([0-9]{1,7})([smhd]?)", lasts.strip())
    seconds = int(match[1]) * _SECONDS[match[2]] if match else 0
    if 0 < seconds <= _LONGEST_SECONDS:
        return seconds
    notes.append(Said("the duration {} is none and was left out: the override has no end", ascii(clean(lasts, 40))))
    return None
