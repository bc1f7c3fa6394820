"""What is asked for at the end of a rollback."""

from __future__ import annotations

from dataclasses import field

from ledger.domain.command import Command, command


@command
class WriteSummary(Command):
    """A version of the summary was stored."""

    summary_sha384: str


@command
class Complete(Command):
    """Step 6. What the command line gave is checked against what the ledger knows."""

    summary_sha384: str
    incident_id: str = ""
    duration_min_typed: int | None = None
    claims: dict[str, object] = field(default_factory=dict)


@command
class Abort(Command):
    """Give a rollback up."""

    reason: str
