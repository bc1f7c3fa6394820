"""The status page: ``{"status": "enabled|disabled", "since": RFC 3339, "cycle": int, "warnings": [str]}``.

What the page says of ``status`` counts, however oddly the rest is written: a stop must not stay unconfirmed because a
warning is too long. The rest is made fit, what could not be is noted, and the bytes are kept as they came.
"""

from __future__ import annotations

from typing import get_args

from ledger.adapters.http import Clock, Server, ask, bounded_json, masked
from ledger.adapters.shapes import LARGEST, line, listing, reading, table, text, when, whole
from ledger.domain.facts import SchedulerSeen, SchedulerStatus
from ledger.errors import Unreachable
from ledger.masking import masked_bytes, masked_text
from ledger.said import Said

MOST_WARNINGS = 20
_WHO = "the scheduler"
_KNOWN = tuple(status for status in get_args(SchedulerStatus) if status != "unknown")


def read_status(server: Server, clock: Clock) -> SchedulerSeen:
    """One reading of the configured address. Never raises: what cannot be had or read is ``unknown``, with ``error``.

    ``at`` is the time after the answer, so that "seen after the override was written" errs on the late side of the ask.
    """
    asked = clock()
    try:
        answer = ask(server, _WHO, "GET")
        page = bounded_json(answer, _WHO)
        with reading(Said("the scheduler at {}", masked(server.url))):
            return _parse(table(page), server, clock, answer.content)
    except Unreachable as error:
        return SchedulerSeen("unknown", asked, masked(server.url), error=str(error))


def _parse(page: dict[str, object], server: Server, clock: Clock, answer: bytes) -> SchedulerSeen:
    status = text(page["status"])
    if status not in _KNOWN:
        raise ValueError(f"status is neither {' nor '.join(_KNOWN)}")
    notes: list[str] = []
    cycle: int | None = None
    if isinstance(page["cycle"], int | float) and abs(page["cycle"]) > LARGEST:
        notes.append("its cycle is a number beyond ±(2^53-1) and was left out")
    else:
        cycle = whole(page["cycle"])
    given = listing(page["warnings"])
    warnings = tuple(line(masked_text(text(warning))) for warning in given[:MOST_WARNINGS])
    if len(given) > MOST_WARNINGS:
        notes.append(Said("it gave {} warnings, and {} of them were taken", len(given), MOST_WARNINGS))
    if any(warning != said for warning, said in zip(given, warnings, strict=False)):
        notes.append("its warnings were cut or had characters that cannot be printed")
    return SchedulerSeen(
        status="enabled" if status == "enabled" else "disabled",
        at=clock(),
        source=masked(server.url),
        since=when(page["since"]),
        cycle=cycle,
        warnings=warnings,
        notes=tuple(notes),
        answer=masked_bytes(answer),
    )
