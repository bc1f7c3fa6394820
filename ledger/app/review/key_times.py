"""The times that people ask for first: how long after the first critical alert trading was stopped, and ran again.

Counted from when the first critical alert of the incident became active, as far as an entry's artefact tells of one;
else from the opening. ``detected`` is when the rollback was opened, ``decided`` what let the stop go on (confirmation,
emergency, waiver), ``stopped`` the first override, ``confirmed`` the first time that the scheduler was seen disabled
after it, ``restored`` when it was seen enabled as it should be (or this rollback's hold was released).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from ledger.app.review.parts import Duration, Point, Span, said, seconds_between, seen, written
from ledger.app.review.times import CLOSES, Records, first, restart, stops, waives
from ledger.domain.observing.events import SchedulerObserved
from ledger.domain.opening.events import EmergencyDeclared, RollbackConfirmed, RollbackOpened
from ledger.domain.runbook import Step
from ledger.domain.stopping.events import StopChecked


def key_times(own: Records, stage: Records, alert: Span | None, until: datetime) -> Iterator[Duration]:
    """In the order of the road; none before somebody opened. ``alert`` is the first critical one."""
    opened = first(own, RollbackOpened)
    if opened is None:
        return
    stopped, back = _stopped(own), restart(own)
    origin, over = alert.start if alert else seen(opened), first(own, *CLOSES) is not None
    points = (
        ("detected", seen(opened) if alert else None),
        ("decided", _decided(own)),
        ("stopped", stopped),
        ("confirmed", stopped and _seen_disabled(own, stage, stopped)),
        ("restored", back and seen(back)),
    )
    for code, point in points:
        if code == "detected" and point is None:
            continue
        if point is not None:
            yield Duration(code, "done", seconds_between(origin.at, point.at), origin, point)
        elif over:
            yield Duration(code, "never", None, origin, None)
        else:
            yield Duration(code, "running", seconds_between(origin.at, until), origin, None)


def first_alert(own: Records, alerts: Sequence[Span]) -> Span | None:
    """The critical alert that became active first, by the stop (or the opening); none of planned work."""
    opened = first(own, RollbackOpened)
    if opened is None or not isinstance(opened.event, RollbackOpened) or opened.event.purpose != "incident":
        return None
    by = _stopped(own) or written(opened)
    begun = [span for span in alerts if span.critical and span.start.at <= by.at]
    return min(begun, key=lambda span: span.start.at, default=None)


def _stopped(own: Records) -> Point | None:
    stop = next((record for record in own if stops(record)), None)
    return stop and seen(stop)


def _decided(own: Records) -> Point | None:
    found = (
        record
        for record in own
        if isinstance(record.event, (RollbackConfirmed, EmergencyDeclared)) or waives(record, Step.ANNOUNCE)
    )
    record = next(found, None)
    return record and seen(record)


def _seen_disabled(own: Records, stage: Records, stopped: Point) -> Point | None:
    """By the check of step 3 or by the observer, whichever saw it first after the stop."""
    points = [
        said(record, "read_at") or written(record)
        for record in own
        if isinstance(record.event, StopChecked) and record.event.scheduler_status == "disabled"
    ]
    points += [
        seen(record)
        for record in stage
        if isinstance(record.event, SchedulerObserved) and record.event.scheduler_status == "disabled"
    ]
    return min((point for point in points if point.at >= stopped.at), key=lambda point: point.at, default=None)
