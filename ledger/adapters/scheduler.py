"""The status page: ``{"status": "enabled|disabled", "since": RFC 3339, "cycle": int, "warnings": [str]}``.

A page of another shape is read by a :class:`Shape`: where on it stands what, and which words it has for the two states.

What the page says of ``status`` counts, however oddly the rest is written: a stop must not stay unconfirmed because a
warning is too long. The rest is made fit, what could not be is noted, and the bytes are kept as they came.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from ledger.adapters.http import Clock, Server, ask, bounded_json, masked
from ledger.adapters.shapes import LARGEST, line, listing, reading, table, text, when, whole
from ledger.domain.facts import SchedulerSeen
from ledger.errors import Unreachable
from ledger.masking import masked_bytes, masked_text
from ledger.said import Said

MOST_WARNINGS = 20
_WHO = "the scheduler"


class Shape(NamedTuple):
    """Where on the page stands what: names of objects and numbers in lists, with dots between (``data.jobs.0.state``).

    ``since``, ``cycle`` and ``warnings`` are empty where the page has no such thing.
    """

    status: str = "status"
    enabled: tuple[str, ...] = ("enabled",)
    """What stands there while it trades; ``true`` and ``false`` are words too."""
    disabled: tuple[str, ...] = ("disabled",)
    since: str = "since"
    cycle: str = "cycle"
    warnings: str = "warnings"


OURS = Shape()
"""The page of the reference scheduler."""


def read_status(server: Server, clock: Clock, shape: Shape = OURS) -> SchedulerSeen:
    """One reading of the configured address. Never raises: what cannot be had or read is ``unknown``, with ``error``.

    ``at`` is the time after the answer, so that "seen after the override was written" errs on the late side of the ask.
    """
    asked = clock()
    try:
        answer = ask(server, _WHO, "GET")
        page = bounded_json(answer, _WHO)
        with reading(Said("the scheduler at {}", masked(server.url))):
            return _parse(table(page), shape, server, clock, answer.content)
    except Unreachable as error:
        return SchedulerSeen("unknown", asked, masked(server.url), error=str(error))


def _parse(page: dict[str, Any], shape: Shape, server: Server, clock: Clock, answer: bytes) -> SchedulerSeen:
    status = _word(_at(page, shape.status))
    if status not in (*shape.enabled, *shape.disabled):
        known = ", ".join((*shape.enabled, *shape.disabled))
        raise ValueError(Said("{} is none of the words that it may be: {}", shape.status, known))
    notes: list[str] = []
    cycle: int | None = None
    counted = _at(page, shape.cycle) if shape.cycle else None
    if isinstance(counted, int | float) and abs(counted) > LARGEST:
        notes.append("its cycle is a number beyond ±(2^53-1) and was left out")
    elif shape.cycle:
        cycle = whole(counted)
    given = listing(_at(page, shape.warnings)) if shape.warnings else []
    warnings = tuple(line(masked_text(text(warning))) for warning in given[:MOST_WARNINGS])
    if not shape.warnings:
        notes.append("its page tells no warnings, so whether it has any is not known")
    if len(given) > MOST_WARNINGS:
        notes.append(Said("it gave {} warnings, and {} of them were taken", len(given), MOST_WARNINGS))
    if any(warning != said for warning, said in zip(given, warnings, strict=False)):
        notes.append("its warnings were cut or had characters that cannot be printed")
    return SchedulerSeen(
        status="enabled" if status in shape.enabled else "disabled",
        at=clock(),
        source=masked(server.url),
        since=when(_at(page, shape.since)) if shape.since else None,
        cycle=cycle,
        warnings=warnings,
        notes=tuple(notes),
        answer=masked_bytes(answer),
    )


def _at(page: Any, path: str) -> Any:
    """What stands at a path; ``KeyError`` names the whole path where nothing does."""
    found = page
    for name in path.split("."):
        if isinstance(found, list) and name.isdecimal() and int(name) < len(found):
            found = found[int(name)]
        elif isinstance(found, dict) and name in found:
            found = found[name]
        else:
            raise KeyError(path)
    return found


def _word(value: object) -> str:
    """A text, or one of JSON's own two words."""
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else text(value)
