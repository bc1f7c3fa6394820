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


@applies(HoldReleased)
def _hold_released(before: Rollback, record: Recorded, event: HoldReleased) -> Rollback:
    require(before.holds and before.restoring, f"{before.id} has no hold to release")
    return before._replace(override=before.override._replace(removed_at=event.seen_at, held_by=event.held_by))


@applies(OverrideRemovalRequested)
def _removal_requested(before: Rollback, record: Recorded, event: OverrideRemovalRequested) -> Rollback:
    require(before.holds, f"{before.id} has no override to remove")
    require(before.restoring, f"the incident of {before.id} has not ended")
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
    require(before.holds, f"{before.id} has no override that could be removed")
    override_ = before.override._replace(removed_outside=record.sequence, gone_at=event.seen_at)
    why = f"the override was removed (entry {record.sequence})"
    watch = before.watch._replace(disturbed=why) if before.watch else None
    return before._replace(override=override_, watch=watch)


@applies(RemovalAdopted)
def _removal_adopted(before: Rollback, record: Recorded, event: RemovalAdopted) -> Rollback:
    require(event.adopts == before.override.removed_outside, f"entry {event.adopts} saw no removal of {before.id}")
    return before._replace(
        effects=tuple(effect for effect in before.effects if effect.kind != "removal"),
        override=before.override._replace(removed_at=before.override.gone_at or record.at, removed_outside=0),
    )


@applies(IncidentEnded)
def _incident_ended(before: Rollback, record: Recorded, event: IncidentEnded) -> Rollback:
    return before._replace(incident_ended=record.sequence)


@applies(RestartChecked)
def _restart_checked(before: Rollback, record: Recorded, event: RestartChecked) -> Rollback:
    return before._replace(restarted_at=event.read_at) if event.verdict == "pass" else before


@applies(AllClearAnnounced)
def _all_clear(before: Rollback, record: Recorded, event: AllClearAnnounced) -> Rollback:
    return before._replace(all_clear=record.sequence)
