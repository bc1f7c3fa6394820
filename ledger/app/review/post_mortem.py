"""The post-mortem of a rollback, derived from entries alone: every number names the entries that it comes from.

With the timeline's read model only the entries that count are read; without it, or where it does not fit, all of them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from ledger.app.installation import Installation
from ledger.app.reading.queries import sentence
from ledger.app.reading.timeline import Timeline
from ledger.app.record.erasing import read
from ledger.app.review.owed import OUTSIDE, debts, deviations, drift
from ledger.app.review.parts import Line, Point, Proof, Review, Span
from ledger.app.review.times import CLOSES, Records, attempts, durations, first, marks, spans, step_times
from ledger.domain.duties.events import Corrected
from ledger.domain.opening.events import RollbackOpened
from ledger.domain.record import Recorded
from ledger.domain.state import Rollback
from ledger.domain.watching.events import WatchFinished
from ledger.errors import Erased, LedgerError
from ledger.store.timeline_filter import Filter

STATUSES = tuple(kind.status for kind in OUTSIDE)
MOST = 200
"""Observations of the stage that a review looks at; how many are left off is said."""


def review(installation: Installation, found: Rollback, timeline: Timeline | None = None) -> Review:
    """The post-mortem, or what there is of it so far. ``found`` as the ledger's newest state has it."""
    at = installation.clock()
    own, stage, left_off = _read(installation, found, timeline)
    until = found.closed_at or at
    told = tuple(deviations(found, own, stage))
    close = first(own, *CLOSES)
    return Review(
        found,
        until,
        close.sequence if close else 0,
        tuple(durations(own, until)),
        tuple(step_times(own, until)),
        (*spans(own), *drift(told, stage), *_alerts(installation, own)),
        tuple(marks(own)),
        tuple(attempts(own)),
        tuple(lines(own)),
        tuple(_proofs(installation, found)),
        told,
        tuple(debts(found, own)),
        left_off,
    )


def _read(
    installation: Installation, found: Rollback, timeline: Timeline | None
) -> tuple[list[Recorded], list[Recorded], int]:
    """The rollback's own entries, the stage's while it ran, and how many of those are left off."""
    if timeline is not None and timeline.catch_up().ready:
        mine = timeline.store.sequences(Filter(rollback=found.id), found.entries)
        own = list(installation.ledger.chosen(mine))
        if [one.rollback_entry for one in own] == list(range(1, found.entries + 1)):
            seen = Filter(statuses=STATUSES, stage=True, after=found.opened_entry, before=_end(installation, own))
            kept = timeline.store.sequences(seen, MOST)
            more = timeline.store.count(seen, after=kept[-1]) if len(kept) == MOST else 0
            return own, list(installation.ledger.chosen(kept)), more
    own = list(islice((one for one in _from(installation, found) if one.rollback == found.id), found.entries))
    end = _end(installation, own)
    past = (one for one in islice(_from(installation, found), end - found.opened_entry) if not one.rollback)
    stage = [one for one in past if one.status in STATUSES]
    return own, stage[:MOST], len(stage[MOST:])


def _from(installation: Installation, found: Rollback) -> Iterator[Recorded]:
    return (record for record, _ in installation.ledger.records(found.opened_entry - 1))


def _end(installation: Installation, own: Records) -> int:
    """The closing entry, or the one after the last where there is none yet."""
    close = first(own, *CLOSES)
    return close.sequence if close else installation.ledger.view().size + 1


def _alerts(installation: Installation, own: Records) -> Iterator[Span]:
    """Alerts firing at opening and those of the watches' reports; an artefact that cannot be read gives none."""
    found: dict[tuple[str, str], Span] = {}
    for one in own:
        if isinstance(one.event, RollbackOpened) and one.event.firing_sha384:
            name = one.event.firing_sha384
            for row in _json(installation, name, list):
                _add(found, row, one.at, one.sequence, name)
        if isinstance(one.event, WatchFinished):
            name = one.event.report_sha384
            for row in _json(installation, name, dict).get("all_alerts", []):
                _add(found, row, datetime.fromisoformat(row["last_seen"]), one.sequence, name)
    yield from sorted(found.values(), key=lambda span: span.start.at)


def _add(found: dict[tuple[str, str], Span], row: dict[str, Any], last_seen: datetime, entry: int, name: str) -> None:
    start = datetime.fromisoformat(row["active_at"]).astimezone(UTC)
    label = " ".join([row["name"], row["labels"].get("schedule", "")]).strip()
    key = (json.dumps(row["labels"], sort_keys=True), start.isoformat(timespec="seconds"))
    end = Point(entry, "last_seen", max(start, last_seen.astimezone(UTC)))
    found[key] = Span("alert", label, Point(entry, "active_at", start), end, name)


def _json(installation: Installation, name: str, kind: type) -> Any:
    try:
        page = json.loads(read(installation, name))
    except (LedgerError, ValueError):
        return kind()
    return page if isinstance(page, kind) else kind()


def lines(own: Sequence[Recorded]) -> Iterator[Line]:
    """All entries in order, each with what corrects it."""
    fixes: dict[int, tuple[int, ...]] = {}
    for one in own:
        if isinstance(one.event, Corrected):
            fixes[one.event.entry] = (*fixes.get(one.event.entry, ()), one.sequence)
    for one in own:
        when, fixed = getattr(one.event, "occurred_at", None), fixes.get(one.sequence, ())
        yield Line(one.sequence, one.at, one.actor, one.role, one.status, sentence(one), when, fixed, one.timestamp)


def _proofs(installation: Installation, found: Rollback) -> Iterator[Proof]:
    for one in found.evidence:
        size, state = None, "present"
        try:
            size = len(read(installation, one.sha384))
        except Erased:
            state = "erased"
        except LedgerError:
            state = "changed" if installation.artefacts.has(one.sha384) else "missing"
        yield Proof(one.name.removesuffix("_sha384"), one.entry, one.sha384, size, state)
