"""Commands of bad nights: refusals, waivers, assumed roles, handover, review, outside changes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ledger.domain.commands.base import Command
from ledger.domain.facts import FileSeen


@dataclass(frozen=True, slots=True, kw_only=True)
class Refuse(Command):
    """A product owner says no."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportConfirmation(Command):
    """Somebody heard the owner's yes."""

    owner: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Waive(Command):
    """Depart from a step."""

    number: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Accept(Command):
    """Accept an inconclusive verdict: the first person proposes, the second accepts."""

    number: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Assume(Command):
    """Cover an absent role in this rollback."""

    role: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferHandover(Command):
    """Offer a role to another person."""

    role: str
    receiver: str
    open_points: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptHandover(Command):
    """Accept a role that was offered."""

    role: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Review(Command):
    """Say that the deviations were looked at."""

    text: str
    text_sha384: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attach(Command):
    """Attach a file to a step."""

    number: int
    name: str
    size: int
    attached_sha384: str
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Correct(Command):
    """Say what was wrong in an earlier entry."""

    entry: int
    text: str
    text_sha384: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkTicket(Command):
    """Name the ticket, or another one."""

    ticket: str
    ticket_state: str = "claimed"
    ticket_sha384: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GiveReason(Command):
    """Say why trading was stopped, where the stop was pressed without a reason."""

    reason: str
    reason_sha384: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtendWindow(Command):
    """Make the maintenance window longer."""

    window_end: datetime
    reason: str
    announcement_sha384: str
    permalink: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PutBack(Command):
    """Put the declared override back where somebody changed or removed it."""

    file: FileSeen
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordPutBack(Command):
    """What came of putting the override back."""

    file: FileSeen
    moved_to: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtendSilence(Command):
    """Let the silence last longer, counted from its current end."""

    seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OweSilenceEnd(Command):
    """Alertmanager cannot be reached at the end."""

    cause: str
