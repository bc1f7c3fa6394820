"""Two people, absent people, and what is owed: refusal, waiver, acceptance, assumed roles, handover, review."""

from __future__ import annotations

from ledger.domain.asked import NO_REASON
from ledger.domain.command import Request
from ledger.domain.duties.commands import (
    Accept,
    AcceptHandover,
    Assume,
    Attach,
    Correct,
    ExtendWindow,
    GiveReason,
    LinkTicket,
    OfferHandover,
    Refuse,
    ReportConfirmation,
    Review,
    Waive,
)
from ledger.domain.duties.events import (
    AcceptanceProposed,
    ConfirmationRefused,
    ConfirmationReported,
    Corrected,
    EvidenceAttached,
    HandoverAccepted,
    HandoverOffered,
    ReasonGiven,
    Reviewed,
    RoleAssumed,
    StepAccepted,
    StepWaived,
    TicketLinked,
    WindowExtended,
)
from ledger.domain.duties.owed import REFUSED, WAIVABLE
from ledger.domain.rights import held_in
from ledger.domain.rules import Decided, act, act_for, as_role, decides, known_rollback, open_rollback, second_eyes
from ledger.domain.runbook import RUNBOOK_ROLES, STEPS, Step
from ledger.domain.state import Rollback, State
from ledger.domain.stopping.events import EffectCancelled
from ledger.domain.text import INLINE, check_text, check_ticket
from ledger.errors import Refused
from ledger.said import Said


def _reason(text: str) -> str:
    return check_text("the reason", text, longest=INLINE)


def _step(number: int) -> int:
    if not 0 <= number < len(STEPS):
        raise Refused(Said("there is no step {}; steps are 0 to {}", number, len(STEPS) - 1))
    return number


@decides(Refuse)
def refuse(state: State, request: Request, command: Refuse) -> tuple[Decided, ...]:
    """By a product owner, also late; after the stop it undoes nothing."""
    rollback = known_rollback(state, request)
    role = act(state, request, ConfirmationRefused)
    if request.actor.person == rollback.opened_by:
        raise Refused(
            Said("{} opened {}; another product owner must answer (four eyes)", request.actor.person, rollback.id)
        )
    if rollback.refused:
        raise Refused(Said("{} was refused by entry {} already", rollback.id, rollback.refused))
    if rollback.confirmed_by:
        raise Refused(Said("{} was confirmed by {}", rollback.id, rollback.confirmed_by))
    return (Decided(ConfirmationRefused(reason=_reason(command.reason)), rollback.id, role),)


@decides(ReportConfirmation)
def report_confirmation(state: State, request: Request, command: ReportConfirmation) -> tuple[Decided, ...]:
    """By any runbook role: a claim that passes nothing."""
    rollback = open_rollback(state, request)
    role = act(state, request, ConfirmationReported)
    event = ConfirmationReported(
        owner=check_text("the owner", command.owner, longest=INLINE),
        text=check_text("the text", command.text, longest=INLINE),
    )
    return (Decided(event, rollback.id, role),)


@decides(Waive)
def waive(state: State, request: Request, command: Waive) -> tuple[Decided, ...]:
    """By an incident manager; steps 0 (its confirmation), 2, 3 and 4."""
    rollback = open_rollback(state, request)
    role = act(state, request, StepWaived, rollback)
    if _step(command.number) not in WAIVABLE:
        raise Refused(Said("step {} is never waived; waivable are {}", command.number, ", ".join(map(str, WAIVABLE))))
    if rollback.steps[command.number].passed:
        raise Refused(Said("step {} of {} passed already", command.number, rollback.id))
    event = StepWaived(number=command.number, reason=_reason(command.reason))
    cancelled = [
        EffectCancelled(
            effect=effect.kind, requested=effect.requested, reason=Said("step {} is waived", command.number)
        )
        for effect in rollback.effects
        if command.number == Step.SILENCE and effect.kind == "silence"
    ]
    return tuple(Decided(new_event, rollback.id, role) for new_event in (*cancelled, event))


