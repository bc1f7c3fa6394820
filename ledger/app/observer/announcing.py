"""Warnings on their way to people: a thread of its own tells the hook, so that one that hangs costs nothing else.

The queue has an end: where the hook is slower than the warnings come, the oldest are left out, and that is said.
"""

from __future__ import annotations

import dataclasses
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Final

from ledger.app.home import config as settings
from ledger.app.home.config import Config
from ledger.errors import LedgerError
from ledger.said import Said

MOST: Final = 100
"""Warnings that wait at most."""
_REMEMBERED = 30.0
_SHORT = 1.0
"""Seconds that a hook is given which has failed within the last half minute."""


class Announcing:
    """The way from one observer to the hook. Its thread lives while there is something to tell."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._waiting: deque[tuple[Config, dict[str, str]]] = deque()
        self._lost = 0
        self._failed = float("-inf")
        self._change = threading.Lock()
        self._thread: threading.Thread | None = None

    def put(self, config: Config, message: dict[str, str]) -> None:
        """Have it told; nothing where no hook is configured. Never waits for the hook."""
        if not (config.announce.command or config.announce.url):
            return
        with self._change:
            if len(self._waiting) >= MOST:
                self._waiting.popleft()
                self._lost += 1
            self._waiting.append((config, message))
            if self._thread is None:
                thread = threading.Thread(target=self._tell, name="announcing", daemon=True)
                try:
                    thread.start()
                except RuntimeError:  # the next warning tries again, and tells this one too
                    self._say("the announcement hook waits: no thread can be started")
                else:
                    self._thread = thread

    def join(self, seconds: float) -> None:
        """Wait a moment for what is on its way."""
        with self._change:
            thread = self._thread
        if thread is not None:
            thread.join(seconds)

    def _tell(self) -> None:
        while True:
            with self._change:
                lost, self._lost = self._lost, 0
                if not self._waiting:
                    self._thread = None
                    return
                config, message = self._waiting.popleft()
            if lost:
                self._say(Said("{} warnings were not announced, as the announcement hook is too slow for them", lost))
            self._hand_over(config, message)

    def _hand_over(self, config: Config, message: dict[str, str]) -> None:
        from ledger.adapters.announce import announce  # slow to import

        try:
            server = settings.server(config, "announce")
            if server is not None and time.monotonic() - self._failed < _REMEMBERED:
                server = dataclasses.replace(server, connect_timeout=_SHORT, read_timeout=_SHORT)
            announce(config.announce.command, server, message)
        except LedgerError as error:
            self._failed = time.monotonic()
            self._say(str(error))
        except Exception as error:  # noqa: BLE001 (whatever it is: the next warning is told all the same)
            self._say(f"the announcement hook could not be told: {type(error).__name__}")
        else:
            self._failed = float("-inf")
