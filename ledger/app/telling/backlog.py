"""What of one connection waits, by what the ledger says: read by who sends, and by who shows the queue.

An entry asks for deliveries; one that no ``message_sent``, ``message_refused``, ``message_expired`` or
``message_given_up`` names waits. A connection that was never told anything begins with what happens from now on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final, NamedTuple

from ledger.app.installation import Installation
from ledger.app.telling.connection import Connection
from ledger.app.telling.message import Asked
from ledger.domain.event import by_version
from ledger.domain.record import Recorded
from ledger.domain.telling.events import (
    MessageExpired,
    MessageFailed,
    MessageGivenUp,
    MessageRefused,
    MessageRetryAsked,
    MessageSent,
)

BEHIND: Final = 2000
"""Entries of before a start that are looked through for what was not sent."""
_MOST_DONE = 4000
_TELLS: Final = by_version(
    dict.fromkeys((MessageSent, MessageFailed, MessageRefused, MessageExpired, MessageGivenUp, MessageRetryAsked), "")
)
_SETTLES = (MessageSent, MessageRefused, MessageExpired, MessageGivenUp)


class Key(NamedTuple):
    """One delivery; they sort in the order in which they are made."""

    entry: int
    place: int
    """Among those that the entry asks for."""
    part: str


class Backlog:
    """The deliveries of one connection that wait, oldest first."""

    def __init__(self, connection: Connection, asked_again: Callable[[], None] = lambda: None) -> None:
        self.connection = connection
        self.waiting: dict[Key, Asked] = {}
        self.threads: dict[str, str] = {}
        """Rollback -> what the other side called its first delivery."""
        self.again: set[tuple[int, str]] = set()
        """What was tried before, by this observer or another: it may be there although no answer came."""
        self.position = -1
        """The last entry that was looked at; -1 before the first look."""
        self._done: dict[tuple[int, str], None] = {}
        self._rollbacks: dict[int, str] = {}
        self._asked_again = asked_again

    def read(self, installation: Installation) -> None:
        """Take in the entries since the last look."""
        ledger, last = installation.ledger, installation.state.sequence
        first_look, begins = self.position < 0, self.position + 1
        if first_look:
            self.position = max(0, last - BEHIND)
        records = [record for record, _ in ledger.records(self.position)] if last > self.position else []
        if first_look:
            begins = min((record.event.entry for record in records if self._is_ours(record)), default=last + 1)  # type: ignore[union-attr]
        for record in records:
            self.position = record.sequence
            if self._is_ours(record):
                self._take(installation, record.event)
            elif record.sequence >= begins:
                self.put(Asked(record))
        if first_look:
            self.again.update((key.entry, key.part) for key in self.waiting)

    def put(self, asked: Asked) -> None:
        """An entry that may ask for something; in the observer's words where it has some."""
        if asked.record.rollback:
            self._rollbacks[asked.sequence] = asked.record.rollback
        for place, part in enumerate(self.connection.parts(asked)):
            key = Key(asked.sequence, place, part)
            if (key.entry, key.part) not in self._done and (asked.text or key not in self.waiting):
                self.waiting[key] = asked

    def settle(self, entry: int, part: str) -> None:
        """It does not wait any more."""
        for key in [key for key in self.waiting if (key.entry, key.part) == (entry, part)]:
            del self.waiting[key]
        self._done[entry, part] = None
        self.again.discard((entry, part))
        for old in list(self._done)[: max(0, len(self._done) - _MOST_DONE)]:
            del self._done[old]

    def _is_ours(self, record: Recorded) -> bool:
        return type(record.event) in _TELLS and getattr(record.event, "connection", "") == self.connection.name

    def _take(self, installation: Installation, event: Any) -> None:
        if isinstance(event, _SETTLES):
            self.settle(event.entry, event.part)
        if isinstance(event, MessageSent) and event.reference:
            self.thread(event.entry, event.reference)
        if isinstance(event, MessageRetryAsked):
            self._done.pop((event.entry, event.part), None)
            for record in _record(installation, event.entry):
                self.put(Asked(record))
            self.again.add((event.entry, event.part))
            self._asked_again()

    def thread(self, entry: int, reference: str) -> None:
        """The other side's name of a delivery: the first of a rollback is what later ones answer to."""
        if rollback := self._rollbacks.get(entry, ""):
            self.threads.setdefault(rollback, reference)


def _record(installation: Installation, sequence: int) -> Iterable[Recorded]:
    return installation.ledger.chosen([sequence])
