"""Step 5: the incident ends, the override goes, the restart is seen, the all-clear is given."""

from __future__ import annotations

from datetime import timedelta

from ledger.domain.command import Request
from ledger.domain.judge_silences import judge_restore, members_told, muted_told
from ledger.domain.observing.decide import lapses
from ledger.domain.restoring.commands import AdoptRemoval, AnnounceAllClear, CheckRestore, EndIncident, RequestRemoval
from ledger.domain.restoring.events import (
    AllClearAnnounced,
    HoldReleased,
    IncidentEnded,
    OverrideRemovalRequested,
    OverrideRemovedOutside,
    RemovalAdopted,
    RestoreChecked,
)
from ledger.domain.rules import Decided, act, decides, open_rollback, owed_before_end, require_ready
from ledger.domain.runbook import NOT_AFTER_SECONDS, Role, Step
from ledger.domain.state import Rollback, State
from ledger.domain.text import INLINE, check_text
from ledger.errors import Refused
from ledger.said import Said


@decides(EndIncident)
def end_incident(state: State, request: Request, command: EndIncident) -> tuple[Decided, ...]:
    """By an incident manager, when steps 1 to 4 passed."""
    rollback = open_rollback(state, request)
    role = act(state, request, IncidentEnded, rollback)
    if rollback.incident_ended:
        raise Refused(Said("the incident of {} was ended by entry {} already", rollback.id, rollback.incident_ended))
    owed = owed_before_end(rollback)
    if owed:
        raise Refused(Said("the incident of {} cannot be ended yet", rollback.id), owed)
    note = check_text("the note", command.note, longest=INLINE, empty=True)
    return (Decided(IncidentEnded(note=note), rollback.id, role),)


@decides(RequestRemoval)
def request_removal(state: State, request: Request, command: RequestRemoval) -> tuple[Decided, ...]:
    """By l2_ops: the file that is there must be the one that this rollback declared."""
    rollback = open_rollback(state, request)
    role = act(state, request, OverrideRemovalRequested, rollback)
    require_ready(rollback, Step.RESTORE)
    override = rollback.override
    if override.written_at is None:
        raise Refused(Said("{} never stopped the scheduler; there is nothing to restore", rollback.id))
    if override.removed_at is not None:
        raise Refused(Said("the override of {} was removed already", rollback.id))
    if any(effect.kind == "removal" for effect in rollback.effects):
        raise Refused(Said("the removal for {} is asked for already", rollback.id))
    others = tuple(holder.id for holder in state.holders_of(rollback.component) if holder.id != rollback.id)
    if others and command.file.sha384 == override.sha384:
        released = HoldReleased(
            held_by=others,
            path=override.path,
            override_before_sha384=override.sha384,
            override_after_sha384=command.file.sha384,
            seen_at=command.file.at,
        )
        return (Decided(released, rollback.id, role),)
    stopping = state.asked(rollback.component, ("override", "put_back"))
    if stopping:
        raise Refused(
            Said("the override of {} is asked for and not written yet: look again when it is", stopping[0].id)
        )
    if command.file.kind == "absent":
        raise Refused(
            Said("{} is gone already, removed by somebody else", command.file.path),
            (Said("l2_ops: take that over: stage4 rollback adopt {} --reason …", rollback.id),),
        )
    if command.file.sha384 != override.sha384:
        raise Refused(
            Said(
                "{} is not what was declared: expected {}, found {} {}. Unknown content is never "
                "deleted; look at it first.",
                command.file.path,
                override.sha384,
                command.file.kind,
                command.file.sha384,
            )
        )
    event = OverrideRemovalRequested(
        path=override.path,
        override_sha384=override.sha384,
        cycle=command.scheduler.cycle,
        not_after=request.at + timedelta(seconds=NOT_AFTER_SECONDS),
    )
    return (Decided(event, rollback.id, role),)


