"""The end: summary, closing entry, abort."""

from __future__ import annotations

from typing import ClassVar

from ledger.domain.event import Event, event, in_english
from ledger.domain.runbook import Step, Verdict


@event
class SummaryWritten(Event):
    """A version of ``rollback_summary.json``."""

    status: ClassVar[str] = "summary_written"
    step: ClassVar[int | None] = Step.COMPLETE
    sentence: ClassVar[str] = "wrote the rollback's summary"
    summary_sha384: str


@event
class RollbackCompleted(Event):
    """Step 6: the closing entry of the decision log."""

    status: ClassVar[str] = "rollback_completed"
    step: ClassVar[int | None] = Step.COMPLETE
    kind: ClassVar[str] = "snapshot"
    decides: ClassVar[bool] = True
    sentence: ClassVar[str] = "closed the rollback, {duration_min} min from the first stop to the restore"
    summary_sha384: str
    duration_min: int
    """Whole minutes from the first stop to ``enabled`` (or to the release of the hold), rounded up."""
    duration_min_typed: int | None = None
    entries: int
    """How many entries the rollback has up to and with this one."""
    checklist: tuple[str, ...]
    """The runbook's five final artefacts, each with where it stands."""
    claims: dict[str, object] | None = None
    verdict: Verdict = "pass"


@event
class AbortRequested(Event):
    """The rollback is given up after step 1: it leads through steps 5 and 6."""

    status: ClassVar[str] = "abort_requested"
    sentence: ClassVar[str] = "asked to abort the rollback: {reason}"
    reason: str


@event
class RollbackAborted(Event):
    """The rollback is closed without completion."""

    status: ClassVar[str] = "rollback_aborted"
    version: ClassVar[int] = 2
    said: ClassVar[frozenset[str]] = frozenset({"reason"})
    sentence: ClassVar[str] = "aborted the rollback: {reason}"
    reason: str
    """What a person typed as the one value of a sentence; or by which entry it was asked for."""
    entries: int
    summary_sha384: str = ""


RollbackAborted1 = in_english(RollbackAborted)
