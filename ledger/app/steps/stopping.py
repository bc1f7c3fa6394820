"""Steps 1 and 3."""

from __future__ import annotations

import time
from datetime import datetime, timedelta

from ledger.app.durations import parse_duration
from ledger.app.installation import Installation
from ledger.app.press import Press
from ledger.app.steps.common import Outcome, act, bounded, outcome, status_log
from ledger.domain.facts import SchedulerSeen
from ledger.domain.judge import judge_restart
from ledger.domain.runbook import Step
from ledger.domain.state import Rollback
from ledger.domain.stopping.commands import AdoptOverride, CheckScheduler, PutBack, WriteOverride
from ledger.errors import Refused
from ledger.said import Said

_PAUSE = 0.2


def disable(
    installation: Installation,
    press: Press,
    rollback: Rollback,
    *,
    requested_by: str,
    reason: str = "",
    duration: str = "",
) -> Outcome:
    """Step 1 in its order: write the override file of an open, confirmed rollback."""
    command = WriteOverride(
        path=str(installation.override_path(rollback.component)),
        reason=bounded(installation, press, "the reason", reason or rollback.reason)[0],
        requested_by=requested_by,
        component=rollback.component,
        expires_at=expiry(installation.clock(), duration),
        file=installation.look(installation.override_path(rollback.component)),
    )
    return written(installation, act(installation, press, command, rollback.id))


def expiry(at: datetime, duration: str) -> datetime | None:
    """The end of an override that lasts so long; None for ever."""
    return at + timedelta(seconds=parse_duration(duration)) if duration else None


def written(installation: Installation, rollback: Rollback) -> Outcome:
    """What came of the override, as the lines that the script prints."""
    step, file = rollback.steps[Step.DISABLE], installation.look(rollback.override.path)
    lines = [
        f"rollback  {rollback.id}",
        f"override  {file.path}",
        f"seen      {file.kind}, mode {file.mode or '-'}, {file.size} bytes, owner {file.owner or '-'}",
        f"digest    {file.sha384 or '-'}",
        f"entry     {step.entry} ({step.verdict})",
    ]
    return outcome(rollback, Step.DISABLE, "\n".join(lines + [f"reason    {r}" for r in step.reasons]) + "\n")


def put_back(installation: Installation, press: Press, rollback: Rollback, reason: str) -> Outcome:
    """Put the declared override back; what stands there now is kept and moved aside."""
    file = installation.look(rollback.override.path)
    if file.content:
        installation.keep(file.content, press)
    return written(installation, act(installation, press, PutBack(file=file, reason=reason), rollback.id))


def adopt_override(installation: Installation, press: Press, rollback: Rollback, reason: str) -> Outcome:
    """Take over an override file that somebody made by hand."""
    file = installation.look(installation.override_path(rollback.component))
    installation.keep(file.content, press)
    return outcome(act(installation, press, AdoptOverride(file=file, reason=reason), rollback.id), 1)


def read_scheduler(installation: Installation, due: Rollback | None = None, patience: float = 0.0) -> SchedulerSeen:
    """The scheduler's own status, asked again for up to ``patience`` seconds until it is what ``due`` waits for."""
    deadline = time.monotonic() + patience
    seen = installation.scheduler()
    while due is not None and not _awaited(due, seen) and time.monotonic() < deadline:
        time.sleep(_PAUSE)
        seen = installation.scheduler()
    return seen


def _awaited(due: Rollback, seen: SchedulerSeen) -> bool:
    """``disabled``; once the override is removed ``enabled``, with a cycle finished since (where it counts cycles).

    Where there is nothing to count from, the first ``enabled`` is awaited: once kept, it is what is counted from.
    """
    if due.override.removed_at is None:
        return seen.status == "disabled"
    uncounted = seen.cycle is None or (due.override.cycle is None and due.override.counted is None)
    return seen.status == "enabled" and (uncounted or judge_restart(due, seen).verdict != "inconclusive")


def check(installation: Installation, press: Press, rollback: Rollback, patience: float = 5.0) -> Outcome:
    """Step 3, or step 5's restart once the override is removed: the scheduler's own word, with its log."""
    deadline = time.monotonic() + patience
    done = record_check(installation, press, rollback, read_scheduler(installation, rollback, patience))
    first = rollback.override.counted is None and done.rollback.override.counted is not None
    if done.verdict == "inconclusive" and first and (left := deadline - time.monotonic()) > 0:
        seen = read_scheduler(installation, done.rollback, left)
        done = record_check(installation, press, done.rollback, seen)
    return done


def record_check(installation: Installation, press: Press, rollback: Rollback, seen: SchedulerSeen) -> Outcome:
    """Record a reading of the scheduler; its log is the text that was printed."""
    log = "\n".join([*status_log(seen), seen.status]) + "\n"
    command = CheckScheduler(seen=seen, log_sha384=installation.keep(log, press))
    after = act(installation, press, command, rollback.id)
    if rollback.override.removed_at is None:
        return outcome(after, Step.CHECK, log)
    passed = after.restarted_at == seen.at
    record, _ = next(installation.ledger.records(after_entry(installation, after.id)))
    reasons = getattr(record.event, "reasons", ())
    return Outcome(after, "pass" if passed else getattr(record.event, "verdict", "inconclusive"), reasons, log)


def after_entry(installation: Installation, rollback: str) -> int:
    """The sequence before the newest ``restart_checked`` of a rollback."""
    evidence = installation.rollback(rollback).evidence
    entries = [artefact.entry for artefact in evidence if artefact.status == "restart_checked"]
    if not entries:
        raise Refused(Said("no restart of {} was checked", rollback))
    return entries[-1] - 1
