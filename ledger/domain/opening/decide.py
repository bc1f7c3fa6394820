"""Step 0: open, confirm, declare an emergency."""

from __future__ import annotations

from ledger.domain.command import Request
from ledger.domain.duties.events import ExtensionConfirmed
from ledger.domain.opening.commands import Confirm, DeclareEmergency, OpenRollback
from ledger.domain.opening.events import EmergencyDeclared, RollbackConfirmed, RollbackOpened
from ledger.domain.rules import Decided, act, decides, known_rollback, name_rollback, open_rollback, second_eyes
from ledger.domain.runbook import COMPONENTS, Step
from ledger.domain.state import State
from ledger.domain.text import INLINE, check_text, check_ticket
from ledger.errors import Refused
from ledger.said import Said


def opened_event(command: OpenRollback) -> RollbackOpened:
    """The opening event of a command whose texts are in order; ``Refused`` otherwise."""
    if command.component not in COMPONENTS:
        raise Refused(Said("unknown component {}; known: {}", ascii(command.component[:60]), ", ".join(COMPONENTS)))
    if command.expected and command.purpose != "load_test":
        raise Refused("expected alerts are declared for a load_test only")
    if command.window_end <= command.window_start:
        raise Refused("the maintenance window ends before it starts")
    return RollbackOpened(
        ticket=check_ticket(command.ticket) if command.ticket else "",
        purpose=command.purpose,
        reason=check_text("the reason", command.reason, longest=INLINE),
        reason_sha384=command.reason_sha384,
        component=command.component,
        channel=check_text("the channel", command.channel, longest=INLINE),
        window_start=command.window_start,
        window_end=command.window_end,
        announcement_sha384=command.announcement_sha384,
        permalink=check_text("the permalink", command.permalink, longest=2000, empty=True),
        ticket_state=command.ticket_state,
        ticket_sha384=command.ticket_sha384,
        firing=command.firing,
        firing_sha384=command.firing_sha384,
        expected=command.expected,
    )


@decides(OpenRollback)
def open_new(state: State, request: Request, command: OpenRollback) -> tuple[Decided, ...]:
    """By an incident manager, with a ticket."""
    role = act(state, request, RollbackOpened)
    if not command.ticket:
        raise Refused("a rollback is opened with a ticket id, e.g. --ticket INC-2042")
    running = [rollback.id for rollback in state.open.values() if rollback.ticket == command.ticket]
    if running:
        raise Refused(Said("{} is open for that ticket already; see: stage4 rollback show {}", running[0], running[0]))
    return (Decided(opened_event(command), name_rollback(state, command.ticket), role),)


@decides(Confirm)
def confirm(state: State, request: Request, command: Confirm) -> tuple[Decided, ...]:
    """By a product owner who is not the opener; once, and also late: after the steps, or after closing."""
    rollback = known_rollback(state, request)
    role = act(state, request, RollbackConfirmed)
    if request.actor.person == rollback.opened_by:
        raise Refused(
            Said("{} opened {}; another product owner must confirm it (four eyes)", request.actor.person, rollback.id)
        )
    if rollback.extension and rollback.steps[Step.ANNOUNCE].passed:
        if rollback.extension[2] == request.actor.person:
            raise Refused(
                Said("{} extended the window; another product owner must confirm it (four eyes)", request.actor.person)
            )
        confirmed = Decided(ExtensionConfirmed(extension=rollback.extension[0]), rollback.id, role)
        return (confirmed, *second_eyes(state, request, rollback.extension[2], rollback.id, role))
    if rollback.confirmed_by:
        raise Refused(Said("{} was confirmed by {} already", rollback.id, rollback.confirmed_by))
    confirmation = Decided(RollbackConfirmed(confirms=command.confirms), rollback.id, role)
    return (confirmation, *second_eyes(state, request, rollback.opened_by, rollback.id, role))


@decides(DeclareEmergency)
def declare_emergency(state: State, request: Request, command: DeclareEmergency) -> tuple[Decided, ...]:
    """By any runbook role, once per rollback."""
    rollback = open_rollback(state, request)
    role = act(state, request, EmergencyDeclared)
    if rollback.emergency:
        raise Refused(Said("an emergency was declared for {} by entry {} already", rollback.id, rollback.emergency))
    reason = check_text("the reason", command.reason, longest=INLINE)
    return (Decided(EmergencyDeclared(reason=reason), rollback.id, role),)
