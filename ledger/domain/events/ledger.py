"""Events of the ledger itself: its opening, its people, logs and what was found in its published file."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Literal

from ledger.domain.events.base import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerOpened(Event):
    """The first entry: who the ledger is and which keys speak for it."""

    status: ClassVar[str] = "ledger_opened"
    sentence: ClassVar[str] = "opened the ledger (purpose: {purpose})"
    purpose: Literal["production", "lab"]
    checkpoint_key: str
    """The C2SP verifier key."""
    hmac_key_id: str
    hmac_algorithm: str
    earlier_log_path: str = ""
    earlier_log_sha384: str = ""
    """A log that stood in the published file's place, moved to ``stage4.before-ledger.jsonl``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonAdded(Event):
    """A person may act from now on. Names live outside the chain; ids are never reissued."""

    status: ClassVar[str] = "person_added"
    version: ClassVar[int] = 2
    sentence: ClassVar[str] = "added {person} as {roles}"
    person: str
    roles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonAdded1(PersonAdded):
    """Version 1, of the time before grants marked what is done under them; it marks nothing."""

    version: ClassVar[int] = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class RolesGranted(Event):
    """A person holds these roles too."""

    status: ClassVar[str] = "roles_granted"
    version: ClassVar[int] = 2
    sentence: ClassVar[str] = "granted {roles} to {person}"
    person: str
    roles: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RolesGranted1(RolesGranted):
    """Version 1; it marks nothing."""

    version: ClassVar[int] = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordReset(Event):
    """An admin gave somebody else a new password: for 24 hours whatever that account does is marked."""

    status: ClassVar[str] = "password_reset"
    sentence: ClassVar[str] = "reset the password of {person}"
    person: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RolesRevoked(Event):
    """A person no longer holds these roles."""

    status: ClassVar[str] = "roles_revoked"
    sentence: ClassVar[str] = "revoked {roles} from {person}"
    person: str
    roles: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonDeactivated(Event):
    """A person can no longer act, for good; what was done before stays."""

    status: ClassVar[str] = "person_deactivated"
    sentence: ClassVar[str] = "deactivated {person}"
    person: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LogKept(Event):
    """The text that a script or command printed, kept as it was seen."""

    status: ClassVar[str] = "log_kept"
    sentence: ClassVar[str] = "kept what {program} printed (exit status {exit_status})"
    program: str
    exit_status: int
    log_sha384: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignLinesFound(Event):
    """Another program wrote into the published file; its lines were set aside and the file made whole again."""

    status: ClassVar[str] = "foreign_lines_found"
    sentence: ClassVar[str] = "set aside {size} bytes that were not ours in {path}: {finding}"
    path: str
    finding: Literal["appended", "changed"]
    size: int
    lines_sha384: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalSummaryRecorded(Event):
    """``verify_decision_log.py summary`` was asked to append a status that is not a command of the runbook."""

    status: ClassVar[str] = "external_summary_recorded"
    kind: ClassVar[str] = "snapshot"
    sentence: ClassVar[str] = "recorded an outside summary: {external_status}"
    external_status: str
    claims: dict[str, object]
    """``artefacts``, ``metadata``, ``runtime_flags``, ``timestamp`` and ``tags`` as they were given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusalsCounted(Event):
    """In the access ledger: how often a rule said no in one minute. Never what was typed."""

    status: ClassVar[str] = "refusals_counted"
    sentence: ClassVar[str] = "counted {refused} refusals and {conflicts} conflicts in the minute from {minute}"
    minute: datetime
    refused: int
    conflicts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasureProposed(Event):
    """An admin would erase a free text; a second person must agree."""

    status: ClassVar[str] = "erasure_proposed"
    sentence: ClassVar[str] = "proposed to erase {erased_sha384}: {ground}"
    erased_sha384: str
    ground: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ArtefactErased(Event):
    """A second person agrees: the bytes go, their digest and this entry stay."""

    status: ClassVar[str] = "artefact_erased"
    sentence: ClassVar[str] = "erased {erased_sha384} as proposed by entry {proposal}: {ground}"
    erased_sha384: str
    proposal: int
    ground: str


EVENTS = (
    LedgerOpened,
    PersonAdded,
    PersonAdded1,
    RolesGranted,
    RolesGranted1,
    RolesRevoked,
    PasswordReset,
    PersonDeactivated,
    LogKept,
    ForeignLinesFound,
    ExternalSummaryRecorded,
    RefusalsCounted,
    ErasureProposed,
    ArtefactErased,
)
