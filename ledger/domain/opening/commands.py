"""What is asked for when a rollback is opened and confirmed."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from ledger.domain.command import Command, command


@command
class OpenRollback(Command):
    """Step 0."""

    ticket: str
    purpose: Literal["incident", "load_test", "maintenance", "drill"]
    reason: str
    reason_sha384: str = ""
    component: str
    channel: str
    window_start: datetime
    window_end: datetime
    announcement_sha384: str = ""
    permalink: str = ""
    ticket_state: str = "claimed"
    ticket_sha384: str = ""
    firing: tuple[str, ...] = ()
    firing_sha384: str = ""
    expected: tuple[str, ...] = ()


@command
class Confirm(Command):
    """Step 0, by a product owner. ``confirms`` is the digest of the opening line that was read."""

    confirms: str


@command
class DeclareEmergency(Command):
    """Break-glass for one rollback."""

    reason: str
