"""The messages that wait: told in the order of their entries, at least once, tried again until they are too late.

Nothing of it is kept but in the ledger: an entry whose message no ``message_sent`` names waits. A connection that hangs
holds up nobody: a thread of its own sends, and lives while there is something to send.
"""

from __future__ import annotations

import dataclasses
import json
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Final

from ledger.app.durations import parse_duration
from ledger.app.home import config as settings
from ledger.app.installation import Installation
from ledger.app.press import Press
from ledger.app.telling.message import Told, message, told
from ledger.app.telling.standing import CONNECTION, connected
from ledger.domain.command import SYSTEM
from ledger.domain.event import Event
from ledger.domain.observing.commands import Record
from ledger.domain.record import Recorded
from ledger.domain.telling.events import MessageExpired, MessageFailed, MessageSent
from ledger.domain.text import shorten
from ledger.errors import LedgerError
from ledger.said import Said

MOST: Final = 1000
"""Messages that wait at most; beyond, the oldest is given up."""
_BEHIND = 2000
"""Entries of before the start that are looked through for messages that were not sent."""
_LONGEST = 60.0
_SHORT = 1.0
"""Seconds that a connection is given which has just failed."""


class Outbox:
    """What one observer has to send by the announcement hook."""

    def __init__(self, installation: Installation, say: Callable[[str], None]) -> None:
        self._installation = installation
        self._say = say
        self._waiting: dict[int, Told] = {}
        self._done: set[int] = set()
        self._position = -1
        """The last entry that was looked at; -1 before the first look."""
        self._change = threading.Lock()
        self._thread: threading.Thread | None = None
        self._failures = 0
        self._again = 0.0
        """When it is tried again after a failure, by the monotonic clock."""
        self._why = ""
        self._taken: dict[int, Event] = {}
        """Messages that went and of which the ledger could not be told so far: they are not sent again."""

    def put(self, one: Told) -> None:
        """Have it told in these words, whatever its entry says by itself."""
        if connected(self._installation):
            with self._change:
                if one.sequence not in self._done:
                    self._waiting[one.sequence] = one

    def look(self) -> None:
        """Take in the new entries, and send what is due; never waits for the connection."""
        if not connected(self._installation):
            self._position = -1
            return
        self._read()
        self.send()

    def send(self) -> None:
        """Have a thread send what waits, where none does and it is time."""
        with self._change:
            if self._thread is not None or not self._waiting or time.monotonic() < self._again:
                return
            thread = threading.Thread(target=self._send_all, name="telling", daemon=True)
            try:
                thread.start()
            except RuntimeError:  # the next look tries again
                self._say("announce: no thread can be started; tried again")
            else:
                self._thread = thread

    def join(self, seconds: float) -> None:
        """Wait a moment for what is on its way."""
        with self._change:
            thread = self._thread
        if thread is not None:
            thread.join(seconds)

    def _read(self) -> None:
        """Take in the entries since the last look. What waits after a start begins at the first that was told of."""
        ledger, last = self._installation.ledger, self._installation.state.sequence
        begins = self._position + 1
        if self._position < 0:
            self._position = max(0, last - _BEHIND)
        records = [record for record, _ in ledger.records(self._position)] if last > self._position else []
        if begins == 0:  # a connection that was never told anything begins with what happens from now on
            begins = min((about for record in records if (about := _about(record))), default=last + 1)
        for record in records:
            self._position = record.sequence
            if isinstance(record.event, (MessageSent, MessageExpired)):
                self._forget(record.event.entry)
            elif record.sequence >= begins and (one := told(self._installation, record)):
                with self._change:
                    if one.sequence not in self._done:
                        self._waiting.setdefault(one.sequence, one)

    def _forget(self, sequence: int) -> None:
        with self._change:
            self._waiting.pop(sequence, None)
            self._done.add(sequence)
            if len(self._done) > 2 * MOST:
                self._done = set(sorted(self._done)[MOST:])

    def _send_all(self) -> None:
        while True:
            with self._change:
                one = self._waiting[min(self._waiting)] if self._waiting else None
                if one is None:
                    self._thread = None
                    return
            try:
                sent = self._one(one)
            except Exception as error:  # noqa: BLE001 (whatever it is: it is tried again)
                self._say(f"announce: {error if isinstance(error, LedgerError) else type(error).__name__}")
                sent = False
            if not sent:
                self._failures += 1
                with self._change:
                    self._again = time.monotonic() + min(_LONGEST, 2.0 ** (self._failures - 1))
                    self._thread = None
                return
            self._failures = 0

    def _one(self, one: Told) -> bool:
        """Send one message, or give it up; False where it is to be tried again."""
        installation = self._installation
        if one.sequence in self._taken:
            return self._went(one.sequence)
        patience = timedelta(seconds=parse_duration(installation.config.announce.not_after))
        if installation.clock() - one.at > patience or len(self._waiting) > MOST:
            self._record(MessageExpired(connection=CONNECTION, entry=one.sequence, about=one.status))
            self._forget(one.sequence)
            return True
        page = message(installation, one)
        why = self._hand_over(page)
        if why:
            self._say(why)
            if why != self._why:
                self._why = why
                reason = shorten(why)
                event = MessageFailed(connection=CONNECTION, entry=one.sequence, about=one.status, reason=reason)
                self._record(event)
            return False
        self._why = ""
        digest = installation.keep(json.dumps(page, ensure_ascii=False, sort_keys=True))
        self._taken[one.sequence] = MessageSent(
            connection=CONNECTION, entry=one.sequence, about=one.status, message_sha384=digest
        )
        return self._went(one.sequence)

    def _went(self, sequence: int) -> bool:
        self._record(self._taken[sequence])
        del self._taken[sequence]
        self._forget(sequence)
        return True

    def _hand_over(self, page: dict[str, str]) -> str:
        """Give it to the hook; why that failed, ``""`` where it did not."""
        from ledger.adapters.announce import announce  # slow to import

        config = self._installation.config
        try:
            server = settings.server(config, "announce")
            if server is not None and self._failures:
                server = dataclasses.replace(server, connect_timeout=_SHORT, read_timeout=_SHORT)
            announce(config.announce.command, server, page)
        except LedgerError as error:
            return error.args[0] if error.args and isinstance(error.args[0], str) else str(error)
        except Exception as error:  # noqa: BLE001 (a hook's mistake is no reason for anything to stop)
            return Said("the announcement hook could not be told: {}", type(error).__name__)
        return ""

    def _record(self, event: Event) -> None:
        self._installation.submit(Record(event=event), Press(SYSTEM))


def _about(record: Recorded) -> int:
    """The entry that people were told of, or were to be; 0 for what says nothing of it."""
    return record.event.entry if isinstance(record.event, (MessageSent, MessageFailed, MessageExpired)) else 0
