"""The watch begins and is judged."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from ledger.domain.event import Event, event
from ledger.domain.runbook import Verdict


@event
class WatchStarted(Event):
    """Step 4: the observation window begins."""

    status: ClassVar[str] = "watch_started"
    step: ClassVar[int | None] = 4
    sentence: ClassVar[str] = "started a watch of {duration_seconds} s"
    starts_at: datetime
    duration_seconds: int
    headers_sha384: str = ""
    picture_sha384: str = ""
    picture_source: str = ""


@event
class WatchFinished(Event):
    """Step 4: the window judged from Prometheus' own history."""

    status: ClassVar[str] = "watch_finished"
    step: ClassVar[int | None] = 4
    decides: ClassVar[bool] = True
    sentence: ClassVar[str] = "finished the watch: {covered} of {expected} samples, {new} new critical alerts"
    verdict: Verdict
    reasons: tuple[str, ...] = ()
    started: int
    """Sequence of the ``watch_started`` entry."""
    covered: int
    expected: int
    new: int
    carried_over: int
    expected_alerts: int = 0
    """New critical alerts that were declared as expected at opening."""
    report_sha384: str
    headers_sha384: str = ""
    picture_sha384: str = ""
    picture_source: str = ""
