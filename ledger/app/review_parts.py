"""What a post-mortem is made of. Times are aware UTC, durations whole seconds, entries their sequence."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ledger.domain.state import Rollback


@dataclass(frozen=True)
class Duration:
    """Whole seconds from one entry's moment to another's; ``last`` is 0 and the span goes to now where it runs."""

    name: str
    seconds: int
    start: datetime
    end: datetime
    first: int
    last: int


@dataclass(frozen=True)
class Span:
    """A bar of the Gantt; ``entry`` is where it is written, ``open`` that it has not ended."""

    lane: str
    label: str
    start: datetime
    end: datetime
    entry: int
    open: bool = False


@dataclass(frozen=True)
class Mark:
    """A point on the same axis; ``claimed`` where its time is what somebody said."""

    label: str
    at: datetime
    entry: int
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
    """A deviation from the runbook's straight road."""

    what: str
    at: datetime
    by: str
    entry: int


@dataclass(frozen=True)
class Debt:
    """What was owed since when, and the entry that paid it (0: still owed)."""

    what: str
    since: datetime
    entry: int
    paid: int
    paid_at: datetime | None
    paid_by: str


@dataclass(frozen=True)
class Line:
    """One line of the timeline; ``corrected_by`` names the entries that correct it."""

    entry: int
    at: datetime
    by: str
    role: str
    text: str
    occurred_at: datetime | None
    corrected_by: tuple[int, ...]


@dataclass(frozen=True)
class Review:
    """Everything that a post-mortem shows; ``at`` is up to when it looks."""

    rollback: Rollback
    at: datetime
    durations: tuple[Duration, ...]
    spans: tuple[Span, ...]
    marks: tuple[Mark, ...]
    attempts: tuple[Attempt, ...]
    timeline: tuple[Line, ...]
    evidence: tuple[Proof, ...]
    deviations: tuple[Departure, ...]
    debts: tuple[Debt, ...]
