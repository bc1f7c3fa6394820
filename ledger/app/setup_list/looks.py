"""What a server saw of its setup list: by its own looks and by those that were asked for. It is kept in memory."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping

from ledger.app.installation import Installation
from ledger.app.setup_list.items import SERVERS
from ledger.app.setup_list.look import Looked, look
from ledger.app.setup_list.standing import Past, Standing, past, standings
from ledger.mistakes import mistake

EVERY = 300.0
"""Seconds between two looks of its own."""


class Looks:
    """Thread-safe. ``changed`` is called when an item stands otherwise than before."""

    def __init__(self, installation: Installation, changed: Callable[[], None] = lambda: None) -> None:
        self._installation = installation
        self._guard = threading.Lock()
        self._looked: dict[str, Looked] = {}
        self._past: tuple[int, Past] | None = None
        """What so many closed rollbacks say."""
        self.changed = changed
        self.version = 0
        """Counts what a person would call a change."""

    @property
    def looked(self) -> Mapping[str, Looked]:
        """Item -> the last look at it."""
        with self._guard:
            return dict(self._looked)

    def standings(self) -> tuple[Standing, ...]:
        """How every item stands by these looks and the ledger. Asks nobody."""
        state = self._installation.state
        closed, read = len(state.closed), self._past
        if read is None or read[0] != closed:
            self._past = read = (closed, past(state))
        return standings(self._installation, self.looked, read[1])

    def take(self, name: str, *, by: str = "", head: str = "") -> Looked:
        """Look at an item now."""
        found = look(self._installation, name, by=by, head=head)
        with self._guard:
            before = self._looked.get(name)
            self._looked[name] = found
            moved = before is None or before.state != found.state
            self.version += moved
        if moved:
            self.changed()
        return found

    def run(self, stopped: threading.Event) -> None:
        """Look at the servers until told to stop."""
        while not stopped.is_set():
            for name in SERVERS:
                try:
                    self.take(name)
                except Exception as error:  # noqa: BLE001 (the next round looks again)
                    mistake(error)
            stopped.wait(EVERY)
