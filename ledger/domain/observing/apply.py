"""What was seen, and what it does to the stage: scheduler, files, silences of others."""

from __future__ import annotations

from typing import Any

from ledger.domain.observing.events import (
    CriticalAlertsSeen,
    ForeignSilenceGone,
    ForeignSilenceSeen,
    ForeignSilenceSeen1,
    OverrideObserved,
    SchedulerObserved,
)
from ledger.domain.record import Recorded
from ledger.domain.remembered import FileView, ForeignSilence, SchedulerView
from ledger.domain.restoring.events import OverrideRemoved, OverrideRemovedOutside, RestartChecked
from ledger.domain.silencing.events import SilenceAdopted
from ledger.domain.state import Rollback, State, file_name
from ledger.domain.stopping.events import (
    OverrideAdopted,
    OverridePutBack,
    OverrideWritten,
    StopChecked,
    StopTakenIn,
    StopTakenIn1,
)
from ledger.domain.transition import applies, applies_to_stage
from ledger.said import Said


@applies_to_stage(StopChecked, RestartChecked, SchedulerObserved)
def _scheduler_seen(state: State, record: Recorded, event: Any) -> State:
    at = event.seen_at if isinstance(event, SchedulerObserved) else event.read_at
    if event.scheduler_status == "enabled":
        state = _disturb(state, Said("the scheduler was seen enabled (entry {})", record.sequence))
    before = state.scheduler
    since = before.since if before.status == event.scheduler_status else at
    disabled = since if event.scheduler_status == "disabled" else before.disabled_since
    seen = SchedulerView(event.scheduler_status, at, record.sequence, event.cycle, since, disabled)
    return state._replace(scheduler=seen)


@applies_to_stage(OverrideWritten, OverrideAdopted, StopTakenIn, StopTakenIn1)
def _file_present(state: State, record: Recorded, event: Any) -> State:
    at = event.claimed_at if isinstance(event, StopTakenIn1) else event.seen_at
    if not event.override_sha384:
        return state  # a stop taken in beside one that stands: nothing was looked at for it
    mode, owner = getattr(event, "mode", ""), getattr(event, "owner", "")
    return _with_file(state, event.path, FileView(event.override_sha384, at, record.sequence, "file", mode, owner))


def _with_file(state: State, path: str, view: FileView) -> State:
    return state._replace(files={**state.files, file_name(path): view})


@applies_to_stage(OverridePutBack)
def _put_back_for_all(state: State, record: Recorded, event: OverridePutBack) -> State:
    """The file is there again for every rollback that holds the component by it."""
    held = {
        rollback.id: rollback._replace(override=rollback.override._replace(removed_outside=0, gone_at=None))
        for rollback in state.open.values()
        if rollback.holds and rollback.override.removed_outside and rollback.override.path == event.path
    }
    return _file_present(state._replace(open={**state.open, **held}), record, event)


@applies_to_stage(OverrideRemoved, OverrideRemovedOutside)
def _file_gone(state: State, record: Recorded, event: Any) -> State:
    gone = file_name(event.path)
    return state._replace(files={name: view for name, view in state.files.items() if name != gone})


def _disturb(state: State, why: str) -> State:
    """Every watch that runs must start again (docs/runbook.md, step 4)."""
    watched = {
        name: rollback._replace(watch=rollback.watch._replace(disturbed=why))
        for name, rollback in state.open.items()
        if rollback.watch
    }
    return state._replace(open={**state.open, **watched}) if watched else state


@applies_to_stage(OverrideObserved)
def _file_observed(state: State, record: Recorded, event: OverrideObserved) -> State:
    state = _disturb(state, Said("the override changed (entry {})", record.sequence))
    if event.found == "absent":
        return _file_gone(state, record, event)
    view = FileView(event.override_sha384, event.seen_at, record.sequence, event.found, event.mode, event.owner)
    return _with_file(state, event.path, view)


@applies(CriticalAlertsSeen)
def _fired_again(before: Rollback, record: Recorded, event: CriticalAlertsSeen) -> Rollback:
    return before._replace(fired_again=record.sequence)


@applies_to_stage(ForeignSilenceSeen, ForeignSilenceSeen1)
def _foreign_seen(state: State, record: Recorded, event: ForeignSilenceSeen1) -> State:
    mutes = isinstance(event, ForeignSilenceSeen) and bool(event.mutes)
    view = ForeignSilence(record.sequence, event.ends_at, event.created_by, event.fits, mutes)
    return state._replace(foreign={**state.foreign, event.silence_id: view})


@applies_to_stage(ForeignSilenceGone, SilenceAdopted)
def _foreign_gone(state: State, record: Recorded, event: Any) -> State:
    rest = {name: view for name, view in state.foreign.items() if name != event.silence_id}
    return state._replace(foreign=rest) if len(rest) < len(state.foreign) else state
