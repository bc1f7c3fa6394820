"""How long things took in a rollback: durations, steps, bars and marks, each with the entries that it comes from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from ledger.app.review.parts import Attempt, Duration, Mark, Point, Span, StepTime, said, seconds_between, seen, written
from ledger.domain.closing.events import AbortRequested, RollbackAborted, RollbackCompleted
from ledger.domain.duties.events import ConfirmationRefused, StepAccepted, StepLapsed, StepWaived, WindowExtended
from ledger.domain.event import by_version
from ledger.domain.keeping.events import NoteAdded
from ledger.domain.observing.events import SilenceObserved
from ledger.domain.opening.events import EmergencyDeclared, RollbackConfirmed, RollbackOpened
from ledger.domain.record import Recorded
from ledger.domain.restoring.events import (
    AllClearAnnounced,
    HoldReleased,
    IncidentEnded,
    OverrideRemoved,
    OverrideRemovedOutside,
    RemovalAdopted,
    RestartChecked,
)
from ledger.domain.runbook import STEPS, Step
from ledger.domain.silencing.events import (
    SilenceAdopted,
    SilenceCreated,
    SilenceEnded,
    SilenceExtended,
    SilenceLost,
    SilenceRequested,
)
from ledger.domain.stopping.events import (
    HoldJoined,
    OverrideAdopted,
    OverridePutBack,
    OverrideRequested,
    OverrideWritten,
    StopTakenIn,
)
from ledger.domain.watching.events import WatchFinished, WatchStarted

Records = Sequence[Recorded]
CLOSES = (RollbackCompleted, RollbackAborted)
REMOVALS = (OverrideRemoved, HoldReleased, RemovalAdopted)
PASSES = ("pass", "waived", "accepted")
_STOPS = (OverrideWritten, OverrideAdopted, HoldJoined, StopTakenIn)
_SILENCES = (SilenceCreated, SilenceAdopted)
_BEGINS = (OverrideRequested, SilenceRequested, WatchStarted)
"""Begin another attempt at a step that passed; other entries of it then do not (a longer window)."""


def first(own: Records, *kinds: type, after: int = 0) -> Recorded | None:
    """The first entry of one of these kinds after a sequence."""
    return next((record for record in own if record.sequence > after and isinstance(record.event, kinds)), None)


def last(own: Records, *kinds: type) -> Recorded | None:
    """The last entry of one of these kinds."""
    return first(own[::-1], *kinds)


def stops(record: Recorded) -> bool:
    """Whether the entry says that the scheduler is held from now on."""
    event = record.event
    if isinstance(event, HoldJoined):
        return event.verdict == "pass"
    return isinstance(event, _STOPS) and bool(event.override_sha384)


def durations(own: Records, until: datetime) -> Iterator[Duration]:
    """To confirm, disable, silence, watched, to restore, stopped in total, open; none for what has not begun."""
    opened = first(own, RollbackOpened)
    stop = next((record for record in own if stops(record)), None)
    restored = restart(own)
    finished = last(own, WatchFinished)
    begun = finished.event.started if finished and isinstance(finished.event, WatchFinished) else 0
    watch = first(own, WatchStarted, after=begun - 1) if begun else last(own, WatchStarted)
    confirmed = first(own, RollbackConfirmed) or next((record for record in own if waives(record, 0)), None)
    ended = last(own, IncidentEnded) or last(own, AbortRequested)
    close = first(own, *CLOSES)
    for code, start, end in (
        ("to_confirm", _point(opened), confirmed and written(confirmed)),
        ("to_disable", _point(opened), stop and seen(stop)),
        ("to_silence", _point(opened), _point(first(own, *_SILENCES))),
        ("watched", _point(watch), finished and written(finished)),
        ("to_restore", ended and written(ended), _point(restored)),
        ("stopped", _point(stop), _point(restored)),
        ("open", _point(opened), close and written(close)),
    ):
        if start is not None:
            yield _duration(code, start, end, until, over=close is not None)


def _point(record: Recorded | None) -> Point | None:
    return record and seen(record)


def restart(own: Records) -> Recorded | None:
    """The last time that the scheduler was seen enabled as it should be, else the release of this rollback's hold."""
    checks = (
        record for record in own[::-1] if isinstance(record.event, RestartChecked) and record.event.verdict == "pass"
    )
    return next(checks, None) or last(own, HoldReleased)


def waives(record: Recorded, number: int) -> bool:
    """Whether the entry waives the step."""
    return isinstance(record.event, StepWaived) and record.event.number == number


def _duration(code: str, start: Point, end: Point | None, until: datetime, *, over: bool) -> Duration:
    if end is None and over:
        return Duration(code, "never", None, start, None)
    return Duration(code, "done" if end else "running", seconds_between(start.at, end.at if end else until), start, end)


def step_times(own: Records, until: datetime) -> Iterator[StepTime]:
    """Each step that was begun or settled."""
    before: list[Point] = []
    for step in STEPS:
        told = [(written(record), verdict) for record in own if (verdict := verdict_on(record, step.number))]
        passes = [point for point, verdict in told if verdict in PASSES]
        tried = list(tries(own, step.number))
        begun = [start for start, _, _ in tried] + [point for point, _ in told]
        if begun:
            began = min(begun, key=lambda point: point.entry)
            due = _due(own, step.number, before, began)
            settled = [point for point in passes if point.entry > _last_failure(told)]
            yield StepTime(
                step.number,
                told[-1][1] if told else None,
                sum(1 for record in own if record.event and record.event.decides and record.event.step == step.number),
                due,
                began,
                settled[0] if settled else None,
                seconds_between(due.at, began.at) if due else None,
                sum(seconds_between(start.at, end.at if end else until) for start, end, _ in tried),
            )
        before = passes


