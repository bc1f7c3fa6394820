"""The incident ends, the override goes, trading runs again."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from ledger.domain.event import Event, event, in_english
from ledger.domain.facts import SchedulerStatus
from ledger.domain.runbook import Step, Verdict


@event
class HoldReleased(Event):
    """Step 5 while others hold: the file stays, and so does the scheduler's stop."""

    status: ClassVar[str] = "hold_released"
    step: ClassVar[int | None] = Step.RESTORE
    sentence: ClassVar[str] = "released its hold; the scheduler stays stopped, held by {held_by}"
    held_by: tuple[str, ...]
    path: str
    override_before_sha384: str
    override_after_sha384: str
    """The same file, which stays."""
    seen_at: datetime


@event
class OverrideRemovalRequested(Event):
    """Step 5: the ledger says that the file is to be removed."""

    status: ClassVar[str] = "override_removal_requested"
    step: ClassVar[int | None] = Step.RESTORE
    sentence: ClassVar[str] = "asked to remove the override {path}"
    path: str
    override_sha384: str
    cycle: int | None = None
    """The scheduler's count of finished cycles just before."""
    not_after: datetime


@event
class OverrideRemoved(Event):
    """The file is gone: its bytes before, the kept copy read again after, the path absent."""

    status: ClassVar[str] = "override_removed"
    step: ClassVar[int | None] = Step.RESTORE
    sentence: ClassVar[str] = "removed the override {path}"
    path: str
    override_before_sha384: str
    override_after_sha384: str
    """Digest of the kept copy, read again after the removal."""
    listing_sha384: str
    log_sha384: str
    seen_at: datetime


@event
class OverrideRemovalFailed(Event):
    """The file could not be removed."""

    status: ClassVar[str] = "override_removal_failed"
    version: ClassVar[int] = 2
    said: ClassVar[frozenset[str]] = frozenset({"cause"})
    step: ClassVar[int | None] = Step.RESTORE
    sentence: ClassVar[str] = "could not remove the override: {cause}"
    path: str
    cause: str


OverrideRemovalFailed1 = in_english(OverrideRemovalFailed)


@event
class OverrideRemovedOutside(Event):
    """The observer saw that somebody removed the file; the copy kept from before is named."""

    status: ClassVar[str] = "override_removed_outside"
    sentence: ClassVar[str] = "saw that {path} was removed by somebody else"
    path: str
    override_sha384: str
    seen_at: datetime
    listing_sha384: str = ""


@event
class RemovalAdopted(Event):
    """The removal seen from outside counts as this rollback's step 5."""

    status: ClassVar[str] = "removal_adopted"
    step: ClassVar[int | None] = Step.RESTORE
    sentence: ClassVar[str] = "adopted the removal of entry {adopts}: {reason}"
    adopts: int
    reason: str
    override_before_sha384: str
    override_after_sha384: str
    listing_sha384: str
    log_sha384: str


@event
class IncidentEnded(Event):
    """The incident manager says the incident is over; step 5 may begin."""

    status: ClassVar[str] = "incident_ended"
    step: ClassVar[int | None] = Step.RESTORE
    sentence: ClassVar[str] = "ended the incident"
    tail: ClassVar[str] = ": {note}"
    note: str = ""


@event
class RestartChecked(Event):
    """Step 5: what the scheduler itself said after the override was removed."""

    status: ClassVar[str] = "restart_checked"
    version: ClassVar[int] = 2
    said: ClassVar[frozenset[str]] = frozenset({"reasons"})
    step: ClassVar[int | None] = Step.RESTORE
    sentence: ClassVar[str] = "read the scheduler's status: {scheduler_status}"
    verdict: Verdict
    reasons: tuple[str, ...] = ()
    scheduler_status: SchedulerStatus
    source: str
    read_at: datetime
    since: datetime | None = None
    cycle: int | None = None
    warnings: tuple[str, ...] = ()
    log_sha384: str


RestartChecked1 = in_english(RestartChecked)


@event
class AllClearAnnounced(Event):
    """Step 5: people were told that trading runs again."""

    status: ClassVar[str] = "all_clear_announced"
    step: ClassVar[int | None] = Step.RESTORE
    sentence: ClassVar[str] = "announced the all-clear"
    announcement_sha384: str
    permalink: str = ""


@event
class RestoreChecked1(Event):
    """Version 1, which did not say what every member of the cluster still mutes."""

    status: ClassVar[str] = "restore_checked"
    step: ClassVar[int | None] = Step.RESTORE
    decides: ClassVar[bool] = True
    sentence: ClassVar[str] = "checked the restoration"
    verdict: Verdict
    reasons: tuple[str, ...] = ()
    held_by: tuple[str, ...] = ()
    """Other rollbacks that hold the scheduler: it stays stopped, and this one may close."""
    log_sha384: str = ""


@event
class RestoreChecked(RestoreChecked1):
    """Step 5 as a whole, from facts gathered afresh."""

    version: ClassVar[int] = 3
    said: ClassVar[frozenset[str]] = frozenset({"reasons"})
    members: tuple[str, ...] = ()
    """What each member of the Alertmanager cluster said of the rollback's silence, one line each."""
    muted_by: tuple[str, ...] = ()
    """Silences of others that still mute Stage4 alerts: id, who, until when, and why that was borne."""


RestoreChecked2 = in_english(RestoreChecked)
