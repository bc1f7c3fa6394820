"""What people learn from a rollback: contributing factors, lessons, follow-ups."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from ledger.app.installation import Installation
from ledger.app.press import Press
from ledger.app.steps.common import Outcome, act, bounded
from ledger.domain.learning.commands import AddFinding, AddFollowUp, FinishFollowUp
from ledger.domain.state import Rollback


def add_finding(
    installation: Installation,
    press: Press,
    rollback: Rollback,
    finding: Literal["contributing factor", "lesson"],
    text: str,
    about: int = 0,
) -> Outcome:
    """Name what contributed, or a lesson."""
    inline, whole = bounded(installation, press, "the text", text)
    command = AddFinding(finding=finding, text=inline, text_sha384=whole, about=about)
    return Outcome(act(installation, press, command, rollback.id), None)


def add_follow_up(
    installation: Installation,
    press: Press,
    rollback: Rollback,
    text: str,
    assignee: str,
    due: datetime,
    about: int = 0,
) -> Outcome:
    """Say what is to be done, by whom, until when."""
    inline, whole = bounded(installation, press, "the text", text)
    command = AddFollowUp(text=inline, text_sha384=whole, assignee=assignee, due=due, about=about)
    return Outcome(act(installation, press, command, rollback.id), None)


def finish_follow_up(
    installation: Installation, press: Press, rollback: Rollback, follow_up: int, text: str
) -> Outcome:
    """Say that it is done, or why it is not to be done any more."""
    inline, whole = bounded(installation, press, "the text", text)
    command = FinishFollowUp(follow_up=follow_up, text=inline, text_sha384=whole)
    return Outcome(act(installation, press, command, rollback.id), None)
