"""A rollback is opened, confirmed, an emergency declared."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from ledger.domain.event import Event, event
from ledger.domain.runbook import Purpose, Step, Verdict


@event
class RollbackOpened(Event):
    """Step 0: the announcement and the ticket."""

    status: ClassVar[str] = "rollback_opened"
    step: ClassVar[int | None] = Step.ANNOUNCE
    sentence: ClassVar[str] = "opened the rollback of {component}: {reason}"
    ticket: str = ""
    """Empty where the stop was pressed without one; the rollback is then ``STOP-<sequence>``."""
    purpose: Purpose
    reason: str
    reason_sha384: str = ""
    component: str
    channel: str
    window_start: datetime
    window_end: datetime
    announcement_sha384: str = ""
    permalink: str = ""
    ticket_state: str
    """What the ticket system said, or ``claimed`` where none was asked."""
    ticket_sha384: str = ""
    firing: tuple[str, ...] = ()
    """Alerts firing at opening, ``<name> since <time>``, at most 50; all of them are in the artefact."""
    firing_sha384: str = ""
    expected: tuple[str, ...] = ()
    """Alert names that a load test is expected to raise: confirmed with the opening, shown as expected."""
    claimed_at: datetime | None = None
    """Set when a stop from the spool is taken in: the spool's own time, a claim."""


@event
class RollbackConfirmed(Event):
    """A product owner who is not the opener agrees to what the opening line says."""

    status: ClassVar[str] = "rollback_confirmed"
    step: ClassVar[int | None] = Step.ANNOUNCE
    decides: ClassVar[bool] = True
    after_closing: ClassVar[bool] = True
    sentence: ClassVar[str] = "confirmed the rollback"
    confirms: str
    """Digest of the opening entry's line."""
    verdict: Verdict = "pass"


@event
class EmergencyDeclared(Event):
    """Break-glass: steps 1 to 4 need no confirmation first; it is owed afterwards."""

    status: ClassVar[str] = "emergency_declared"
    sentence: ClassVar[str] = "declared an emergency: {reason}"
    reason: str
    stop: bool = False
    """True where the stop declared it."""
