"""Steps 1 and 3, and the stop: the override is asked for, written, adopted; the scheduler is seen to obey."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from ledger.digest import sha384
from ledger.domain.commands import (
    AdoptOverride,
    CheckScheduler,
    PutBack,
    RecordOverride,
    RecordPutBack,
    Request,
    Stop,
    TakeInStop,
    WriteOverride,
)
from ledger.domain.decide.opening import opened_event
from ledger.domain.decide.rules import (
    Decided,
    act_as,
    act_in_step,
    clock_text,
    name_rollback,
    open_rollback,
    require_ready,
    require_window,
)
from ledger.domain.decide.stage import lapses
from ledger.domain.events.base import Event
from ledger.domain.events.override import (
    EffectCancelled,
    HoldJoined,
    OverrideAdopted,
    OverrideFailed,
    OverridePutBack,
    OverrideRequested,
    OverrideWritten,
    PutBackRequested,
)
from ledger.domain.events.rollback import EmergencyDeclared, RestartChecked, StopChecked, StopTakenIn
from ledger.domain.judge import judge_file, judge_restart, judge_stop
from ledger.domain.override_text import format_override
from ledger.domain.runbook import COMPONENTS, NOT_AFTER_SECONDS, STOP_ROLES, Role
from ledger.domain.state import Effect, Rollback, State
from ledger.domain.text import INLINE, check_text
from ledger.errors import Refused


def _refuse_second_stop(state: State, acting: Rollback | None) -> None:
    """A stop that stands is not made twice; one whose file somebody removed is, and an own one that failed."""
    for rollback in state.open.values():
        if any(effect.kind == "removal" for effect in rollback.effects):
            raise Refused(f"the override of {rollback.id} is being removed: wait until it is gone, then stop again")
        written = rollback.override.written_at
        again = rollback.override.removed_outside or (rollback is acting and rollback.stoppable_again)
        if rollback.holds and written is not None and not again:
            raise Refused(f"already stopped by {rollback.override.by} at {clock_text(written)} ({rollback.id})")
        if any(effect.kind == "override" for effect in rollback.effects):
            raise Refused(f"already being stopped ({rollback.id}): the override is asked for and not written yet")


def _override_event(request: Request, command: WriteOverride, ticket: str) -> OverrideRequested:
    if command.component not in COMPONENTS:
        raise Refused(f"unknown component {command.component[:60]!a}; known: {', '.join(COMPONENTS)}")
    if command.expires_at is not None and command.expires_at <= request.at:
        raise Refused("the override would have ended already")
    reason = check_text("the reason", command.reason, longest=INLINE)
    requested_by = check_text("the team", command.requested_by, longest=INLINE)
    content = format_override(
        component=command.component,
        reason=reason,
        requested_by=requested_by,
        ticket=ticket,
        written_at=request.at,
        expires_at=command.expires_at,
    )
    return OverrideRequested(
        path=command.path,
        component=command.component,
        reason=reason,
        requested_by=requested_by,
        ticket=ticket,
        written_at=request.at,
        expires_at=command.expires_at,
        content_sha384=sha384(content),
        not_after=request.at + timedelta(seconds=NOT_AFTER_SECONDS),
    )


def override_content(event: OverrideRequested) -> bytes:
    """The bytes of the file that the event asks for; their digest is ``event.content_sha384``."""
    return format_override(
        component=event.component,
        reason=event.reason,
        requested_by=event.requested_by,
        ticket=event.ticket,
        written_at=event.written_at,
        expires_at=event.expires_at,
    )


def write_override(state: State, request: Request, command: WriteOverride) -> tuple[Decided, ...]:
    """Step 1 in its order."""
    rollback = open_rollback(state, request)
    role = act_in_step(state, request, rollback, 1)
    _require_before_removal(rollback)
    require_window(rollback, request)
    others = [one for one in state.holders if one.id != rollback.id and not one.override.removed_outside]
    if others and not rollback.holds:
        return (_join(request, command, rollback, others, role),)
    _refuse_second_stop(state, rollback)
    return (Decided(_override_event(request, command, rollback.ticket), rollback.id, role),)


def _join(request: Request, command: WriteOverride, rollback: Rollback, others: list[Rollback], role: Role) -> Decided:
    """Hold the scheduler beside those that hold it already: the file is theirs, the verdict is this rollback's."""
    file = command.file
    leaving = [one.id for one in others if any(effect.kind == "removal" for effect in one.effects)]
    if leaving:
        raise Refused(f"the override of {leaving[0]} is being removed: wait until it is gone, then stop again")
    if file is None:
        raise Refused(f"the scheduler is held by {', '.join(one.id for one in others)}; look at the override first")
    judged = judge_file(file, others[0].override.sha384)
    if file.kind != "file":
        raise Refused(f"{file.path} is {file.kind}, although {others[0].id} declares it: put it back first")
    event = HoldJoined(
        joined=tuple(one.id for one in others),
        path=file.path,
        override_sha384=file.sha384,
        mode=file.mode,
        owner=file.owner,
        seen_at=file.at,
        verdict=judged.verdict,
        reasons=judged.reasons,
    )
    return Decided(event, rollback.id, role)


