"""Step 7: what a verdict needs. Whether ``pass`` can be, by what the entry itself records and by the state before it.

Only conditions that every version of the rules had are asked for, each of them necessary: what the judge saw beyond
the entry (`ledger.domain.judge`) is not here any more. And only ``pass`` is doubted, for only it leads on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from ledger.domain.closing.events import SummaryWritten
from ledger.domain.event import Event, by_version
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
from ledger.said import Said, joined

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
        return Said("it gives reasons against: {}", joined(reasons))
    return next(check(state, before, record, event), "")


def _mode(event: Any) -> _Why:
    if event.mode != "0600":
        yield Said("mode is {}, expected 0600", event.mode)


def _written(state: State, before: Rollback, record: Recorded, event: OverrideWritten) -> _Why:
    yield from _mode(event)
    asked = before.override.request
    if asked is not None and event.override_sha384 != asked.content_sha384:
        yield Said("digest: declared {}, found {}", asked.content_sha384, event.override_sha384)


def _adopted(state: State, before: Rollback, record: Recorded, event: OverrideAdopted) -> _Why:
    yield from _mode(event)


def _joined(state: State, before: Rollback, record: Recorded, event: HoldJoined) -> _Why:
    yield from _mode(event)
    holders = [holder.override.sha384 for name in event.joined if (holder := state.open.get(name)) and holder.holds]
    if event.override_sha384 not in holders:
        yield "no rollback that it names holds the scheduler by that file"


def _put_back(state: State, before: Rollback, record: Recorded, event: OverridePutBack) -> _Why:
    yield from _mode(event)
    if before.override.sha384 and event.override_sha384 != before.override.sha384:
        yield Said("digest: declared {}, found {}", before.override.sha384, event.override_sha384)


def _taken_in(state: State, before: Rollback, record: Recorded, event: StopTakenIn) -> _Why:
    yield from ()


def _failed(state: State, before: Rollback, record: Recorded, event: Any) -> _Why:
    yield Said("it tells of a failure: {}", event.cause)


def _silence(state: State, before: Rollback, record: Recorded, event: SilenceChecked1 | SilenceChecked) -> _Why:
    if before.silence.state == "none" or event.silence_id != before.silence.id:
        yield Said("{} is not the silence of {}", event.silence_id, before.id)
    if event.suppressed < event.firing:
        yield Said("{} of {} firing alerts are not suppressed", event.firing - event.suppressed, event.firing)
    if event.ends_at <= record.at:
        yield Said("the silence ended at {}", event.ends_at.isoformat())
    if isinstance(event, SilenceChecked) and event.answered < event.asked:
        yield Said("{} of {} members of Alertmanager did not answer", event.asked - event.answered, event.asked)


def _stop(state: State, before: Rollback, record: Recorded, event: StopChecked) -> _Why:
    if event.scheduler_status != "disabled":
        yield Said("the scheduler's status is {}", event.scheduler_status)
    written = before.override.written_at
    if written is None:
        yield "the override was not written"
    elif event.read_at <= written:
        yield "the status was read before the override was written"


def _watch(state: State, before: Rollback, record: Recorded, event: WatchFinished) -> _Why:
    if event.new:
        yield Said("it counts {} new critical alerts", event.new)
    if event.covered < event.expected:
        yield Said("coverage is not complete: {} of {} samples", event.covered, event.expected)
    running = before.watch
    if running is not None and running.disturbed:
        yield Said("the window must start again: {}", running.disturbed)
    if running is not None and record.at < running.ends_at:
        yield Said("the watch lasts until {}", running.ends_at.isoformat(timespec="seconds"))


def _restart(state: State, before: Rollback, record: Recorded, event: RestartChecked) -> _Why:
    if event.scheduler_status != "enabled":
        yield Said("the scheduler's status is {}", event.scheduler_status)
    if before.override.removed_at is None:
        yield "the override was not removed yet"
    if event.warnings:
        yield Said("the scheduler warns: {}", "; ".join(event.warnings))
    if event.cycle is None or event.cycle == before.override.cycle:
        yield "no cycle was seen to finish yet"


def _restore(state: State, before: Rollback, record: Recorded, event: RestoreChecked1) -> _Why:
    if before.silence.state == "active":
        yield Said("the silence {} has not ended", before.silence.id)
    if before.override.written_at is None or (before.override.held_by and event.held_by):
        return
    if before.restarted_at is None:
        yield "the restart was not confirmed"
    if not before.all_clear:
        yield "the all-clear was not announced"


_CHECKS: dict[type[Event], Callable[[State, Rollback, Recorded, Any], _Why]] = by_version(
    {
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
)

_TAKES: dict[type[Event], int] = by_version(
    {
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
)
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
        return Said("the incident ended before step {} had passed", due) if due else ""
    number = _TAKES.get(kind, 0)
    if not number or not owed_before(before, number):
        return ""
    if number == Step.RESTORE:
        return "step 5 was taken before the incident had ended"
    return Said("step {} was taken before step {} had passed, without emergency or waiver", number, number - 1)
