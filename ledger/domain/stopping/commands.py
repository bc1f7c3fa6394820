"""What is asked for about the stop: the override, the look at the scheduler."""

from __future__ import annotations

from datetime import datetime

from ledger.domain.command import Command, command
from ledger.domain.facts import (
    FileSeen,
    SchedulerSeen,
)
from ledger.domain.opening.commands import OpenRollback


@command
class PutBack(Command):
    """Put the declared override back where somebody changed or removed it."""

    file: FileSeen
    reason: str


@command
class RecordPutBack(Command):
    """What came of putting the override back."""

    file: FileSeen
    moved_to: str = ""


@command
class WriteOverride(Command):
    """Step 1 of a rollback that is open and confirmed (or an emergency)."""

    path: str
    reason: str
    requested_by: str
    component: str
    file: FileSeen
    """What is at the path now: whether it stops the component already is judged by this alone."""
    expires_at: datetime | None = None


@command
class Stop(Command):
    """The stop: opens the rollback where there is none, declares the emergency, asks for the override."""

    opening: OpenRollback
    override: WriteOverride
    scheduler: SchedulerSeen | None = None
    """What the scheduler said a moment ago; None where it was not asked."""
    notes: tuple[str, ...] = ()
    """What was left out of what was typed (``ledger.domain.asked``)."""


@command
class TakeInStop(Command):
    """A stop from the spool: it happened while the ledger could not be written."""

    opening: OpenRollback
    spool_sha384: str
    claimed_at: datetime
    claimed_by: str
    why: str
    file: FileSeen
    claimed_person: str = ""
    """The person of that claim, where the directory knows one."""
    standing: bool = False
    """Whether the press found it stopped already and wrote nothing."""


@command
class RecordOverride(Command):
    """What came of writing the override file."""

    file: FileSeen
    found: FileSeen | None = None
    """What stood in its way and was moved aside."""
    moved_to: str = ""


@command
class AdoptOverride(Command):
    """A file made by hand becomes step 1."""

    file: FileSeen
    reason: str


@command
class CheckScheduler(Command):
    """Judge step 3, or step 5's restart, by what the scheduler says now."""

    seen: SchedulerSeen
    log_sha384: str
