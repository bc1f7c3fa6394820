"""Events about who owes what: waivers, acceptance, lapses, assumed roles, handover, review, corrections, windows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from ledger.domain.events.base import Event
from ledger.domain.runbook import Role


@dataclass(frozen=True, slots=True, kw_only=True)
class StepLapsed(Event):
    """The condition of a verdict ended before closing: the step is due again."""

    status: ClassVar[str] = "step_lapsed"
    sentence: ClassVar[str] = "let step {number} lapse: {reason}"
    number: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StepWaived(Event):
    """An incident manager departs from the step; to be reviewed."""

    status: ClassVar[str] = "step_waived"
    sentence: ClassVar[str] = "waived step {number}: {reason}"
    number: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptanceProposed(Event):
    """The step's role would accept an inconclusive verdict; a second person must agree."""

    status: ClassVar[str] = "acceptance_proposed"
    sentence: ClassVar[str] = "proposed to accept step {number} as it is: {reason}"
    number: int
    verdict_entry: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StepAccepted(Event):
    """A second person agrees to the inconclusive verdict; to be reviewed."""

    status: ClassVar[str] = "step_accepted"
    sentence: ClassVar[str] = "accepted step {number} as proposed by entry {proposal}: {reason}"
    number: int
    proposal: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmationRefused(Event):
    """The product owner says no. After the stop it undoes nothing."""

    status: ClassVar[str] = "confirmation_refused"
    sentence: ClassVar[str] = "refused to confirm: {reason}"
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmationReported(Event):
    """Somebody heard the owner's yes, e.g. by telephone: a claim that passes nothing."""

    status: ClassVar[str] = "confirmation_reported"
    sentence: ClassVar[str] = "reported that {owner} confirmed: {text}"
    owner: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtensionConfirmed(Event):
    """A product owner agrees to the longer window."""

    status: ClassVar[str] = "extension_confirmed"
    sentence: ClassVar[str] = "confirmed the extension of entry {extension}"
    extension: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleAssumed(Event):
    """Somebody covers an absent role in this rollback only; to be reviewed."""

    status: ClassVar[str] = "role_assumed"
    sentence: ClassVar[str] = "assumed the role {assumed}: {reason}"
    assumed: Role
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HandoverOffered(Event):
    """A role is to be handed to another person; it counts when that person accepts."""

    status: ClassVar[str] = "handover_offered"
    sentence: ClassVar[str] = "offered {duty} to {receiver}: {open_points}"
    duty: Role
    receiver: str
    open_points: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HandoverAccepted(Event):
    """The receiver accepts and holds the role from now on."""

    status: ClassVar[str] = "handover_accepted"
    sentence: ClassVar[str] = "accepted {duty} as offered by entry {offer}"
    duty: Role
    offer: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reviewed(Event):
    """Somebody who took no step looked at the deviations."""

    status: ClassVar[str] = "reviewed"
    sentence: ClassVar[str] = "reviewed the rollback: {text}"
    text: str
    text_sha384: str = ""
    up_to: int
    """Last entry of the rollback that was looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceAttached(Event):
    """A file that belongs to a step: a picture, a log, a report of the manual way."""

    status: ClassVar[str] = "evidence_attached"
    sentence: ClassVar[str] = "attached {name} ({size} bytes) to step {number}"
    number: int
    name: str
    size: int
    attached_sha384: str
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Corrected(Event):
    """What an earlier entry says was wrong. The entry stays as it is."""

    status: ClassVar[str] = "corrected"
    sentence: ClassVar[str] = "corrected entry {entry}: {text}"
    entry: int
    text: str
    text_sha384: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketLinked(Event):
    """The ticket of a rollback that was stopped without one, or another one; a confirmation is revoked by it."""

    status: ClassVar[str] = "ticket_linked"
    sentence: ClassVar[str] = "linked the ticket {ticket}"
    ticket: str
    ticket_state: str
    ticket_sha384: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondEyesDoubted(Event):
    """Four eyes by somebody whose role or password the first person gave: it counts, and a third person looks at it."""

    status: ClassVar[str] = "second_eyes_doubted"
    sentence: ClassVar[str] = "was the second pair of eyes, with a role or password given by {given_by} (entry {given})"
    given_by: str
    """The first person."""
    given: int
    """The entry by which the first person last gave the second one a role or a password."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReasonGiven(Event):
    """Why trading was stopped, told after a stop that was pressed without a reason."""

    status: ClassVar[str] = "reason_given"
    sentence: ClassVar[str] = "gave the reason of the stop: {reason}"
    reason: str
    reason_sha384: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowExtended(Event):
    """The maintenance window lasts longer; asks for a confirmation and revokes nothing."""

    status: ClassVar[str] = "window_extended"
    step: ClassVar[int | None] = 0
    sentence: ClassVar[str] = "extended the window to {window_end}: {reason}"
    window_end: datetime
    reason: str
    announcement_sha384: str
    permalink: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowOverrun(Event):
    """The window is over and the rollback is not."""

    status: ClassVar[str] = "window_overrun"
    sentence: ClassVar[str] = "saw that the window ended at {window_end} and the rollback did not"
    window_end: datetime


EVENTS = (
    StepLapsed,
    StepWaived,
    AcceptanceProposed,
    StepAccepted,
    ConfirmationRefused,
    ConfirmationReported,
    ExtensionConfirmed,
    RoleAssumed,
    HandoverOffered,
    HandoverAccepted,
    Reviewed,
    EvidenceAttached,
    Corrected,
    TicketLinked,
    SecondEyesDoubted,
    ReasonGiven,
    WindowExtended,
    WindowOverrun,
)
