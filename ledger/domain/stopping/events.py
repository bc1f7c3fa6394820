"""The stop: the override and everything that happens to it while it stands."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from ledger.domain.event import Event, event, in_english
from ledger.domain.facts import FileKind, SchedulerStatus
from ledger.domain.runbook import EffectKind, Step, Verdict


@event
class OverrideRequested(Event):
    """Step 1: the ledger says that the file is to be written. Its bytes follow from these fields alone."""

    status: ClassVar[str] = "override_requested"
    step: ClassVar[int | None] = Step.DISABLE
    sentence: ClassVar[str] = "asked for the override {path}"
    path: str
    component: str
    reason: str
    requested_by: str
    """The team, apart from the actor."""
    ticket: str = ""
    written_at: datetime
    """``timestamp`` inside the file."""
    expires_at: datetime | None = None
    content_sha384: str
    not_after: datetime


@event
class OverrideWritten(Event):
    """The file was written and read back."""

    status: ClassVar[str] = "override_written"
    version: ClassVar[int] = 2
    said: ClassVar[frozenset[str]] = frozenset({"reasons"})
    step: ClassVar[int | None] = Step.DISABLE
    decides: ClassVar[bool] = True
    sentence: ClassVar[str] = "wrote the override {path} (mode {mode}, {size} bytes)"
    path: str
    override_sha384: str
    size: int
    mode: str
    owner: str
    seen_at: datetime
    verdict: Verdict
    reasons: tuple[str, ...] = ()


OverrideWritten1 = in_english(OverrideWritten)


@event
class OverrideFailed(Event):
    """The file could not be written."""

    status: ClassVar[str] = "override_failed"
    version: ClassVar[int] = 2
    said: ClassVar[frozenset[str]] = frozenset({"cause"})
    step: ClassVar[int | None] = Step.DISABLE
    decides: ClassVar[bool] = True
    sentence: ClassVar[str] = "could not write the override: {cause}"
    path: str
    cause: str
    verdict: Verdict = "error"


OverrideFailed1 = in_english(OverrideFailed)


@event
class OverrideAdopted(Event):
    """A file made by hand counts as this rollback's step 1. Its owner is a claim."""

    status: ClassVar[str] = "override_adopted"
    version: ClassVar[int] = 2
    said: ClassVar[frozenset[str]] = frozenset({"reasons"})
    step: ClassVar[int | None] = Step.DISABLE
    decides: ClassVar[bool] = True
    sentence: ClassVar[str] = "adopted the override found at {path}: {reason}"
    path: str
    override_sha384: str
    size: int
    mode: str
    owner: str
    seen_at: datetime
    reason: str
    verdict: Verdict
    reasons: tuple[str, ...] = ()


OverrideAdopted1 = in_english(OverrideAdopted)


@event
class OverrideMovedAside(Event):
    """Something stood in the way of the override (a link, a folder, garbage): it has another name beside it now."""

    status: ClassVar[str] = "override_moved_aside"
    step: ClassVar[int | None] = Step.DISABLE
    sentence: ClassVar[str] = "moved aside what stood at {path} ({found}): it is {moved_to} now"
    path: str
    found: FileKind
    found_sha384: str = ""
    """Its bytes, where it was a plain file: kept as an artefact."""
    moved_to: str
    seen_at: datetime


@event
class HoldJoined(Event):
    """Another rollback's override stops the scheduler already: this one holds it too, with its own verdict."""

    status: ClassVar[str] = "hold_joined"
    version: ClassVar[int] = 2
    said: ClassVar[frozenset[str]] = frozenset({"reasons"})
    step: ClassVar[int | None] = Step.DISABLE
    decides: ClassVar[bool] = True
    sentence: ClassVar[str] = "joined {joined} in holding the scheduler by {path}"
    joined: tuple[str, ...]
    """The rollbacks that hold it already."""
    path: str
    override_sha384: str
    mode: str
    owner: str
    seen_at: datetime
    verdict: Verdict
    reasons: tuple[str, ...] = ()


