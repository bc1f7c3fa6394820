"""The watch begins and is judged."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from ledger.domain.event import Event, event, in_english
from ledger.domain.runbook import Step, Verdict


@event
class WatchStarted(Event):
    """Step 4: the observation window begins."""

    status: ClassVar[str] = "watch_started"
    step: ClassVar[int | None] = Step.WATCH
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
    version: ClassVar[int] = 2
    said: ClassVar[frozenset[str]] = frozenset({"reasons"})
    step: ClassVar[int | None] = Step.WATCH
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


WatchFinished1 = in_english(WatchFinished)


@event
class AlertExpectationProposed(Event):
    """Step 4: a critical alert was named as expected. It counts when a second person agrees."""

    status: ClassVar[str] = "alert_expectation_proposed"
    sentence: ClassVar[str] = "proposed to expect the alert {alert}: {reason}"
    alert: str
    reason: str


@event
class AlertExpected(Event):
    """Step 4: a second person agreed that the alert is expected. It is to be reviewed."""

    status: ClassVar[str] = "alert_expected"
    sentence: ClassVar[str] = "agreed to expect the alert {alert}, as proposed by entry {proposal}: {reason}"
    alert: str
    proposal: int
    """Sequence of the proposal."""
    reason: str
