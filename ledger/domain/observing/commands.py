"""What the ledger asks of itself: to record what was seen and what came too late."""

from __future__ import annotations

from ledger.domain.command import Command, command
from ledger.domain.event import Event


@command
class ExpireEffect(Command):
    """An effect that is too late is given up."""

    requested: int


@command
class Record(Command):
    """What an effect came to or the observer saw; the event says it all. Only the ledger itself does this."""

    event: Event
