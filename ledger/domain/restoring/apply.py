"""What restoring does to a rollback."""

from __future__ import annotations

from ledger.domain.effects import ask, done
from ledger.domain.record import Recorded
from ledger.domain.restoring.events import (
    AllClearAnnounced,
    HoldReleased,
    IncidentEnded,
    OverrideRemovalFailed,
    OverrideRemovalRequested,
    OverrideRemoved,
    OverrideRemovedOutside,
    RemovalAdopted,
    RestartChecked,
)
from ledger.domain.state import Rollback
from ledger.domain.transition import applies, require
from ledger.said import Said


@applies(HoldReleased)
def _hold_released(before: Rollback, record: Recorded, event: HoldReleased) -> Rollback:
    require(before.holds and before.restoring, "{} has no hold to release", before.id)
    return before._replace(override=before.override._replace(removed_at=event.seen_at, held_by=event.held_by))


@applies(OverrideRemovalRequested)
def _removal_requested(before: Rollback, record: Recorded, event: OverrideRemovalRequested) -> Rollback:
    require(before.holds, "{} has no override to remove", before.id)
    require(before.restoring, "the incident of {} has not ended", before.id)
    return ask(before._replace(override=before.override._replace(cycle=event.cycle)), "removal", record, event)


@applies(OverrideRemoved)
def _removed(before: Rollback, record: Recorded, event: OverrideRemoved) -> Rollback:
    after = done(before, "removal", record.status)
    return after._replace(override=after.override._replace(removed_at=event.seen_at, removed_outside=0))


@applies(OverrideRemovalFailed)
def _removal_failed(before: Rollback, record: Recorded, event: OverrideRemovalFailed) -> Rollback:
    return done(before, "removal", record.status)


@applies(OverrideRemovedOutside)
def _removed_outside(before: Rollback, record: Recorded, event: OverrideRemovedOutside) -> Rollback:
    require(before.holds, "{} has no override that could be removed", before.id)
    override_ = before.override._replace(removed_outside=record.sequence, gone_at=event.seen_at)
    why = Said("the override was removed (entry {})", record.sequence)
    watch = before.watch._replace(disturbed=why) if before.watch else None
    return before._replace(override=override_, watch=watch)


@applies(RemovalAdopted)
def _removal_adopted(before: Rollback, record: Recorded, event: RemovalAdopted) -> Rollback:
    require(event.adopts == before.override.removed_outside, "entry {} saw no removal of {}", event.adopts, before.id)
    return before._replace(
        effects=tuple(effect for effect in before.effects if effect.kind != "removal"),
        override=before.override._replace(removed_at=before.override.gone_at or record.at, removed_outside=0),
    )


@applies(IncidentEnded)
def _incident_ended(before: Rollback, record: Recorded, event: IncidentEnded) -> Rollback:
    return before._replace(incident_ended=record.sequence)


@applies(RestartChecked)
def _restart_checked(before: Rollback, record: Recorded, event: RestartChecked) -> Rollback:
    if event.verdict == "pass":
        return before._replace(restarted_at=event.read_at)
    return _counted(before, event)


def _counted(before: Rollback, event: RestartChecked) -> Rollback:
    """A reading that was kept after the removal: a later one with more cycles saw one finish, whenever it was gone.

    A lower count is a scheduler that was started anew, from which is counted then.
    """
    removed, counted = before.override.removed_at, before.override.counted
    if event.cycle is None or removed is None or event.read_at < removed:
        return before
    if counted is not None and event.cycle >= counted:
        return before
    return before._replace(override=before.override._replace(counted=event.cycle))


@applies(AllClearAnnounced)
def _all_clear(before: Rollback, record: Recorded, event: AllClearAnnounced) -> Rollback:
    return before._replace(all_clear=record.sequence)
