"""A calendar's events (RFC 5545) as shifts, read by a process of its own that is ended when it takes too long.

A calendar is a program of sorts: a rule that repeats every second since 1970 is more events than anybody waits for. So
``python -m ledger.adapters.ical_shifts`` reads one from standard input, after a line of JSON that says from when until
when, and answers in JSON. It has a bound of time and of memory, and lets everything else on the machine go first.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from datetime import date, datetime, time
from datetime import tzinfo as TimeZone  # noqa: N812
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from ledger.adapters.oncall import MOST, Shift
from ledger.adapters.shapes import line, listing, reading, table, when, whole
from ledger.errors import LedgerError, Unreachable
from ledger.said import Said, decode, encode

WHO: Final = "the calendar"
PATIENCE: Final = 10.0
"""Seconds, of the clock and of the processor."""
_MEMORY: Final = 1 << 30
_TELLING: Final = frozenset(
    ("DTSTART", "DTEND", "DURATION", "RRULE", "RDATE", "EXDATE", "RECURRENCE-ID", "STATUS", "TRANSP", "ATTENDEE")
)
"""Properties without which an event is another one."""
_TIMES: Final = ("DTSTART", "DTEND", "RDATE", "EXDATE", "RECURRENCE-ID")
INSTALL: Final = "reading calendars needs the extra [notify]: pip install 'stage4-ledger[notify]'"


class Found(NamedTuple):
    """What a calendar says of a stretch of time."""

    shifts: tuple[Shift, ...]
    free: int
    """Events in it that are marked as leaving one free (``TRANSP:TRANSPARENT``), which put nobody on duty."""


def shifts_of(calendar: bytes, since: datetime, until: datetime, zone: str = "", patience: float = PATIENCE) -> Found:
    """Its shifts between two moments; ``zone`` is of events that name none. ``Unreachable`` says what is wrong."""
    asked = {"since": since.isoformat(), "until": until.isoformat(), "zone": zone, "seconds": round(patience)}
    try:
        done = subprocess.run(
            [sys.executable, "-m", __name__],
            input=json.dumps(asked).encode() + b"\n" + calendar,
            capture_output=True,
            timeout=patience,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise Unreachable(_TOO_LONG) from error
    except OSError as error:
        raise Unreachable(Said("{} could not be read: {}", WHO, error.strerror)) from error
    if done.returncode:
        raise Unreachable(_TOO_LONG)  # by its own limits, of which it cannot tell
    with reading(WHO):
        page = table(json.loads(done.stdout))
        if "error" in page:
            raise Unreachable(decode(page["error"]))
        return Found(tuple(map(_shift, listing(page["shifts"]))), whole(page["free"]))


_TOO_LONG: Final = Said(
    "{} took too long to read, or more memory than any has: look for events that repeat without end", WHO
)


def _shift(page: Any) -> Shift:
    name, known_as, start, end = listing(page)
    return Shift(line(name), tuple(line(word) for word in listing(known_as)), when(start), when(end))


# --- in the process of its own ----------------------------------------------------------------------------------------


def main() -> None:
    """Read standard input, answer on standard output."""
    asked = json.loads(sys.stdin.buffer.readline())
    os.nice(10)
    resource.setrlimit(resource.RLIMIT_CPU, (asked["seconds"], asked["seconds"]))
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    try:
        since, until = (datetime.fromisoformat(asked[name]) for name in ("since", "until"))
        page = read(sys.stdin.buffer.read(), since, until, asked["zone"])
    except LedgerError as error:
        page = {"error": encode(error.args[0])}
    sys.stdout.write(json.dumps(page))


def read(content: bytes, since: datetime, until: datetime, zone: str) -> dict[str, Any]:
    """The answer; ``Unreachable`` where an event of that time cannot be understood."""
    try:
        import icalendar
        import recurring_ical_events
    except ImportError as error:
        raise Unreachable(INSTALL) from error
    try:
        calendar = icalendar.Calendar.from_ical(content)
        home = _zone(zone or str(calendar.get("X-WR-TIMEZONE", "")))
        odd = dict(_not_understood(calendar))
        occurrences = recurring_ical_events.of(calendar).between(since, until)
    except (LedgerError, MemoryError):
        raise
    except Exception as error:  # the libraries raise whatever a calendar makes them meet
        raise Unreachable(Said("{} cannot be understood: {}", WHO, line(str(error) or type(error).__name__))) from error
    shifts: list[list[Any]] = []
    free = 0
    for event in occurrences:
        if why := odd.get(str(event.get("UID", ""))):
            raise Unreachable(why)
        if str(event.get("STATUS", "")).upper() == "CANCELLED":
            continue
        if str(event.get("TRANSP", "")).upper() == "TRANSPARENT":
            free += 1
            continue
        shifts += _of_event(event, home)
        if len(shifts) > MOST:
            raise Unreachable(Said("{} has more than {} shifts in a week: that is no schedule", WHO, MOST))
    return {"shifts": shifts, "free": free}


def _not_understood(calendar: Any) -> Iterator[tuple[str, Said]]:
    """Events with something that the library passes over: the event would be another one, or at another time."""
    for event in calendar.walk("VEVENT"):
        name = str(event.get("UID", ""))
        if broken := [str(part) for part, _ in event.errors if str(part).upper() in _TELLING or not part]:
            raise Unreachable(Said("{} has an event whose {} cannot be understood", WHO, line(broken[0])))
        if "DTSTART" not in event:
            raise Unreachable(Said("{} has an event without a start", WHO))
        if "DTEND" in event and _backwards(event["DTSTART"].dt, event["DTEND"].dt):
            raise Unreachable(Said("{} has an event that ends before it starts", WHO))
        if lost := [zone for part in _TIMES for zone in _lost_zones(event.get(part))]:
            yield name, Said("{} names the time zone {}, which neither it nor this machine knows", WHO, line(lost[0]))


def _backwards(start: date, end: date) -> bool:
    """Whether it ends before it starts; the library would exchange the two."""
    if isinstance(start, datetime) != isinstance(end, datetime):
        return True
    both = isinstance(start, datetime) and isinstance(end, datetime) and (start.tzinfo is None) != (end.tzinfo is None)
    return both or end < start


def _lost_zones(value: Any) -> Iterator[str]:
    """Zones that are named and that the library, which knows them not, left off."""
    for one in value if isinstance(value, list) else [value] if value is not None else []:
        inner = [part.dt for part in one.dts] if hasattr(one, "dts") else [one.dt]
        zone = one.params.get("TZID")
        if zone and any(isinstance(moment, datetime) and moment.tzinfo is None for moment in inner):
            yield str(zone)


def _zone(name: str) -> TimeZone | None:
    if not name:
        return None
    try:
        return ZoneInfo(name)
    except (KeyError, OSError, ValueError) as error:
        raise Unreachable(Said("no time zone has the name {}", line(name))) from error


def _of_event(event: Any, home: TimeZone | None) -> Iterator[list[Any]]:
    start, end = _moment(event.start, home), _moment(event.end, home)
    if end > start:
        for name, known_as in _people(event):
            yield [name, known_as, start.isoformat(), end.isoformat()]


def _moment(value: date, home: TimeZone | None) -> datetime:
    """A time of an event. One without a zone, as of an event of whole days, is a time of where the schedule is."""
    moment = value if isinstance(value, datetime) else datetime.combine(value, time())
    if moment.tzinfo is not None:
        return moment
    if home is None:
        raise Unreachable(
            Said("{} has events without a time zone: set time_zone in [oncall], as in Europe/Warsaw", WHO)
        )
    return moment.replace(tzinfo=home)


def _people(event: Any) -> Iterator[tuple[str, list[str]]]:
    """Who is meant: those who are invited and did not decline; where nobody is invited, whom the title names."""
    invited = event.get("ATTENDEE", [])
    invited = invited if isinstance(invited, list) else [invited]
    persons = [one for one in invited if one.params.get("CUTYPE", "INDIVIDUAL").upper() not in ("ROOM", "RESOURCE")]
    for one in persons:
        away = one.params.get("PARTSTAT", "").upper() == "DECLINED"
        if not away and one.params.get("ROLE", "").upper() != "NON-PARTICIPANT":
            mail = str(one).partition(":")[2] or str(one)
            name = str(one.params.get("CN", "")) or mail
            yield name, [mail.lower(), name.lower()]
    if persons:
        return
    title = " ".join(str(event.get("SUMMARY", "")).split())
    if not title:
        raise Unreachable(Said("{} has an event that names nobody: neither a title nor a guest", WHO))
    yield title, [title.lower()]


if __name__ == "__main__":
    main()
