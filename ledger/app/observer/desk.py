"""What the observer's parts share: recording, warning, two equal readings, damped flapping."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Hashable, Iterator
from datetime import datetime, timedelta

from ledger.app.home import config as settings
from ledger.app.installation import Installation
from ledger.domain.command import SYSTEM
from ledger.domain.event import Event
from ledger.domain.observing.commands import Record
from ledger.domain.observing.events import FlappingObserved
from ledger.errors import Corrupt, LedgerError

FLAPS = 4
"""Changes of one source in a minute that are recorded one by one; more are summarised."""
_REMEMBERED = 20
"""Sentences about a ledger that does not hold that are not said again."""


class Desk:
    """One observer's notebook."""

    def __init__(self, installation: Installation, say: Callable[[str], None]) -> None:
        self.installation = installation
        self.say = say
        self._readings: dict[str, Hashable] = {}
        self._corrupt: set[str] = set()
        self._minute: dict[str, tuple[datetime, int, str]] = {}

    def record(self, event: Event, rollback: str = "") -> None:
        """Append one observation."""
        self.installation.submit(Record(event=event), SYSTEM, rollback)
        self.say(f"{event.status} {rollback}".rstrip())

    def warn(self, event: Event, text: str, rollback: str = "") -> None:
        """Record a warning and tell people; a hook that fails is told here and stops nothing."""
        from ledger.adapters.announce import announce  # slow to import

        self.record(event, rollback)
        self.say(text)
        config = self.installation.config
        message = {"kind": event.status, "rollback": rollback, "stage": config.stage, "text": text}
        try:
            announce(config.announce.command, settings.server(config, "announce"), message)
        except LedgerError as error:
            self.say(str(error))

    def twice(self, name: str, reading: Hashable, known: Hashable) -> bool:
        """Whether the reading differs from what is known and was the same the last time."""
        before, self._readings[name] = self._readings.get(name), reading
        return reading != known and before == reading

    def damped(self, source: str, now: str) -> bool:
        """Whether this change of a source is one too many for its minute; it is then only counted."""
        at = self.installation.clock()
        start, changes, last = self._minute.get(source, (at, 0, ""))
        if at - start >= timedelta(minutes=1):
            self.settle(source)
            start, changes, last = at, 0, ""
        if now != last:
            changes += 1
            self._minute[source] = (start, changes, now)
        return changes > FLAPS

    def settle(self, source: str) -> None:
        """Summarise a minute in which the source changed too often; called again when the minute is over."""
        found = self._minute.get(source)
        if found is None or self.installation.clock() - found[0] < timedelta(minutes=1):
            return
        del self._minute[source]
        if found[1] > FLAPS:
            self.record(FlappingObserved(source=source, changes=found[1], minute=found[0], now=found[2]))

    @contextlib.contextmanager
    def telling(self) -> Iterator[None]:
        """Say what went wrong and go on: a source that cannot be had is looked at again in the next round."""
        try:
            yield
        except Corrupt as error:
            if str(error) not in self._corrupt:  # it stays, and every part of every round meets it
                self.say(str(error))
            if len(self._corrupt) > _REMEMBERED:
                self._corrupt.clear()
            self._corrupt.add(str(error))
        except LedgerError as error:
            self.say(str(error))
