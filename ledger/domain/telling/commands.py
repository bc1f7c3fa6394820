"""What people ask of messages that did not go."""

from __future__ import annotations

from ledger.domain.command import Command, command


@command
class RetryMessage(Command):
    """Send now what waits, or was refused."""

    connection: str
    entry: int
    part: str = ""


@command
class GiveUpMessage(Command):
    """Send it no more."""

    connection: str
    entry: int
    reason: str
    part: str = ""
