"""The ledger's own first entry, notes, logs and summaries."""

from __future__ import annotations

from ledger.domain.command import Request
from ledger.domain.keeping.commands import AddNote, KeepLog, OpenLedger, RecordSummary
from ledger.domain.keeping.events import ExternalSummaryRecorded, LedgerOpened, LogKept, NoteAdded
from ledger.domain.rules import Decided, act, decides, known_rollback, stop_role
from ledger.domain.state import State
from ledger.domain.text import INLINE, check_text
from ledger.errors import Refused


@decides(OpenLedger)
def open_ledger(state: State, request: Request, command: OpenLedger) -> tuple[Decided, ...]:
    """The first entry."""
    if state.opened is not None:
        raise Refused("this ledger was opened before")
    event = LedgerOpened(
        purpose=command.purpose,
        checkpoint_key=command.checkpoint_key,
        hmac_key_id=command.hmac_key_id,
        hmac_algorithm=command.hmac_algorithm,
        earlier_log_path=command.earlier_log_path,
        earlier_log_sha384=command.earlier_log_sha384,
    )
    return (Decided(event, "", "none"),)


@decides(AddNote)
def add_note(state: State, request: Request, command: AddNote) -> tuple[Decided, ...]:
    """By anybody who may act, also after closing."""
    role = act(state, request, NoteAdded)
    known_rollback(state, request)
    event = NoteAdded(
        text=check_text("the note", command.text, longest=INLINE),
        text_sha384=command.text_sha384,
        occurred_at=command.occurred_at,
    )
    return (Decided(event, request.rollback, role),)


STOPS = ("disable_multi_strategy.py", "stage4 stop")
"""Programs that press the stop."""


@decides(KeepLog)
def keep_log(state: State, request: Request, command: KeepLog) -> tuple[Decided, ...]:
    """By anybody who may act, and of a stop by whoever pressed it; belongs to a rollback where one is named."""
    role = stop_role(state, request) if command.program in STOPS else act(state, request, LogKept)
    if request.rollback:
        known_rollback(state, request)
    event = LogKept(program=command.program, exit_status=command.exit_status, log_sha384=command.log_sha384)
    return (Decided(event, request.rollback, role),)


@decides(RecordSummary)
def record_summary(state: State, request: Request, command: RecordSummary) -> tuple[Decided, ...]:
    """By anybody who may act; belongs to no rollback."""
    role = act(state, request, ExternalSummaryRecorded)
    event = ExternalSummaryRecorded(external_status=command.external_status, claims=command.claims)
    return (Decided(event, "", role),)
