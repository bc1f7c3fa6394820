"""The observer: looks at the outside world, records what changed, repairs what a crash left pending.

A change is recorded after two equal readings. One observer at a time.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Hashable, Iterator

from ledger.adapters import override_file
from ledger.app.deliver import deliver
from ledger.app.installation import Installation
from ledger.app.spool import take_in
from ledger.domain.commands import SYSTEM, Record
from ledger.domain.events.base import Event
from ledger.domain.events.observation import ObserverStarted, OverrideObserved, SchedulerObserved, SilenceObserved
from ledger.domain.events.override import OverrideExpired, OverrideRemovedOutside
from ledger.domain.state import Rollback, State
from ledger.errors import LedgerError, Unreachable
from ledger.files import locked, make_folder

INTERVAL = 0.5
"""Seconds between two looks at the override file."""


class Observer:
    """One observer of one installation."""

    def __init__(self, installation: Installation, say: Callable[[str], None] = lambda _: None) -> None:
        self._installation = installation
        self._say = say
        self._readings: dict[str, Hashable] = {}
        self._looks = 0

    def run(self, stopped: threading.Event) -> None:
        """Observe until ``stopped`` is set; ``Unreachable`` where another observer is at work already."""
        make_folder(self._installation.home.locks)
        with locked(self._installation.home.locks / "observer.lock", timeout=0):
            self._record(ObserverStarted(host=socket.gethostname()))
            while not stopped.wait(INTERVAL):
                self.look()

    def look(self) -> None:
        """One round. A source that cannot be had is looked at again in the next round."""
        installation = self._installation
        with self._telling():
            for name in take_in(installation):
                self._say(f"took in a stop from the spool: {name}")
        with self._telling():
            if done := deliver(installation):
                self._say(f"delivered {done} pending effects")
        with self._telling():
            installation.publish()
        with self._telling():
            self._look_at_file(installation.state)
        if self._looks % 2 == 0:
            with self._telling():
                self._look_at_scheduler(installation.state)
        if self._looks % 4 == 0:
            with self._telling():
                self._look_at_silences(installation.state)
        self._looks += 1

    @contextlib.contextmanager
    def _telling(self) -> Iterator[None]:
        try:
            yield
        except LedgerError as error:
            self._say(str(error))

    def _record(self, event: Event, rollback: str = "") -> None:
        self._installation.submit(Record(event=event), SYSTEM, rollback)
        self._say(f"{event.status} {rollback}".rstrip())

    def _twice(self, name: str, reading: Hashable, known: Hashable) -> bool:
        """Whether the reading differs from what is known and was the same the last time."""
        before, self._readings[name] = self._readings.get(name), reading
        return reading != known and before == reading

    def _look_at_file(self, state: State) -> None:
        if any(effect.kind in ("override", "removal") for r in state.open.values() for effect in r.effects):
            return  # a deliverer is at it
        holder = state.holder
        component = holder.component if holder else "multi_strategy"
        seen = self._installation.look(holder.override.path if holder else self._installation.override_path(component))
        present = seen.kind != "absent"
        if self._twice("file", (present, seen.sha384), (state.file.present, state.file.sha384)):
            if holder is not None and not present:
                self._removed_outside(holder)
            else:
                if seen.content:
                    self._installation.keep(seen.content)
                self._record(
                    OverrideObserved(
                        path=seen.path,
                        found=seen.kind,
                        override_sha384=seen.sha384,
                        mode=seen.mode,
                        owner=seen.owner,
                        seen_at=seen.at,
                    )
                )
        elif holder is not None:
            self._look_at_expiry(holder)

    def _removed_outside(self, holder: Rollback) -> None:
        path = self._installation.look(holder.override.path)
        listing = override_file.listing(self._installation.override_path(holder.component).parent)
        event = OverrideRemovedOutside(
            path=holder.override.path,
            override_sha384=holder.override.sha384,
            seen_at=path.at,
            listing_sha384=self._installation.keep(listing),
        )
        if not holder.override.removed_outside:
            self._record(event, holder.id)

    def _look_at_expiry(self, holder: Rollback) -> None:
        asked = holder.override.request
        if asked is None or asked.expires_at is None or holder.override.expired:
            return
        if self._installation.clock() >= asked.expires_at:
            self._record(OverrideExpired(path=holder.override.path, expired_at=asked.expires_at), holder.id)

    def _look_at_scheduler(self, state: State) -> None:
        seen = self._installation.scheduler()
        if self._twice("scheduler", seen.status, state.scheduler.status):
            self._record(
                SchedulerObserved(
                    scheduler_status=seen.status,
                    source=seen.source,
                    seen_at=seen.at,
                    since=seen.since,
                    cycle=seen.cycle,
                    warnings=seen.warnings[:20],
                    error=seen.error[:200],
                )
            )

    def _look_at_silences(self, state: State) -> None:
        for rollback in state.open.values():
            known = rollback.silence
            if known.state != "active" or known.ends_at is None or rollback.effects:
                continue
            try:
                seen = self._installation.alertmanager.silence(known.id)
            except Unreachable:
                continue
            found = seen.state if seen else "absent"
            ends = seen.ends_at if seen else known.ends_at
            if self._twice(known.id, (found, ends), ("active", known.ends_at)):
                at = self._installation.clock()
                self._record(SilenceObserved(silence_id=known.id, found=found, ends_at=ends, seen_at=at), rollback.id)