@decides(Accept)
def accept(state: State, request: Request, command: Accept) -> tuple[Decided, ...]:
    """An inconclusive verdict: proposed by the step's role, accepted by a second person of any runbook role."""
    rollback = open_rollback(state, request)
    step = rollback.steps[_step(command.number)]
    if step.verdict != "inconclusive" or step.passed:
        told = "step {} of {} has "
        only = "; only an inconclusive verdict is accepted"
        raise Refused(
            Said(told + "{}" + only, command.number, rollback.id, step.shown)
            if step.shown
            else Said(told + "no verdict" + only, command.number, rollback.id)
        )
    reason = _reason(command.reason)
    if not step.proposed:
        role = act_for(state, request, rollback, STEPS[command.number].role)
        event = AcceptanceProposed(number=command.number, verdict_entry=step.entry, reason=reason)
        return (Decided(event, rollback.id, role),)
    if step.proposed[0] == request.actor.person:
        raise Refused(Said("{} proposed it; a second person must accept (four eyes)", request.actor.person))
    role = act(state, request, StepAccepted)
    accepted = StepAccepted(number=command.number, proposal=step.proposed[1], reason=reason)
    doubted = second_eyes(state, request, step.proposed[0], rollback.id, role)
    return (Decided(accepted, rollback.id, role), *doubted)


@decides(Assume)
def assume(state: State, request: Request, command: Assume) -> tuple[Decided, ...]:
    """By any runbook role but the product owner's own; never product_owner."""
    rollback = open_rollback(state, request)
    role = act(state, request, RoleAssumed)
    wanted = as_role(command.role)
    if wanted not in RUNBOOK_ROLES or wanted == "product_owner":
        raise Refused(
            Said("{} is never assumed; a product owner's confirmation may follow later, in an emergency", wanted)
        )
    if wanted in held_in(state, rollback, request.actor.person):
        raise Refused(Said("{} holds {} already", request.actor.person, wanted))
    return (Decided(RoleAssumed(assumed=wanted, reason=_reason(command.reason)), rollback.id, role),)


@decides(OfferHandover)
def offer_handover(state: State, request: Request, command: OfferHandover) -> tuple[Decided, ...]:
    """By who holds the role, to somebody who may hold it."""
    rollback = open_rollback(state, request)
    duty = as_role(command.role)
    if duty not in RUNBOOK_ROLES:
        raise Refused(Said("{} is no role of the runbook; it is not handed over", duty))
    role = act_for(state, request, rollback, duty)
    if command.receiver == request.actor.person or command.receiver not in state.people:
        raise Refused(Said("{} is not another person of this ledger; see: stage4 people list", ascii(command.receiver)))
    if duty not in held_in(state, rollback, command.receiver):
        raise Refused(
            Said("{} does not hold {}; an admin grants it, or it is assumed for this rollback", command.receiver, duty)
        )
    points = check_text("the open points", command.open_points, longest=INLINE)
    event = HandoverOffered(duty=duty, receiver=command.receiver, open_points=points)
    return (Decided(event, rollback.id, role),)


@decides(AcceptHandover)
def accept_handover(state: State, request: Request, command: AcceptHandover) -> tuple[Decided, ...]:
    """By the receiver: from now on the role is theirs."""
    rollback = open_rollback(state, request)
    duty = as_role(command.role)
    offers = [offer for offer in rollback.handovers if offer.receiver == request.actor.person and offer.duty == duty]
    if not offers:
        raise Refused(Said("nobody offered {} to {} in {}", duty, request.actor.person, rollback.id))
    role = act_for(state, request, rollback, duty)
    event = HandoverAccepted(duty=duty, offer=offers[-1].entry)
    return (Decided(event, rollback.id, role),)


