"""Step 4: the watch. It is judged from Prometheus' own history, so whoever comes after a crash can finish it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from ledger.app.installation import Installation
from ledger.app.press import Press
from ledger.app.steps.common import Outcome, act, outcome
from ledger.app.steps.headers import format_report, headers_report
from ledger.app.steps.pictures import panels_json, show
from ledger.domain.facts import AlertEpisode, WatchSeen
from ledger.domain.judge import Judged, judge_watch
from ledger.domain.runbook import Step
from ledger.domain.state import Rollback, Watch
from ledger.domain.watching.commands import FinishWatch, StartWatch
from ledger.domain.watching.decide import installation_of
from ledger.errors import Refused, Unreachable
from ledger.said import Said

_TICK = 0.25


class Progress(NamedTuple):
    """How far the watch is: seconds watched, seconds in all, critical alerts active now (None: not known)."""

    elapsed: float
    total: float
    critical: int | None


def watch(
    installation: Installation,
    press: Press,
    rollback: Rollback,
    seconds: int,
    report: Callable[[Progress], None] = lambda _: None,
) -> Outcome:
    """Run the window to its end and judge it. A window that runs already is joined; one that is over is judged.

    Where none runs a new one begins, also after a verdict: that is an attempt of its own.
    """
    if rollback.watch is None:
        rollback = start(installation, press, rollback, seconds)
    running = _running(rollback)
    _wait(installation, running, report)
    return finish(installation, press, rollback)


def start(installation: Installation, press: Press, rollback: Rollback, seconds: int) -> Rollback:
    """Begin the window: headers report and a picture of the time before it."""
    at = installation.clock()
    name = show(installation, press, rollback, at - timedelta(seconds=max(seconds, 300)), at).picture
    command = StartWatch(
        starts_at=installation.clock(),
        duration_seconds=seconds,
        headers_sha384=installation.keep(format_report(headers_report(installation)), press),
        picture_sha384=name,
        picture_source="drawn" if name else "",
    )
    return act(installation, press, command, rollback.id)


def _running(rollback: Rollback) -> Watch:
    if rollback.watch is None:
        raise Refused(Said("no watch of {} is running", rollback.id))
    return rollback.watch


def _wait(installation: Installation, running: Watch, report: Callable[[Progress], None]) -> None:
    """Sleep until the window and two more samples are over, telling how it goes; alerts are asked for now and then."""
    begin, seconds, end = running.started.starts_at, running.started.duration_seconds, ends_at(installation, running)
    critical, asked = None, 0.0
    while (left := (end - installation.clock()).total_seconds()) > 0:
        if time.monotonic() - asked >= installation.step_seconds:
            critical, asked = _critical_now(installation), time.monotonic()
        elapsed = (installation.clock() - begin).total_seconds()
        report(Progress(max(0.0, min(elapsed, seconds)), seconds, critical))
        time.sleep(min(_TICK, left))
    report(Progress(seconds, seconds, critical))


def _critical_now(installation: Installation) -> int | None:
    try:
        return sum(count.number for count in installation.prometheus.counts() if count.severity == "critical")
    except Unreachable:
        return None


def finish(installation: Installation, press: Press, rollback: Rollback) -> Outcome:
    """Judge a window that is over, from history, with a report, and a picture where one can be drawn.

    Where somebody else was quicker (the observer, another terminal), the outcome is what that came to.
    """
    if rollback.watch is None and rollback.steps[Step.WATCH].verdict:
        return _judged_already(rollback)
    running = _running(rollback)
    try:
        return _finish(installation, press, rollback, running)
    except Refused:
        after = installation.rollback(rollback.id)
        if (after.watch is None or after.watch.entry != running.entry) and after.steps[
            Step.WATCH
        ].entry > running.entry:
            return _judged_already(after)
        raise


def _judged_already(rollback: Rollback) -> Outcome:
    step = rollback.steps[Step.WATCH]
    lines = [
        f"judged    entry {step.entry} has the verdict already",
        *(f"reason    {reason}" for reason in step.reasons),
    ]
    return outcome(rollback, Step.WATCH, "".join(f"{line}\n" for line in lines))


def ends_at(installation: Installation, running: Watch) -> datetime:
    """When the window and two more samples are over: from then on its history is complete."""
    return running.ends_at + timedelta(seconds=2 * installation.step_seconds)


def _finish(installation: Installation, press: Press, rollback: Rollback, running: Watch) -> Outcome:
    started = running.started
    begin, end = started.starts_at, running.ends_at
    prometheus = installation.prometheus
    stopped = rollback.override.written_at
    seen = prometheus.watch(begin, end, installation.alerts.rules, installation.step_seconds, stopped)
    scheduler = installation.scheduler()
    file = installation.look(rollback.override.path)
    judged, new, carried = judge_watch(rollback, seen, scheduler, file, installation_of(rollback.silence.matchers))
    shown = show(installation, press, rollback, begin - timedelta(seconds=max(60, started.duration_seconds // 2)), end)
    page = report_json(rollback, seen, judged, new, carried)
    page |= {"panels": panels_json(shown.panels), "picture_missing": shown.missing}
    command = FinishWatch(
        watch=seen,
        scheduler=scheduler,
        file=file,
        report_sha384=installation.keep(json.dumps(page, indent=2, sort_keys=True, ensure_ascii=False) + "\n", press),
        headers_sha384=started.headers_sha384,
        picture_sha384=shown.picture,
        picture_source="drawn" if shown.picture else "",
    )
    after = act(installation, press, command, rollback.id)
    covered = min(seen.up_samples, seen.evaluated_samples)
    lines = [f"coverage  {covered} of {seen.expected_samples} samples", f"new       {len(new)}"]
    lines += [f"carried   {len(carried)}", *(f"note      {note}" for note in seen.notes)]
    lines += [f"picture   missing: {shown.missing}"] if shown.missing else []
    lines += [f"reason    {reason}" for reason in judged.reasons]
    return outcome(after, Step.WATCH, "".join(f"{line}\n" for line in lines))


def report_json(
    rollback: Rollback,
    seen: WatchSeen,
    judged: Judged,
    new: tuple[AlertEpisode, ...],
    carried: tuple[AlertEpisode, ...],
) -> dict[str, Any]:
    """The report of a window, all numbers as whole numbers or text."""
    return {
        "rollback": rollback.id,
        "window": {"start": seen.start.isoformat(), "end": seen.end.isoformat(), "step_seconds": seen.step_seconds},
        "verdict": judged.verdict,
        "reasons": list(judged.reasons),
        "coverage": {
            "expected_samples": seen.expected_samples,
            "up_samples": seen.up_samples,
            "evaluated_samples": seen.evaluated_samples,
            "gaps": [[a.isoformat(), b.isoformat()] for a, b in seen.gaps],
        },
        "new_critical": [_episode(episode) for episode in new],
        "carried_over": [_episode(episode) for episode in carried],
        "all_alerts": [_episode(episode) for episode in seen.episodes],
        "rules": [{"name": rule.name, "health": rule.health, "state": rule.state} for rule in seen.rules],
        "missing_rules": list(seen.missing_rules),
        "elsewhere": [{"name": name, "count": count} for name, count in seen.elsewhere],
        "warnings": list(seen.warnings),
        "notes": list(seen.notes),
    }


def _episode(episode: AlertEpisode) -> dict[str, Any]:
    return {
        "name": episode.name,
        "labels": dict(episode.labels),
        "active_at": episode.active_at.isoformat(),
        "continues": episode.continues.isoformat() if episode.continues else None,
        "first_seen": episode.first_seen.isoformat(),
        "last_seen": episode.last_seen.isoformat(),
        "fired": episode.fired,
    }
