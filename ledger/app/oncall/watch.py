"""Looks at the schedules again and again, so that no page and no message waits for one; and looks now.

What is shown is at most a minute old and says its time; beyond that it is not known.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable
from datetime import datetime
from typing import TYPE_CHECKING, Final, NamedTuple

from ledger.app.home.config import Config
from ledger.app.oncall.duty import Duty
from ledger.app.oncall.schedules import roles_of, schedule_of, who_is
from ledger.domain.moments import clock_or_day
from ledger.errors import LedgerError
from ledger.mistakes import mistake
from ledger.said import Said, as_said

if TYPE_CHECKING:
    from ledger.adapters.oncall import Rota
    from ledger.adapters.oncall_ical import Calendars

EVERY: Final = 25.0
"""Seconds between two looks."""
FRESH: Final = 60.0
"""Seconds after which what was seen is not shown any more."""
SHORT: Final = 5.0
"""Seconds that somebody waits who asked for something else too."""
PATIENCE: Final = 12.0
"""Seconds that one look is waited for: a calendar that is new is read for ten."""


class _Seen(NamedTuple):
    """The last look at a schedule, and the last one that was answered."""

    rota: Rota | None
    why: str
    at: datetime


class OnCall:
    """The schedules of one installation. Thread-safe. ``changed`` is called when somebody else is on duty."""

    def __init__(
        self, config: Config, clock: Callable[[], datetime], changed: Callable[[], None] = lambda: None
    ) -> None:
        self._config, self._clock, self.changed = config, clock, changed
        self.roles = roles_of(config)
        """Those that have a schedule."""
        self.version = 0
        """Counts what a person would call a change."""
        self._guard = threading.Lock()
        self._seen: dict[str, _Seen] = {}
        self._asking: set[str] = set()
        self._not_before: dict[str, float] = {}
        self._calendars: Calendars | None = None
        self._gist: dict[str, Hashable] = {}
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> bool:
        """Look again and again in a thread of its own; whether this call began it. Without schedules nothing."""
        with self._guard:
            if not self.roles or self._thread is not None:
                return False
            self._stopped.clear()
            self._thread = threading.Thread(target=self._run, name="oncall", daemon=True)
            self._thread.start()
            return True

    def stop(self) -> None:
        """Look no more."""
        self._stopped.set()
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.join(1.0)

    def _run(self) -> None:
        while not self._stopped.is_set():
            self.look(PATIENCE)
            self._stopped.wait(EVERY)

    def look(self, patience: float = PATIENCE) -> None:
        """One look at every schedule at once, each in a thread of its own; waits for them so long and no longer."""
        due = time.monotonic() + patience
        threads = []
        for role in self.roles:
            with self._guard:
                if role in self._asking or self._not_before.get(role, 0.0) > time.monotonic():
                    continue
                self._asking.add(role)
            threads.append(threading.Thread(target=self._once, args=(role,), name=f"oncall-{role}", daemon=True))
            threads[-1].start()
        for thread in threads:
            thread.join(max(0.0, due - time.monotonic()))

    def _once(self, role: str) -> None:
        try:
            self._put(role, self._rota(role), "")
        except LedgerError as error:
            with self._guard:
                self._not_before[role] = time.monotonic() + float(getattr(error, "seconds", 0.0))
            self._put(role, None, as_said(error.args[0]) if error.args else str(error))
        except Exception as error:  # noqa: BLE001 (the next look is another one, and the pages say that this was in vain)
            self._put(role, None, mistake(error))
        finally:
            with self._guard:
                self._asking.discard(role)

    def _rota(self, role: str) -> Rota:
        from ledger.adapters.oncall_ical import Calendars  # slow to import

        with self._guard:
            self._calendars = calendars = self._calendars or Calendars()
        return schedule_of(self._config, role, self._clock, calendars).rota()

    def _put(self, role: str, rota: Rota | None, why: str) -> None:
        now = self._clock()
        with self._guard:
            before = self._seen.get(role)
            self._seen[role] = _Seen(rota or (before.rota if before else None), why, now)
        duty = self.duty(role, now)
        on = duty.on or () if duty else ()
        gist = (duty and duty.state, duty and str(duty.why), tuple((one.name, one.person, one.until) for one in on))
        with self._guard:
            moved = self._gist.get(role) != gist
            self._gist[role] = gist
            self.version += moved
        if moved:
            self.changed()

    def duty(self, role: str, now: datetime) -> Duty | None:
        """Who is on duty for a role, by what was seen last; None where it has no schedule. Asks nobody."""
        if role not in self.roles:
            return None
        with self._guard:
            seen, asking = self._seen.get(role), role in self._asking
        if seen is None:
            why = "the schedule has not answered yet" if asking else "nobody has looked yet"
            return Duty(role, None, why=why)
        rota = seen.rota
        if rota is None:
            return Duty(role, None, at=seen.at, why=seen.why)
        if (now - rota.at).total_seconds() > FRESH:
            last = f"{clock_or_day(rota.at, now, seconds=True)} UTC"
            why = Said("it was seen last at {}; since then: {}", last, as_said(seen.why or "no answer"))
            return Duty(role, None, source=rota.source, at=seen.at, why=why)
        from ledger.adapters.oncall import on_duty

        try:
            found = on_duty(rota, now)
        except LedgerError as error:
            return Duty(role, None, source=rota.source, at=rota.at, why=error.args[0])
        people = self._config.oncall.people
        on = tuple(one for shift in found.on for one in who_is(shift, people))
        coming = tuple(one for shift in found.coming for one in who_is(shift, people))
        return Duty(role, on, coming, rota.source, rota.at, note=rota.note)

    def duties(self, now: datetime) -> tuple[Duty, ...]:
        """The same for every role that has a schedule."""
        return tuple(duty for role in self.roles if (duty := self.duty(role, now)) is not None)

    def looked_since(self, moment: datetime) -> bool:
        """Whether every schedule was looked at since, in vain or not."""
        with self._guard:
            return all(role in self._seen and self._seen[role].at >= moment for role in self.roles)
