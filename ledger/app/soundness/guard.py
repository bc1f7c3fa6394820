"""Looks at the ledger in the background, again and again, and holds its writing while it does not hold.

Everything at the start and every day, the last rows every minute; while something is wrong everything every minute, so
that it is known soon when it was put right. Until the first look has ended nothing is written but the stop: what is
written on top of a ledger that does not hold can never be taken back. Later looks take their time: others answer pages
meanwhile.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from ledger.app.installation import now
from ledger.app.record.ledger import Ledger
from ledger.app.soundness.beside import Trail
from ledger.app.soundness.examine import look_at, nobody
from ledger.app.soundness.found import Finding, Soundness
from ledger.app.soundness.recent import look_at_recent
from ledger.errors import LedgerError
from ledger.mistakes import mistake
from ledger.said import Said

EVERY: Final = 60.0
"""Seconds between two rounds."""
DAILY: Final = 24 * 3600.0
"""Seconds between two looks at everything."""
AGAIN: Final = 2.0
"""Seconds to the next round while the ledger was never looked at as a whole: nothing is written until then."""
UNLOOKED: Final = (
    "nothing is written but the stop until the ledger was looked at as a whole, which began when this was started: try "
    "again in a moment"
)
_REMEMBERED: Final = frozenset({"behind", "entry_changed"})
"""What only a process that read the ledger before can know."""
_SHARE: Final = 3.0
"""How much longer it rests than it works: three quarters of a processor are left to others, and Python's lock."""


class Guard:
    """One process's guard of one home. Thread-safe."""

    def __init__(self, root: Path, ledgers: Sequence[Ledger], clock: Callable[[], datetime] = now) -> None:
        """``ledgers`` are those of the home's main stage that this process writes into."""
        self._root = root
        self._ledgers = tuple(ledgers)
        self._stage = self._ledgers[0].stage
        self._clock = clock
        self._guard = threading.Lock()
        self._trail: Trail | None = None
        self._whole_at = 0.0
        self._recent: tuple[Finding, ...] = ()
        self.whole: Soundness | None = None
        """What the last look at everything found."""
        self.looked: datetime | None = None
        """When anything was looked at last."""
        self.verified: datetime | None = None
        """When everything was read last, and found whole."""
        self.verified_entries = 0
        self.error = ""
        """Why the last round could not look; ``""`` where it could."""
        self.looked_once = threading.Event()
        """Set when everything was looked at once, whatever was found."""
        self.changed: Callable[[], None] = lambda: None
        """Called when there is something else to be said."""
        self.looked_at_everything: Callable[[], None] = lambda: None
        """Called after each look at everything, by the thread that looked."""

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Everything that is wrong as far as is known, what the ledger decides from first."""
        whole = self.whole.findings if self.whole else ()
        # whole looks say the rest better
        more = [finding for finding in self._recent if finding.cause in _REMEMBERED or not whole]
        return tuple(sorted((*whole, *more), key=lambda finding: not finding.holds))

    @property
    def looked_whole(self) -> datetime | None:
        """When everything was looked at last."""
        return self.whole.began if self.whole else None

    @property
    def held(self) -> str:
        """Why nothing is written but the stop; ``""`` where it is."""
        return self._ledgers[0].held

    def begin(self) -> None:
        """Hold the ledgers until they were looked at."""
        for ledger in self._ledgers:
            ledger.held = ledger.held or UNLOOKED

    def run(self, stopped: threading.Event) -> None:
        """Look until ``stopped`` is set."""
        while True:
            self.round(stopped)
            if stopped.wait(EVERY if self.looked_once.is_set() else AGAIN):
                return

    def round(self, stopped: threading.Event | None = None) -> None:
        """What is due now."""
        due = self.whole is None or bool(self.findings) or time.monotonic() - self._whole_at >= DAILY
        try:
            if due:
                self._look_at_everything(stopped)
            self._look_at_recent()
            if self._recent and not due:
                self._look_at_everything(stopped)
            self.error = ""
        except _Stopped:
            return
        except LedgerError as error:
            self._fail(str(error))
        except Exception as error:  # noqa: BLE001 (it looks again, and says until then that it could not)
            self._fail(mistake(error))

    def _look_at_everything(self, stopped: threading.Event | None) -> None:
        pace = nobody if stopped is None else _Pace(stopped, _SHARE if self.looked_once.is_set() else 0.0)
        self.take(*look_at(self._root, pace, clock=self._clock, live=True))

    def take(self, soundness: Soundness, trail: Trail | None) -> None:
        """A look at everything, whoever asked for it."""
        with self._guard:
            before = self.findings
            self.whole, self._whole_at, self.looked = soundness, time.monotonic(), soundness.began
            if self._trail is None and soundness.sound:
                self._trail = trail
            if soundness.sound:
                self.verified, self.verified_entries = soundness.began, soundness.entries
            self._hold()
        self.looked_once.set()
        self._tell(before)
        self.looked_at_everything()

    def _look_at_recent(self) -> None:
        trail = self._trail
        if trail is None:
            return
        at = self._clock()
        recent = look_at_recent(self._root, trail, at)
        with self._guard:
            before = self.findings
            self._recent, self.looked = recent.findings, at
            if recent.trail is not None and not self.findings:
                self._trail = recent.trail
                self.verified_entries = recent.size
            self._hold()
        self._tell(before)

    def _hold(self) -> None:
        """Hold the ledgers that do not hold, and let go of those that do."""
        held: dict[str, list[Finding]] = {}
        for finding in self.findings:
            if finding.holds:
                held.setdefault(finding.ledger, []).append(finding)
        texts = {stage: _sentence(findings) for stage, findings in held.items()}
        for ledger in self._ledgers:
            ledger.held = texts.get(self._stage, "") or ledger.held_anyway
            ledger.others_held = {stage: text for stage, text in texts.items() if stage != self._stage}

    def _fail(self, why: str) -> None:
        changed, self.error = why != self.error, why
        if changed:
            self.changed()

    def _tell(self, before: tuple[Finding, ...]) -> None:
        if before != self.findings or self.error:
            self.changed()


def _sentence(findings: list[Finding]) -> str:
    """Why nothing is written, and what to do, in one line."""
    first = findings[0].sentence
    return Said(
        "nothing is written but the stop, because the ledger does not hold ({} findings). {} "
        "Keep the folders var and audit as they are and put back a copy of the store from "
        "before: see docs/recovery.md",
        len(findings),
        first,
    )


class _Stopped(Exception):
    """The process ends while a look is under way."""


class _Pace:
    """Rests after each piece of work, ``share`` times as long as that took."""

    def __init__(self, stopped: threading.Event, share: float) -> None:
        self._stopped = stopped
        self._share = share
        self._since = time.monotonic()

    def __call__(self, done: int, of: int) -> None:
        worked = time.monotonic() - self._since
        if self._stopped.wait(min(0.5, self._share * worked)):
            raise _Stopped
        self._since = time.monotonic()
