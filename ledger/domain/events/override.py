"""Events of the override file: asked for, written, removed, seen to be gone; and effects that came too late."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from ledger.domain.events.base import Event
from ledger.domain.facts import FileKind
from ledger.domain.runbook import EffectKind, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class OverrideRequested(Event):
    """Step 1: the ledger says that the file is to be written. Its bytes follow from these fields alone."""

    status: ClassVar[str] = "override_requested"
    step: ClassVar[int | None] = 1
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


@dataclass(frozen=True, slots=True, kw_only=True)
class OverrideWritten(Event):
    """The file was written and read back."""

    status: ClassVar[str] = "override_written"
    step: ClassVar[int | None] = 1
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


@dataclass(frozen=True, slots=True, kw_only=True)
class OverrideFailed(Event):
    """The file could not be written."""

    status: ClassVar[str] = "override_failed"
    step: ClassVar[int | None] = 1
    decides: ClassVar[bool] = True
    sentence: ClassVar[str] = "could not write the override: {cause}"
    path: str
    cause: str
    verdict: Verdict = "error"


@dataclass(frozen=True, slots=True, kw_only=True)
class OverrideAdopted(Event):
    """A file made by hand counts as this rollback's step 1. Its owner is a claim."""

    status: ClassVar[str] = "override_adopted"
    step: ClassVar[int | None] = 1
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


@dataclass(frozen=True, slots=True, kw_only=True)
class OverrideMovedAside(Event):
    """Something stood in the way of the override (a link, a folder, garbage): it has another name beside it now."""

    status: ClassVar[str] = "override_moved_aside"
    step: ClassVar[int | None] = 1
    sentence: ClassVar[str] = "moved aside what stood at {path} ({found}): it is {moved_to} now"
    path: str
    found: FileKind
    found_sha384: str = ""
    """Its bytes, where it was a plain file: kept as an artefact."""
    moved_to: str
    seen_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldJoined(Event):
    """Another rollback's override stops the scheduler already: this one holds it too, with its own verdict."""

    status: ClassVar[str] = "hold_joined"
    step: ClassVar[int | None] = 1
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


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldReleased(Event):
    """Step 5 while others hold: the file stays, and so does the scheduler's stop."""

    status: ClassVar[str] = "hold_released"
    step: ClassVar[int | None] = 5
    sentence: ClassVar[str] = "released its hold; the scheduler stays stopped, held by {held_by}"
    held_by: tuple[str, ...]
    path: str
    override_before_sha384: str
    override_after_sha384: str
    """The same file, which stays."""
    seen_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
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


@dataclass(frozen=True, slots=True, kw_only=True)
class OverridePutBack(Event):
    """The declared bytes are there again."""

    status: ClassVar[str] = "override_put_back"
    step: ClassVar[int | None] = 1
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


@dataclass(frozen=True, slots=True, kw_only=True)
class OverrideRemovalRequested(Event):
    """Step 5: the ledger says that the file is to be removed."""

    status: ClassVar[str] = "override_removal_requested"
    step: ClassVar[int | None] = 5
    sentence: ClassVar[str] = "asked to remove the override {path}"
    path: str
    override_sha384: str
    cycle: int | None = None
    """The scheduler's count of finished cycles just before."""
    not_after: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OverrideRemoved(Event):
    """The file is gone: its bytes before, the kept copy read again after, the path absent."""

    status: ClassVar[str] = "override_removed"
    step: ClassVar[int | None] = 5
    sentence: ClassVar[str] = "removed the override {path}"
    path: str
    override_before_sha384: str
    override_after_sha384: str
    """Digest of the kept copy, read again after the removal."""
    listing_sha384: str
    log_sha384: str
    seen_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OverrideRemovalFailed(Event):
    """The file could not be removed."""

    status: ClassVar[str] = "override_removal_failed"
    step: ClassVar[int | None] = 5
    sentence: ClassVar[str] = "could not remove the override: {cause}"
    path: str
    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OverrideRemovedOutside(Event):
    """The observer saw that somebody removed the file; the copy kept from before is named."""

    status: ClassVar[str] = "override_removed_outside"
    sentence: ClassVar[str] = "saw that {path} was removed by somebody else"
    path: str
    override_sha384: str
    seen_at: datetime
    listing_sha384: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RemovalAdopted(Event):
    """The removal seen from outside counts as this rollback's step 5."""

    status: ClassVar[str] = "removal_adopted"
    step: ClassVar[int | None] = 5
    sentence: ClassVar[str] = "adopted the removal of entry {adopts}: {reason}"
    adopts: int
    reason: str
    override_before_sha384: str
    override_after_sha384: str
    listing_sha384: str
    log_sha384: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OverrideExpired(Event):
    """The override's own end has passed. Nothing removes it by itself: step 5 is due."""

    status: ClassVar[str] = "override_expired"
    sentence: ClassVar[str] = "saw that {path} expired at {expired_at}; it is still there"
    path: str
    expired_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectExpired(Event):
    """Something asked of the outside world came too late; a person must ask again."""

    status: ClassVar[str] = "effect_expired"
    sentence: ClassVar[str] = "let the {effect} of entry {requested} lapse: it was not done in time"
    effect: EffectKind
    requested: int
    not_after: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectCancelled(Event):
    """Something asked of the outside world is no longer wanted."""

    status: ClassVar[str] = "effect_cancelled"
    sentence: ClassVar[str] = "cancelled the {effect} of entry {requested}: {reason}"
    effect: EffectKind
    requested: int
    reason: str


EVENTS = (
    OverrideRequested,
    OverrideWritten,
    OverrideFailed,
    OverrideAdopted,
    OverrideMovedAside,
    HoldJoined,
    HoldReleased,
    PutBackRequested,
    OverridePutBack,
    OverrideRemovalRequested,
    OverrideRemoved,
    OverrideRemovalFailed,
    OverrideRemovedOutside,
    RemovalAdopted,
    OverrideExpired,
    EffectExpired,
    EffectCancelled,
)
