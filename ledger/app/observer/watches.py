"""Watches that nobody finished: the window is over, its history complete, and whoever started it is gone."""

from __future__ import annotations

from datetime import datetime, timedelta

from ledger.app.observer.desk import Desk
from ledger.app.steps import watching
from ledger.domain.commands import SYSTEM
from ledger.domain.state import Rollback, State, Watch
from ledger.errors import LedgerError

PATIENCE = timedelta(seconds=5)
"""How long the person who started it is left to finish it."""
AGAIN = timedelta(minutes=1)
"""How long after a failure it is tried again."""


class Watches:
    """Finishes them from Prometheus' own history; where that cannot be had, people do, and are told once."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._failed: dict[int, datetime] = {}

    def look(self, state: State) -> None:
        """One round over the open rollbacks. One that is being restored has no use for a watch."""
        for rollback in state.open.values():
            if rollback.watch is not None and not rollback.restoring and self._is_due(rollback.watch):
                self._finish(rollback, rollback.watch)

    def _is_due(self, running: Watch) -> bool:
        at, failed = self._desk.installation.clock(), self._failed.get(running.entry)
        due = watching.ends_at(self._desk.installation, running) + PATIENCE
        return at >= due and (failed is None or at - failed >= AGAIN)

    def _finish(self, rollback: Rollback, running: Watch) -> None:
        installation, told = self._desk.installation, running.entry in self._failed
        try:
            outcome = watching.finish(installation, SYSTEM, rollback)
        except LedgerError as error:
            self._failed[running.entry] = installation.clock()
            if not told:
                self._desk.say(f"the watch of {rollback.id} is over and cannot be judged, finish it by hand: {error}")
        else:
            self._desk.say(f"finished the watch of {rollback.id}: {outcome.verdict}")