def _last_failure(told: list[tuple[Point, str]]) -> int:
    return max((point.entry for point, verdict in told if verdict not in PASSES), default=0)


def tries(own: Records, number: int) -> Iterator[tuple[Point, Point | None, str]]:
    """Each attempt at a step: its first entry, its verdict (or the closing; None where it goes on), and which."""
    begun: Recorded | None = None
    closed: Point | None = None
    passed = False
    for record in own:
        if verdict := verdict_on(record, number):
            passed = verdict in PASSES
            if begun is not None or (record.event and record.event.decides):
                yield written(begun or record), written(record), verdict
            begun = None
        elif isinstance(record.event, CLOSES):
            closed = written(record)
        elif (
            record.event is not None and record.event.step == number and not closed and (not passed or _begins(record))
        ):
            begun = begun or record
    if begun is not None:
        yield written(begun), closed, ""


def _begins(record: Recorded) -> bool:
    return isinstance(record.event, _BEGINS)


def verdict_on(record: Recorded, number: int) -> str:
    """What the entry makes of the step: a verdict, ``waived``, ``accepted``, ``lapsed``, or ``""``."""
    event: Any = record.event
    if event is not None and event.decides and event.step == number:
        return str(event.verdict)
    for kind, word in (
        (StepWaived, "waived"),
        (StepAccepted, "accepted"),
        (StepLapsed, "lapsed"),
    ):
        if isinstance(event, kind) and event.number == number:
            return word
    return ""


def _due(own: Records, number: int, before: list[Point], begun: Point) -> Point | None:
    """Since when the step could be taken: the step before, in an emergency that, for step 5 also an abort."""
    kinds = (EmergencyDeclared,) if 1 <= number <= 4 else (AbortRequested,) if number == Step.RESTORE else ()
    points = [*before, *(written(record) for record in own if kinds and isinstance(record.event, kinds))]
    return max((point for point in points if point.entry < begun.entry), key=lambda point: point.entry, default=None)


def spans(own: Records) -> Iterator[Span]:
    """Attempts of steps, the hold, silences, and the window that was asked for."""
    for step in STEPS:
        for start, end, verdict in tries(own, step.number):
            yield Span(f"step_{step.number}", verdict, start, end)
    yield from _held(own)
    yield from _silenced(own)
    yield from _window(own)


def _held(own: Records) -> Iterator[Span]:
    """While the file was there, as far as the ledger saw."""
    start: Point | None = None
    for record in own:
        if start is None and (stops(record) or isinstance(record.event, OverridePutBack)):
            start = seen(record)
        elif start is not None and isinstance(record.event, (*REMOVALS, OverrideRemovedOutside)):
            yield Span("scheduler_held", "", start, seen(record))
            start = None
    if start is not None:
        yield Span("scheduler_held", "", start, None)


def _silenced(own: Records) -> Iterator[Span]:
    """While a silence was active: it ends when it is ended, lost, or seen to have run out."""
    start: Point | None = None
    for record in own:
        if isinstance(record.event, _SILENCES):
            start = start or said(record, "starts_at")
        elif start is not None and (end := _silence_end(record)) is not None:
            yield Span("alerts_silenced", "", start, end)
            start = None
    if start is not None:
        yield Span("alerts_silenced", "", start, None)


def _silence_end(record: Recorded) -> Point | None:
    event = record.event
    if isinstance(event, SilenceObserved) and event.found == "expired":
        return said(record, "ends_at" if event.ends_at <= event.seen_at else "seen_at")
    if isinstance(event, SilenceObserved) and event.found == "absent":
        return seen(record)
    return seen(record) if isinstance(event, (SilenceEnded, SilenceLost)) else None


def _window(own: Records) -> Iterator[Span]:
    opened, longer = first(own, RollbackOpened), last(own, WindowExtended)
    if opened is not None and (start := said(opened, "window_start")) is not None:
        yield Span("maintenance_window", "", start, said(longer or opened, "window_end"))


_MARKS = by_version(
    {
        RollbackOpened: "opened",
        RollbackConfirmed: "confirmed",
        ConfirmationRefused: "refused",
        EmergencyDeclared: "emergency",
        OverrideRemovedOutside: "removed_outside",
        OverridePutBack: "put_back",
        SilenceExtended: "silence_extended",
        SilenceLost: "silence_lost",
        WindowExtended: "window_extended",
        IncidentEnded: "incident_ended",
        AbortRequested: "abort_asked",
        AllClearAnnounced: "all_clear",
        RollbackCompleted: "closed",
        RollbackAborted: "aborted",
    }
)


def marks(own: Records) -> Iterator[Mark]:
    """The points on the axis, in order of the entries; a note stands where somebody says that it happened."""
    for record in own:
        if record.event is not None and (code := _MARKS.get(type(record.event))) is not None:
            point = seen(record)
            yield Mark(code, point, point.field == "metadata.claimed_at")
        elif isinstance(record.event, NoteAdded):
            claimed = said(record, "occurred_at")
            yield Mark("note", claimed or written(record), claimed is not None)


def attempts(own: Records) -> Iterator[Attempt]:
    """Every verdict, numbered per step."""
    count = [0] * len(STEPS)
    for record in own:
        event: Any = record.event
        if event is not None and event.decides and event.step is not None:
            count[event.step] += 1
            reasons = getattr(event, "reasons", ()) or tuple(filter(None, (getattr(event, "cause", ""),)))
            yield Attempt(
                event.step, count[event.step], event.verdict, reasons, record.at, record.actor, record.sequence
            )
