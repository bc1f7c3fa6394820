"""What events about duties do to one rollback, and what it owes: to whom, since when."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple

from ledger.domain.asked import NO_REASON
from ledger.domain.events import duties
from ledger.domain.events.base import Event
from ledger.domain.record import Recorded
from ledger.domain.state import Deviation, Handover, Rollback, StepState
from ledger.errors import Corrupt

REFUSED = "refused confirmation"
"""No step: the owner who refused may review."""
SILENCE_END = "end of the silence owed"
WAIVABLE = (0, 2, 3, 4)
"""Steps that may be waived: of step 0 the confirmation; never 1, 5, 6 (docs/runbook.md)."""


class Owed(NamedTuple):
    """One debt of a rollback."""

    what: str
    who: str
    since: datetime
    entry: int


def require(condition: object, sentence: str) -> None:
    """``Corrupt`` with the sentence where the condition does not hold."""
    if not condition:
        raise Corrupt(sentence)


def with_step(before: Rollback, number: int, step: StepState) -> Rollback:
    """The rollback with one step replaced."""
    return before._replace(steps=(*before.steps[:number], step, *before.steps[number + 1 :]))


def deviate(before: Rollback, record: Recorded, why: str) -> Rollback:
    """Note something that a review must look at."""
    return before._replace(deviations=(*before.deviations, Deviation(record.sequence, record.at, why, record.actor)))


def owed(rollback: Rollback) -> tuple[Owed, ...]:
    """Debts that closing does not wait for but that stay listed (docs/runbook.md, "Emergency, roles and four eyes")."""
    found = []
    unreviewed = [one for one in rollback.deviations if one.entry > rollback.reviewed]
    stopped = rollback.emergency or rollback.override.written_at
    if stopped and not rollback.confirmed_by and not rollback.refused and not rollback.steps[0].waived:
        since = next((one.at for one in rollback.deviations if one.entry == rollback.emergency), rollback.opened_at)
        found.append(
            Owed("late confirmation or refusal", "product_owner", since, rollback.emergency or rollback.opened_entry)
        )
    if rollback.extension:
        entry, at, _ = rollback.extension
        found.append(Owed("confirmation of the longer window", "product_owner", at, entry))
    if unreviewed:
        first = unreviewed[0]
        what = f"review of {len(unreviewed)} deviations, from {first.why}"
        found.append(Owed(what, "incident_manager or product_owner who took no step", first.at, first.entry))
    if rollback.silence.state == "end_owed":
        since, entry = next((one.at, one.entry) for one in rollback.deviations if one.why == SILENCE_END)
        found.append(Owed(f"end of the silence {rollback.silence.id}", "the observer, or observability", since, entry))
    if rollback.id.startswith("STOP-") and not rollback.ticket:
        found.append(Owed("a ticket", "incident_manager", rollback.opened_at, rollback.opened_entry))
    if rollback.reason == NO_REASON:
        found.append(Owed("a reason", "incident_manager", rollback.opened_at, rollback.opened_entry))
    return tuple(found)


def _lapsed(before: Rollback, record: Recorded, event: duties.StepLapsed) -> Rollback:
    step = before.steps[event.number]
    require(step.passed, f"step {event.number} of {before.id} has not passed and cannot lapse")
    return with_step(before, event.number, step._replace(lapsed=record.sequence, reasons=(event.reason,)))


def _waived(before: Rollback, record: Recorded, event: duties.StepWaived) -> Rollback:
    require(event.number in WAIVABLE, f"step {event.number} is never waived")
    require(record.role == "incident_manager", "only an incident_manager waives")
    after = with_step(before, event.number, before.steps[event.number]._replace(waived=record.sequence))
    return deviate(after, record, f"waiver of step {event.number}")


def _proposed(before: Rollback, record: Recorded, event: duties.AcceptanceProposed) -> Rollback:
    step = before.steps[event.number]
    require(step.verdict == "inconclusive" and step.entry == event.verdict_entry, "only an inconclusive verdict")
    return with_step(before, event.number, step._replace(proposed=(record.actor, record.sequence)))


def _accepted(before: Rollback, record: Recorded, event: duties.StepAccepted) -> Rollback:
    step = before.steps[event.number]
    require(step.proposed and step.proposed[1] == event.proposal, f"entry {event.proposal} proposed nothing here")
    require(step.proposed and step.proposed[0] != record.actor, "a second person accepts (four eyes)")
    after = with_step(before, event.number, step._replace(accepted=record.sequence))
    return deviate(after, record, f"acceptance of step {event.number}")


def _refused(before: Rollback, record: Recorded, event: duties.ConfirmationRefused) -> Rollback:
    require(record.role == "product_owner", "only a product_owner refuses")
    return deviate(before._replace(refused=record.sequence), record, REFUSED)


def _extension_confirmed(before: Rollback, record: Recorded, event: duties.ExtensionConfirmed) -> Rollback:
    if not before.extension or before.extension[0] != event.extension:
        raise Corrupt(f"entry {event.extension} is no extension that waits")
    require(before.extension[2] != record.actor, "who extended the window does not confirm it")
    return before._replace(extension=())


def _assumed(before: Rollback, record: Recorded, event: duties.RoleAssumed) -> Rollback:
    require(event.assumed not in ("product_owner", "admin", "auditor"), f"{event.assumed} is never assumed")
    after = before._replace(assumed=before.assumed | {(record.actor, event.assumed)})
    return deviate(after, record, f"assumed role {event.assumed}")


def _offered(before: Rollback, record: Recorded, event: duties.HandoverOffered) -> Rollback:
    offer = Handover(record.sequence, event.duty, record.actor, event.receiver)
    return before._replace(handovers=(*before.handovers, offer))


def _handed_over(before: Rollback, record: Recorded, event: duties.HandoverAccepted) -> Rollback:
    offer = next((one for one in before.handovers if one.entry == event.offer), None)
    if offer is None or offer.receiver != record.actor or offer.duty != event.duty:
        raise Corrupt(f"entry {event.offer} offers {event.duty} to somebody else")
    rest = tuple(one for one in before.handovers if one.entry != event.offer)
    return before._replace(handovers=rest, duty={**before.duty, event.duty: record.actor})


def _reviewed(before: Rollback, record: Recorded, event: duties.Reviewed) -> Rollback:
    makers = {one.by for one in before.deviations if one.why != REFUSED}
    require(
        record.actor not in before.took_steps | makers, f"{record.actor} took steps of {before.id} and cannot review it"
    )
    require(event.up_to < record.sequence, "a review looks back")
    return before._replace(reviewed=max(before.reviewed, event.up_to))


def _linked(before: Rollback, record: Recorded, event: duties.TicketLinked) -> Rollback:
    # Another ticket revokes the confirmation (docs/runbook.md); the first ticket of a stop changes nothing confirmed.
    revoked = bool(before.ticket) and bool(before.confirmed_by)
    after = before._replace(ticket=event.ticket, confirmed_by="" if revoked else before.confirmed_by)
    return with_step(after, 0, StepState(after.steps[0].attempts)) if revoked else after


def _doubted(before: Rollback, record: Recorded, event: duties.SecondEyesDoubted) -> Rollback:
    return deviate(before, record, "four eyes by somebody whose role or password the first person gave")


def _reason_given(before: Rollback, record: Recorded, event: duties.ReasonGiven) -> Rollback:
    require(before.reason == NO_REASON, f"{before.id} has a reason already")
    return before._replace(reason=event.reason)


def _extended(before: Rollback, record: Recorded, event: duties.WindowExtended) -> Rollback:
    require(event.window_end > before.window_end, "a window is extended, not shortened")
    return before._replace(window_end=event.window_end, overrun=0, extension=(record.sequence, record.at, record.actor))


def _overrun(before: Rollback, record: Recorded, event: duties.WindowOverrun) -> Rollback:
    require(not before.overrun and event.window_end == before.window_end, "the overrun was told before")
    return before._replace(overrun=record.sequence)


TRANSITIONS: dict[type[Event], Callable[[Rollback, Recorded, Any], Rollback]] = {
    duties.StepLapsed: _lapsed,
    duties.StepWaived: _waived,
    duties.AcceptanceProposed: _proposed,
    duties.StepAccepted: _accepted,
    duties.ConfirmationRefused: _refused,
    duties.ExtensionConfirmed: _extension_confirmed,
    duties.RoleAssumed: _assumed,
    duties.HandoverOffered: _offered,
    duties.HandoverAccepted: _handed_over,
    duties.Reviewed: _reviewed,
    duties.TicketLinked: _linked,
    duties.SecondEyesDoubted: _doubted,
    duties.ReasonGiven: _reason_given,
    duties.WindowExtended: _extended,
    duties.WindowOverrun: _overrun,
}
AFTER_CLOSING = frozenset(
    {
        duties.ConfirmationRefused,
        duties.ExtensionConfirmed,
        duties.Reviewed,
        duties.EvidenceAttached,
        duties.Corrected,
        duties.TicketLinked,
        duties.SecondEyesDoubted,
        duties.ReasonGiven,
    }
)