def put_back(state: State, request: Request, command: PutBack) -> tuple[Decided, ...]:
    """The declared bytes again, where somebody changed or removed the file. What is there is kept and moved aside."""
    rollback = open_rollback(state, request)
    role = act_in_step(state, request, rollback, 1)
    file = command.file
    if not rollback.holds:
        raise Refused(f"{rollback.id} does not hold the scheduler; there is nothing to put back")
    given_away = rollback.override.owner and file.owner != rollback.override.owner
    if judge_file(file, rollback.override.sha384).verdict == "pass" and not given_away:
        raise Refused(f"{file.path} is as declared")
    if rollback.effects:
        raise Refused(f"the {rollback.effects[0].kind} of entry {rollback.effects[0].requested} is pending")
    event = PutBackRequested(
        path=rollback.override.path,
        override_sha384=rollback.override.sha384,
        replaced=file.kind,
        replaced_sha384=file.sha384,
        reason=check_text("the reason", command.reason, longest=INLINE),
        not_after=request.at + timedelta(seconds=NOT_AFTER_SECONDS),
    )
    return (Decided(event, rollback.id, role),)


def record_put_back(state: State, request: Request, command: RecordPutBack) -> tuple[Decided, ...]:
    """By the ledger itself: the declared bytes were put back and read again."""
    role = act_as(state, request, "system")
    rollback = open_rollback(state, request)
    if not any(effect.kind == "put_back" for effect in rollback.effects):
        raise Refused(f"nobody asked to put the override of {rollback.id} back")
    file = command.file
    judged = judge_file(file, rollback.override.sha384)
    if file.kind != "file":
        failed = OverrideFailed(path=file.path, cause=f"it is {file.kind} after it was put back")
        return (Decided(failed, rollback.id, role),)
    event = OverridePutBack(
        path=file.path,
        override_sha384=file.sha384,
        mode=file.mode,
        owner=file.owner,
        moved_to=command.moved_to,
        seen_at=file.at,
        verdict=judged.verdict,
        reasons=judged.reasons,
    )
    return (Decided(event, rollback.id, role),)


def _require_before_removal(rollback: Rollback) -> None:
    require_ready(rollback, 1)
    if rollback.override.removed_at or rollback.aborting:
        raise Refused(f"{rollback.id} is past step 1; open another run of {rollback.ticket} to stop again")


def _stoppable(state: State, ticket: str) -> Rollback | None:
    """The open rollback that a stop joins: the ticket's own, or without a ticket the only one there is."""
    fresh = [r for r in state.open.values() if not r.override.removed_at and not r.aborting]
    named = [r for r in fresh if r.ticket == ticket] if ticket else fresh
    return named[0] if len(named) == 1 else None


def stop(state: State, request: Request, command: Stop) -> tuple[Decided, ...]:
    """The stop: one press opens, declares the emergency where nobody confirmed, and asks for the override."""
    role = act_as(state, request, *STOP_ROLES)
    leaving = [(one, effect) for one in state.open.values() for effect in one.effects if effect.kind == "removal"]
    if leaving:
        return tuple(_stay(one, effect, role) for one, effect in leaving)
    joined = _stoppable(state, command.opening.ticket)
    _refuse_second_stop(state, joined)
    decided: list[Decided] = []
    if joined is None:
        name, ticket = name_rollback(state, command.opening.ticket), command.opening.ticket
        decided.append(Decided(opened_event(command.opening), name, role))
    else:
        name, ticket = joined.id, joined.ticket
    regular = joined is not None and joined.steps[0].passed and role == "l2_ops"
    if not regular and (joined is None or not joined.emergency):
        decided.append(Decided(EmergencyDeclared(reason=decided_reason(command), stop=True), name, role))
    decided.append(Decided(_override_event(request, command.override, ticket), name, role))
    return tuple(decided)


