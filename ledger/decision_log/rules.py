"""What a decision log is held against, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ledger.decision_log.line import Finding
from ledger.decision_log.metadata import Expectations
from ledger.decision_log.schema import Schema
from ledger.decision_log.signature import SharedKey
from ledger.decision_log.summary_file import SummaryFile


class EventCount(NamedTuple):
    """At least, and where given at most, so many entries; with a ``name``, entries of that event.

    An entry's event is its ``event``; without one it is its ``status``, and ``unknown`` as well. Metadata lines are no
    events.
    """

    at_least: int
    name: str | None = None
    at_most: int | None = None


@dataclass(frozen=True)
class Rules:
    """What a log is held against. ``add_up`` asks for a telemetry summary of the log in the report."""

    key: SharedKey | None = None
    allow_unsigned: bool = False
    schema: Schema | None = None
    summary: SummaryFile | None = None
    summary_hash_key: str | None = None
    event_counts: tuple[EventCount, ...] = ()
    metadata: Expectations = field(default_factory=Expectations)
    screens: bool = False
    """Every entry but a metadata line must say which screen it was seen on."""
    add_up: bool = False


@dataclass(frozen=True)
class Report:
    """What came of it. ``findings`` is empty where they were told one by one; ``count`` always counts them."""

    entries: int
    signed: int
    count: int
    checked: tuple[str, ...]
    not_checked: tuple[str, ...]
    findings: tuple[Finding, ...] = ()
    sound: int = 0
    """Entries of which nothing was found."""
    metadata_lines: int = 0
    metadata: dict[str, Any] | None = None
    """What the last metadata line carries."""
    telemetry: dict[str, Any] | None = None
    """What the entries add up to, where it was asked for."""

    @property
    def ok(self) -> bool:
        """Verified: there is nothing that was found."""
        return self.count == 0
