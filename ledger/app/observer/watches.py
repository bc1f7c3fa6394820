"""Watches that nobody finished: the window is over, its history complete, and whoever started it is gone.

Judging asks Prometheus a dozen questions and draws a picture: seconds. A thread of its own does it, one watch at a
time, so that the override file is looked at meanwhile (docs/runbook.md, "What happens outside").
"""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

from ledger.app.observer.desk import Desk
from ledger.app.press import Press
from ledger.app.steps import watching
from ledger.domain.command import SYSTEM
from ledger.domain.state import Rollback, State, Watch
from ledger.errors import LedgerError
from ledger.mistakes import mistake
from ledger.said import Said

PATIENCE = timedelta(seconds=5)
"""How long the person who started it is left to finish it."""
AGAIN = timedelta(minutes=1)
"""How long after a try that failed it is tried again."""


class Watches:
    """Finishes them from Prometheus' own history; where that cannot be had, people do, and are told once."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._tried: dict[int, datetime] = {}
        self._told: set[int] = set()
        self._judging: threading.Thread | None = None

    def look(self, state: State) -> None:
        """One round over the open rollbacks. One that is being restored has no use for a watch."""
        if self._judging is not None and self._judging.is_alive():
            return
        for rollback in state.open.values():
            if rollback.watch is not None and not rollback.restoring and self._is_due(rollback.watch):
                self._tried[rollback.watch.entry] = self._desk.installation.clock()
                self._judging = threading.Thread(
                    target=self._finish, args=(rollback, rollback.watch.entry), name="judging", daemon=True
                )
                self._judging.start()
                return

    def join(self, seconds: float) -> None:
        """Wait for the one that is being judged. One that is cut off is judged by whoever comes next."""
        if self._judging is not None:
            self._judging.join(seconds)

    def _is_due(self, running: Watch) -> bool:
        at, tried = self._desk.installation.clock(), self._tried.get(running.entry)
        due = watching.ends_at(self._desk.installation, running) + PATIENCE
        return at >= due and (tried is None or at - tried >= AGAIN)

    def _finish(self, rollback: Rollback, entry: int) -> None:
        try:
            outcome = watching.finish(self._desk.installation, Press(SYSTEM), rollback)
        except Exception as error:  # noqa: BLE001 (a thread's error would be seen by nobody)
            why = str(error) if isinstance(error, LedgerError) else mistake(error)
            if entry not in self._told:
                self._told.add(entry)
                self._desk.say(
                    Said("the watch of {} is over and cannot be judged, finish it by hand: {}", rollback.id, why)
                )
        else:
            self._desk.say(Said("finished the watch of {}: {}", rollback.id, outcome.verdict))