def _stay(rollback: Rollback, effect: Effect, role: Role) -> Decided:
    """A stop that is pressed while the override is about to be removed: it stays."""
    event = EffectCancelled(effect=effect.kind, requested=effect.requested, reason="the stop was pressed")
    return Decided(event, rollback.id, role)


def decided_reason(command: Stop) -> str:
    """The reason of a stop, checked."""
    return check_text("the reason", command.override.reason, longest=INLINE)


def take_in_stop(state: State, request: Request, command: TakeInStop) -> tuple[Decided, ...]:
    """By the ledger itself: a stop from the spool becomes entries. Its time and person are claims."""
    role = act_as(state, request, "system")
    joined = _stoppable(state, command.opening.ticket)
    decided: list[Decided] = []
    if joined is None:
        name = name_rollback(state, command.opening.ticket)
        decided.append(Decided(replace(opened_event(command.opening), claimed_at=command.claimed_at), name, role))
    else:
        name = joined.id
    if joined is None or not joined.emergency:
        decided.append(Decided(EmergencyDeclared(reason=command.opening.reason, stop=True), name, role))
    there = command.file.kind == "file" and not (joined and joined.holds)
    judged = judge_file(command.file, "")
    taken = StopTakenIn(
        spool_sha384=command.spool_sha384,
        override_sha384=command.file.sha384 if there else "",
        path=command.file.path,
        claimed_at=command.claimed_at,
        claimed_by=command.claimed_by,
        why=command.why,
        verdict=judged.verdict,
        reasons=judged.reasons,
    )
    decided.append(Decided(taken, name, role))
    return tuple(decided)


def record_override(state: State, request: Request, command: RecordOverride) -> tuple[Decided, ...]:
    """By the ledger itself: the file was written and read back; judged here."""
    role = act_as(state, request, "system")
    rollback = open_rollback(state, request)
    asked = rollback.override.request
    if asked is None or not any(effect.kind == "override" for effect in rollback.effects):
        raise Refused(f"no override of {rollback.id} is pending")
    file = command.file
    judged = judge_file(file, asked.content_sha384)
    if file.kind != "file":
        failed = OverrideFailed(path=file.path, cause=f"it is {file.kind} after it was written")
        return (Decided(failed, rollback.id, role),)
    event = OverrideWritten(
        path=file.path,
        override_sha384=file.sha384,
        size=file.size,
        mode=file.mode,
        owner=file.owner,
        seen_at=file.at,
        verdict=judged.verdict,
        reasons=judged.reasons,
    )
    return (Decided(event, rollback.id, role),)


def adopt_override(state: State, request: Request, command: AdoptOverride) -> tuple[Decided, ...]:
    """A file made by hand becomes step 1, with the usual verdict."""
    rollback = open_rollback(state, request)
    role = act_in_step(state, request, rollback, 1)
    _refuse_second_stop(state, rollback)
    _require_before_removal(rollback)
    file = command.file
    if file.kind != "file":
        raise Refused(f"{file.path} is {file.kind}; only a plain file can be adopted")
    judged = judge_file(file, "")
    event = OverrideAdopted(
        path=file.path,
        override_sha384=file.sha384,
        size=file.size,
        mode=file.mode,
        owner=file.owner,
        seen_at=file.at,
        reason=check_text("the reason", command.reason, longest=INLINE),
        verdict=judged.verdict,
        reasons=judged.reasons,
    )
    return (Decided(event, rollback.id, role),)


def check_scheduler(state: State, request: Request, command: CheckScheduler) -> tuple[Decided, ...]:
    """Step 3 before the removal of the override, step 5's restart after it."""
    rollback = open_rollback(state, request)
    removed = rollback.override.removed_at is not None
    number = 5 if removed else 3
    role = act_in_step(state, request, rollback, number)
    require_ready(rollback, number)
    if rollback.override.removed_outside and rollback.restoring:
        owed = f"l2_ops: take that over: stage4 rollback adopt {rollback.id} --reason …"
        raise Refused(f"somebody removed the override of {rollback.id}: this is no reading of step 3", (owed,))
    seen = command.seen
    judged = judge_restart(rollback, seen) if removed else judge_stop(rollback, seen)
    kind: type[StopChecked | RestartChecked] = RestartChecked if removed else StopChecked
    event: Event = kind(
        verdict=judged.verdict,
        reasons=judged.reasons,
        scheduler_status=seen.status,
        source=seen.source,
        read_at=seen.at,
        since=seen.since,
        cycle=seen.cycle,
        warnings=seen.warnings,
        log_sha384=command.log_sha384,
    )
    own = Decided(event, rollback.id, role)
    return (own, *lapses(state, rollback.id, event, role, judged=number))
