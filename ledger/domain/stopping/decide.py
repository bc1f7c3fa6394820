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
from ledger.said import Said


def _refuse_second_stop(state: State, rollback: Rollback, file: FileSeen, at: datetime) -> None:
    """Step 1 is not taken twice while what is seen is what it made; one whose file is gone or wrong is put back."""
    for peer in [peer for peer in state.open.values() if peer.component == rollback.component]:
        if any(effect.kind == "removal" for effect in peer.effects):
            raise Refused(Said("the override of {} is being removed: wait until it is gone, then stop again", peer.id))
        if any(effect.kind == "override" for effect in peer.effects):
            raise Refused(Said("the override of {} is asked for and not written yet: press the stop, or wait", peer.id))
    written, again = rollback.override.written_at, rollback.stoppable_again
    if not rollback.holds or written is None or again:
        return
    if why := why_it_does_not_stop(file, rollback.component, at):
        raise Refused(Said("{} wrote {}, and now {}: put it back, or press the stop", rollback.id, file.path, why))
    raise Refused(Said("already stopped by {} at {} ({})", rollback.override.by, clock_text(written), rollback.id))


def override_event(request: Request, command: WriteOverride, ticket: str) -> OverrideRequested:
    """The asking for an override; its bytes follow from it alone. ``Refused`` where a text or the end is not fit."""
    if command.component not in COMPONENTS:
        raise Refused(Said("unknown component {}; known: {}", ascii(command.component[:60]), ", ".join(COMPONENTS)))
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
    others = [holder for holder in holders if holder.id != rollback.id and not holder.override.removed_outside]
    if others and not rollback.holds:
        return (_join(request, command, rollback, others, role),)
    _refuse_second_stop(state, rollback, command.file, request.at)
    return (Decided(override_event(request, command, rollback.ticket), rollback.id, role),)


def _join(request: Request, command: WriteOverride, rollback: Rollback, others: list[Rollback], role: Role) -> Decided:
    """Hold the scheduler beside those that hold it already: the file is theirs, the verdict is this rollback's."""
    file = command.file
    leaving = [other.id for other in others if any(effect.kind == "removal" for effect in other.effects)]
    if leaving:
        raise Refused(Said("the override of {} is being removed: wait until it is gone, then stop again", leaving[0]))
    if any(effect.kind == "override" for effect in rollback.effects):
        raise Refused(Said("the override of {} is asked for and not written yet: press the stop, or wait", rollback.id))
    judged = judge_file(file, others[0].override.sha384)
    if file.kind != "file":
        raise Refused(Said("{} is {}, although {} declares it: put it back first", file.path, file.kind, others[0].id))
    event = HoldJoined(
        joined=tuple(other.id for other in others),
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
        raise Refused(Said("{} does not hold the scheduler; there is nothing to put back", rollback.id))
    given_away = rollback.override.owner and file.owner != rollback.override.owner
    if judge_file(file, rollback.override.sha384).verdict == "pass" and not given_away:
        raise Refused(Said("{} is as declared", file.path))
    if rollback.effects:
        raise Refused(Said("the {} of entry {} is pending", rollback.effects[0].kind, rollback.effects[0].requested))
    event = put_back_event(rollback, file, check_text("the reason", command.reason, longest=INLINE), request.at)
    return (Decided(event, rollback.id, role),)


@decides(RecordPutBack)
def record_put_back(state: State, request: Request, command: RecordPutBack) -> tuple[Decided, ...]:
    """By the ledger itself: the declared bytes were put back and read again."""
    role = act_as(state, request, "system")
    rollback = open_rollback(state, request)
    if not any(effect.kind == "put_back" for effect in rollback.effects):
        raise Refused(Said("nobody asked to put the override of {} back", rollback.id))
    file = command.file
    judged = judge_file(file, rollback.override.sha384)
    if file.kind != "file":
        failed = OverrideFailed(path=file.path, cause=Said("it is {} after it was put back", file.kind))
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
        raise Refused(Said("{} is past step 1; open another run of {} to stop again", rollback.id, rollback.ticket))


@decides(RecordOverride)
def record_override(state: State, request: Request, command: RecordOverride) -> tuple[Decided, ...]:
    """By the ledger itself: what is at the path after the delivery, read back and judged here."""
    role = act_as(state, request, "system")
    rollback = open_rollback(state, request)
    asked = rollback.override.request
    if asked is None or not any(effect.kind == "override" for effect in rollback.effects):
        raise Refused(Said("no override of {} is pending", rollback.id))
    file, decided = command.file, []
    if command.found is not None:
        decided.append(Decided(moved_aside(command.found, command.moved_to), rollback.id, role))
    if file.kind != "file":
        failed = OverrideFailed(path=file.path, cause=Said("it is {} after it was written", file.kind))
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


def moved_aside(file: FileSeen, moved_to: str) -> OverrideMovedAside:
    """What stood in the way, and where it is now."""
    return OverrideMovedAside(
        path=file.path, found=file.kind, found_sha384=file.sha384, moved_to=moved_to, seen_at=file.at
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
        reason=shorten(Said("{}, by {} at {} (its own claims)", reason, claimed.by, claimed.at)),
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
        raise Refused(Said("{} is {}; only a plain file can be adopted", file.path, file.kind))
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
        owed = Said("l2_ops: take that over: stage4 rollback adopt {} --reason …", rollback.id)
        raise Refused(Said("somebody removed the override of {}: this is no reading of step 3", rollback.id), (owed,))
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
