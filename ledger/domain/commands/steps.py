"""The ledger's own commands and those of the runbook's steps."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from ledger.domain.commands.base import Command
from ledger.domain.events.base import Event
from ledger.domain.facts import (
    FileSeen,
    Matcher,
    MemberSeen,
    Muting,
    PrometheusSeen,
    SchedulerSeen,
    SilenceSeen,
    WatchSeen,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenLedger(Command):
    """The first command of a ledger."""

    purpose: Literal["production", "lab"]
    checkpoint_key: str
    hmac_key_id: str
    hmac_algorithm: str
    earlier_log_path: str = ""
    earlier_log_sha384: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenRollback(Command):
    """Step 0."""

    ticket: str
    purpose: Literal["incident", "load_test", "maintenance", "drill"]
    reason: str
    reason_sha384: str = ""
    component: str
    channel: str
    window_start: datetime
    window_end: datetime
    announcement_sha384: str = ""
    permalink: str = ""
    ticket_state: str = "claimed"
    ticket_sha384: str = ""
    firing: tuple[str, ...] = ()
    firing_sha384: str = ""
    expected: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirm(Command):
    """Step 0, by a product owner. ``confirms`` is the digest of the opening line that was read."""

    confirms: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclareEmergency(Command):
    """Break-glass for one rollback."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteOverride(Command):
    """Step 1 of a rollback that is open and confirmed (or an emergency)."""

    path: str
    reason: str
    requested_by: str
    component: str
    file: FileSeen
    """What is at the path now: whether it stops the component already is judged by this alone."""
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop(Command):
    """The stop: opens the rollback where there is none, declares the emergency, asks for the override."""

    opening: OpenRollback
    override: WriteOverride
    scheduler: SchedulerSeen | None = None
    """What the scheduler said a moment ago; None where it was not asked."""
    notes: tuple[str, ...] = ()
    """What was left out of what was typed (``ledger.domain.asked``)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeInStop(Command):
    """A stop from the spool: it happened while the ledger could not be written."""

    opening: OpenRollback
    spool_sha384: str
    claimed_at: datetime
    claimed_by: str
    why: str
    file: FileSeen
    claimed_person: str = ""
    """The person of that claim, where the directory knows one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordOverride(Command):
    """What came of writing the override file."""

    file: FileSeen
    found: FileSeen | None = None
    """What stood in its way and was moved aside."""
    moved_to: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AdoptOverride(Command):
    """A file made by hand becomes step 1."""

    file: FileSeen
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestSilence(Command):
    """Step 2."""

    matchers: tuple[Matcher, ...]
    starts_at: datetime
    ends_at: datetime
    created_by: str
    comment: str
    marker: str
    will_mute: tuple[str, ...] = ()
    preview_sha384: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AdoptSilence(Command):
    """A silence made elsewhere becomes step 2."""

    silence: SilenceSeen
    reason: str
    run_id: str = ""
    run_url: str = ""
    log_sha384: str = ""
    transcript_sha384: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckSilence(Command):
    """Judge step 2 by what every member of the Alertmanager cluster says now."""

    members: tuple[MemberSeen, ...]
    prometheus: PrometheusSeen | None = None
    """Asked where nothing of ours fires at any member: only then does it matter."""
    installation: tuple[Matcher, ...]
    """Matchers that every silence of this installation must carry."""
    alerts_sha384: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckScheduler(Command):
    """Judge step 3, or step 5's restart, by what the scheduler says now."""

    seen: SchedulerSeen
    log_sha384: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StartWatch(Command):
    """Step 4 begins."""

    starts_at: datetime
    duration_seconds: int
    headers_sha384: str = ""
    picture_sha384: str = ""
    picture_source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishWatch(Command):
    """Judge step 4."""

    watch: WatchSeen
    scheduler: SchedulerSeen
    file: FileSeen
    report_sha384: str
    headers_sha384: str = ""
    picture_sha384: str = ""
    picture_source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EndIncident(Command):
    """The incident manager opens step 5."""

    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestRemoval(Command):
    """Step 5: remove the override."""

    file: FileSeen
    scheduler: SchedulerSeen


@dataclass(frozen=True, slots=True, kw_only=True)
class AdoptRemoval(Command):
    """Step 5: the removal that was seen from outside counts."""

    file: FileSeen
    reason: str
    override_after_sha384: str
    listing_sha384: str
    log_sha384: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestSilenceEnd(Command):
    """Step 5: end the silence."""

    will_fire: tuple[str, ...] = ()
    stay_muted: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptSilence(Command):
    """Step 5: a silence of somebody else may go on."""

    silence: SilenceSeen
    name: str
    """Its id, as typed."""
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnounceAllClear(Command):
    """Step 5: tell people."""

    announcement_sha384: str
    permalink: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckRestore(Command):
    """Judge step 5 as a whole by facts gathered afresh."""

    file: FileSeen
    scheduler: SchedulerSeen
    members: tuple[MemberSeen, ...] = ()
    """Every member of the Alertmanager cluster; none where none is configured."""
    muting: tuple[Muting, ...] = ()
    """The silences, active at any of them, that mute alerts of ours or can."""
    log_sha384: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteSummary(Command):
    """A version of the summary was stored."""

    summary_sha384: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Complete(Command):
    """Step 6. What the command line gave is checked against what the ledger knows."""

    summary_sha384: str
    incident_id: str = ""
    duration_min_typed: int | None = None
    claims: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Abort(Command):
    """Give a rollback up."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AddNote(Command):
    """Remember something."""

    text: str
    text_sha384: str = ""
    occurred_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepLog(Command):
    """Keep what a program printed."""

    program: str
    exit_status: int
    log_sha384: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordSummary(Command):
    """An outside summary with a status that is no command of the runbook."""

    external_status: str
    claims: dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpireEffect(Command):
    """An effect that is too late is given up."""

    requested: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Record(Command):
    """What an effect came to or the observer saw; the event says it all. Only the ledger itself does this."""

    event: Event
