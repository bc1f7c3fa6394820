"""What events about duties do to a rollback."""

from __future__ import annotations

from ledger.domain.asked import NO_REASON
from ledger.domain.duties.events import (
    AcceptanceProposed,
    ConfirmationRefused,
    ExtensionConfirmed,
    HandoverAccepted,
    HandoverOffered,
    ReasonGiven,
    Reviewed,
    RoleAssumed,
    SecondEyesDoubted,
    StepAccepted,
    StepLapsed,
    StepWaived,
    TicketLinked,
    WindowExtended,
    WindowOverrun,
)
from ledger.domain.duties.owed import REFUSED, WAIVABLE
from ledger.domain.record import Recorded
from ledger.domain.runbook import Step
from ledger.domain.state import Handover, Rollback, StepState
from ledger.domain.transition import applies, deviate, require, with_step
from ledger.errors import Corrupt
from ledger.said import Said


@applies(StepLapsed)
def _lapsed(before: Rollback, record: Recorded, event: StepLapsed) -> Rollback:
    step = before.steps[event.number]
    require(step.passed, "step {} of {} has not passed and cannot lapse", event.number, before.id)
    return with_step(before, event.number, step._replace(lapsed=record.sequence, reasons=(event.reason,)))


@applies(StepWaived)
def _waived(before: Rollback, record: Recorded, event: StepWaived) -> Rollback:
    require(event.number in WAIVABLE, "step {} is never waived", event.number)
    require(record.role == "incident_manager", "only an incident_manager waives")
    after = with_step(before, event.number, before.steps[event.number]._replace(waived=record.sequence))
    return deviate(after, record, Said("waiver of step {}", event.number))


@applies(AcceptanceProposed)
def _proposed(before: Rollback, record: Recorded, event: AcceptanceProposed) -> Rollback:
    step = before.steps[event.number]
    require(step.verdict == "inconclusive" and step.entry == event.verdict_entry, "only an inconclusive verdict")
    return with_step(before, event.number, step._replace(proposed=(record.actor, record.sequence)))


@applies(StepAccepted)
def _accepted(before: Rollback, record: Recorded, event: StepAccepted) -> Rollback:
    step = before.steps[event.number]
    require(step.proposed and step.proposed[1] == event.proposal, "entry {} proposed nothing here", event.proposal)
    require(step.proposed and step.proposed[0] != record.actor, "a second person accepts (four eyes)")
    after = with_step(before, event.number, step._replace(accepted=record.sequence))
    return deviate(after, record, Said("acceptance of step {}", event.number))


@applies(ConfirmationRefused)
def _refused(before: Rollback, record: Recorded, event: ConfirmationRefused) -> Rollback:
    require(record.role == "product_owner", "only a product_owner refuses")
    return deviate(before._replace(refused=record.sequence), record, REFUSED)


@applies(ExtensionConfirmed)
def _extension_confirmed(before: Rollback, record: Recorded, event: ExtensionConfirmed) -> Rollback:
    if not before.extension or before.extension[0] != event.extension:
        raise Corrupt(Said("entry {} is no extension that waits", event.extension))
    require(before.extension[2] != record.actor, "who extended the window does not confirm it")
    return before._replace(extension=())


@applies(RoleAssumed)
def _assumed(before: Rollback, record: Recorded, event: RoleAssumed) -> Rollback:
    require(event.assumed not in ("product_owner", "admin", "auditor"), "{} is never assumed", event.assumed)
    after = before._replace(assumed=before.assumed | {(record.actor, event.assumed)})
    return deviate(after, record, Said("assumed role {}", event.assumed))


@applies(HandoverOffered)
def _offered(before: Rollback, record: Recorded, event: HandoverOffered) -> Rollback:
    offer = Handover(record.sequence, event.duty, record.actor, event.receiver)
    return before._replace(handovers=(*before.handovers, offer))


@applies(HandoverAccepted)
def _handed_over(before: Rollback, record: Recorded, event: HandoverAccepted) -> Rollback:
    offer = next((handover for handover in before.handovers if handover.entry == event.offer), None)
    if offer is None or offer.receiver != record.actor or offer.duty != event.duty:
        raise Corrupt(Said("entry {} offers {} to somebody else", event.offer, event.duty))
    rest = tuple(handover for handover in before.handovers if handover.entry != event.offer)
    return before._replace(handovers=rest, duty={**before.duty, event.duty: record.actor})


@applies(Reviewed)
def _reviewed(before: Rollback, record: Recorded, event: Reviewed) -> Rollback:
    makers = {deviation.by for deviation in before.deviations if deviation.why != REFUSED}
    require(
        record.actor not in before.took_steps | makers,
        "{} took steps of {} and cannot review it",
        record.actor,
        before.id,
    )
    require(event.up_to < record.sequence, "a review looks back")
    return before._replace(reviewed=max(before.reviewed, event.up_to))


@applies(TicketLinked)
def _linked(before: Rollback, record: Recorded, event: TicketLinked) -> Rollback:
    # Another ticket revokes the confirmation (docs/runbook.md); the first ticket of a stop changes nothing confirmed.
    revoked = bool(before.ticket) and bool(before.confirmed_by)
    after = before._replace(ticket=event.ticket, confirmed_by="" if revoked else before.confirmed_by)
    return with_step(after, Step.ANNOUNCE, StepState(after.steps[Step.ANNOUNCE].attempts)) if revoked else after


@applies(SecondEyesDoubted)
def _doubted(before: Rollback, record: Recorded, event: SecondEyesDoubted) -> Rollback:
    return deviate(before, record, "four eyes by somebody whose role or password the first person gave")


@applies(ReasonGiven)
def _reason_given(before: Rollback, record: Recorded, event: ReasonGiven) -> Rollback:
    require(before.reason == NO_REASON, "{} has a reason already", before.id)
    return before._replace(reason=event.reason)


@applies(WindowExtended)
def _extended(before: Rollback, record: Recorded, event: WindowExtended) -> Rollback:
    require(event.window_end > before.window_end, "a window is extended, not shortened")
    return before._replace(window_end=event.window_end, overrun=0, extension=(record.sequence, record.at, record.actor))


@applies(WindowOverrun)
def _overrun(before: Rollback, record: Recorded, event: WindowOverrun) -> Rollback:
    require(not before.overrun and event.window_end == before.window_end, "the overrun was told before")
    return before._replace(overrun=record.sequence)
