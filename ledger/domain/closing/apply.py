"""What closing does to a rollback."""

from __future__ import annotations

from typing import Any

from ledger.domain.closing.events import AbortRequested, RollbackAborted, RollbackCompleted, SummaryWritten
from ledger.domain.record import Recorded
from ledger.domain.runbook import Step
from ledger.domain.state import Rollback
from ledger.domain.transition import applies, require


@applies(SummaryWritten)
def _summary_written(before: Rollback, record: Recorded, event: SummaryWritten) -> Rollback:
    return before._replace(summary_sha384=event.summary_sha384)


@applies(AbortRequested)
def _abort_requested(before: Rollback, record: Recorded, event: AbortRequested) -> Rollback:
    return before._replace(aborting=record.sequence)


@applies(RollbackCompleted, RollbackAborted)
def _closed(before: Rollback, record: Recorded, event: Any) -> Rollback:
    completed = type(event) is RollbackCompleted
    require(not before.effects and not before.holds, f"{before.id} cannot be closed: something is pending or held")
    require(before.silence.state != "active", f"{before.id} cannot be closed: its silence is active")
    require(event.entries == before.entries + 1, f"entries: expected {before.entries + 1}, found {event.entries}")
    require(not completed or before.steps[Step.RESTORE].passed, f"{before.id} cannot be completed before step 5 passed")
    return before._replace(phase="completed" if completed else "aborted", closed_at=record.at)
