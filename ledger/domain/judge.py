"""Verdicts: ``pass``, ``fail``, ``error`` or ``inconclusive``, each with its reasons. Missing data is never a pass."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from ledger.domain.facts import AlertEpisode, AlertSeen, FileSeen, Matcher, SchedulerSeen, SilenceSeen, WatchSeen
from ledger.domain.runbook import ALERT_PATTERN, Verdict
from ledger.domain.state import Rollback, Watch
from ledger.domain.text import listed, shorten

MAX_REASONS = 20
LONGEST_REASON = 1_000
"""Characters; twenty such reasons leave room in an entry for all else."""
_ALERT = re.compile(ALERT_PATTERN)


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


def _fail(bad: object, sentence: str) -> tuple[Verdict, str]:
    return "fail", sentence if bad else ""


def _unclear(bad: object, sentence: str) -> tuple[Verdict, str]:
    return "inconclusive", sentence if bad else ""


def judge_file(file: FileSeen, declared: str) -> Judged:
    """Step 1: a plain file of mode 600 with valid JSON and the declared digest (empty: any)."""
    if file.kind != "file":
        return Judged("fail", (f"{file.path} is {file.kind}" + (f": {file.error}" if file.error else ""),))
    return worst(
        _fail(file.mode != "0600", f"mode is {file.mode}, expected 0600"),
        _fail(declared and file.sha384 != declared, f"digest: declared {declared}, found {file.sha384}"),
        _fail(not _is_json_object(file.content), "content is not a JSON object"),
    )


def _is_json_object(content: bytes) -> bool:
    try:
        return isinstance(json.loads(content), dict)
    except (ValueError, RecursionError):
        return False


def is_stage4(alert: AlertSeen | AlertEpisode, installation: Sequence[Matcher]) -> bool:
    """Whether the alert is one of the runbook's and carries the installation's labels (plain equality matchers)."""
    labels = dict(alert.labels)
    return bool(_ALERT.fullmatch(alert.name)) and all(
        labels.get(matcher.name, "") == matcher.value for matcher in installation
    )


def judge_silence(
    rollback: Rollback,
    silence: SilenceSeen | None,
    firing: Sequence[AlertSeen],
    installation: Sequence[Matcher],
    at: datetime,
) -> tuple[Judged, int, int]:
    """Step 2, and how many Stage4 alerts fire and how many of these the silence suppresses."""
    ours = [alert for alert in firing if is_stage4(alert, installation)]
    if silence is None:
        return Judged("fail", (f"Alertmanager has no silence {rollback.silence.id}",)), len(ours), 0
    loud = [alert.name for alert in ours if silence.id not in alert.silenced_by]
    missing = [str(matcher) for matcher in installation if matcher not in silence.matchers]
    judged = worst(
        _fail(silence.state != "active", f"the silence is {silence.state}"),
        _fail(silence.ends_at <= at, f"the silence ended at {silence.ends_at.isoformat()}"),
        _fail(
            set(silence.matchers) != set(rollback.silence.matchers),
            f"matchers: asked for {_text(rollback.silence.matchers)}, found {_text(silence.matchers)}",
        ),
        _fail(missing, f"the silence reaches beyond this installation: it lacks {', '.join(missing)}"),
        _fail(loud, f"not suppressed: {', '.join(loud)}"),
    )
    return judged, len(ours), len(ours) - len(loud)


def _text(matchers: Sequence[Matcher]) -> str:
    return ", ".join(sorted(map(str, matchers)))


def judge_stop(rollback: Rollback, seen: SchedulerSeen) -> Judged:
    """Step 3: ``disabled`` in the scheduler's own words, read after the override was written."""
    written = rollback.override.written_at
    return worst(
        _unclear(seen.status == "unknown", f"the scheduler's status is unknown: {seen.error}"),
        _fail(seen.status == "enabled", "the scheduler is enabled"),
        _fail(written is None, "the override was not written"),
        _unclear(written is not None and seen.at <= written, "the status was read before the override was written"),
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
    ours = [episode for episode in watch.episodes if is_stage4(episode, installation)]
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
        _fail(running and running.disturbed, f"the window must start again: {running.disturbed if running else ''}"),
        _unclear(
            running is not None and not _covers(watch, running),
            f"the history is of another window: {watch.start.isoformat()} to {watch.end.isoformat()}",
        ),
        _fail(new, f"new critical alerts: {listed(e.name for e in new)}"),
        _fail(scheduler.status == "enabled", "the scheduler is enabled: the window must start again"),
        _fail(file.sha384 != rollback.override.sha384, "the override changed in the window: it must start again"),
        _unclear(scheduler.status == "unknown", f"the scheduler's status is unknown: {scheduler.error}"),
        _unclear(foreign, f"new critical alerts from elsewhere: {listed(foreign)}"),
        _unclear(watch.missing_rules, f"rules not loaded: {', '.join(watch.missing_rules)}"),
        _unclear(sick, f"rules not healthy: {', '.join(sick)}"),
        _unclear(
            covered < watch.expected_samples or watch.gaps,
            f"coverage is not complete: {covered} of {watch.expected_samples} samples, {len(watch.gaps)} gaps",
        ),
        *(_unclear(True, f"Prometheus warns: {warning}") for warning in watch.warnings),
    )
    return judged, new, carried


