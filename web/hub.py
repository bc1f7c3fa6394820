"""One place where every open browser's stream waits for news."""

from __future__ import annotations

import json
import threading
import time
from collections import deque
from collections.abc import Iterator
from itertools import takewhile
from typing import Any, Final, NamedTuple

KEPT = 500
"""Messages that a browser which was away can be given again; after more it reads its page anew."""


EACH: Final = 3.5
"""Milliseconds of the server for one browser that looks again (bench/README.md, "The dashboard under load")."""
WIDEST: Final = 700
"""Milliseconds after news within which every open page has looked again: with the answer it is within a second."""


class Message(NamedTuple):
    """One server-sent event. ``id`` is a sequence of the ledger, 0 for news that is no entry."""

    number: int
    event: str
    data: str
    id: int = 0


class Hub:
    """Publishes messages to any number of waiting threads."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._kept: deque[Message] = deque(maxlen=KEPT)
        self._number = 0
        self._closed = False
        self.listeners = 0

    def publish(self, event: str, data: dict[str, Any], id: int = 0) -> None:  # noqa: A002 (the word of the SSE format)
        """Tell everybody. ``spread`` tells over how many milliseconds they share out their looks."""
        with self._changed:
            self._number += 1
            spread = min(WIDEST, round(self.listeners * EACH))
            text = json.dumps(data | {"spread": spread}, ensure_ascii=False)
            self._kept.append(Message(self._number, event, text, id))
            self._changed.notify_all()

    def close(self) -> None:
        """End all streams, now and from now on."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    @property
    def newest(self) -> int:
        """Number of the newest message."""
        return self._number

    def after_entry(self, sequence: int) -> list[Message] | None:
        """The entries after one, or None where they are no longer kept."""
        with self._changed:
            entries = [message for message in self._kept if message.id]
        if not entries or entries[0].id > sequence + 1:
            return None
        return [message for message in entries if message.id > sequence]

    def listen(self, beat: float) -> Iterator[Message | None]:
        """Messages from this call on as they come; None after ``beat`` seconds of silence. Ends when the hub closes."""
        return self._listen(self._number, beat)

    def _listen(self, seen: int, beat: float) -> Iterator[Message | None]:
        with self._changed:
            self.listeners += 1
        try:
            while True:
                messages = self._wait(seen, time.monotonic() + beat)
                if self._closed:
                    return
                if not messages:
                    yield None
                for message in messages:
                    seen = message.number
                    yield message
        finally:
            with self._changed:
                self.listeners -= 1

    def _wait(self, seen: int, until: float) -> list[Message]:
        with self._changed:
            while self._number == seen and not self._closed and (left := until - time.monotonic()) > 0:
                self._changed.wait(left)
            fresh = list(takewhile(lambda message: message.number > seen, reversed(self._kept)))
        return fresh[::-1]
