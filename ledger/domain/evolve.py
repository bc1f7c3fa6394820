"""``evolve(state, record) -> state``: the one place where an event changes what is true. Pure.

An event that cannot follow from the state before it is ``Corrupt``: the verifier replays with this very function, so an
entry that was signed correctly but tells of an impossible transition is found too.
"""

from __future__ import annotations

from typing import Any

from ledger.domain import erasure
from ledger.domain.closing import apply as _closing
from ledger.domain.duties import apply as _duties
from ledger.domain.duties.events import EvidenceAttached
from ledger.domain.event import Event
from ledger.domain.events import DIGESTS, FREE_TEXT
from ledger.domain.keeping import apply as _keeping
from ledger.domain.keeping.events import LedgerOpened
from ledger.domain.learning import apply as _learning
from ledger.domain.observing import apply as _observing
from ledger.domain.opening import apply as _opening
from ledger.domain.opening.apply import opened
from ledger.domain.opening.events import RollbackConfirmed, RollbackOpened
from ledger.domain.people import apply as _people
from ledger.domain.record import Recorded
from ledger.domain.restoring import apply as _restoring
from ledger.domain.runbook import RUNBOOK_ROLES, Step
from ledger.domain.silencing import apply as _silencing
from ledger.domain.state import (
    Evidence,
    Rollback,
    State,
    StepState,
)
from ledger.domain.stopping import apply as _stopping
from ledger.domain.telling import apply as _telling
from ledger.domain.transition import STAGE, TRANSITIONS, require
from ledger.domain.watching import apply as _watching
from ledger.errors import Corrupt
from ledger.said import Said

MODULES = (
    _closing,
    _duties,
    _keeping,
    _learning,
    _observing,
    _opening,
    _people,
    _restoring,
    _silencing,
    _stopping,
    _telling,
    _watching,
)
"""Where transitions are; a test looks that no folder is missing."""
_ENTRIES, _EVIDENCE, _STEPS, _DUTY, _TOOK_STEPS = map(
    Rollback._fields.index, ("entries", "evidence", "steps", "duty", "took_steps")
)


_WITH_FREE_TEXT = frozenset(kind for kind, names in DIGESTS.items() if not FREE_TEXT.isdisjoint(names))


def evolve(state: State, record: Recorded) -> State:
    """The state after one entry; ``Corrupt`` where the entry cannot stand there.

    After one that this build does not know nothing is called wrong for what it builds on: it is not known either.
    """
    if record.sequence != state.sequence + 1:
        raise Corrupt(Said("sequence: expected {}, found {}", state.sequence + 1, record.sequence))
    if record.timestamp < state.timestamp:
        raise Corrupt(
            Said("timestamp goes back: {} after {}", record.timestamp.isoformat(), state.timestamp.isoformat())
        )
    event = record.event
    if event is None:
        return _unknown(state, record)
    if not state.unknown:
        return _apply(state, record, event)
    try:
        return _apply(state, record, event)
    except Corrupt:
        return _unknown(state, record)  # what it builds on may be what is not known here


def _apply(state: State, record: Recorded, event: Event) -> State:
    if (state.opened is None) != (type(event) is LedgerOpened):
        raise Corrupt("the first entry, and only it, is ledger_opened")
    if type(event) in STAGE:
        state = STAGE[type(event)](state, record, event)
    if not record.rollback:
        return state.moved_on(record.sequence, record.timestamp, record.at, state.open, state.closed)
    if type(event) in _WITH_FREE_TEXT:
        state = erasure.remember_texts(state, record, event)
    return _put(state, record, _apply_to_rollback(state, record, event))


def _unknown(state: State, record: Recorded) -> State:
    state = state._replace(unknown=(*state.unknown, record.sequence))
    before = state.rollback(record.rollback) if record.rollback else None
    if before is None:
        return state.moved_on(record.sequence, record.timestamp, record.at, state.open, state.closed)
    _require_next(before, record)
    return _put(state, record, before._replace(entries=record.rollback_entry))


def _require_next(rollback: Rollback, record: Recorded) -> None:
    if record.rollback_entry != rollback.entries + 1:
        expected = rollback.entries + 1
        raise Corrupt(Said("rollback_entry of {}: expected {}, found {}", rollback.id, expected, record.rollback_entry))


def _put(state: State, record: Recorded, after: Rollback) -> State:
    if after.phase == "open":
        return state.moved_on(
            record.sequence, record.timestamp, record.at, {**state.open, after.id: after}, state.closed
        )
    others = {name: other for name, other in state.open.items() if name != after.id}
    return state.moved_on(record.sequence, record.timestamp, record.at, others, state.closed.put(after))


def _apply_to_rollback(state: State, record: Recorded, event: Event) -> Rollback:
    kind = type(event)
    if type(event) is RollbackOpened:
        require(state.rollback(record.rollback) is None, "{} was opened before", record.rollback)
        before = after = opened(record, event)
    else:
        rollback = state.open.get(record.rollback) or state.closed.get(record.rollback)
        if rollback is None:
            raise Corrupt(Said("{}: there is no rollback {}", record.status, record.rollback))
        before = rollback
        if before.phase != "open" and not kind.after_closing:
            raise Corrupt(Said("{}: {} is closed", record.status, before.id))
        apply = TRANSITIONS.get(kind)
        after = apply(before, record, event) if apply else before
    if record.rollback_entry != after.entries + 1:
        _require_next(after, record)  # says so
    # What every entry changes is changed by its place: this is where a replay spends its time.
    values: list[Any] = [*after]
    values[_ENTRIES] = record.rollback_entry
    if DIGESTS[kind]:
        values[_EVIDENCE] = (*after.evidence, *_evidence(record, event))
    if event.step is not None and record.role in RUNBOOK_ROLES and kind is not RollbackConfirmed:
        # Who took a step (and so cannot review it), and who holds the role it was taken under.
        if record.actor not in after.took_steps:
            values[_TOOK_STEPS] = after.took_steps | {record.actor}
        if after.duty.get(record.role) != record.actor:
            values[_DUTY] = {**after.duty, record.role: record.actor}
    if event.decides:
        values[_STEPS] = _judged(before, after, record, event)
    return tuple.__new__(Rollback, values)


def _evidence(record: Recorded, event: Event) -> list[Evidence]:
    sequence, status, new = record.sequence, record.status, tuple.__new__
    step, file = (event.number, event.name) if type(event) is EvidenceAttached else (event.step, "")
    digests = [(name, getattr(event, name)) for name in DIGESTS[type(event)]]
    return [new(Evidence, (sequence, status, name, value, step, file)) for name, value in digests if value]


def _judged(before: Rollback, after: Rollback, record: Recorded, event: Any) -> tuple[StepState, ...]:
    number = event.step
    failed = event.verdict == "error"  # an attempt that came to nothing ends no waiver
    step = StepState(
        after.steps[number].attempts + 1,
        event.verdict,
        record.sequence,
        record.at,
        _judged_by(before, after, record, number),
        getattr(event, "reasons", ()) or tuple(filter(None, (getattr(event, "cause", ""),))),
        waived=before.steps[number].waived if failed else 0,
    )
    return (*after.steps[:number], step, *after.steps[number + 1 :])


def _judged_by(before: Rollback, after: Rollback, record: Recorded, number: int) -> str:
    """What the ledger itself records is the step of the person who asked for it."""
    if number == Step.DISABLE:
        return after.override.by
    if record.actor != "system":
        return record.actor
    asked = {2: after.silence.by, 4: before.watch.by if before.watch else ""}
    return asked.get(number) or record.actor
