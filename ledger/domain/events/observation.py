"""What the observer saw change outside. An observation is recorded after two equal readings."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Literal

from ledger.domain.events.base import Event
from ledger.domain.facts import SchedulerStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class ObserverStarted(Event):
    """An observer looks at the outside world from now on."""

    status: ClassVar[str] = "observer_started"
    sentence: ClassVar[str] = "started to observe on {host}"
    host: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SchedulerObserved(Event):
    """The scheduler's own status changed."""

    status: ClassVar[str] = "scheduler_observed"
    sentence: ClassVar[str] = "saw the scheduler {scheduler_status}"
    scheduler_status: SchedulerStatus
    source: str
    seen_at: datetime
    since: datetime | None = None
    cycle: int | None = None
    warnings: tuple[str, ...] = ()
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OverrideObserved(Event):
    """The override file is not what it was when last looked at."""

    status: ClassVar[str] = "override_observed"
    sentence: ClassVar[str] = "saw {path}: {found}"
    path: str
    found: Literal["absent", "file", "link", "folder", "other", "unreadable"]
    override_sha384: str = ""
    mode: str = ""
    owner: str = ""
    seen_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SilenceObserved(Event):
    """A rollback's silence is not what it was when last looked at."""

    status: ClassVar[str] = "silence_observed"
    sentence: ClassVar[str] = "saw the silence {silence_id}: {found}, until {ends_at}"
    silence_id: str
    found: Literal["active", "pending", "expired", "absent"]
    ends_at: datetime
    seen_at: datetime


EVENTS = (ObserverStarted, SchedulerObserved, OverrideObserved, SilenceObserved)
