"""Steps 1 and 3: the override is asked for, written, adopted, put back; the scheduler is seen to obey."""

from __future__ import annotations

from datetime import datetime, timedelta

from ledger.digest import sha384
from ledger.domain.command import Request
from ledger.domain.event import Event
from ledger.domain.facts import FileSeen
from ledger.domain.judge import judge_file, judge_restart, judge_stop
from ledger.domain.observing.decide import lapses
from ledger.domain.override_text import format_override
from ledger.domain.restoring.events import RestartChecked
from ledger.domain.rules import (
    Decided,
    act_as,
    act_in_step,
    clock_text,
    decides,
    open_rollback,
    require_ready,
    require_window,
)
from ledger.domain.runbook import COMPONENTS, NOT_AFTER_SECONDS, Role, Step
from ledger.domain.standing import claims, why_it_does_not_stop
from ledger.domain.state import Rollback, State
from ledger.domain.stopping.commands import (
    AdoptOverride,
    CheckScheduler,
    PutBack,
    RecordOverride,
    RecordPutBack,
    WriteOverride,
)
from ledger.domain.stopping.events import (
    HoldJoined,
    OverrideAdopted,
    OverrideFailed,
    OverrideMovedAside,
    OverridePutBack,
    OverrideRequested,
    OverrideWritten,
    PutBackRequested,
    StopChecked,
)
from ledger.domain.text import INLINE, check_text, shorten
from ledger.errors import Refused


def _refuse_second_stop(state: State, rollback: Rollback, file: FileSeen, at: datetime) -> None:
    """Step 1 is not taken twice while what is seen is what it made; one whose file is gone or wrong is put back."""
    for one in [one for one in state.open.values() if one.component == rollback.component]:
        if any(effect.kind == "removal" for effect in one.effects):
            raise Refused(f"the override of {one.id} is being removed: wait until it is gone, then stop again")
        if any(effect.kind == "override" for effect in one.effects):
            raise Refused(f"the override of {one.id} is asked for and not written yet: press the stop, or wait")
    written, again = rollback.override.written_at, rollback.stoppable_again
    if not rollback.holds or written is None or again:
        return
    if why := why_it_does_not_stop(file, rollback.component, at):
        raise Refused(f"{rollback.id} wrote {file.path}, and now {why}: put it back, or press the stop")
    raise Refused(f"already stopped by {rollback.override.by} at {clock_text(written)} ({rollback.id})")


def override_event(request: Request, command: WriteOverride, ticket: str) -> OverrideRequested:
    """The asking for an override; its bytes follow from it alone. ``Refused`` where a text or the end is not fit."""
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


@decides(WriteOverride)
def write_override(state: State, request: Request, command: WriteOverride) -> tuple[Decided, ...]:
    """Step 1 in its order."""
    rollback = open_rollback(state, request)
    role = act_in_step(state, request, rollback, 1)
    _require_before_removal(rollback)
    require_window(rollback, request)
    holders = state.holders_of(command.component)
    others = [one for one in holders if one.id != rollback.id and not one.override.removed_outside]
    if others and not rollback.holds:
        return (_join(request, command, rollback, others, role),)
    _refuse_second_stop(state, rollback, command.file, request.at)
    return (Decided(override_event(request, command, rollback.ticket), rollback.id, role),)


def _join(request: Request, command: WriteOverride, rollback: Rollback, others: list[Rollback], role: Role) -> Decided:
    """Hold the scheduler beside those that hold it already: the file is theirs, the verdict is this rollback's."""
    file = command.file
    leaving = [one.id for one in others if any(effect.kind == "removal" for effect in one.effects)]
    if leaving:
        raise Refused(f"the override of {leaving[0]} is being removed: wait until it is gone, then stop again")
    if any(effect.kind == "override" for effect in rollback.effects):
        raise Refused(f"the override of {rollback.id} is asked for and not written yet: press the stop, or wait")
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


def put_back_event(rollback: Rollback, file: FileSeen, reason: str, at: datetime) -> PutBackRequested:
    """The asking for the declared bytes again."""
    return PutBackRequested(
        path=rollback.override.path,
        override_sha384=rollback.override.sha384,
        replaced=file.kind,
        replaced_sha384=file.sha384,
        reason=reason,
        not_after=at + timedelta(seconds=NOT_AFTER_SECONDS),
    )


@decides(PutBack)
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
    event = put_back_event(rollback, file, check_text("the reason", command.reason, longest=INLINE), request.at)
    return (Decided(event, rollback.id, role),)


@decides(RecordPutBack)
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
    require_ready(rollback, Step.DISABLE)
    if rollback.override.removed_at or rollback.aborting:
        raise Refused(f"{rollback.id} is past step 1; open another run of {rollback.ticket} to stop again")


@decides(RecordOverride)
def record_override(state: State, request: Request, command: RecordOverride) -> tuple[Decided, ...]:
    """By the ledger itself: what is at the path after the delivery, read back and judged here."""
    role = act_as(state, request, "system")
    rollback = open_rollback(state, request)
    asked = rollback.override.request
    if asked is None or not any(effect.kind == "override" for effect in rollback.effects):
        raise Refused(f"no override of {rollback.id} is pending")
    file, decided = command.file, []
    if command.found is not None:
        decided.append(Decided(moved_aside(command.found, command.moved_to), rollback.id, role))
    if file.kind != "file":
        failed = OverrideFailed(path=file.path, cause=f"it is {file.kind} after it was written")
        return (*decided, Decided(failed, rollback.id, role))
    stands = file.sha384 != asked.content_sha384 and not why_it_does_not_stop(file, asked.component, request.at)
    event = standing(file, "it stood there when this one was to be written") if stands else _written(file, asked)
    return (*decided, Decided(event, rollback.id, role))


def _written(file: FileSeen, asked: OverrideRequested) -> OverrideWritten:
    judged = judge_file(file, asked.content_sha384)
    return OverrideWritten(
        path=file.path,
        override_sha384=file.sha384,
        size=file.size,
        mode=file.mode,
        owner=file.owner,
        seen_at=file.at,
        verdict=judged.verdict,
        reasons=judged.reasons,
    )


def moved_aside(found: FileSeen, moved_to: str) -> OverrideMovedAside:
    """What stood in the way, and where it is now."""
    return OverrideMovedAside(
        path=found.path, found=found.kind, found_sha384=found.sha384, moved_to=moved_to, seen_at=found.at
    )


def standing(file: FileSeen, reason: str) -> OverrideAdopted:
    """An override that somebody else made counts: it is the stop. Whose it is, it only claims."""
    judged, claimed = judge_file(file, ""), claims(file.content)
    return OverrideAdopted(
        path=file.path,
        override_sha384=file.sha384,
        size=file.size,
        mode=file.mode,
        owner=file.owner,
        seen_at=file.at,
        reason=shorten(f"{reason}, by {claimed.by} at {claimed.at} (its own claims)"),
        verdict=judged.verdict,
        reasons=judged.reasons,
    )


@decides(AdoptOverride)
def adopt_override(state: State, request: Request, command: AdoptOverride) -> tuple[Decided, ...]:
    """A file made by hand becomes step 1, with the usual verdict."""
    rollback = open_rollback(state, request)
    role = act_in_step(state, request, rollback, 1)
    file = command.file
    _refuse_second_stop(state, rollback, file, request.at)
    _require_before_removal(rollback)
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


@decides(CheckScheduler)
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
