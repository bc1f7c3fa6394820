"""Sends what waits at one connection: in the order of the entries, tried again until it is too late.

What is told elsewhere is never the reason why anything waits: a thread of its own sends, and lives while there is
something to send. Before a delivery that may have arrived is made again, the other side is asked whether it is there.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from typing import Any, Final

from ledger.adapters.connection import Delivered, Delivery, Later
from ledger.adapters.failures import Unsent
from ledger.adapters.transcript import Exchange, transcript
from ledger.app.installation import Installation
from ledger.app.press import Press
from ledger.app.telling.backlog import Backlog, Key
from ledger.app.telling.connection import Connection
from ledger.app.telling.message import Asked
from ledger.digest import sha384
from ledger.domain.command import SYSTEM
from ledger.domain.event import Event
from ledger.domain.observing.commands import Record
from ledger.domain.telling.events import MessageExpired, MessageFailed, MessageRefused, MessageSent
from ledger.domain.text import shorten
from ledger.errors import LedgerError, Refused
from ledger.said import Said

MOST: Final = 1000
"""Messages that wait at most; beyond, the oldest is given up."""
_LONGEST = 60.0
_SHORT = 1.0
"""Seconds that a connection is given which has just failed."""


class Sender:
    """What one observer has to send by one connection."""

    def __init__(self, installation: Installation, connection: Connection, say: Callable[[str], None]) -> None:
        self._installation = installation
        self._say = say
        self._backlog = Backlog(connection, self._now)
        self._change = threading.Lock()
        self._thread: threading.Thread | None = None
        self._failures = 0
        self._again = 0.0
        """When it is tried again after a failure, by the monotonic clock."""
        self._why = ""
        self._taken: dict[Key, Event] = {}
        """What went and of which the ledger could not be told so far: it is not sent again."""

    def use(self, connection: Connection) -> None:
        """By the settings of now."""
        self._backlog.connection = connection

    def put(self, asked: Asked) -> None:
        """Have an entry told in these words, whatever it says by itself."""
        with self._change:
            self._backlog.put(asked)

    def look(self) -> None:
        """Take in the new entries, and send what is due; never waits for the connection."""
        with self._change:
            self._backlog.read(self._installation)
        self.send()

    def send(self) -> None:
        """Have a thread send what waits, where none does and it is time."""
        with self._change:
            if self._thread is not None or not self._backlog.waiting or time.monotonic() < self._again:
                return
            name = self._backlog.connection.name
            thread = threading.Thread(target=self._send_all, name=f"telling-{name}", daemon=True)
            try:
                thread.start()
            except RuntimeError:  # the next look tries again
                self._say(f"{name}: no thread can be started; tried again")
            else:
                self._thread = thread

    def join(self, seconds: float) -> None:
        """Wait a moment for what is on its way."""
        with self._change:
            thread = self._thread
        if thread is not None:
            thread.join(seconds)

    def _now(self) -> None:
        """Somebody asked for it: the back-off ends."""
        self._again, self._failures = 0.0, 0

    def _send_all(self) -> None:
        while True:
            with self._change:
                if not self._backlog.waiting:
                    self._thread = None
                    return
                key = min(self._backlog.waiting)
                asked, behind = self._backlog.waiting[key], len(self._backlog.waiting)
            wait = -1.0
            try:
                wait = self._one(key, asked, behind)
            except Exception as error:  # noqa: BLE001 (whatever it is: it is tried again)
                told = error if isinstance(error, LedgerError) else type(error).__name__
                self._say(f"{self._backlog.connection.name}: {told}")
                wait = 0.0
            if wait >= 0:
                self._failures += 1
                with self._change:
                    backed_off = min(_LONGEST, 2.0 ** (self._failures - 1))
                    self._again = time.monotonic() + max(wait, backed_off)
                    self._thread = None
                return
            self._failures = 0

    def _one(self, key: Key, asked: Asked, behind: int) -> float:
        """Make one delivery, or give it up; gives the seconds after which it is to be tried again, -1 where it is done.

        Nothing is held while the other side is spoken to: meanwhile more may come to wait.
        """
        connection = self._backlog.connection
        if key in self._taken:
            return self._went(key)
        about: dict[str, Any] = {
            "connection": connection.name,
            "entry": key.entry,
            "about": asked.record.status,
            "part": key.part,
        }
        if self._installation.clock() - asked.record.at > connection.not_after or behind > MOST:
            self._record(MessageExpired(**about))
            self._settle(key)
            return -1.0
        delivery = connection.compose(asked, key.part, self._backlog.threads.get(asked.record.rollback, ""))
        log: list[Exchange] = []
        try:
            delivered = self._made(connection, key, delivery, log)
        except Refused as error:
            kept = self._installation.keep(transcript(log)) if log else ""
            self._record(MessageRefused(**about, reason=shorten(_said(error)), transcript_sha384=kept))
            self._settle(key)
            return -1.0
        except Exception as error:  # noqa: BLE001 (an adapter's mistake is no reason for anything to stop)
            self._failed(about, _said(error))
            return error.seconds if isinstance(error, Later) else 0.0
        self._why = ""
        self._taken[key] = MessageSent(
            **about,
            message_sha384=self._installation.keep(_as_json(delivery)),
            reference=shorten(delivered.reference),
            link=shorten(delivered.link),
            head=delivery.head,
            transcript_sha384=self._installation.keep(transcript(log)) if log else "",
        )
        return self._went(key)

    def _made(self, connection: Connection, key: Key, delivery: Delivery, log: list[Exchange]) -> Delivered:
        """Looked for first where it may be there already, else sent."""
        adapter = connection.adapter(log, _SHORT if self._failures else None)
        name, found = (key.entry, key.part), None
        if name in self._backlog.again:
            found = adapter.look(delivery)
        else:
            self._backlog.again.add(name)
        try:
            return found or adapter.deliver(delivery)
        except Unsent:  # it surely did nothing
            self._backlog.again.discard(name)
            raise

    def _failed(self, about: dict[str, Any], why: str) -> None:
        self._say(why)
        if why != self._why:
            self._why = why
            self._record(MessageFailed(**about, reason=shorten(why)))

    def _went(self, key: Key) -> float:
        event: Any = self._taken[key]
        self._record(event)
        del self._taken[key]
        with self._change:
            if event.reference:
                self._backlog.thread(key.entry, event.reference)
        self._settle(key)
        return -1.0

    def _settle(self, key: Key) -> None:
        with self._change:
            self._backlog.settle(key.entry, key.part)

    def _record(self, event: Event) -> None:
        self._installation.submit(Record(event=event), Press(SYSTEM))


def _said(error: Exception) -> str:
    if not isinstance(error, LedgerError):
        return Said("it could not be told: {}", type(error).__name__)
    return error.args[0] if error.args and isinstance(error.args[0], str) else str(error)


def _as_json(delivery: Delivery) -> str:
    """The delivery as it is kept: of a file its name and digest."""
    kept = {name: value for name, value in delivery._asdict().items() if value not in ("", b"")}
    kept["at"] = delivery.at.isoformat()
    if delivery.content:
        kept["content"] = sha384(delivery.content)
    return json.dumps(kept, ensure_ascii=False, sort_keys=True)