@decides(Review)
def review(state: State, request: Request, command: Review) -> tuple[Decided, ...]:
    """By an incident manager or product owner who took no step. After closing also where none is owed."""
    rollback = known_rollback(state, request)
    role = act(state, request, Reviewed)
    deviated = {deviation.by for deviation in rollback.deviations if deviation.why != REFUSED}
    if request.actor.person in rollback.took_steps | deviated:
        raise Refused(Said("{} took steps of {}; somebody else must review it", request.actor.person, rollback.id))
    if rollback.is_open and not any(deviation.entry > rollback.reviewed for deviation in rollback.deviations):
        raise Refused(Said("{} has nothing to review", rollback.id))
    text = check_text("the review", command.text, longest=INLINE)
    event = Reviewed(text=text, text_sha384=command.text_sha384, up_to=state.sequence)
    return (Decided(event, rollback.id, role),)


@decides(Attach)
def attach(state: State, request: Request, command: Attach) -> tuple[Decided, ...]:
    """By anybody who may act, also after closing."""
    rollback = known_rollback(state, request)
    event = EvidenceAttached(
        number=_step(command.number),
        name=check_text("the file's name", command.name, longest=INLINE),
        size=command.size,
        attached_sha384=command.attached_sha384,
        note=check_text("the note", command.note, longest=INLINE, empty=True),
    )
    return (Decided(event, rollback.id, act(state, request, EvidenceAttached)),)


@decides(Correct)
def correct(state: State, request: Request, command: Correct) -> tuple[Decided, ...]:
    """By anybody who may act, also after closing: the entry stays, the correction points at it."""
    rollback = known_rollback(state, request)
    if not rollback.opened_entry <= command.entry <= state.sequence:
        raise Refused(Said("entry {} does not belong to {}", command.entry, rollback.id))
    text = check_text("the correction", command.text, longest=INLINE)
    event = Corrected(entry=command.entry, text=text, text_sha384=command.text_sha384)
    return (Decided(event, rollback.id, act(state, request, Corrected)),)


@decides(LinkTicket)
def link_ticket(state: State, request: Request, command: LinkTicket) -> tuple[Decided, ...]:
    """By an incident manager, also after closing. Another ticket than the one confirmed revokes the confirmation."""
    rollback = known_rollback(state, request)
    role = act(state, request, TicketLinked, rollback)
    ticket = check_ticket(command.ticket)
    if ticket == rollback.ticket:
        raise Refused(Said("{} is the ticket of {} already", ticket, rollback.id))
    event = TicketLinked(ticket=ticket, ticket_state=command.ticket_state, ticket_sha384=command.ticket_sha384)
    return (Decided(event, rollback.id, role),)


@decides(GiveReason)
def give_reason(state: State, request: Request, command: GiveReason) -> tuple[Decided, ...]:
    """By anybody who runs the runbook, once, also after closing: the reason that a stop was pressed without."""
    rollback = known_rollback(state, request)
    role = act(state, request, ReasonGiven)
    if rollback.reason != NO_REASON:
        raise Refused(Said("{} has a reason: {}. What is wrong in it is corrected", rollback.id, rollback.reason))
    reason = check_text("the reason", command.reason, longest=INLINE)
    return (Decided(ReasonGiven(reason=reason, reason_sha384=command.reason_sha384), rollback.id, role),)


@decides(ExtendWindow)
def extend_window(state: State, request: Request, command: ExtendWindow) -> tuple[Decided, ...]:
    """By an incident manager; asks for a confirmation and revokes nothing."""
    rollback = open_rollback(state, request)
    role = act(state, request, WindowExtended, rollback)
    _require_later(rollback, command)
    event = WindowExtended(
        window_end=command.window_end,
        reason=_reason(command.reason),
        announcement_sha384=command.announcement_sha384,
        permalink=check_text("the permalink", command.permalink, longest=2000, empty=True),
    )
    return (Decided(event, rollback.id, role),)


def _require_later(rollback: Rollback, command: ExtendWindow) -> None:
    if command.window_end <= rollback.window_end:
        raise Refused(
            Said(
                "the window of {} lasts until {} already",
                rollback.id,
                rollback.window_end.isoformat(timespec="minutes"),
            )
        )
