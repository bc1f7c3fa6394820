"""What is asked for about the ledger itself and what it keeps."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from ledger.domain.command import Command, command


@command
class ProposeErasure(Command):
    """Say why a free text should be erased; a second person must agree."""

    artefact: str
    ground: str


@command
class Erase(Command):
    """Agree to an erasure that was proposed."""

    artefact: str


@command
class OpenLedger(Command):
    """The first command of a ledger."""

    purpose: Literal["production", "lab"]
    checkpoint_key: str
    hmac_key_id: str
    hmac_algorithm: str
    earlier_log_path: str = ""
    earlier_log_sha384: str = ""


@command
class AddNote(Command):
    """Remember something."""

    text: str
    text_sha384: str = ""
    occurred_at: datetime | None = None


@command
class KeepLog(Command):
    """Keep what a program printed."""

    program: str
    exit_status: int
    log_sha384: str


@command
class RecordSummary(Command):
    """An outside summary with a status that is no command of the runbook."""

    external_status: str
    claims: dict[str, object]
