"""What the observer's parts share: recording, warning, two equal readings, damped flapping."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Hashable, Iterator
from datetime import datetime, timedelta

from ledger.app.installation import Installation
from ledger.app.press import Press
from ledger.app.telling.outbox import Outbox
from ledger.domain.command import SYSTEM
from ledger.domain.event import Event
from ledger.domain.observing.commands import Record
from ledger.domain.observing.events import FlappingObserved
from ledger.errors import Corrupt, LedgerError
from ledger.mistakes import mistake

FLAPS = 4
"""Changes of one source in a minute that are recorded one by one; more are summarised."""
_REMEMBERED = 20
"""Sentences that are not said again: about a ledger that does not hold, and mistakes."""


class Desk:
    """One observer's notebook."""

    def __init__(self, installation: Installation, say: Callable[[str], None]) -> None:
        self.installation = installation
        self.say = say
        self.outbox = Outbox(installation, say)
        self._readings: dict[str, Hashable] = {}
        self._said: set[str] = set()
        self._minute: dict[str, tuple[datetime, int, str]] = {}

    def record(self, event: Event, rollback: str = "") -> int:
        """Append one observation; returns its sequence."""
        receipt = self.installation.submit(Record(event=event), Press(SYSTEM), rollback)
        self.say(f"{event.status} {rollback}".rstrip())
        return receipt.first

    def warn(self, event: Event, text: str, rollback: str = "") -> None:
        """Record a warning and tell people; a hook that fails is told here, and stops and delays nothing."""
        sequence = self.record(event, rollback)
        self.say(text)
        self.outbox.put(sequence, text)
        self.outbox.send()

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
        minute = self._minute.get(source)
        if minute is None or self.installation.clock() - minute[0] < timedelta(minutes=1):
            return
        del self._minute[source]
        if minute[1] > FLAPS:
            self.record(FlappingObserved(source=source, changes=minute[1], minute=minute[0], now=minute[2]))

    @contextlib.contextmanager
    def telling(self) -> Iterator[None]:
        """Say what went wrong and go on: a source that cannot be had is looked at again in the next round.

        What nobody foresaw ends this turn and no other; it is said once, and logged.
        """
        try:
            yield
        except Corrupt as error:
            self._say_once(str(error))
        except LedgerError as error:
            self.say(str(error))
        except Exception as error:  # noqa: BLE001 (whatever it is, the others have their turns)
            self._say_once(mistake(error))

    def _say_once(self, sentence: str) -> None:
        """What stays as it is, so that every part of every round meets it."""
        if sentence not in self._said:
            self.say(sentence)
        if len(self._said) > _REMEMBERED:
            self._said.clear()
        self._said.add(sentence)
