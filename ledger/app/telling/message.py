"""What is told of an entry: its announcement where it has one, else who did what; then a link and the head.

JSON with these strings: ``text`` for people; ``kind``, the entry's status; ``rollback``, its id or ``""``; ``stage``;
and ``id``, which is the same each time the message is sent, so that a receiver can leave out what came twice.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final, NamedTuple
from urllib.parse import quote

from ledger.app.installation import Installation
from ledger.app.reading.covering import head_to_send
from ledger.app.reading.queries import sentence
from ledger.domain.closing.events import RollbackAborted, RollbackCompleted
from ledger.domain.command import SYSTEM
from ledger.domain.duties.events import ConfirmationRefused, ConfirmationReported, WindowExtended, WindowOverrun
from ledger.domain.event import Event
from ledger.domain.observing.events import WarningGiven
from ledger.domain.opening.events import EmergencyDeclared, RollbackConfirmed, RollbackOpened
from ledger.domain.record import Recorded
from ledger.domain.restoring.events import (
    AllClearAnnounced,
    HoldReleased,
    IncidentEnded,
    OverrideRemovalFailed,
    OverrideRemoved,
    OverrideRemovedOutside,
    RestoreChecked,
)
from ledger.domain.silencing.events import (
    SilenceAdopted,
    SilenceCreated,
    SilenceEnded,
    SilenceExtended,
    SilenceFailed,
    SilenceFound,
    SilenceLost,
)
from ledger.domain.stopping.events import (
    HoldJoined,
    OverrideAdopted,
    OverrideExpired,
    OverrideFailed,
    OverridePutBack,
    OverrideRequested,
    OverrideWritten,
    StopChecked,
    StopTakenIn,
)
from ledger.domain.watching.events import WatchFinished
from ledger.errors import LedgerError
from ledger.verify.report import HEAD_LINE

TOLD: Final[frozenset[type[Event]]] = frozenset(
    {
        RollbackOpened,
        RollbackConfirmed,
        ConfirmationRefused,
        ConfirmationReported,
        EmergencyDeclared,
        WindowExtended,
        OverrideRequested,
        OverrideWritten,
        OverrideAdopted,
        OverrideFailed,
        OverridePutBack,
        HoldJoined,
        StopTakenIn,
        StopChecked,
        SilenceCreated,
        SilenceAdopted,
        SilenceFound,
        SilenceFailed,
        SilenceExtended,
        SilenceLost,
        SilenceEnded,
        WatchFinished,
        OverrideRemoved,
        OverrideRemovalFailed,
        RestoreChecked,
        HoldReleased,
        IncidentEnded,
        AllClearAnnounced,
        RollbackCompleted,
        RollbackAborted,
        WarningGiven,
        WindowOverrun,
        OverrideExpired,
        OverrideRemovedOutside,
    }
)
"""Every one of these is told; what else the observer warns of is told by its own words."""


class Told(NamedTuple):
    """An entry of which people are to be told."""

    sequence: int
    status: str
    rollback: str
    at: datetime
    text: str


def told(installation: Installation, record: Recorded) -> Told | None:
    """An entry in words; None for one that is not told."""
    if type(record.event) not in TOLD:
        return None
    return Told(record.sequence, record.status, record.rollback, record.at, _text(installation, record))


def message(installation: Installation, one: Told) -> dict[str, str]:
    """The message as it goes out now."""
    where = installation.config.serve.url.rstrip("/")
    link = f"{where}/rollbacks/{quote(one.rollback, safe='')}\n" if where and one.rollback else ""
    return {
        "kind": one.status,
        "rollback": one.rollback,
        "stage": installation.config.stage,
        "id": f"{installation.ledger.origin}/{one.sequence}",
        "text": f"{one.text}\n{link}{head_to_send(installation)}".rstrip("\n"),
    }


def _text(installation: Installation, record: Recorded) -> str:
    event = record.event
    if isinstance(event, WarningGiven):
        return event.text
    if digest := getattr(event, "announcement_sha384", ""):
        try:
            text = installation.artefacts.get(digest).decode("utf-8", "replace")
        except LedgerError:
            text = ""
        if text:
            whole = "\n".join(line for line in text.splitlines() if not line.startswith(HEAD_LINE))
            return f"{whole}\n{_to_confirm(installation)}" if isinstance(event, RollbackOpened) else whole
    if isinstance(event, OverrideRequested):
        name = installation.people.name(record.actor)
        return f"[Stage4] {record.rollback}: STOP pressed by {name}: {event.reason or 'no reason given yet'}"
    who = "" if record.actor == SYSTEM.person else f"{installation.people.name(record.actor)} "
    return f"[Stage4] {record.rollback}: {who}{sentence(record)}"


def _to_confirm(installation: Installation) -> str:
    """Who can confirm an opening, by name."""
    state = installation.state
    owners = sorted(person for person, roles in state.people.items() if "product_owner" in roles)
    names = ", ".join(installation.people.name(person) for person in owners)
    return f"To confirm: {names}" if names else "To confirm: nobody has the role product owner"
