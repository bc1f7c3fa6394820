"""What the observer saw change outside. An observation is recorded after two equal readings."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Literal

from ledger.domain.event import Event, event, in_english
from ledger.domain.facts import Matcher, SchedulerStatus


@event
class ObserverStarted(Event):
    """An observer looks at the outside world from now on."""

    status: ClassVar[str] = "observer_started"
    sentence: ClassVar[str] = "started to observe on {host}"
    host: str


@event
class SchedulerObserved(Event):
    """The scheduler's own status changed."""

    status: ClassVar[str] = "scheduler_observed"
    version: ClassVar[int] = 2
    said: ClassVar[frozenset[str]] = frozenset({"error"})
    sentence: ClassVar[str] = "saw the scheduler {scheduler_status}"
    scheduler_status: SchedulerStatus
    source: str
    seen_at: datetime
    since: datetime | None = None
    cycle: int | None = None
    warnings: tuple[str, ...] = ()
    error: str = ""


SchedulerObserved1 = in_english(SchedulerObserved)


@event
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


@event
class SilenceObserved(Event):
    """A rollback's silence is not what it was when last looked at; before and after are kept."""

    status: ClassVar[str] = "silence_observed"
    after_closing: ClassVar[bool] = True
    sentence: ClassVar[str] = "saw the silence {silence_id}: {found}, until {ends_at}"
    silence_id: str
    found: Literal["active", "pending", "expired", "absent"]
    ends_at: datetime
    seen_at: datetime
    before_sha384: str = ""
    after_sha384: str = ""


@event
class ForeignSilenceSeen1(Event):
    """Version 1, which did not say where it was seen, nor what it mutes."""

    status: ClassVar[str] = "foreign_silence_seen"
    sentence: ClassVar[str] = "saw the silence {silence_id} made by {created_by}, until {ends_at}"
    silence_id: str
    matchers: tuple[Matcher, ...]
    created_by: str
    comment: str = ""
    ends_at: datetime
    seen_at: datetime
    fits: str = ""


@event
class ForeignSilenceSeen(ForeignSilenceSeen1):
    """A silence that no rollback asked for mutes Stage4 alerts, or can. Where ``fits`` is set it may be adopted."""

    version: ClassVar[int] = 2
    members: tuple[str, ...]
    """The members of the cluster at which it is active."""
    mutes: tuple[str, ...] = ()
    """Firing alerts that it suppresses, at most 50; none where it only can, by its matchers."""


@event
class ForeignSilenceGone(Event):
    """A silence that no rollback asked for has ended."""

    status: ClassVar[str] = "foreign_silence_gone"
    sentence: ClassVar[str] = "saw that the silence {silence_id} is gone"
    silence_id: str
    seen_at: datetime


@event
class AlertsSeen(Event):
    """Alerts of this installation that fired at a stop which asked nobody; once a rollback."""

    status: ClassVar[str] = "alerts_seen"
    sentence: ClassVar[str] = "saw alerts firing at {seen_at}: {alerts}"
    alerts: tuple[str, ...]
    """By name, schedule and severity, at most 50; all of them are in the artefact."""
    alerts_sha384: str
    members: tuple[str, ...]
    """The members of the Alertmanager cluster that said so."""
    seen_at: datetime
    """The last look before the rollback was opened, where it found any; else the first one after it that did."""


@event
class OncallSeen(Event):
    """Who was on duty when a rollback was opened, by the schedules; once a rollback. It gives no right."""

    status: ClassVar[str] = "oncall_seen"
    said: ClassVar[frozenset[str]] = frozenset({"on_duty"})
    sentence: ClassVar[str] = "saw who is on duty: {on_duty}"
    on_duty: str
    """By role: people by id, of whom the schedule names and the ledger does not know that there is one."""
    oncall_sha384: str
    """What the schedules said: for each role who, since when, until when, who comes next, or why it is not known."""
    seen_at: datetime


@event
class CriticalAlertsSeen(Event):
    """Critical alerts of this installation fire although trading was restored; once a restore."""

    status: ClassVar[str] = "critical_alerts_seen"
    sentence: ClassVar[str] = "saw critical alerts firing after the restore: {alerts}"
    alerts: tuple[str, ...]
    """By name, schedule and severity, at most 50; all of them are in the artefact."""
    alerts_sha384: str
    members: tuple[str, ...]
    """The members of the Alertmanager cluster that said so."""
    seen_at: datetime


@event
class ObservationGap(Event):
    """A source could not be had, or nobody observed, from when to when."""

    status: ClassVar[str] = "observation_gap"
    version: ClassVar[int] = 2
    said: ClassVar[frozenset[str]] = frozenset({"why"})
    sentence: ClassVar[str] = "could not see {source} from {gap_start} to {gap_end}: {why}"
    source: Literal["observer", "scheduler", "alertmanager", "prometheus", "override"]
    gap_start: datetime
    gap_end: datetime
    why: str


ObservationGap1 = in_english(ObservationGap)


@event
class Heartbeat(Event):
    """Once a day: how often each source was looked at and how often it could be had."""

    status: ClassVar[str] = "heartbeat"
    sentence: ClassVar[str] = "observed: {coverage}"
    since: datetime
    coverage: tuple[str, ...]
    """``<source> <times had>/<times asked>``."""


@event
class FlappingObserved(Event):
    """A source changed too often to record each time: one summary a minute."""

    status: ClassVar[str] = "flapping_observed"
    sentence: ClassVar[str] = "saw {source} change {changes} times in the minute from {minute}; now {now}"
    source: str
    changes: int
    minute: datetime
    now: str


@event
class WarningGiven(Event):
    """People were warned, here and through the announcement hook."""

    status: ClassVar[str] = "warning_given"
    version: ClassVar[int] = 2
    said: ClassVar[frozenset[str]] = frozenset({"text"})
    sentence: ClassVar[str] = "warned: {text}"
    warning: Literal["silence_expiry", "override_expiry", "silence_without_override", "drift"]
    text: str


WarningGiven1 = in_english(WarningGiven)
