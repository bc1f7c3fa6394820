"""Verdicts: ``pass``, ``fail``, ``error`` or ``inconclusive``, each with its reasons. Missing data is never a pass."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from ledger.domain.facts import AlertEpisode, AlertSeen, FileSeen, Matcher, SchedulerSeen, WatchSeen
from ledger.domain.matching import fullmatch
from ledger.domain.runbook import ALERT_PATTERN, Verdict
from ledger.domain.state import Override, Rollback, Watch
from ledger.domain.text import listed, shorten
from ledger.domain.watching.sorting import kind, since_the_stop
from ledger.said import Said

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
                sentences = [
                    *sentences[:MAX_REASONS],
                    Said("and {} more; the report has all", len(sentences) - MAX_REASONS, code="more"),
                ]
            return Judged(grave, tuple(sentences))
    return Judged("pass")


def fail(bad: object, code: str, template: str, *values: object) -> tuple[Verdict, str]:
    """The finding ``fail`` where it is bad, with its sentence (:mod:`ledger.said`)."""
    return "fail", Said(template, *values, code=code) if bad else ""


def unclear(bad: object, code: str, template: str, *values: object) -> tuple[Verdict, str]:
    """The finding ``inconclusive`` where it is bad, with its sentence (:mod:`ledger.said`)."""
    return "inconclusive", Said(template, *values, code=code) if bad else ""


def judge_file(file: FileSeen, declared: str) -> Judged:
    """Step 1: a plain file of mode 600 with valid JSON and the declared digest (empty: any)."""
    if file.kind != "file":
        if file.error:
            return worst(fail(True, "file_kind", "{} is {}: {}", file.path, file.kind, file.error))
        return worst(fail(True, "file_kind", "{} is {}", file.path, file.kind))
    return worst(
        fail(file.mode != "0600", "file_mode", "mode is {}, expected 0600", file.mode),
        fail(
            declared and file.sha384 != declared, "file_digest", "digest: declared {}, found {}", declared, file.sha384
        ),
        fail(not _is_json_object(file.content), "file_content", "content is not a JSON object"),
    )


def _is_json_object(content: bytes) -> bool:
    try:
        return isinstance(json.loads(content), dict)
    except (ValueError, RecursionError):
        return False


def is_stage4(alert: AlertSeen | AlertEpisode, installation: Sequence[Matcher], pattern: str = ALERT_PATTERN) -> bool:
    """Whether the alert is one of the runbook's and carries the installation's labels (plain equality matchers).

    The runbook's are those whose whole name matches ``pattern``, a regex as RE2 reads it. Raises ``Refused`` where that
    is not known.
    """
    labels = dict(alert.labels)
    return fullmatch(pattern, alert.name) and all(
        labels.get(matcher.name, "") == matcher.value for matcher in installation
    )


def may_be_ours(alert: AlertSeen | AlertEpisode, installation: Sequence[Matcher], pattern: str = ALERT_PATTERN) -> bool:
    """Whether the alert is one of the runbook's and no label of it is another installation's.

    Prometheus adds labels such as ``env`` only on sending: one that is missing does not make it another's.
    """
    labels = dict(alert.labels)
    known = [matcher for matcher in installation if labels.get(matcher.name)]
    return is_stage4(alert, known, pattern)


def judge_stop(rollback: Rollback, seen: SchedulerSeen) -> Judged:
    """Step 3: ``disabled`` in the scheduler's own words, read after the override was written."""
    written = rollback.override.written_at
    return worst(
        unclear(seen.status == "unknown", "scheduler_unknown", "the scheduler's status is unknown: {}", seen.error),
        fail(seen.status == "enabled", "scheduler_enabled", "the scheduler is enabled"),
        fail(written is None, "override_not_written", "the override was not written"),
        unclear(
            written is not None and seen.at <= written,
            "status_read_too_early",
            "the status was read before the override was written",
        ),
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
    was active at the stop and is again after Prometheus itself began anew is carried over like the rest. Ours is also
    what lacks a label of the installation: this is Prometheus' own history, and it adds some only on sending.
    """
    running = rollback.watch
    stopped = since_the_stop(rollback.override.written_at or watch.start)
    ours = [episode for episode in watch.episodes if may_be_ours(episode, installation, watch.pattern)]
    sorts = {e: kind(e.name, e.severity, e.since, stopped, rollback.expected) for e in ours}
    new = tuple(e for e in ours if sorts[e] == "new")
    carried = tuple(e for e in ours if sorts[e] == "carried_over")
    foreign = _elsewhere(watch, installation, stopped)
    sick = [
        f"{rule.name} ({rule.health}{': ' + rule.error if rule.error else ''})"
        for rule in watch.rules
        if rule.health != "ok"
    ]
    covered = min(watch.up_samples, watch.evaluated_samples)
    judged = worst(
        fail(
            running and running.disturbed,
            "watch_disturbed",
            "the window must start again: {}",
            running.disturbed if running else "",
        ),
        unclear(
            running is not None and not _covers(watch, running),
            "window_other",
            "the history is of another window: {} to {}",
            watch.start.isoformat(),
            watch.end.isoformat(),
        ),
        fail(new, "alerts_new", "new critical alerts: {}", listed(e.name for e in new)),
        fail(
            scheduler.status == "enabled", "scheduler_enabled", "the scheduler is enabled: the window must start again"
        ),
        fail(
            file.sha384 != rollback.override.sha384,
            "override_changed",
            "the override changed in the window: it must start again",
        ),
        unclear(
            scheduler.status == "unknown", "scheduler_unknown", "the scheduler's status is unknown: {}", scheduler.error
        ),
        unclear(foreign, "alerts_elsewhere", "new critical alerts from elsewhere: {}", listed(foreign)),
        unclear(watch.missing_rules, "rules_not_loaded", "rules not loaded: {}", ", ".join(watch.missing_rules)),
        unclear(sick, "rules_not_healthy", "rules not healthy: {}", ", ".join(sick)),
        unclear(
            covered < watch.expected_samples or watch.gaps,
            "coverage",
            "coverage is not complete: {} of {} samples, {} gaps",
            covered,
            watch.expected_samples,
            len(watch.gaps),
        ),
        *(unclear(True, "prometheus_warns", "Prometheus warns: {}", warning) for warning in watch.warnings),
    )
    return judged, new, carried


def _elsewhere(watch: WatchSeen, installation: Sequence[Matcher], stopped: datetime) -> list[str]:
    """Critical alerts that are not ours and were not active at the stop: of other installations, and of other teams."""
    others = [
        e.name
        for e in watch.episodes
        if e.severity == "critical" and e.since >= stopped and not may_be_ours(e, installation, watch.pattern)
    ]
    return [*others, *(f"{name} ({count})" for name, count in watch.elsewhere)]


def _covers(watch: WatchSeen, running: Watch) -> bool:
    starts = running.started.starts_at
    return watch.start <= starts and watch.end >= starts + timedelta(seconds=running.started.duration_seconds)


def judge_restart(rollback: Rollback, seen: SchedulerSeen) -> Judged:
    """Step 5's restart: ``enabled``, no warnings, and a cycle finished after the removal."""
    removed = rollback.override.removed_at
    return worst(
        fail(removed is None, "override_not_removed", "the override was not removed yet"),
        unclear(seen.status == "unknown", "scheduler_unknown", "the scheduler's status is unknown: {}", seen.error),
        fail(seen.status == "disabled", "scheduler_disabled", "the scheduler is still disabled"),
        fail(seen.warnings, "scheduler_warns", "the scheduler warns: {}", "; ".join(seen.warnings)),
        unclear(
            seen.status == "enabled" and not _cycled(seen, rollback.override),
            "no_cycle",
            "no cycle was seen to finish yet",
        ),
    )


def _cycled(seen: SchedulerSeen, override: Override) -> bool:
    """Whether a cycle finished after the removal: by a reading from just before it, or by one from after it."""
    before, counted, removed = override.cycle, override.counted, override.removed_at
    if seen.cycle is None:
        return False
    if counted is not None and seen.cycle > counted:
        return True
    if before is not None and seen.cycle >= before:
        return seen.cycle > before
    # The count began anew (the scheduler was restarted) or was not known: a cycle since a start after the removal.
    return (
        seen.cycle > 0
        and seen.since is not None
        and removed is not None
        and seen.since >= removed - timedelta(seconds=5)
    )