@decides(AdoptRemoval)
def adopt_removal(state: State, request: Request, command: AdoptRemoval) -> tuple[Decided, ...]:
    """By l2_ops, with step 5 due: the file that somebody else removed was ours to remove.

    Where nobody observed, the look at the path that comes with the command is what saw the removal.
    """
    rollback = open_rollback(state, request)
    role = act(state, request, RemovalAdopted, rollback)
    require_ready(rollback, Step.RESTORE)
    adopts, seen = rollback.override.removed_outside, tuple[Decided, ...]()
    if not adopts and (command.file.kind != "absent" or not rollback.holds):
        raise Refused(Said("nobody was seen to remove the override of {}", rollback.id))
    if command.file.kind != "absent":
        raise Refused(Said("{} is there again ({})", command.file.path, command.file.kind))
    if not adopts:
        adopts, seen = state.sequence + 1, _removal_seen(state, rollback, command, role)
    event = RemovalAdopted(
        adopts=adopts,
        reason=check_text("the reason", command.reason, longest=INLINE),
        override_before_sha384=rollback.override.sha384,
        override_after_sha384=command.override_after_sha384,
        listing_sha384=command.listing_sha384,
        log_sha384=command.log_sha384,
    )
    return (*seen, Decided(event, rollback.id, role))


def _removal_seen(state: State, rollback: Rollback, command: AdoptRemoval, role: Role) -> tuple[Decided, ...]:
    """What the observer would have recorded: for this rollback first, then for all others that hold by that file."""
    asked = state.asked(rollback.component, ("override", "put_back", "removal"))
    if asked:
        raise Refused(Said("what is asked for by {} is not done yet: look again when it is", asked[0].id))
    holders = [holder for holder in state.holders_of(rollback.component) if not holder.override.removed_outside]
    seen = []
    for holder in (rollback, *(other for other in holders if other.id != rollback.id)):
        event = OverrideRemovedOutside(
            path=holder.override.path,
            override_sha384=holder.override.sha384,
            seen_at=command.file.at,
            listing_sha384=command.listing_sha384,
        )
        seen.append(Decided(event, holder.id, role))
    return (*seen, *lapses(state, rollback.id, seen[0].event, role))


@decides(AnnounceAllClear)
def announce_all_clear(state: State, request: Request, command: AnnounceAllClear) -> tuple[Decided, ...]:
    """By l2_ops or an incident manager, after the restart was seen."""
    rollback = open_rollback(state, request)
    role = act(state, request, AllClearAnnounced, rollback)
    require_ready(rollback, Step.RESTORE)
    if rollback.restarted_at is None:
        raise Refused("the all-clear is given after the restart was seen", ("l2_ops: confirm the restart",))
    permalink = check_text("the permalink", command.permalink, longest=2000, empty=True)
    event = AllClearAnnounced(announcement_sha384=command.announcement_sha384, permalink=permalink)
    return (Decided(event, rollback.id, role),)


@decides(CheckRestore)
def check_restore(state: State, request: Request, command: CheckRestore) -> tuple[Decided, ...]:
    """By l2_ops: the verdict of step 5."""
    rollback = open_rollback(state, request)
    role = act(state, request, RestoreChecked, rollback)
    require_ready(rollback, Step.RESTORE)
    held_by = (
        tuple(holder.id for holder in state.holders_of(rollback.component) if holder.id != rollback.id)
        if rollback.override.held_by
        else ()
    )
    judged = judge_restore(
        rollback, command.file, command.scheduler, command.members, command.muting, held_by, command.unlisted
    )
    event = RestoreChecked(
        verdict=judged.verdict,
        reasons=judged.reasons,
        held_by=held_by,
        log_sha384=command.log_sha384,
        members=members_told(command.members, rollback.silence.id),
        muted_by=muted_told(rollback, command.muting, command.unlisted),
    )
    return (Decided(event, rollback.id, role),)
