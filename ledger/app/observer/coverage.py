"""How well the observer saw: gaps of each source, times when nobody observed, a daily heartbeat."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

from ledger.app.observer.desk import Desk
from ledger.domain.observing.events import Heartbeat, ObservationGap
from ledger.domain.text import shorten
from ledger.errors import LedgerError, Unreachable
from ledger.files import make_folder
from ledger.mistakes import mistake

Source = Literal["observer", "scheduler", "alertmanager", "prometheus", "override"]
SHORTEST = timedelta(seconds=5)
"""A gap that is shorter is not worth an entry."""
_DAY = timedelta(days=1)


class Coverage:
    """Counts of asked and had for each source since the last heartbeat, and the gaps that are open."""

    def __init__(self, desk: Desk, alive: Path) -> None:
        self._desk = desk
        self._alive = alive
        self._since = desk.installation.clock()
        self._counts: dict[str, tuple[int, int]] = {}
        self._gaps: dict[str, tuple[datetime, str]] = {}

    def begin(self) -> None:
        """Tell of the time in which nobody observed, as far as the last observer's sign of life shows."""
        at = self._desk.installation.clock()
        with contextlib.suppress(OSError):
            last = datetime.fromtimestamp(self._alive.stat().st_mtime, UTC)
            if at - last > SHORTEST:
                self._gap("observer", last, at, "no observer ran")
        self.alive()

    def alive(self) -> None:
        """Leave a sign of life."""
        with contextlib.suppress(OSError):
            make_folder(self._alive.parent)
            self._alive.touch(0o600)
            stamp = self._desk.installation.clock().timestamp()
            os.utime(self._alive, (stamp, stamp))

    @contextlib.contextmanager
    def asking(self, source: Source) -> Iterator[None]:
        """Ask a source inside this block; ``Unreachable`` opens or prolongs its gap and goes no further.

        So does what nobody foresaw: what of it was not seen is a gap too.
        """
        try:
            yield
        except Unreachable as error:
            self.missed(source, str(error))
        except LedgerError:
            raise
        except Exception as error:  # noqa: BLE001
            self.missed(source, mistake(error))
        else:
            self.had(source)

    def had(self, source: Source) -> None:
        """The source answered; a gap that was open ends."""
        asked, had = self._counts.get(source, (0, 0))
        self._counts[source] = (asked + 1, had + 1)
        if gap := self._gaps.pop(source, None):
            at = self._desk.installation.clock()
            if at - gap[0] > SHORTEST:
                self._gap(source, gap[0], at, gap[1])

    def missed(self, source: Source, why: str) -> None:
        """The source did not answer."""
        asked, had = self._counts.get(source, (0, 0))
        self._counts[source] = (asked + 1, had)
        if source not in self._gaps:
            self._gaps[source] = (self._desk.installation.clock(), why)
            self._desk.say(why)

    def sees(self, source: Source) -> bool:
        """Whether the source was had when it was asked last."""
        return source not in self._gaps

    def beat(self) -> None:
        """Once a day: how often each source was had."""
        at = self._desk.installation.clock()
        if at - self._since < _DAY:
            return
        told = tuple(f"{name} {had}/{asked}" for name, (asked, had) in sorted(self._counts.items()))
        self._desk.record(Heartbeat(since=self._since, coverage=told))
        self._since, self._counts = at, {}

    def _gap(self, source: Source, start: datetime, end: datetime, why: str) -> None:
        self._desk.record(ObservationGap(source=source, gap_start=start, gap_end=end, why=shorten(why)))
