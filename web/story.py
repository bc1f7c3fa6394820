"""The timeline as people read it: by day and rollback, and what belongs together on one line."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Final, NamedTuple

from ledger.app.reading.timeline import Shown
from ledger.app.words import mark
from ledger.said import Said
from web.i18n import gettext
from web.told import brief

HUES: Final = 8
"""Colours in which people are shown; ``static/timeline.css`` has them."""
SHORTLY: Final = {
    "all_clear_announced": mark("all-clear announced"),
    "effect_cancelled": mark("cancelled"),
    "effect_expired": mark("not done in time"),
    "emergency_declared": mark("emergency declared"),
    "hold_joined": mark("hold joined"),
    "hold_released": mark("hold released"),
    "override_failed": mark("override not written"),
    "override_moved_aside": mark("what stood there moved aside"),
    "override_put_back": mark("override put back"),
    "override_removal_failed": mark("override not removed"),
    "override_removal_requested": mark("removal asked for"),
    "override_removed": mark("override removed"),
    "override_requested": mark("override asked for"),
    "override_written": mark("override written"),
    "restart_checked": mark("scheduler's status read"),
    "restore_checked": mark("restoration checked"),
    "rollback_aborted": mark("rollback aborted"),
    "rollback_completed": mark("rollback closed"),
    "silence_checked": mark("checked"),
    "silence_created": mark("created"),
    "silence_end_failed": mark("silence not ended"),
    "silence_end_owed": mark("end of the silence owed"),
    "silence_end_requested": mark("end of the silence asked for"),
    "silence_ended": mark("silence ended"),
    "silence_extend_failed": mark("not extended"),
    "silence_extended": mark("extended"),
    "silence_failed": mark("not created"),
    "silence_found": mark("found there"),
    "silence_requested": mark("silence asked for"),
    "stop_checked": mark("scheduler's status read"),
    "summary_written": mark("summary written"),
}
"""What is said of an entry behind the one that it belongs to; of others their sentence."""
_SEEN = {"disabled": mark("seen disabled"), "enabled": mark("seen enabled")}
_READ: Final = frozenset({"scheduler_observed", "stop_checked", "restart_checked"})
"""Events whose sentence has the scheduler's status first."""


class Line(NamedTuple):
    """What belongs together, told on one line; its first entry leads."""

    parts: Sequence[Shown]
    outside: bool = False
    """Whether it stands among the lines of a rollback and is of none."""

    @property
    def lead(self) -> Shown:
        """The first of them."""
        return self.parts[0]

    @property
    def rest(self) -> Sequence[Shown]:
        """What came of it."""
        return self.parts[1:]

    @property
    def told(self) -> Sequence[Shown]:
        """What the line itself says of that: not what was asked for, where something came after it."""
        last = len(self.rest) - 1
        return [part for n, part in enumerate(self.rest) if n == last or not part.status.endswith("_requested")]

    @property
    def false(self) -> bool:
        """Whether one of them does not hold."""
        return any(part.why for part in self.parts)


class Section(NamedTuple):
    """Lines of one day and one rollback, one after the other. ``fresh_day``: no section of that day is above it."""

    day: str
    rollback: str
    fresh_day: bool
    fresh_rollback: bool
    lines: Sequence[Line]


def lines(rows: Iterable[Shown], *, folded: bool, newest_first: bool) -> list[Line]:
    """The rows (in order of their sequence) as lines: folded, or each by itself."""
    if not folded:
        return [Line((row,)) for row in rows]
    by_leader = sorted(rows, key=lambda row: (row.leader, row.sequence))
    told = [Line(tuple(parts)) for _, parts in groupby(by_leader, key=lambda row: row.leader)]
    return told[::-1] if newest_first else told


def sections(told: Sequence[Line], above: tuple[str, str] = ("", "")) -> Iterator[Section]:
    """The lines under their days and rollbacks; ``above`` are both of the line above the first.

    A line of no rollback between two of the same stays among them.
    """
    day, rollback = above
    placed = zip(told, _rollbacks(told, rollback), strict=True)
    for (of_day, of_rollback), group in groupby(placed, key=lambda one: (day_of(one[0]), one[1])):
        own = [line._replace(outside=not line.lead.rollback and bool(of_rollback)) for line, _ in group]
        fresh_day = of_day != day
        yield Section(of_day, of_rollback, fresh_day, fresh_day or of_rollback != rollback, own)
        day, rollback = of_day, of_rollback


def _rollbacks(told: Sequence[Line], above: str) -> Iterator[str]:
    """Under which rollback each line stands."""
    ahead, following = "", []
    for line in reversed(told):
        ahead = line.lead.rollback or ahead
        following.append(ahead)
    for line, next_ in zip(told, reversed(following), strict=True):
        above = line.lead.rollback or (above if above == next_ else "")
        yield above


def day_of(line: Line) -> str:
    """The day of its first entry, ``2026-11-29``; ``""`` where that is no entry."""
    return str(line.lead.at[:10])


def day_word(day: str, now: datetime) -> str:
    """``today`` or ``yesterday``, in the page's language; ``""`` for any other day."""
    today = now.astimezone(UTC).date()
    return {
        today.isoformat(): gettext("Today"),
        (today - timedelta(days=1)).isoformat(): gettext("Yesterday"),
    }.get(day, "")


def shortly(part: Shown) -> str:
    """What a part says behind the line's first."""
    if part.status in _READ and isinstance(part.told, Said) and (word := _SEEN.get(str(_first(part.told)))):
        return gettext(word)
    return gettext(SHORTLY[part.status]) if part.status in SHORTLY else brief(part.told)


def _first(told: Said) -> str | int:
    """The first value of a sentence; of one with marks behind it, of the sentence before them."""
    value = told.values[0] if told.values else ""
    return _first(value) if isinstance(value, Said) else value


def later(part: Shown, lead: Shown) -> int:
    """Whole seconds by which it came after the first; 0 where a clock went back or one is no entry."""
    if not part.at or not lead.at:
        return 0
    between = datetime.fromisoformat(part.at) - datetime.fromisoformat(lead.at)
    return max(0, int(between.total_seconds()))


def initials(name: str) -> str:
    """Two letters of a name, what stands in brackets left out: ``OL`` of "Ola", ``IM`` of "Incident Manager (lab)"."""
    words: list[str] = re.findall(r"\w+", re.sub(r"\([^)]*\)", "", name)) or re.findall(r"\w+", name)
    if not words:
        return "?"
    return (words[0][:2] if len(words) == 1 else words[0][0] + words[-1][0]).upper()


def hue(person: str) -> int:
    """Which of the colours is a person's, the same on every page and every day."""
    return zlib.crc32(person.encode()) % HUES
