"""Which entries belong together: what was asked, what came of it, and that the scheduler was seen to obey.

An entry has a leader, the first of those that belong together with it. It follows from the entry and the
:data:`REACH` before it alone, so a read model that is continued says the same as one that is made anew.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable
from typing import Final

from ledger.domain.event import Event
from ledger.domain.observing.events import SchedulerObserved
from ledger.store.values import Row

REACH: Final = 200
"""Entries before one in which its leader is looked for; effects end after two minutes, so it is far nearer."""
MOST: Final = 24
"""Entries that are told together at most."""
_FURTHER = re.compile(r"([0-9a-f]{32})-\d+")
"""A further command of one press (``ledger/app/press.py``)."""
_DELIVERED = re.compile(r"deliver-(\d{1,15})-.+", re.DOTALL)
"""What came of the effect that an entry asked for (``ledger/app/record/deliver.py``)."""
_MADE = frozenset({"silence_created", "silence_found", "silence_adopted", "silence_extended"})
_RESTORING = frozenset({"override_removed", "hold_released", "restart_checked", "silence_ended", "all_clear_announced"})
_AFTER: Final = {
    "silence_checked": _MADE,
    "restart_checked": _RESTORING,
    "silence_end_requested": _RESTORING,
    "all_clear_announced": _RESTORING,
    "restore_checked": _RESTORING,
}
"""One press in a browser is several commands elsewhere: status -> those that it goes on from, in its rollback."""
_STOPS: Final = frozenset({"override_written", "override_put_back", "override_adopted", "stop_taken_in"})
_ENDS: Final = frozenset({"override_removed", "removal_adopted"})
_OBEYS: Final = {"disabled": _STOPS, "enabled": _ENDS}
"""What the scheduler is seen to be -> after what that is obedience."""


def press_of(request_id: str) -> str:
    """The request id of the whole press."""
    further = _FURTHER.fullmatch(request_id)
    return further[1] if further else request_id


class Grouping:
    """Gives each row its leader, one after the other."""

    def __init__(self, before: Iterable[Row] = ()) -> None:
        """``before`` are the rows before the first, at least :data:`REACH` of them where there are so many."""
        self._rows: deque[Row] = deque(before, maxlen=REACH)

    def led(self, row: Row, event: Event | None) -> Row:
        """The row with its leader; ``event`` is what its entry says, None where it cannot be read."""
        leader = self._leader(row, event)
        if leader is None or sum(other.leader == leader for other in self._rows) >= MOST:
            leader = row.sequence
        self._rows.append(row._replace(leader=leader))
        return self._rows[-1]

    def _leader(self, row: Row, event: Event | None) -> int | None:
        if isinstance(event, SchedulerObserved):
            return self._obeyed(event.scheduler_status)
        if delivered := _DELIVERED.fullmatch(row.press):
            return next((other.leader for other in self._rows if other.sequence == int(delivered[1])), None)
        if row.press and (same := next((other for other in self._rows if other.press == row.press), None)):
            return same.leader
        return self._gone_on_from(row)

    def _gone_on_from(self, row: Row) -> int | None:
        if (statuses := _AFTER.get(row.status)) is None:
            return None
        last = next((other for other in reversed(self._rows) if other.rollback == row.rollback), None)
        return last.leader if last is not None and last.status in statuses else None

    def _obeyed(self, status: str) -> int | None:
        for other in reversed(self._rows):
            if other.status in _STOPS | _ENDS:
                return other.leader if other.status in _OBEYS.get(status, ()) else None
            if other.status == "scheduler_observed":
                return None
        return None
