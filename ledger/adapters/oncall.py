"""What a schedule says of who is on duty: shifts, and how they are read at a moment. The same for every kind of it.

An adapter gives a :class:`Rota`, or raises where it did not get a whole one: there is no part of one. Who is on duty is
read out of it for a moment by :func:`on_duty`, so that a shift that ends between two looks has ended.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Final, NamedTuple, Protocol

from ledger.errors import Unreachable
from ledger.said import Said

AHEAD: Final = timedelta(days=8)
"""How far a schedule is looked into for who comes next."""
SKEW: Final = 5.0
"""Seconds that two clocks may differ by: the Date of an answer has whole seconds, and was on its way."""
MOST: Final = 5_000
"""Shifts of one schedule in that time at most; nobody has more."""


class Shift(NamedTuple):
    """One person's, or one team's, from when until when. Times are aware UTC."""

    name: str
    """As the schedule has it, for people."""
    known_as: tuple[str, ...]
    """By what ``[oncall.people]`` may know them, in small letters: e-mail, login, name, id."""
    start: datetime | None
    """None where it began before what was looked at."""
    end: datetime | None
    """The first moment that is no part of it; None where it has no end that was seen."""


class Rota(NamedTuple):
    """What a schedule said."""

    shifts: tuple[Shift, ...]
    at: datetime
    """When it was asked, by our clock."""
    source: str
    """Who said it, for people: ``PagerDuty``."""
    until: datetime
    """What begins later was not looked at."""
    ahead: float = 0.0
    """Seconds by which its clock was ahead of ours."""
    note: str = ""
    """What was left out of it, in a sentence."""


class Schedule(Protocol):
    """A schedule as it is looked at."""

    def rota(self) -> Rota:
        """What it says now. ``Unreachable`` or ``Refused`` where that could not be had whole."""


class Now(NamedTuple):
    """A rota at a moment."""

    on: tuple[Shift, ...]
    """Who is on duty; none is nobody, which is something else than not known."""
    coming: tuple[Shift, ...]
    """Who comes next: all that begin at the same moment."""


def on_duty(rota: Rota, moment: datetime) -> Now:
    """Who is on duty at a moment. A shift has its start and not its end.

    ``Unreachable`` where the schedule's clock differs from ours and it matters which of them is right.
    """
    shifts = joined_up(rota.shifts)
    found = _at(shifts, moment)
    if abs(rota.ahead) > SKEW:
        theirs = _at(shifts, moment + timedelta(seconds=rota.ahead))
        if {shift.known_as for shift in theirs} != {shift.known_as for shift in found}:
            seconds = round(rota.ahead)
            raise Unreachable(
                Said("its clock differs from ours by {} s, and duty changes in that time: set the clocks", seconds)
            )
    there = {shift.known_as for shift in found}
    later = [shift for shift in shifts if shift.start and shift.start > moment and shift.known_as not in there]
    first = min((shift.start for shift in later if shift.start), default=None)
    seen = tuple(shift._replace(end=None) if shift.end and shift.end >= rota.until else shift for shift in found)
    return Now(seen, tuple(shift for shift in later if shift.start == first))


def _at(shifts: Iterable[Shift], moment: datetime) -> tuple[Shift, ...]:
    return tuple(
        shift
        for shift in shifts
        if (shift.start is None or shift.start <= moment) and (shift.end is None or moment < shift.end)
    )


def joined_up(shifts: Iterable[Shift]) -> tuple[Shift, ...]:
    """The same by their starts, with shifts of one person that touch or overlap as one."""
    by_person: dict[tuple[str, ...], list[Shift]] = {}
    for shift in sorted(shifts, key=_began):
        mine = by_person.setdefault(shift.known_as, [])
        last = mine[-1] if mine else None
        if last is not None and (last.end is None or shift.start is None or shift.start <= last.end):
            end = None if last.end is None or shift.end is None else max(last.end, shift.end)
            mine[-1] = last._replace(end=end)
        else:
            mine.append(shift)
    return tuple(sorted((shift for mine in by_person.values() for shift in mine), key=_began))


def _began(shift: Shift) -> tuple[bool, float]:
    return shift.start is not None, shift.start.timestamp() if shift.start else 0.0


def ahead(answer: Any, asked: datetime, answered: datetime) -> float:
    """Seconds by which the clock of who answered is ahead of ours, by its ``Date`` (RFC 9110, section 6.6.1).

    It was read between the two times that are given, and cut to whole seconds.
    """
    try:
        date = parsedate_to_datetime(answer.headers["Date"])
        return (date - min(max(date, asked), answered)).total_seconds()
    except (KeyError, TypeError, ValueError, OverflowError):
        return 0.0
