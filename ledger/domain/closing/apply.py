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
    require(not before.effects and not before.holds, "{} cannot be closed: something is pending or held", before.id)
    require(before.silence.state != "active", "{} cannot be closed: its silence is active", before.id)
    require(event.entries == before.entries + 1, "entries: expected {}, found {}", before.entries + 1, event.entries)
    require(
        not completed or before.steps[Step.RESTORE].passed,
        "{} cannot be completed before step 5 passed",
        before.id,
    )
    return before._replace(phase="completed" if completed else "aborted", closed_at=record.at)
