"""Verdicts: ``pass``, ``fail``, ``error`` or ``inconclusive``, each with its reasons. Missing data is never a pass."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

from ledger.domain.facts import AlertEpisode, AlertSeen, FileSeen, Matcher, SchedulerSeen, WatchSeen
from ledger.domain.runbook import ALERT_PATTERN, Verdict
from ledger.domain.state import Rollback, Watch
from ledger.domain.text import listed, shorten

MAX_REASONS = 20
LONGEST_REASON = 1_000
"""Characters; twenty such reasons leave room in an entry for all else."""


class Judged(NamedTuple):
    """A verdict and why it is not a pass (empty for a pass)."""

    verdict: Verdict
    reasons: tuple[str, ...] = ()


def worst(*judged: tuple[Verdict, str]) -> Judged:
    """The gravest of the findings (fail before inconclusive before pass), with all sentences of those that count."""
    findings = [(verdict, shorten(sentence, LONGEST_REASON)) for verdict, sentence in judged if sentence]
    for grave in ("error", "fail", "inconclusive"):
        if any(verdict == grave for verdict, _ in findings):
            sentences = [sentence for verdict, sentence in findings if verdict != "pass"]
            if len(sentences) > MAX_REASONS:
                sentences = [*sentences[:MAX_REASONS], f"and {len(sentences) - MAX_REASONS} more; the report has all"]
            return Judged(grave, tuple(sentences))
    return Judged("pass")


def fail(bad: object, sentence: str) -> tuple[Verdict, str]:
    """The finding ``fail`` where it is bad."""
    return "fail", sentence if bad else ""


def unclear(bad: object, sentence: str) -> tuple[Verdict, str]:
    """The finding ``inconclusive`` where it is bad."""
    return "inconclusive", sentence if bad else ""


def judge_file(file: FileSeen, declared: str) -> Judged:
    """Step 1: a plain file of mode 600 with valid JSON and the declared digest (empty: any)."""
    if file.kind != "file":
        return Judged("fail", (f"{file.path} is {file.kind}" + (f": {file.error}" if file.error else ""),))
    return worst(
        fail(file.mode != "0600", f"mode is {file.mode}, expected 0600"),
        fail(declared and file.sha384 != declared, f"digest: declared {declared}, found {file.sha384}"),
        fail(not _is_json_object(file.content), "content is not a JSON object"),
    )


def _is_json_object(content: bytes) -> bool:
    try:
        return isinstance(json.loads(content), dict)
    except (ValueError, RecursionError):
        return False


def is_stage4(alert: AlertSeen | AlertEpisode, installation: Sequence[Matcher], pattern: str = ALERT_PATTERN) -> bool:
    """Whether the alert is one of the runbook's and carries the installation's labels (plain equality matchers).

    The runbook's are those whose whole name matches ``pattern``, a regex that Python and RE2 read alike.
    """
    labels = dict(alert.labels)
    return bool(_compiled(pattern).fullmatch(alert.name)) and all(
        labels.get(matcher.name, "") == matcher.value for matcher in installation
    )


@lru_cache(maxsize=16)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.ASCII)  # as RE2, and so Prometheus and Alertmanager, read it


def judge_stop(rollback: Rollback, seen: SchedulerSeen) -> Judged:
    """Step 3: ``disabled`` in the scheduler's own words, read after the override was written."""
    written = rollback.override.written_at
    return worst(
        unclear(seen.status == "unknown", f"the scheduler's status is unknown: {seen.error}"),
        fail(seen.status == "enabled", "the scheduler is enabled"),
        fail(written is None, "the override was not written"),
        unclear(written is not None and seen.at <= written, "the status was read before the override was written"),
    )


