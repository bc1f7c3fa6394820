"""The post-mortem of a rollback, derived from entries alone: every number names the entries that it comes from.

With the timeline's read model only the entries that count are read; without it, or where it does not fit, all of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from ledger.app.installation import Installation
from ledger.app.reading.queries import sentence
from ledger.app.reading.timeline import Timeline
from ledger.app.record.erasing import read
from ledger.app.review.alerts import alerts
from ledger.app.review.key_times import first_alert, key_times
from ledger.app.review.owed import OUTSIDE, debts, deviations, drift
from ledger.app.review.parts import Line, Proof, Review
from ledger.app.review.plan import planned
from ledger.app.review.times import CLOSES, Records, attempts, durations, first, marks, spans, step_times
from ledger.app.review.told import told
from ledger.domain.duties.events import Corrected
from ledger.domain.record import Recorded
from ledger.domain.state import Rollback
from ledger.errors import Erased, LedgerError
from ledger.store.values import Filter

STATUSES = tuple(kind.status for kind in OUTSIDE)
MOST = 200
"""Observations of the stage that a review looks at; how many are left off is said."""


def review(installation: Installation, rollback: Rollback, timeline: Timeline | None = None) -> Review:
    """The post-mortem, or what there is of it so far. ``rollback`` as the ledger's newest state has it."""
    at = installation.clock()
    own, stage, left_off = _read(installation, rollback, timeline)
    until = rollback.closed_at or at
    left = tuple(deviations(rollback, own, stage))
    close = first(own, *CLOSES)
    fired = tuple(alerts(installation, own))
    alert = first_alert(own, fired)
    return Review(
        rollback,
        until,
        close.sequence if close else 0,
        tuple(durations(own, until)),
        tuple(step_times(own, until)),
        (*spans(own), *drift(left, stage), *fired),
        tuple(marks(own)),
        tuple(attempts(own)),
        tuple(lines(own)),
        tuple(_proofs(installation, rollback)),
        left,
        tuple(debts(rollback, own)),
        tuple(key_times(own, stage, alert, until)),
        told(installation, own, alert),
        planned(installation.config.rollback.planned),
        left_off,
    )


def _read(
    installation: Installation, rollback: Rollback, timeline: Timeline | None
) -> tuple[list[Recorded], list[Recorded], int]:
    """The rollback's own entries, the stage's while it ran, and how many of those are left off."""
    if timeline is not None and timeline.catch_up().ready:
        mine = timeline.store.sequences(Filter(rollback=rollback.id), rollback.entries)
        own = list(installation.ledger.chosen(mine))
        if [record.rollback_entry for record in own] == list(range(1, rollback.entries + 1)):
            seen = Filter(statuses=STATUSES, stage=True, after=rollback.opened_entry, before=_end(installation, own))
            kept = timeline.store.sequences(seen, MOST)
            more = timeline.store.count(seen, after=kept[-1]) if len(kept) == MOST else 0
            return own, list(installation.ledger.chosen(kept)), more
    own = list(
        islice((record for record in _from(installation, rollback) if record.rollback == rollback.id), rollback.entries)
    )
    end = _end(installation, own)
    past = (
        record for record in islice(_from(installation, rollback), end - rollback.opened_entry) if not record.rollback
    )
    stage = [record for record in past if record.status in STATUSES]
    return own, stage[:MOST], len(stage[MOST:])


def _from(installation: Installation, rollback: Rollback) -> Iterator[Recorded]:
    return (record for record, _ in installation.ledger.records(rollback.opened_entry - 1))


def _end(installation: Installation, own: Records) -> int:
    """The closing entry, or the one after the last where there is none yet."""
    close = first(own, *CLOSES)
    return close.sequence if close else installation.ledger.view().size + 1


def lines(own: Sequence[Recorded]) -> Iterator[Line]:
    """All entries in order, each with what corrects it."""
    fixes: dict[int, tuple[int, ...]] = {}
    for record in own:
        if isinstance(record.event, Corrected):
            fixes[record.event.entry] = (*fixes.get(record.event.entry, ()), record.sequence)
    for record in own:
        when, fixed = getattr(record.event, "occurred_at", None), fixes.get(record.sequence, ())
        yield Line(
            record.sequence,
            record.at,
            record.actor,
            record.role,
            record.status,
            sentence(record),
            when,
            fixed,
            record.timestamp,
        )


def _proofs(installation: Installation, rollback: Rollback) -> Iterator[Proof]:
    for evidence in rollback.evidence:
        size, state = None, "present"
        try:
            size = len(read(installation, evidence.sha384))
        except Erased:
            state = "erased"
        except LedgerError:
            state = "changed" if installation.artefacts.has(evidence.sha384) else "missing"
        yield Proof(evidence.name.removesuffix("_sha384"), evidence.entry, evidence.sha384, size, state)
