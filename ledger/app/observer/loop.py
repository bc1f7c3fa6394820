"""The loop: one observer at a time; each round looks at everything that is due.

What lies on this machine's disk is looked at by a thread of its own: a server that hangs takes seconds of each round,
and a removed override file is noticed within two.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from datetime import datetime

from ledger.app.installation import Installation
from ledger.app.observer.alive import sign_of_life
from ledger.app.observer.coverage import Coverage
from ledger.app.observer.desk import Desk
from ledger.app.observer.file import look_at_expiry, look_at_files
from ledger.app.observer.oncall import look_at_oncall
from ledger.app.observer.silences import Silences
from ledger.app.observer.warnings import Warnings
from ledger.app.observer.watches import Watches
from ledger.app.people.access import roll_up
from ledger.app.record.deliver import deliver, deliver_files
from ledger.app.record.erasing import remove_erased
from ledger.app.record.spool import take_in
from ledger.domain.observing.events import ObserverStarted, SchedulerObserved
from ledger.domain.state import State
from ledger.domain.text import shorten
from ledger.errors import Unreachable
from ledger.said import Said

INTERVAL = 0.5
"""Seconds between two looks at the override file; the scheduler is asked every second, Alertmanager every two."""


class Observer:
    """One observer of one installation."""

    def __init__(self, installation: Installation, say: Callable[[str], None] = lambda _: None) -> None:
        self._installation = installation
        self._desk = Desk(installation, say)
        self._coverage = Coverage(self._desk, sign_of_life(installation.home))
        self._silences = Silences(self._desk)
        self._warnings = Warnings(self._desk)
        self._watches = Watches(self._desk)
        self._looks = 0
        self.looked: Callable[[datetime], None] = lambda _: None
        """Called with the time after each round, for the metrics."""

    def run(self, stopped: threading.Event, looked: threading.Event | None = None) -> None:
        """Observe until ``stopped`` is set; ``Unreachable`` where another observer is at work already.

        Until ``looked`` is set, which says that somebody looked at the ledger itself, nothing is done but stops that it
        asks for: what is observed could not be written.
        """
        with self._installation.locks.hold("observer", timeout=0):
            while looked is not None and not looked.is_set() and not stopped.is_set():
                with self._desk.telling():
                    deliver_files(self._installation, 1.0)
                looked.wait(INTERVAL)
            with self._desk.telling():
                self._coverage.begin()
                self._desk.record(ObserverStarted(host=socket.gethostname()))
            ended = threading.Event()
            near = threading.Thread(target=self._stay_near, args=(ended,), name="observer-disk", daemon=True)
            near.start()
            ours = self._installation.oncall.start()  # a server that has the same one began it before
            try:
                while near.is_alive() and not stopped.wait(INTERVAL):
                    self._look_round()
                if not near.is_alive():  # half an observer would pass for a whole one
                    raise Unreachable("the override file could not be looked at any more: see the log, start again")
            finally:
                ended.set()
                if ours:
                    self._installation.oncall.stop()
                near.join(1.0)
                self.settle()

    def _stay_near(self, ended: threading.Event) -> None:
        while not ended.wait(INTERVAL):
            self._look_near()

    def settle(self, seconds: float = 1.0) -> None:
        """Wait a moment for what a thread of its own still does: a watch that is being judged, a message on its way."""
        self._watches.join(seconds)
        with self._desk.telling():
            self._desk.outbox.look()
        self._desk.outbox.join(seconds)

    def look(self) -> None:
        """Everything once. A source that cannot be had is looked at again in the next round."""
        self._look_near()
        self._look_round()

    def _look_near(self) -> None:
        """The spool first: a file that a stop wrote is no drift."""
        desk, installation = self._desk, self._installation
        with desk.telling():
            for name in take_in(installation):
                desk.say(Said("took in a stop from the spool: {}", name))
        with desk.telling():
            if done := deliver_files(installation, 1.0):
                desk.say(Said("delivered {} pending effects", done))
        with desk.telling(), self._coverage.asking("override"):
            look_at_files(desk, installation.state)
            desk.settle("override")
        with desk.telling():
            desk.outbox.look()

    def _look_round(self) -> None:
        desk, installation = self._desk, self._installation
        with desk.telling():
            if done := deliver(installation):
                desk.say(Said("delivered {} pending effects", done))
        with desk.telling():
            if gone := remove_erased(installation):
                desk.say(Said("removed {} artefacts that were erased", gone))
        with desk.telling():
            installation.publish()
        with desk.telling():
            roll_up(installation)
        self._look_outside()
        if self._coverage.sees("override"):  # half an observer would pass for a whole one
            self._coverage.alive()
            self.looked(installation.clock())
        self._looks += 1

    def _look_outside(self) -> None:
        """Each source on its own: one that answers badly never ends another's turn."""
        desk = self._desk
        with desk.telling():
            for holder in [rollback for rollback in self._installation.state.open.values() if rollback.holds]:
                look_at_expiry(desk, holder)
        if self._looks % 2 == 0:
            with desk.telling():
                self._look_at_scheduler(self._installation.state)
        if self._looks % 4 == 0:
            with desk.telling(), self._coverage.asking("alertmanager"):
                self._silences.look(self._installation.state)
        if self._looks % 20 == 0 and self._installation.config.prometheus.url:
            with desk.telling(), self._coverage.asking("prometheus"):
                self._installation.prometheus.rules(self._installation.alerts.rules)
        with desk.telling():
            self._warnings.look(self._installation.state)
        with desk.telling():
            look_at_oncall(desk, self._installation.state)
        with desk.telling():
            self._coverage.beat()
        with desk.telling():
            self._watches.look(self._installation.state)
        with desk.telling():
            desk.settle("scheduler")

    def _look_at_scheduler(self, state: State) -> None:
        seen = self._installation.scheduler()
        if seen.status == "unknown":
            self._coverage.missed("scheduler", seen.error)
        else:
            self._coverage.had("scheduler")
        if not self._desk.twice("scheduler", seen.status, state.scheduler.status):
            return
        if self._desk.damped("scheduler", seen.status):
            return
        event = SchedulerObserved(
            scheduler_status=seen.status,
            source=seen.source,
            seen_at=seen.at,
            since=seen.since,
            cycle=seen.cycle,
            warnings=seen.warnings,
            error=shorten(seen.error),
        )
        held = state.holders and seen.status == "enabled" and not any(holder.restoring for holder in state.holders)
        if held:
            self._desk.warn(event, Said("the scheduler is enabled although {} holds it", state.holders[0].id))
        else:
            self._desk.record(event)
