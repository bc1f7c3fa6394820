"""The watch as acts: its window, and an alert that it need not fail for."""

from __future__ import annotations

from collections.abc import Mapping

from ledger.app.acts.act import REASON, Act, Asking, Field, Taking, submits
from ledger.app.durations import parse_duration
from ledger.app.steps import watching
from ledger.app.steps.common import Outcome
from ledger.app.words import mark
from ledger.domain.command import Command
from ledger.domain.runbook import Step
from ledger.domain.watching.commands import ExpectAlert, StartWatch
from ledger.domain.watching.events import AlertExpectationProposed, WatchFinished, WatchStarted


def _finish(asking: Asking) -> Command:
    started = asking.rollback.watch.started if asking.rollback.watch else None
    start = started.starts_at if started else asking.at
    length = started.duration_seconds if started else 60
    return StartWatch(starts_at=start, duration_seconds=length)


def _watch(taking: Taking) -> Outcome:
    seconds = parse_duration(taking.values["duration"] or taking.installation.config.watch.duration)
    return Outcome(watching.start(taking.installation, taking.press, taking.rollback, seconds), None)


def _over(asking: Asking) -> bool:
    running = asking.rollback.watch
    if not asking.rollback.is_open or running is None or asking.rollback.steps[Step.WATCH].passed:
        return False
    ends = running.ends_at
    return asking.at >= ends


def _running(asking: Asking) -> bool:
    """A window that runs and that nothing disturbed."""
    return asking.rollback.watch is not None and not asking.rollback.watch.disturbed and not _over(asking)


def _unexpected(asking: Asking) -> Mapping[str, str]:
    """Alerts that a second person is asked about, then critical ones that fire and that nobody expects."""
    known, counts = asking.rollback.expecting, asking.outlook.counts or ()
    firing = dict.fromkeys(count.name for count in counts if count.state == "firing" and count.severity == "critical")
    proposed = {alert: f"{alert} ({asking.names.get(by, by)})" for alert, (by, _) in known.items()}
    return proposed | {name: name for name in firing if name not in {*known, *asking.rollback.expected}}


def _expect(asking: Asking) -> ExpectAlert:
    return ExpectAlert(alert=next(iter(_unexpected(asking))), reason="…")


IN_STEP_4 = (
    Act(
        "watch",
        mark("Start the watch"),
        _watch,
        _finish,
        brings=WatchStarted,
        example="watch INC-2042 --duration 15m",
        step=Step.WATCH,
        main=True,
        shows=lambda a: a.rollback.is_open and not a.rollback.restoring and not _over(a) and not _running(a),
        fields=(
            Field(
                "duration",
                mark("For"),
                "duration",
                default=lambda a: a.installation.config.watch.duration,
                presets=("5m", "15m", "30m"),
            ),
        ),
        about=mark("The window runs on the server; it is judged from Prometheus' own history when it is over."),
    ),
    Act(
        "finish-watch",
        mark("Judge the watch"),
        lambda t: watching.finish(t.installation, t.press, t.rollback),
        lambda a: StartWatch(starts_at=a.at, duration_seconds=60),
        brings=WatchFinished,
        example="finish-watch INC-2042",
        step=Step.WATCH,
        main=True,
        shows=_over,
        about=mark("The window is over; the ledger judges it by itself after a few seconds, or you do now."),
    ),
    Act(
        "expect-alert",
        mark("Expect an alert"),
        submits(lambda t: ExpectAlert(alert=t.values["alert"], reason=t.values["reason"])),
        _expect,
        brings=AlertExpectationProposed,
        example='expect-alert INC-2042 MultiStrategyPnlDrawdown --reason "the desk closes its positions by hand"',
        arguments=("rollback", "alert"),
        step=Step.WATCH,
        shows=lambda a: a.rollback.holds and not a.rollback.steps[Step.WATCH].passed and bool(_unexpected(a)),
        fields=(Field("alert", mark("Alert"), "choice", required=True, options=_unexpected), REASON),
        about=mark(
            "The watch then does not fail for it. NOC names it, a second person agrees. Marked, and to be reviewed."
        ),
    ),
)
