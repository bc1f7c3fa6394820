"""Events of a rollback as a whole: opening, confirmation, emergency, the checks, the watch, the end."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from ledger.domain.events.base import Event
from ledger.domain.facts import SchedulerStatus
from ledger.domain.runbook import Purpose, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class RollbackOpened(Event):
    """Step 0: the announcement and the ticket."""

    status: ClassVar[str] = "rollback_opened"
    step: ClassVar[int | None] = 0
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


@dataclass(frozen=True, slots=True, kw_only=True)
class RollbackConfirmed(Event):
    """A product owner who is not the opener agrees to what the opening line says."""

    status: ClassVar[str] = "rollback_confirmed"
    step: ClassVar[int | None] = 0
    decides: ClassVar[bool] = True
    sentence: ClassVar[str] = "confirmed the rollback"
    confirms: str
    """Digest of the opening entry's line."""
    verdict: Verdict = "pass"


@dataclass(frozen=True, slots=True, kw_only=True)
class EmergencyDeclared(Event):
    """Break-glass: steps 1 to 4 need no confirmation first; it is owed afterwards."""

    status: ClassVar[str] = "emergency_declared"
    sentence: ClassVar[str] = "declared an emergency: {reason}"
    reason: str
    stop: bool = False
    """True where the stop declared it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StopTyped(Event):
    """What was typed with a stop and did not fit: left out or shortened, so that it refused nothing."""

    status: ClassVar[str] = "stop_typed"
    sentence: ClassVar[str] = "took the stop without what did not fit: {text}"
    text: str
    text_sha384: str = ""
    """All of a reason that was too long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StopTakenIn1(Event):
    """Version 1, which did not say whose person the claim names."""

    status: ClassVar[str] = "stop_taken_in"
    step: ClassVar[int | None] = 1
    decides: ClassVar[bool] = True
    sentence: ClassVar[str] = "took in a stop from the spool: {why}"
    spool_sha384: str
    override_sha384: str = ""
    path: str
    claimed_at: datetime
    claimed_by: str
    """Who the spool says pressed it."""
    why: str
    verdict: Verdict
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StopTakenIn(StopTakenIn1):
    """A stop that happened while the ledger could not be written. Its time is a claim; it is to be reviewed."""

    version: ClassVar[int] = 2
    claimed_person: str = ""
    """The person that the claim names, where the directory knows one: who opened it, as far as four eyes go."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StopChecked(Event):
    """Step 3: what the scheduler itself said after the override was written."""

    status: ClassVar[str] = "stop_checked"
    step: ClassVar[int | None] = 3
    decides: ClassVar[bool] = True
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


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchStarted(Event):
    """Step 4: the observation window begins."""

    status: ClassVar[str] = "watch_started"
    step: ClassVar[int | None] = 4
    sentence: ClassVar[str] = "started a watch of {duration_seconds} s"
    starts_at: datetime
    duration_seconds: int
    headers_sha384: str = ""
    picture_sha384: str = ""
    picture_source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchFinished(Event):
    """Step 4: the window judged from Prometheus' own history."""

    status: ClassVar[str] = "watch_finished"
    step: ClassVar[int | None] = 4
    decides: ClassVar[bool] = True
    sentence: ClassVar[str] = "finished the watch: {covered} of {expected} samples, {new} new critical alerts"
    verdict: Verdict
    reasons: tuple[str, ...] = ()
    started: int
    """Sequence of the ``watch_started`` entry."""
    covered: int
    expected: int
    new: int
    carried_over: int
    expected_alerts: int = 0
    """New critical alerts that were declared as expected at opening."""
    report_sha384: str
    headers_sha384: str = ""
    picture_sha384: str = ""
    picture_source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentEnded(Event):
    """The incident manager says the incident is over; step 5 may begin."""

    status: ClassVar[str] = "incident_ended"
    step: ClassVar[int | None] = 5
    sentence: ClassVar[str] = "ended the incident"
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RestartChecked(Event):
    """Step 5: what the scheduler itself said after the override was removed."""

    status: ClassVar[str] = "restart_checked"
    step: ClassVar[int | None] = 5
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


@dataclass(frozen=True, slots=True, kw_only=True)
class AllClearAnnounced(Event):
    """Step 5: people were told that trading runs again."""

    status: ClassVar[str] = "all_clear_announced"
    step: ClassVar[int | None] = 5
    sentence: ClassVar[str] = "announced the all-clear"
    announcement_sha384: str
    permalink: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreChecked1(Event):
    """Version 1, which did not say what every member of the cluster still mutes."""

    status: ClassVar[str] = "restore_checked"
    step: ClassVar[int | None] = 5
    decides: ClassVar[bool] = True
    sentence: ClassVar[str] = "checked the restoration"
    verdict: Verdict
    reasons: tuple[str, ...] = ()
    held_by: tuple[str, ...] = ()
    """Other rollbacks that hold the scheduler: it stays stopped, and this one may close."""
    log_sha384: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreChecked(RestoreChecked1):
    """Step 5 as a whole, from facts gathered afresh."""

    version: ClassVar[int] = 2
    members: tuple[str, ...] = ()
    """What each member of the Alertmanager cluster said of the rollback's silence, one line each."""
    muted_by: tuple[str, ...] = ()
    """Silences of others that still mute Stage4 alerts: id, who, until when, and why that was borne."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SummaryWritten(Event):
    """A version of ``rollback_summary.json``."""

    status: ClassVar[str] = "summary_written"
    step: ClassVar[int | None] = 6
    sentence: ClassVar[str] = "wrote the rollback's summary"
    summary_sha384: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RollbackCompleted(Event):
    """Step 6: the closing entry of the decision log."""

    status: ClassVar[str] = "rollback_completed"
    step: ClassVar[int | None] = 6
    kind: ClassVar[str] = "snapshot"
    decides: ClassVar[bool] = True
    sentence: ClassVar[str] = "closed the rollback after {duration_min} min"
    summary_sha384: str
    duration_min: int
    """Whole minutes from the first stop to ``enabled``, rounded up."""
    duration_min_typed: int | None = None
    entries: int
    """How many entries the rollback has up to and with this one."""
    checklist: tuple[str, ...]
    """The runbook's five final artefacts, each with where it stands."""
    claims: dict[str, object] | None = None
    verdict: Verdict = "pass"


@dataclass(frozen=True, slots=True, kw_only=True)
class AbortRequested(Event):
    """The rollback is given up after step 1: it leads through steps 5 and 6."""

    status: ClassVar[str] = "abort_requested"
    sentence: ClassVar[str] = "asked to abort the rollback: {reason}"
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RollbackAborted(Event):
    """The rollback is closed without completion."""

    status: ClassVar[str] = "rollback_aborted"
    sentence: ClassVar[str] = "aborted the rollback: {reason}"
    reason: str
    entries: int
    summary_sha384: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteAdded(Event):
    """Something a person wants remembered. ``occurred_at`` is a claim."""

    status: ClassVar[str] = "note_added"
    sentence: ClassVar[str] = "noted: {text}"
    text: str
    text_sha384: str = ""
    occurred_at: datetime | None = None


EVENTS = (
    RollbackOpened,
    RollbackConfirmed,
    EmergencyDeclared,
    StopTyped,
    StopTakenIn,
    StopTakenIn1,
    StopChecked,
    WatchStarted,
    WatchFinished,
    IncidentEnded,
    RestartChecked,
    AllClearAnnounced,
    RestoreChecked,
    RestoreChecked1,
    SummaryWritten,
    RollbackCompleted,
    AbortRequested,
    RollbackAborted,
    NoteAdded,
)
