"""Events about who owes what: waivers, acceptance, lapses, assumed roles, handover, review, corrections, windows."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from ledger.domain.event import Event, event, in_english
from ledger.domain.runbook import Role, Step


@event
class StepLapsed(Event):
    """The condition of a verdict ended before closing: the step is due again."""

    status: ClassVar[str] = "step_lapsed"
    version: ClassVar[int] = 2
    said: ClassVar[frozenset[str]] = frozenset({"reason"})
    sentence: ClassVar[str] = "let step {number} lapse: {reason}"
    number: int
    reason: str


StepLapsed1 = in_english(StepLapsed)


@event
class StepWaived(Event):
    """An incident manager departs from the step; to be reviewed."""

    status: ClassVar[str] = "step_waived"
    sentence: ClassVar[str] = "waived step {number}: {reason}"
    number: int
    reason: str


@event
class AcceptanceProposed(Event):
    """The step's role would accept an inconclusive verdict; a second person must agree."""

    status: ClassVar[str] = "acceptance_proposed"
    sentence: ClassVar[str] = "proposed to accept step {number} as it is: {reason}"
    number: int
    verdict_entry: int
    reason: str


@event
class StepAccepted(Event):
    """A second person agrees to the inconclusive verdict; to be reviewed."""

    status: ClassVar[str] = "step_accepted"
    sentence: ClassVar[str] = "accepted step {number} as proposed by entry {proposal}: {reason}"
    number: int
    proposal: int
    reason: str


@event
class ConfirmationRefused(Event):
    """The product owner says no. After the stop it undoes nothing."""

    status: ClassVar[str] = "confirmation_refused"
    after_closing: ClassVar[bool] = True
    sentence: ClassVar[str] = "refused to confirm: {reason}"
    reason: str


@event
class ConfirmationReported(Event):
    """Somebody heard the owner's yes, e.g. by telephone: a claim that passes nothing."""

    status: ClassVar[str] = "confirmation_reported"
    sentence: ClassVar[str] = "reported that {owner} confirmed: {text}"
    owner: str
    text: str


@event
class ExtensionConfirmed(Event):
    """A product owner agrees to the longer window."""

    status: ClassVar[str] = "extension_confirmed"
    after_closing: ClassVar[bool] = True
    sentence: ClassVar[str] = "confirmed the extension of entry {extension}"
    extension: int


@event
class RoleAssumed(Event):
    """Somebody covers an absent role in this rollback only; to be reviewed."""

    status: ClassVar[str] = "role_assumed"
    sentence: ClassVar[str] = "assumed the role {assumed}: {reason}"
    assumed: Role
    reason: str


@event
class HandoverOffered(Event):
    """A role is to be handed to another person; it counts when that person accepts."""

    status: ClassVar[str] = "handover_offered"
    sentence: ClassVar[str] = "offered {duty} to {receiver}: {open_points}"
    duty: Role
    receiver: str
    open_points: str


@event
class HandoverAccepted(Event):
    """The receiver accepts and holds the role from now on."""

    status: ClassVar[str] = "handover_accepted"
    sentence: ClassVar[str] = "accepted {duty} as offered by entry {offer}"
    duty: Role
    offer: int


@event
class Reviewed(Event):
    """Somebody who took no step looked at the deviations."""

    status: ClassVar[str] = "reviewed"
    after_closing: ClassVar[bool] = True
    sentence: ClassVar[str] = "reviewed the rollback: {text}"
    text: str
    text_sha384: str = ""
    up_to: int
    """Last entry of the rollback that was looked at."""


@event
class EvidenceAttached(Event):
    """A file that belongs to a step: a picture, a log, a report of the manual way."""

    status: ClassVar[str] = "evidence_attached"
    after_closing: ClassVar[bool] = True
    sentence: ClassVar[str] = "attached {name} ({size} bytes) to step {number}"
    sentence_noted: ClassVar[str] = "attached {name} ({size} bytes) to step {number}: {note}"
    number: int
    name: str
    size: int
    attached_sha384: str
    note: str = ""


@event
class Corrected(Event):
    """What an earlier entry says was wrong. The entry stays as it is."""

    status: ClassVar[str] = "corrected"
    after_closing: ClassVar[bool] = True
    sentence: ClassVar[str] = "corrected entry {entry}: {text}"
    entry: int
    text: str
    text_sha384: str = ""


@event
class TicketLinked(Event):
    """The ticket of a rollback that was stopped without one, or another one; a confirmation is revoked by it."""

    status: ClassVar[str] = "ticket_linked"
    after_closing: ClassVar[bool] = True
    sentence: ClassVar[str] = "linked the ticket {ticket}"
    ticket: str
    ticket_state: str
    ticket_sha384: str = ""


@event
class SecondEyesDoubted(Event):
    """Four eyes by somebody whose role or password the first person gave: it counts, and a third person looks at it."""

    status: ClassVar[str] = "second_eyes_doubted"
    after_closing: ClassVar[bool] = True
    sentence: ClassVar[str] = "was the second pair of eyes, with a role or password given by {given_by} (entry {given})"
    given_by: str
    """The first person."""
    given: int
    """The entry by which the first person last gave the second one a role or a password."""


@event
class ReasonGiven(Event):
    """Why trading was stopped, told after a stop that was pressed without a reason."""

    status: ClassVar[str] = "reason_given"
    after_closing: ClassVar[bool] = True
    sentence: ClassVar[str] = "gave the reason of the stop: {reason}"
    reason: str
    reason_sha384: str = ""


@event
class WindowExtended(Event):
    """The maintenance window lasts longer; asks for a confirmation and revokes nothing."""

    status: ClassVar[str] = "window_extended"
    step: ClassVar[int | None] = Step.ANNOUNCE
    sentence: ClassVar[str] = "extended the window to {window_end}: {reason}"
    window_end: datetime
    reason: str
    announcement_sha384: str
    permalink: str = ""


@event
class WindowOverrun(Event):
    """The window is over and the rollback is not."""

    status: ClassVar[str] = "window_overrun"
    sentence: ClassVar[str] = "saw that the window ended at {window_end} and the rollback did not"
    window_end: datetime
