"""The status page: ``{"status": "enabled|disabled", "since": RFC 3339, "cycle": int, "warnings": [str]}``."""

from __future__ import annotations

from typing import get_args

from ledger.adapters.http import Clock, Server, ask, bounded_json, masked
from ledger.adapters.shapes import listing, reading, table, text, when, whole
from ledger.domain.facts import SchedulerSeen, SchedulerStatus
from ledger.errors import Unreachable

_WHO = "the scheduler"
_KNOWN = tuple(status for status in get_args(SchedulerStatus) if status != "unknown")


def read_status(server: Server, clock: Clock) -> SchedulerSeen:
    """One reading of the configured address. Never raises: what cannot be had or read is ``unknown``, with ``error``.

    ``at`` is the time after the answer, so that "seen after the override was written" errs on the late side of the ask.
    """
    asked = clock()
    try:
        answer = bounded_json(ask(server, _WHO, "GET"), _WHO)
        with reading(f"{_WHO} at {masked(server.url)}"):
            return _parse(table(answer), server, clock)
    except Unreachable as error:
        return SchedulerSeen("unknown", asked, masked(server.url), error=str(error))


def _parse(page: dict[str, object], server: Server, clock: Clock) -> SchedulerSeen:
    status = text(page["status"])
    if status not in _KNOWN:
        raise ValueError(f"status is neither {' nor '.join(_KNOWN)}")
    return SchedulerSeen(
        status="enabled" if status == "enabled" else "disabled",
        at=clock(),
        source=masked(server.url),
        since=when(page["since"]),
        cycle=whole(page["cycle"]),
        warnings=tuple(text(warning) for warning in listing(page["warnings"])),
    )