def judge_watch(
    rollback: Rollback,
    watch: WatchSeen,
    scheduler: SchedulerSeen,
    file: FileSeen,
    installation: Sequence[Matcher],
) -> tuple[Judged, tuple[AlertEpisode, ...], tuple[AlertEpisode, ...]]:
    """Step 4, with the new critical alerts and those carried over from before the stop.

    New = active since the second of ``override_written`` or later: Prometheus keeps ``activeAt`` in whole seconds. What
    was active at the stop and is again after Prometheus itself began anew is carried over like the rest.
    """
    running = rollback.watch
    stopped = (rollback.override.written_at or watch.start).replace(microsecond=0)
    ours = [episode for episode in watch.episodes if is_stage4(episode, installation, watch.pattern)]
    expected = set(rollback.expected)
    new = tuple(e for e in ours if e.severity == "critical" and e.since >= stopped and e.name not in expected)
    carried = tuple(e for e in ours if e.since < stopped)
    foreign = _elsewhere(watch, installation, stopped)
    sick = [
        f"{rule.name} ({rule.health}{': ' + rule.error if rule.error else ''})"
        for rule in watch.rules
        if rule.health != "ok"
    ]
    covered = min(watch.up_samples, watch.evaluated_samples)
    judged = worst(
        fail(running and running.disturbed, f"the window must start again: {running.disturbed if running else ''}"),
        unclear(
            running is not None and not _covers(watch, running),
            f"the history is of another window: {watch.start.isoformat()} to {watch.end.isoformat()}",
        ),
        fail(new, f"new critical alerts: {listed(e.name for e in new)}"),
        fail(scheduler.status == "enabled", "the scheduler is enabled: the window must start again"),
        fail(file.sha384 != rollback.override.sha384, "the override changed in the window: it must start again"),
        unclear(scheduler.status == "unknown", f"the scheduler's status is unknown: {scheduler.error}"),
        unclear(foreign, f"new critical alerts from elsewhere: {listed(foreign)}"),
        unclear(watch.missing_rules, f"rules not loaded: {', '.join(watch.missing_rules)}"),
        unclear(sick, f"rules not healthy: {', '.join(sick)}"),
        unclear(
            covered < watch.expected_samples or watch.gaps,
            f"coverage is not complete: {covered} of {watch.expected_samples} samples, {len(watch.gaps)} gaps",
        ),
        *(unclear(True, f"Prometheus warns: {warning}") for warning in watch.warnings),
    )
    return judged, new, carried


def _elsewhere(watch: WatchSeen, installation: Sequence[Matcher], stopped: datetime) -> list[str]:
    """Critical alerts that are not ours and were not active at the stop: of other installations, and of other teams."""
    others = [
        e.name
        for e in watch.episodes
        if e.severity == "critical" and e.since >= stopped and not is_stage4(e, installation, watch.pattern)
    ]
    return [*others, *(f"{name} ({count})" for name, count in watch.elsewhere)]


def _covers(watch: WatchSeen, running: Watch) -> bool:
    starts = running.started.starts_at
    return watch.start <= starts and watch.end >= starts + timedelta(seconds=running.started.duration_seconds)


def judge_restart(rollback: Rollback, seen: SchedulerSeen) -> Judged:
    """Step 5's restart: ``enabled``, no warnings, and a cycle finished after the removal."""
    removed, before = rollback.override.removed_at, rollback.override.cycle
    return worst(
        fail(removed is None, "the override was not removed yet"),
        unclear(seen.status == "unknown", f"the scheduler's status is unknown: {seen.error}"),
        fail(seen.status == "disabled", "the scheduler is still disabled"),
        fail(seen.warnings, f"the scheduler warns: {'; '.join(seen.warnings)}"),
        unclear(seen.status == "enabled" and not _cycled(seen, before, removed), "no cycle was seen to finish yet"),
    )


def _cycled(seen: SchedulerSeen, before: int | None, removed: datetime | None) -> bool:
    if seen.cycle is None:
        return False
    if before is not None and seen.cycle >= before:
        return seen.cycle > before
    # The count began anew (the scheduler was restarted) or was not known: a cycle since a start after the removal.
    return (
        seen.cycle > 0
        and seen.since is not None
        and removed is not None
        and seen.since >= removed - timedelta(seconds=5)
    )