def _elsewhere(watch: WatchSeen, installation: Sequence[Matcher], stopped: datetime) -> list[str]:
    """Critical alerts that are not ours and were not active at the stop: of other installations, and of other teams."""
    others = [
        e.name
        for e in watch.episodes
        if e.severity == "critical" and e.since >= stopped and not is_stage4(e, installation)
    ]
    return [*others, *(f"{name} ({count})" for name, count in watch.elsewhere)]


def _covers(watch: WatchSeen, running: Watch) -> bool:
    starts = running.started.starts_at
    return watch.start <= starts and watch.end >= starts + timedelta(seconds=running.started.duration_seconds)


def judge_restart(rollback: Rollback, seen: SchedulerSeen) -> Judged:
    """Step 5's restart: ``enabled``, no warnings, and a cycle finished after the removal."""
    removed, before = rollback.override.removed_at, rollback.override.cycle
    return worst(
        _fail(removed is None, "the override was not removed yet"),
        _unclear(seen.status == "unknown", f"the scheduler's status is unknown: {seen.error}"),
        _fail(seen.status == "disabled", "the scheduler is still disabled"),
        _fail(seen.warnings, f"the scheduler warns: {'; '.join(seen.warnings)}"),
        _unclear(seen.status == "enabled" and not _cycled(seen, before, removed), "no cycle was seen to finish yet"),
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


def judge_restore(
    rollback: Rollback,
    file: FileSeen,
    scheduler: SchedulerSeen,
    silence: SilenceSeen | None,
    held_by: Sequence[str] = (),
) -> Judged:
    """Step 5 as a whole: file gone, restart seen, still enabled without warnings, own silence seen expired.

    A rollback that never stopped the scheduler (aborted early) owes neither a restart nor an all-clear.
    """
    if rollback.override.held_by and held_by:
        return _judge_held(rollback, file, silence, held_by)
    stopped = rollback.override.written_at is not None
    return worst(
        *_silence_ended(rollback, silence),
        _fail(file.kind != "absent", f"{file.path} is there again: {file.kind}"),
        _fail(stopped and rollback.restarted_at is None, "the restart was not confirmed"),
        _unclear(scheduler.status == "unknown", f"the scheduler's status is unknown: {scheduler.error}"),
        _fail(scheduler.status == "disabled", "the scheduler is disabled"),
        _fail(scheduler.warnings, f"the scheduler warns: {'; '.join(scheduler.warnings)}"),
        _fail(stopped and not rollback.all_clear, "the all-clear was not announced"),
    )


def _silence_ended(rollback: Rollback, silence: SilenceSeen | None) -> tuple[tuple[Verdict, str], ...]:
    """Own silence seen expired, or its end recorded as owed because Alertmanager is down."""
    if rollback.silence.state == "end_owed":
        return ()
    seen = silence.state if silence else ""
    return (
        _fail(seen not in ("", "expired"), f"the silence {rollback.silence.id} is {seen}"),
        _fail(rollback.silence.state == "active", f"the silence {rollback.silence.id} has not ended"),
    )


def _judge_held(rollback: Rollback, file: FileSeen, silence: SilenceSeen | None, held_by: Sequence[str]) -> Judged:
    """Step 5 while others hold the scheduler: the hold is released, the file stays theirs, own silence ended."""
    return worst(
        *_silence_ended(rollback, silence),
        _fail(not held_by, "nobody holds the scheduler any more: it must be seen enabled"),
        _fail(file.sha384 != rollback.override.sha384, f"{file.path} is not what was declared: {file.kind}"),
    )
