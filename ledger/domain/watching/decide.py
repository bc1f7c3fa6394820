"""Step 4: the watch."""

from __future__ import annotations

import re

from ledger.domain.command import Request
from ledger.domain.facts import Matcher
from ledger.domain.judge import judge_watch
from ledger.domain.observing.decide import lapses
from ledger.domain.observing.events import SchedulerObserved
from ledger.domain.rules import Decided, act, decides, open_rollback, require_ready, second_eyes
from ledger.domain.runbook import ALERT_PATTERN, Step
from ledger.domain.state import State
from ledger.domain.text import INLINE, check_text
from ledger.domain.watching.commands import ExpectAlert, FinishWatch, StartWatch
from ledger.domain.watching.events import AlertExpectationProposed, AlertExpected, WatchFinished, WatchStarted
from ledger.errors import Refused
from ledger.said import Said

_ALERT = re.compile(ALERT_PATTERN)
LONGEST = 24 * 3600
"""Longest watch window in seconds."""


@decides(StartWatch)
def start_watch(state: State, request: Request, command: StartWatch) -> tuple[Decided, ...]:
    """Begin an observation window; only one runs at a time, an overdue one is replaced."""
    rollback = open_rollback(state, request)
    role = act(state, request, WatchStarted, rollback)
    require_ready(rollback, Step.WATCH)
    if not rollback.holds:
        raise Refused(Said("{} does not hold the scheduler; there is nothing to watch", rollback.id))
    if not 1 <= command.duration_seconds <= LONGEST:
        raise Refused(Said("a watch lasts from 1 s to 24 h, not {} s", command.duration_seconds))
    running = rollback.watch
    if running is not None:
        ends = running.ends_at
        if request.at <= ends and not running.disturbed:
            raise Refused(
                Said("a watch is running until {} (entry {})", ends.isoformat(timespec="seconds"), running.entry)
            )
    event = WatchStarted(
        starts_at=command.starts_at,
        duration_seconds=command.duration_seconds,
        headers_sha384=command.headers_sha384,
        picture_sha384=command.picture_sha384,
        picture_source=command.picture_source,
    )
    return (Decided(event, rollback.id, role),)


@decides(FinishWatch)
def finish_watch(state: State, request: Request, command: FinishWatch) -> tuple[Decided, ...]:
    """Judge the window that is over. Also by the ledger itself: the person stands in ``watch_started``."""
    rollback = open_rollback(state, request)
    role = act(state, request, WatchFinished, rollback)
    running = rollback.watch
    if running is None:
        raise Refused(Said("no watch of {} is running: stage4 rollback watch {}", rollback.id, rollback.id))
    ends = running.ends_at
    if request.at < ends:
        raise Refused(Said("the watch lasts until {}", ends.isoformat(timespec="seconds")))
    installation = installation_of(rollback.silence.matchers)
    judged, new, carried = judge_watch(rollback, command.watch, command.scheduler, command.file, installation)
    event = WatchFinished(
        verdict=judged.verdict,
        reasons=judged.reasons,
        started=running.entry,
        covered=min(command.watch.up_samples, command.watch.evaluated_samples),
        expected=command.watch.expected_samples,
        new=len(new),
        carried_over=len(carried),
        expected_alerts=sum(
            e.name in rollback.expected and e.severity == "critical" for e in command.watch.episodes if e not in carried
        ),
        report_sha384=command.report_sha384,
        headers_sha384=command.headers_sha384,
        picture_sha384=command.picture_sha384,
        picture_source=command.picture_source,
    )
    seen = command.scheduler
    ran = SchedulerObserved(scheduler_status=seen.status, source=seen.source, seen_at=seen.at)
    return (Decided(event, rollback.id, role), *lapses(state, rollback.id, ran, role, judged=Step.WATCH))


@decides(ExpectAlert)
def expect_alert(state: State, request: Request, command: ExpectAlert) -> tuple[Decided, ...]:
    """A critical alert that step 4 need not fail for: named by the step's role, agreed to by a second person."""
    rollback = open_rollback(state, request)
    alert, reason = command.alert, check_text("the reason", command.reason, longest=INLINE)
    if not _ALERT.fullmatch(alert):
        raise Refused(Said("{} is no alert of the runbook; their names fit {}", ascii(alert[:60]), ALERT_PATTERN))
    if rollback.steps[Step.WATCH].passed:
        raise Refused(Said("step 4 of {} passed already", rollback.id))
    if not rollback.holds:
        raise Refused(Said("{} does not hold the scheduler; there is nothing to watch", rollback.id))
    if alert in rollback.expected:
        raise Refused(Said("{} is expected already", alert))
    if alert not in rollback.expecting:
        role = act(state, request, AlertExpectationProposed, rollback)
        return (Decided(AlertExpectationProposed(alert=alert, reason=reason), rollback.id, role),)
    first, proposal = rollback.expecting[alert]
    if first == request.actor.person:
        raise Refused(Said("{} proposed that {} is expected; a second person agrees (four eyes)", first, alert))
    role = act(state, request, AlertExpected, rollback)
    doubts = second_eyes(state, request, first, rollback.id, role)
    return (Decided(AlertExpected(alert=alert, proposal=proposal, reason=reason), rollback.id, role), *doubts)


def installation_of(matchers: tuple[Matcher, ...]) -> tuple[Matcher, ...]:
    """The plain label matchers of a silence: those that name the installation."""
    return tuple(m for m in matchers if m.is_equal and not m.is_regex and m.name != "alertname")