HoldJoined1 = in_english(HoldJoined)


@event
class PutBackRequested(Event):
    """The file was changed or removed outside: the declared bytes are to be put back."""

    status: ClassVar[str] = "put_back_requested"
    sentence: ClassVar[str] = "asked to put the override back at {path}: {reason}"
    path: str
    override_sha384: str
    replaced: FileKind
    replaced_sha384: str = ""
    """What is there now, kept as an artefact; it is moved aside, never deleted."""
    reason: str
    not_after: datetime


@event
class OverridePutBack(Event):
    """The declared bytes are there again."""

    status: ClassVar[str] = "override_put_back"
    version: ClassVar[int] = 2
    said: ClassVar[frozenset[str]] = frozenset({"reasons"})
    step: ClassVar[int | None] = Step.DISABLE
    decides: ClassVar[bool] = True
    sentence: ClassVar[str] = "put the override back at {path} (mode {mode})"
    path: str
    override_sha384: str
    mode: str
    owner: str
    moved_to: str = ""
    """Where the file that stood there was moved."""
    seen_at: datetime
    verdict: Verdict
    reasons: tuple[str, ...] = ()


OverridePutBack1 = in_english(OverridePutBack)


@event
class OverrideExpired(Event):
    """The override's own end has passed. Nothing removes it by itself: step 5 is due."""

    status: ClassVar[str] = "override_expired"
    sentence: ClassVar[str] = "saw that {path} expired at {expired_at}; it is still there"
    path: str
    expired_at: datetime


@event
class EffectExpired(Event):
    """Something asked of the outside world came too late; a person must ask again."""

    status: ClassVar[str] = "effect_expired"
    sentence: ClassVar[str] = "let the {effect} of entry {requested} lapse: it was not done in time"
    effect: EffectKind
    requested: int
    not_after: datetime


@event
class EffectCancelled(Event):
    """Something asked of the outside world is no longer wanted."""

    status: ClassVar[str] = "effect_cancelled"
    version: ClassVar[int] = 2
    said: ClassVar[frozenset[str]] = frozenset({"reason"})
    sentence: ClassVar[str] = "cancelled the {effect} of entry {requested}: {reason}"
    effect: EffectKind
    requested: int
    reason: str


EffectCancelled1 = in_english(EffectCancelled)


@event
class StopTyped(Event):
    """What was typed with a stop and did not fit: left out or shortened, so that it refused nothing."""

    status: ClassVar[str] = "stop_typed"
    version: ClassVar[int] = 2
    said: ClassVar[frozenset[str]] = frozenset({"text"})
    sentence: ClassVar[str] = "took the stop without what did not fit: {text}"
    text: str
    text_sha384: str = ""
    """All of a reason that was too long."""


StopTyped1 = in_english(StopTyped)


@event
class StopTakenIn1(Event):
    """Version 1, which did not say whose person the claim names."""

    status: ClassVar[str] = "stop_taken_in"
    step: ClassVar[int | None] = Step.DISABLE
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


@event
class StopTakenIn(StopTakenIn1):
    """A stop that happened while the ledger could not be written. Its time is a claim; it is to be reviewed."""

    version: ClassVar[int] = 3
    said: ClassVar[frozenset[str]] = frozenset({"reasons"})
    claimed_person: str = ""
    """The person that the claim names, where the directory knows one: who opened it, as far as four eyes go."""


StopTakenIn2 = in_english(StopTakenIn)


@event
class StopChecked(Event):
    """Step 3: what the scheduler itself said after the override was written."""

    status: ClassVar[str] = "stop_checked"
    version: ClassVar[int] = 2
    said: ClassVar[frozenset[str]] = frozenset({"reasons"})
    step: ClassVar[int | None] = Step.CHECK
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


StopChecked1 = in_english(StopChecked)
