"""How much of a watch that runs Prometheus has seen so far, counted as its verdict will count it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from ledger.app.installation import Installation
from ledger.domain.runbook import Step
from ledger.domain.state import Rollback
from ledger.domain.watching import history


class Coverage(NamedTuple):
    """The samples of one watch."""

    entry: int
    """Sequence of its beginning."""
    seen: int
    due: int
    """Samples whose time has come; the newest two may still be on their way."""
    total: int
    """Samples of the whole window."""
    gaps: int

    @property
    def complete(self) -> bool:
        """Whether nothing is missing so far."""
        return self.seen >= self.due and not self.gaps


def so_far(installation: Installation) -> tuple[Coverage, ...]:
    """Of every watch that runs. Raises ``Unreachable``."""
    open_ = installation.state.open.values()
    found = (_of(installation, rollback) for rollback in open_ if not rollback.steps[Step.WATCH].passed)
    return tuple(one for one in found if one is not None)


def _of(installation: Installation, rollback: Rollback) -> Coverage | None:
    running = rollback.watch
    if running is None:
        return None
    step, begin = installation.step_seconds, running.started.starts_at
    whole = _samples(begin, running.ends_at, step)
    until = min(installation.clock() - timedelta(seconds=2 * step), running.ends_at)
    if until <= begin:
        return Coverage(running.entry, 0, 0, whole, 0)
    stopped = rollback.override.written_at
    seen = installation.prometheus.watch(begin, until, installation.alerts.rules, step, stopped)
    covered = min(seen.up_samples, seen.evaluated_samples)
    return Coverage(running.entry, covered, seen.expected_samples, whole, len(seen.gaps))


def _samples(begin: datetime, end: datetime, step: int) -> int:
    return len(history.grid(begin, end, step).times())
