"""Contributing factors, lessons and follow-ups: by anybody who may act, also after closing."""

from __future__ import annotations

from ledger.domain.command import Request
from ledger.domain.learning.commands import AddFinding, AddFollowUp, FinishFollowUp
from ledger.domain.learning.events import FindingAdded, FollowUpAdded, FollowUpFinished
from ledger.domain.rules import Decided, act, decides, known_rollback
from ledger.domain.state import Rollback, State
from ledger.domain.text import INLINE, check_text
from ledger.errors import Refused
from ledger.said import Said


def _text(text: str) -> str:
    return check_text("the text", text, longest=INLINE)


def _about(state: State, rollback: Rollback, entry: int) -> int:
    """An entry since the opening, or none; of the stage too, which saw what happened."""
    if entry and not rollback.opened_entry <= entry <= state.sequence:
        raise Refused(Said("entry {} does not belong to {}", entry, rollback.id))
    return entry


@decides(AddFinding)
def add_finding(state: State, request: Request, command: AddFinding) -> tuple[Decided, ...]:
    """A contributing factor or a lesson, about an entry or none."""
    rollback = known_rollback(state, request)
    event = FindingAdded(
        finding=command.finding,
        text=_text(command.text),
        text_sha384=command.text_sha384,
        about=_about(state, rollback, command.about),
    )
    return (Decided(event, rollback.id, act(state, request, FindingAdded)),)


@decides(AddFollowUp)
def add_follow_up(state: State, request: Request, command: AddFollowUp) -> tuple[Decided, ...]:
    """Its assignee is a person of this ledger who can act; its date is still to come."""
    rollback = known_rollback(state, request)
    role = act(state, request, FollowUpAdded)
    if command.assignee not in state.people or command.assignee in state.deactivated:
        raise Refused(Said("{} is no person of this ledger who can act", ascii(command.assignee[:60])))
    if command.due <= request.at:
        raise Refused("a follow-up is due at a time to come")
    event = FollowUpAdded(
        text=_text(command.text),
        text_sha384=command.text_sha384,
        assignee=command.assignee,
        due=command.due,
        about=_about(state, rollback, command.about),
    )
    return (Decided(event, rollback.id, role),)


@decides(FinishFollowUp)
def finish_follow_up(state: State, request: Request, command: FinishFollowUp) -> tuple[Decided, ...]:
    """Once."""
    rollback = known_rollback(state, request)
    role = act(state, request, FollowUpFinished)
    if command.follow_up not in rollback.follow_ups:
        raise Refused(Said("entry {} is no follow-up of {} that is to be done", command.follow_up, rollback.id))
    event = FollowUpFinished(follow_up=command.follow_up, text=_text(command.text), text_sha384=command.text_sha384)
    return (Decided(event, rollback.id, role),)
