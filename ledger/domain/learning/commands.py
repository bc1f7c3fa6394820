"""What is asked for when people learn from a rollback."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from ledger.domain.command import Command, command


@command
class AddFinding(Command):
    """Name what contributed to the incident, or a lesson of it."""

    finding: Literal["contributing factor", "lesson"]
    text: str
    text_sha384: str = ""
    about: int = 0


@command
class AddFollowUp(Command):
    """Say what is to be done, by whom, until when."""

    text: str
    text_sha384: str = ""
    assignee: str
    due: datetime
    about: int = 0


@command
class FinishFollowUp(Command):
    """Say that a follow-up is done, or why it is not done any more."""

    follow_up: int
    text: str
    text_sha384: str = ""
