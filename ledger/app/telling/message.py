"""What is told of an entry: its announcement where it has one, else who did what; then a link and the head."""

from __future__ import annotations

from typing import Final, NamedTuple
from urllib.parse import quote

from ledger.adapters.connection import Delivery
from ledger.app.installation import Installation
from ledger.app.oncall.duty import words
from ledger.app.reading.covering import newest_head
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
from ledger.verify.report import HEAD_LINE, format_head, head_line

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


class Asked(NamedTuple):
    """An entry of which somebody elsewhere is to be told."""

    record: Recorded
    text: str = ""
    """The observer's own words for it, where it has some."""

    @property
    def sequence(self) -> int:
        """The entry."""
        return self.record.sequence


def is_told(asked: Asked) -> bool:
    """Whether people are told of it."""
    return bool(asked.text) or type(asked.record.event) in TOLD


def delivery(installation: Installation, asked: Asked, part: str, thread: str = "") -> Delivery:
    """What goes out of an entry now, in words."""
    record, where = asked.record, installation.config.serve.url.rstrip("/")
    rollback = installation.state.rollback(record.rollback) if record.rollback else None
    link = f"{where}/rollbacks/{quote(record.rollback, safe='')}" if where and record.rollback else ""
    text, head = with_head(installation, asked.text or _text(installation, record), link)
    return Delivery(
        entry=record.sequence,
        part=part,
        marker=f"{installation.ledger.origin}/{record.sequence}{part and '/'}{part}",
        kind=record.status,
        at=record.at,
        text=text,
        rollback=record.rollback,
        ticket=rollback.ticket if rollback else "",
        link=link,
        head=head,
        thread=thread,
    )


def with_head(installation: Installation, *parts: str) -> tuple[str, str]:
    """The parts that are not empty, a line each or more, with the ledger's newest head as the last; and that head."""
    head = newest_head(installation)
    last = head_line(head, installation.ledger.origin) if head else ""
    lines = filter(None, (part.rstrip("\n") for part in (*parts, last)))
    return "\n".join(lines), format_head(head) if head else ""


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
    told = f"To confirm: {names}" if names else "To confirm: nobody has the role product owner"
    now = installation.clock()
    duty = installation.oncall.duty("product_owner", now)
    return f"{told}; {words(duty, state, installation.people.names(), now)}" if duty else told
