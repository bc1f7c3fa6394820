"""The ledger itself and what it keeps: its first entry, notes, logs, erased texts."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Literal

from ledger.domain.event import Event, event


@event
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


@event
class LogKept(Event):
    """The text that a script or command printed, kept as it was seen."""

    status: ClassVar[str] = "log_kept"
    after_closing: ClassVar[bool] = True
    sentence: ClassVar[str] = "kept what {program} printed (exit status {exit_status})"
    program: str
    exit_status: int
    log_sha384: str


@event
class ForeignLinesFound(Event):
    """Another program wrote into the published file; its lines were set aside and the file made whole again."""

    status: ClassVar[str] = "foreign_lines_found"
    sentence: ClassVar[str] = "set aside {size} bytes that were not ours in {path}: {finding}"
    path: str
    finding: Literal["appended", "changed"]
    size: int
    lines_sha384: str


@event
class ExternalSummaryRecorded(Event):
    """``verify_decision_log.py summary`` was asked to append a status that is not a command of the runbook."""

    status: ClassVar[str] = "external_summary_recorded"
    kind: ClassVar[str] = "snapshot"
    sentence: ClassVar[str] = "recorded an outside summary: {external_status}"
    external_status: str
    claims: dict[str, object]
    """``artefacts``, ``metadata``, ``runtime_flags``, ``timestamp`` and ``tags`` as they were given."""


@event
class RefusalsCounted(Event):
    """In the access ledger: how often a rule said no in one minute. Never what was typed."""

    status: ClassVar[str] = "refusals_counted"
    sentence: ClassVar[str] = "counted {refused} refusals and {conflicts} conflicts in the minute from {minute}"
    minute: datetime
    refused: int
    conflicts: int


@event
class ErasureProposed(Event):
    """An admin would erase a free text; a second person must agree."""

    status: ClassVar[str] = "erasure_proposed"
    sentence: ClassVar[str] = "proposed to erase {erased_sha384}: {ground}"
    erased_sha384: str
    ground: str


@event
class ArtefactErased(Event):
    """A second person agrees: the bytes go, their digest and this entry stay."""

    status: ClassVar[str] = "artefact_erased"
    sentence: ClassVar[str] = "erased {erased_sha384} as proposed by entry {proposal}: {ground}"
    erased_sha384: str
    proposal: int
    ground: str


@event
class NoteAdded(Event):
    """Something a person wants remembered. ``occurred_at`` is a claim."""

    status: ClassVar[str] = "note_added"
    after_closing: ClassVar[bool] = True
    sentence: ClassVar[str] = "noted: {text}"
    text: str
    text_sha384: str = ""
    occurred_at: datetime | None = None
