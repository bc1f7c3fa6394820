"""What a post-mortem is made of. Times are aware UTC, durations whole seconds, entries their sequence.

Names are codes (``to_confirm``), the same in every language; pages have the words for them. Every number says which
entries it comes from, and which field of each.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from ledger.domain.record import Recorded
from ledger.domain.state import Rollback

_HALF, _WHOLE = timedelta(milliseconds=500), timedelta(seconds=1)


class Point(NamedTuple):
    """A time that an entry gives; ``field`` says where in it, e.g. ``timestamp`` or ``metadata.seen_at``."""

    entry: int
    field: str
    at: datetime


def written(record: Recorded) -> Point:
    """When the entry was written, by the wall clock."""
    return Point(record.sequence, "timestamp" if record.at == record.timestamp else "metadata.wall_time", record.at)


def seen(record: Recorded) -> Point:
    """When what the entry tells of happened: as it was seen, read or claimed, else when it was written."""
    for name in ("seen_at", "read_at", "claimed_at", "ended_at", "starts_at"):
        if (point := said(record, name)) is not None:
            return point
    return written(record)


def said(record: Recorded, name: str) -> Point | None:
    """The time in one of the event's own fields, where it has one."""
    at = getattr(record.event, name, None)
    return Point(record.sequence, f"metadata.{name}", at) if isinstance(at, datetime) else None


def seconds_between(start: datetime, end: datetime) -> int:
    """Whole seconds, to the nearest (a half goes up), never below 0."""
    return max(0, (end - start + _HALF) // _WHOLE)


@dataclass(frozen=True)
class Duration:
    """From one entry's moment to another's. ``running`` goes on up to the review's ``at``; ``never`` has no seconds."""

    code: str
    state: Literal["done", "running", "never"]
    seconds: int | None
    start: Point
    end: Point | None


@dataclass(frozen=True)
class StepTime:
    """One step: due since the one before was settled; tried once or more; settled when it passed or was waived."""

    step: int
    shown: str | None
    """Verdict as people see it: also ``lapsed``, ``waived``, ``accepted``."""
    attempts: int
    """Verdicts."""
    due: Point | None
    began: Point
    settled: Point | None
    waited: int | None
    """Seconds from ``due`` to ``began``."""
    took: int
    """Seconds of all attempts, each from its first entry to its verdict: the step's bars on the axis."""


@dataclass(frozen=True)
class Span:
    """A bar on the axis; ``end`` is None where it has not ended.

    ``label`` is an attempt's verdict, an alert's name, the source that was not observed, or a drift's code;
    ``source`` names the artefact that an alert stands in.
    """

    lane: str
    label: str
    start: Point
    end: Point | None
    source: str = ""
    ended: bool = True
    """False where ``end`` is only the last time that an alert was seen firing: its end was not seen."""
    gone: Point | None = None
    """Then: the first look that did not find it any more, where there was one."""
    critical: bool = False
    """Of an alert: whether its severity is critical."""

    @property
    def entry(self) -> int:
        """Where it is written that it began."""
        return self.start.entry


@dataclass(frozen=True)
class Mark:
    """A point on the same axis; ``claimed`` where its time is what somebody said."""

    code: str
    point: Point
    claimed: bool = False


@dataclass(frozen=True)
class Attempt:
    """One verdict on a step."""

    step: int
    number: int
    verdict: str
    reasons: tuple[str, ...]
    at: datetime
    by: str
    entry: int


@dataclass(frozen=True)
class Proof:
    """One artefact; ``found`` is ``present``, ``missing``, ``changed`` or ``erased``; ``size`` in bytes."""

    name: str
    entry: int
    sha384: str
    size: int | None
    found: str


@dataclass(frozen=True)
class Departure:
    """A deviation from the runbook's straight road; ``code`` is its entry's status, ``what`` its sentence."""

    code: str
    what: str
    point: Point
    by: str
    settled: Point | None = None
    """What put it right, where something did."""
    lasts: bool = False
    """Whether it goes on until that: a bar on the axis."""

    @property
    def entry(self) -> int:
        """Where it is written."""
        return self.point.entry


@dataclass(frozen=True)
class Debt:
    """What was owed since when, and what paid it (None: still owed).

    ``of`` is the sentence of the deviation that a review is owed for.
    """

    code: str
    since: Point
    paid: Point | None
    paid_by: str
    of: str = ""


@dataclass(frozen=True)
class Line:
    """One line of the timeline; ``code`` is its status, ``corrected_by`` names the entries that correct it."""

    entry: int
    at: datetime
    by: str
    role: str
    code: str
    text: str
    occurred_at: datetime | None
    corrected_by: tuple[int, ...]
    stamped: datetime
    """The entry's timestamp: later than ``at`` where an earlier entry is."""


class Words(NamedTuple):
    """What somebody wrote: who, under which role, when; ``about`` names an entry, or is 0.

    ``whole`` is the artefact with all of it, where the entry has only the beginning; ``text`` is all of it where that
    can be read.
    """

    text: str
    by: str
    role: str
    point: Point
    kind: str = ""
    about: int = 0
    whole: str = ""

    @property
    def entry(self) -> int:
        """Where it stands."""
        return self.point.entry


class Highlight(NamedTuple):
    """One line of the short time line; ``detail`` is a name, a verdict or what somebody wrote."""

    code: str
    point: Point
    by: str
    detail: str


class FollowUp(NamedTuple):
    """Something to be done; ``done`` is what was said when it was finished."""

    what: Words
    assignee: str
    due: datetime
    done: Words | None


@dataclass(frozen=True)
class Told:
    """In people's words, and who did the two things that are asked for first."""

    stopped_by: str
    """The person who had the scheduler stopped; empty where nobody did."""
    ended: Words | None
    """What ended the incident, or that somebody said that it ended."""
    findings: tuple[Words, ...]
    follow_ups: tuple[FollowUp, ...]
    reviews: tuple[Words, ...]
    highlights: tuple[Highlight, ...]
    """The short time line, in order of time."""


NOTHING = Told("", None, (), (), (), ())


@dataclass(frozen=True)
class Review:
    """Everything that a post-mortem shows; ``at`` is up to when it looks, ``closed`` the closing entry or 0."""

    rollback: Rollback
    at: datetime
    closed: int
    durations: tuple[Duration, ...]
    steps: tuple[StepTime, ...]
    spans: tuple[Span, ...]
    marks: tuple[Mark, ...]
    attempts: tuple[Attempt, ...]
    timeline: tuple[Line, ...]
    evidence: tuple[Proof, ...]
    deviations: tuple[Departure, ...]
    debts: tuple[Debt, ...]
    key_times: tuple[Duration, ...] = ()
    """From the first critical alert: detected, decided, stopped, confirmed, restored."""
    told: Told = NOTHING
    planned: Mapping[int, int] = field(default_factory=dict)
    """Step -> the seconds that it should take."""
    left_off: int = 0
    """Observations of the stage that are not looked at here, because there are too many."""

    @property
    def fired_again(self) -> tuple[Departure, ...]:
        """Critical alerts that were seen firing after the restore."""
        return tuple(departure for departure in self.deviations if departure.code == "critical_alerts_seen")

    @property
    def held(self) -> tuple[Span, ...]:
        """While this rollback's override was in place, as far as the ledger saw."""
        return tuple(span for span in self.spans if span.lane == "scheduler_held")

    @property
    def held_seconds(self) -> int:
        """All of it together: less than ``stopped`` where the file was gone in between, and trading could run."""
        return sum(seconds_between(span.start.at, span.end.at if span.end else self.at) for span in self.held)
