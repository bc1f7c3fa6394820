"""Telemetry summaries: what a log of interface telemetry adds up to, and holding a summary file against it.

Format of the file's ``summary`` (and of :meth:`Telemetry.as_json`): ``total_snapshots``; ``events``, by the entry's
``event`` (``unknown`` without one): ``count``, ``fps`` {min, max, avg, samples}, ``screens``, ``severity`` {counts},
``first_timestamp``, ``last_timestamp``; the same two times and ``severity_counts`` for the whole. What nothing was seen
of is left out. Times are ISO 8601 in UTC. Metadata lines are not counted.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from ledger.decision_log.line import Finding, shown

MAX_NAMES: Final = 10_000
"""Most different events, screens and severities that are remembered: memory stays bounded, whatever the log."""

UNKNOWN: Final = "unknown"
_TIMES: Final = frozenset(["first_timestamp", "last_timestamp"])
_TOLERANCE: Final = 1e-6
_FASTEST: Final = 1e9
"""Frames a second; what is above is no measurement, and infinity would spoil every average."""


@dataclass
class _Span:
    """The first and the last time seen."""

    first: datetime | None = None
    last: datetime | None = None

    def add(self, at: datetime | None) -> None:
        if at is not None:
            self.first = at if self.first is None else min(self.first, at)
            self.last = at if self.last is None else max(self.last, at)

    def as_json(self) -> dict[str, str]:
        if self.first is None or self.last is None:
            return {}
        return {"first_timestamp": self.first.isoformat(), "last_timestamp": self.last.isoformat()}


@dataclass
class _Event:
    count: int = 0
    samples: int = 0
    total: float = 0.0
    least: float = math.inf
    most: float = -math.inf
    screens: set[str] = field(default_factory=set)
    severities: Counter[str] = field(default_factory=Counter)
    span: _Span = field(default_factory=_Span)

    def as_json(self) -> dict[str, Any]:
        page: dict[str, Any] = {"count": self.count, **self.span.as_json()}
        if self.samples:
            average = self.total / self.samples
            page["fps"] = {"avg": average, "max": self.most, "min": self.least, "samples": self.samples}
        if self.screens:
            page["screens"] = [json.loads(screen) for screen in sorted(self.screens)]
        if self.severities:
            page["severity"] = {"counts": dict(sorted(self.severities.items()))}
        return page


@dataclass
class Telemetry:
    """Adds entries up. ``complete`` is False once there were more different names than are remembered."""

    total: int = 0
    complete: bool = True
    _events: dict[str, _Event] = field(default_factory=dict)
    _severities: Counter[str] = field(default_factory=Counter)
    _span: _Span = field(default_factory=_Span)
    _names: int = 0

    def add(self, entry: Mapping[str, Any]) -> None:
        """Count one entry that is no metadata line."""
        self.total += 1
        at, severity = instant(entry.get("timestamp")), _severity(entry.get("severity"))
        self._span.add(at)
        self._count(self._severities, severity)
        name = entry.get("event")
        event = self._event(name if isinstance(name, str) and name else UNKNOWN)
        if event is None:
            return
        event.count += 1
        event.span.add(at)
        self._count(event.severities, severity)
        self._measure(event, entry.get("fps"))
        self._see(event, entry.get("screen"))

    def as_json(self) -> dict[str, Any]:
        """The summary as a telemetry summary file has it."""
        events = {name: event.as_json() for name, event in sorted(self._events.items())}
        page = {"total_snapshots": self.total, "events": events, **self._span.as_json()}
        if self._severities:
            page["severity_counts"] = dict(sorted(self._severities.items()))
        return page

    def _event(self, name: str) -> _Event | None:
        if not self._remembers(name, self._events):
            return None
        return self._events.setdefault(name, _Event())

    def _count(self, counts: Counter[str], severity: str | None) -> None:
        if severity is not None and self._remembers(severity, counts):
            counts[severity] += 1

    def _measure(self, event: _Event, fps: Any) -> None:
        if isinstance(fps, int | float) and not isinstance(fps, bool) and abs(fps) <= _FASTEST:
            event.samples += 1
            event.total += fps
            event.least, event.most = min(event.least, fps), max(event.most, fps)

    def _see(self, event: _Event, screen: Any) -> None:
        if not isinstance(screen, dict) or not screen:
            return
        try:
            encoded = _encode(screen)
        except RecursionError:
            self.complete = False
            return
        if self._remembers(encoded, event.screens):
            event.screens.add(encoded)

    def _remembers(self, name: str, known: Mapping[str, Any] | set[str]) -> bool:
        if name in known:
            return True
        self._names += 1
        self.complete = self.complete and self._names <= MAX_NAMES
        return self._names <= MAX_NAMES


def instant(text: Any) -> datetime | None:
    """An ISO 8601 time, UTC where it names no offset; ``None`` for anything else."""
    try:
        moment = datetime.fromisoformat(text.strip()) if isinstance(text, str) else None
        return moment and (moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC))
    except (ValueError, OverflowError):
        return None


def compare(claimed: Any, counted: Telemetry) -> Iterator[Finding]:
    """Everything in which a summary file's ``summary`` differs from what the log's entries add up to."""
    if not counted.complete:
        yield Finding("summary", "cannot be compared", f"at most {MAX_NAMES} different names", "more, or too deep ones")
        return
    yield from _differences("summary", _tidy(claimed), counted.as_json())


def _tidy(claimed: Any) -> Any:
    """The claim with severities in lower case and screens in order, as the counted summary has them."""
    if not isinstance(claimed, dict):
        return claimed
    tidy = dict(claimed)
    for name in ("severity_counts", "counts"):
        if isinstance(tidy.get(name), dict):
            tidy[name] = {_severity(level) or level: count for level, count in tidy[name].items()}
    if isinstance(tidy.get("screens"), list):
        tidy["screens"] = sorted(tidy["screens"], key=_encode)
    for name in ("events", "severity"):
        if isinstance(tidy.get(name), dict):
            inner = tidy[name]
            tidy[name] = {key: _tidy(value) for key, value in inner.items()} if name == "events" else _tidy(inner)
    return tidy


def _differences(place: str, claimed: Any, counted: Any) -> Iterator[Finding]:
    if isinstance(claimed, dict) and isinstance(counted, dict):
        for name in sorted(claimed.keys() | counted.keys()):
            inside = f"{place}.{shown(name)[1:-1]}"
            if name not in counted:
                yield Finding(inside, "stands in the summary file, not in the log", "nothing", shown(claimed[name]))
            elif name not in claimed:
                yield Finding(inside, "stands in the log, not in the summary file", shown(counted[name]), "nothing")
            else:
                yield from _differences(inside, claimed[name], counted[name])
    elif not _same(place, claimed, counted):
        yield Finding(place, "is not what the log adds up to", shown(counted), shown(claimed))


def _same(place: str, claimed: Any, counted: Any) -> bool:
    if place.rpartition(".")[2] in _TIMES:
        return instant(claimed) == instant(counted)
    if isinstance(claimed, bool) or isinstance(counted, bool):
        return claimed is counted
    if isinstance(claimed, float) or isinstance(counted, float):
        numbers = isinstance(claimed, int | float) and isinstance(counted, int | float)
        return numbers and math.isclose(claimed, counted, rel_tol=_TOLERANCE, abs_tol=_TOLERANCE)
    return bool(claimed == counted)


def _severity(level: Any) -> str | None:
    return level.strip().lower() or None if isinstance(level, str) else None


def _encode(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)
