"""A connection as the outbox uses it: what entries ask of it, in what words, and who speaks to the other side."""

from __future__ import annotations

from abc import ABC, abstractmethod
from datetime import timedelta

from ledger.adapters.connection import Adapter, Delivery
from ledger.adapters.transcript import Exchange
from ledger.app.durations import parse_duration
from ledger.app.installation import Installation
from ledger.app.telling.message import Asked, delivery

MESSAGE = ""
"""The part that is the message about the entry itself."""


class Connection(ABC):
    """One place elsewhere. Made anew for each look; it holds no state."""

    name: str
    """As entries have it; it never changes while the place is the same."""
    title: str
    """What people call it, in the middle of a sentence."""
    tells_people: bool = True
    """Whether a message that says it is a test can be sent there: not into a ticket or a dashboard."""

    def __init__(self, installation: Installation) -> None:
        self.installation = installation

    @property
    def not_after(self) -> timedelta:
        """How long after its entry a delivery is still worth making."""
        return timedelta(seconds=parse_duration(self.installation.config.announce.not_after))

    @abstractmethod
    def parts(self, asked: Asked) -> tuple[str, ...]:
        """What an entry asks of it, in order; most ask nothing."""

    def compose(self, asked: Asked, part: str, thread: str = "") -> Delivery:
        """What goes out now. ``thread`` is what the other side called the rollback's first delivery."""
        return delivery(self.installation, asked, part, thread)

    @abstractmethod
    def adapter(self, log: list[Exchange], patience: float | None = None) -> Adapter:
        """Who speaks to the other side, keeping what was said in ``log``; ``patience`` is in seconds.

        ``Refused`` or ``Unreachable`` where the settings cannot be used.
        """
