"""What the stage remembers beside its rollbacks: what was seen, whom to look at twice, texts, messages that wait."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal, NamedTuple

EPOCH = datetime.fromtimestamp(0, UTC)


class SchedulerView(NamedTuple):
    """What the scheduler itself said last."""

    status: Literal["enabled", "disabled", "unknown"] = "unknown"
    at: datetime = EPOCH
    entry: int = 0
    cycle: int | None = None
    since: datetime = EPOCH
    """When it said so first, and nothing else since."""
    disabled_since: datetime = EPOCH
    """The same of the last time that it said ``disabled``, whatever it says now."""


class FileView(NamedTuple):
    """What was last seen at an override's path."""

    sha384: str = ""
    at: datetime = EPOCH
    entry: int = 0
    kind: str = "absent"
    mode: str = ""
    owner: str = ""


class ForeignSilence(NamedTuple):
    """A silence that no rollback asked for."""

    entry: int
    ends_at: datetime
    created_by: str
    fits: str
    mutes: bool = False
    """Whether it was seen to suppress an alert that fired; else it only can."""


class Fresh(NamedTuple):
    """A grant or a password reset, which marks what the person does for 24 hours (``ledger.domain.marks``)."""

    what: Literal["password_reset", "role_granted"]
    role: str
    """The role granted; empty for a password reset, which marks every role."""
    entry: int
    at: datetime
    """Wall time."""


class Given(NamedTuple):
    """Somebody was added, given a role or a new password by somebody else: whoever did that may act as them."""

    by: str
    entry: int


class FreeText(NamedTuple):
    """A long text that is an artefact and may be erased by two people."""

    entry: int
    """The entry that names it."""
    proposal: int = 0
    proposed_by: str = ""
    ground: str = ""
    erased: int = 0
    """The entry that erased it."""


class Unsent(NamedTuple):
    """A message that a connection did not take."""

    entry: int
    """The entry that it is about."""
    since: datetime
    """When the connection first took none; of one that was refused, when."""
    why: str
    part: str = ""
    """What of the entry; ``""`` for the message itself."""


class HeadSent(NamedTuple):
    """The newest head of this ledger that a connection took, so that whoever keeps it is a witness."""

    head: str
    """``N:ROOT``."""
    entry: int
    """The entry that says so."""
    at: datetime
    link: str
    """Where people see it; ``""`` where that is not known."""
    first: int
    """The first entry that says so of this connection."""
    taken: int
    """How many heads it took so far."""


def undelivered(connection: str, entry: int, part: str) -> str:
    """The name of a delivery in the state."""
    return f"{connection}/{entry}/{part}"
