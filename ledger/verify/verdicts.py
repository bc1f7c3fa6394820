"""Step 7: what a verdict needs. Whether ``pass`` can be, by what the entry itself records and by the state before it.

Only conditions that every version of the rules had are asked for, each of them necessary: what the judge saw beyond
the entry (`ledger.domain.judge`) is not here any more. And only ``pass`` is doubted, for only it leads on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from ledger.domain.closing.events import SummaryWritten
from ledger.domain.event import Event
from ledger.domain.record import Recorded
from ledger.domain.restoring.events import (
    AllClearAnnounced,
    IncidentEnded,
    RemovalAdopted,
    RestartChecked,
    RestoreChecked,
    RestoreChecked1,
)
from ledger.domain.rules import owed_before
from ledger.domain.runbook import Step
from ledger.domain.silencing.events import (
    ForeignSilenceAccepted,
    SilenceAdopted,
    SilenceChecked,
    SilenceChecked1,
    SilenceEndOwed,
    SilenceEndRequested,
    SilenceEndRequested1,
    SilenceFailed,
    SilenceRequested,
)
from ledger.domain.state import Rollback, State
from ledger.domain.stopping.events import (
    HoldJoined,
    OverrideAdopted,
    OverrideFailed,
    OverridePutBack,
    OverrideRequested,
    OverrideWritten,
    StopChecked,
    StopTakenIn,
)
from ledger.domain.watching.events import WatchFinished, WatchStarted

_Why = Iterator[str]


def false_pass(state: State, before: Rollback | None, record: Recorded) -> str:
    """Why the entry's verdict cannot be ``pass`` although it says so; empty where it can, or says something else.

    ``before`` is the entry's rollback before it, ``state`` the whole.
    """
    event: Any = record.event
    check = _CHECKS.get(type(event))
    if check is None or before is None or event.verdict != "pass":
        return ""
    reasons = getattr(event, "reasons", ())
    if reasons:
        return f"it gives reasons against: {', '.join(reasons)}"
    return next(check(state, before, record, event), "")


def _mode(event: Any) -> _Why:
    if event.mode != "0600":
        yield f"mode is {event.mode}, expected 0600"


def _written(state: State, before: Rollback, record: Recorded, event: OverrideWritten) -> _Why:
    yield from _mode(event)
    asked = before.override.request
    if asked is not None and event.override_sha384 != asked.content_sha384:
        yield f"digest: declared {asked.content_sha384}, found {event.override_sha384}"


def _adopted(state: State, before: Rollback, record: Recorded, event: OverrideAdopted) -> _Why:
    yield from _mode(event)


def _joined(state: State, before: Rollback, record: Recorded, event: HoldJoined) -> _Why:
    yield from _mode(event)
    holders = [one.override.sha384 for name in event.joined if (one := state.open.get(name)) and one.holds]
    if event.override_sha384 not in holders:
        yield "no rollback that it names holds the scheduler by that file"


def _put_back(state: State, before: Rollback, record: Recorded, event: OverridePutBack) -> _Why:
    yield from _mode(event)
    if before.override.sha384 and event.override_sha384 != before.override.sha384:
        yield f"digest: declared {before.override.sha384}, found {event.override_sha384}"


def _taken_in(state: State, before: Rollback, record: Recorded, event: StopTakenIn) -> _Why:
    yield from ()


def _failed(state: State, before: Rollback, record: Recorded, event: Any) -> _Why:
    yield f"it tells of a failure: {event.cause}"


def _silence(state: State, before: Rollback, record: Recorded, event: SilenceChecked1 | SilenceChecked) -> _Why:
    if before.silence.state == "none" or event.silence_id != before.silence.id:
        yield f"{event.silence_id} is not the silence of {before.id}"
    if event.suppressed < event.firing:
        yield f"{event.firing - event.suppressed} of {event.firing} firing alerts are not suppressed"
    if event.ends_at <= record.at:
        yield f"the silence ended at {event.ends_at.isoformat()}"
    if isinstance(event, SilenceChecked) and event.answered < event.asked:
        yield f"{event.asked - event.answered} of {event.asked} members of Alertmanager did not answer"


def _stop(state: State, before: Rollback, record: Recorded, event: StopChecked) -> _Why:
    if event.scheduler_status != "disabled":
        yield f"the scheduler's status is {event.scheduler_status}"
    written = before.override.written_at
    if written is None:
        yield "the override was not written"
    elif event.read_at <= written:
        yield "the status was read before the override was written"


def _watch(state: State, before: Rollback, record: Recorded, event: WatchFinished) -> _Why:
    if event.new:
        yield f"it counts {event.new} new critical alerts"
    if event.covered < event.expected:
        yield f"coverage is not complete: {event.covered} of {event.expected} samples"
    running = before.watch
    if running is not None and running.disturbed:
        yield f"the window must start again: {running.disturbed}"
    if running is not None and record.at < running.ends_at:
        yield f"the watch lasts until {running.ends_at.isoformat(timespec='seconds')}"


def _restart(state: State, before: Rollback, record: Recorded, event: RestartChecked) -> _Why:
    if event.scheduler_status != "enabled":
        yield f"the scheduler's status is {event.scheduler_status}"
    if before.override.removed_at is None:
        yield "the override was not removed yet"
    if event.warnings:
        yield f"the scheduler warns: {'; '.join(event.warnings)}"
    if event.cycle is None or event.cycle == before.override.cycle:
        yield "no cycle was seen to finish yet"


def _restore(state: State, before: Rollback, record: Recorded, event: RestoreChecked1) -> _Why:
    if before.silence.state == "active":
        yield f"the silence {before.silence.id} has not ended"
    if before.override.written_at is None or (before.override.held_by and event.held_by):
        return
    if before.restarted_at is None:
        yield "the restart was not confirmed"
    if not before.all_clear:
        yield "the all-clear was not announced"


_CHECKS: dict[type[Event], Callable[[State, Rollback, Recorded, Any], _Why]] = {
    OverrideWritten: _written,
    OverrideFailed: _failed,
    OverrideAdopted: _adopted,
    HoldJoined: _joined,
    OverridePutBack: _put_back,
    StopTakenIn: _taken_in,
    StopChecked: _stop,
    WatchFinished: _watch,
    RestartChecked: _restart,
    RestoreChecked: _restore,
    RestoreChecked1: _restore,
    SilenceFailed: _failed,
    SilenceChecked: _silence,
    SilenceChecked1: _silence,
}

_TAKES: dict[type[Event], int] = {
    OverrideRequested: 1,
    OverrideAdopted: 1,
    HoldJoined: 1,
    SilenceRequested: 2,
    SilenceAdopted: 2,
    StopChecked: 3,
    WatchStarted: 4,
    RestartChecked: 5,
    AllClearAnnounced: 5,
    RestoreChecked: 5,
    RestoreChecked1: 5,
    RemovalAdopted: 5,
    SilenceEndRequested: 5,
    SilenceEndRequested1: 5,
    ForeignSilenceAccepted: 5,
    SilenceEndOwed: 5,
    SummaryWritten: 6,
}
"""Event -> the step that a person takes by it: it must be ready then. What comes of it later may find it changed."""


def taken_too_early(before: Rollback | None, record: Recorded) -> str:
    """What was still owed when a person took a step; empty where it was ready.

    docs/runbook.md, "Order, attempts, lapse and waiving".
    """
    if before is None or record.event is None:
        return ""
    kind = type(record.event)
    if kind is IncidentEnded:
        due = next((number for number in range(1, 5) if not before.steps[number].passed), 0)
        return f"the incident ended before step {due} had passed" if due else ""
    number = _TAKES.get(kind, 0)
    if not number or not owed_before(before, number):
        return ""
    if number == Step.RESTORE:
        return "step 5 was taken before the incident had ended"
    return f"step {number} was taken before step {number - 1} had passed, without emergency or waiver"
