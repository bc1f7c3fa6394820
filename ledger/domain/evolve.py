"""``evolve(state, record) -> state``: the one place where an event changes what is true. Pure.

An event that cannot follow from the state before it is ``Corrupt``: the verifier replays with this very function, so an
entry that was signed correctly but tells of an impossible transition is found too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ledger.domain import erasure, marks
from ledger.domain.duties import require
from ledger.domain.events import DIGESTS, FREE_TEXT, ledger, observation, override, rollback, silence
from ledger.domain.events.base import Event
from ledger.domain.events.duties import EvidenceAttached
from ledger.domain.record import Recorded
from ledger.domain.runbook import ALL_ROLES, RUNBOOK_ROLES
from ledger.domain.state import (
    Evidence,
    FileView,
    ForeignSilence,
    Rollback,
    SchedulerView,
    State,
    StepState,
    file_name,
)
from ledger.domain.transitions import AFTER_CLOSING, TRANSITIONS, opened
from ledger.errors import Corrupt

_ENTRIES, _EVIDENCE, _STEPS, _DUTY, _TOOK_STEPS = map(
    Rollback._fields.index, ("entries", "evidence", "steps", "duty", "took_steps")
)
_WITH_FREE_TEXT = frozenset(kind for kind, names in DIGESTS.items() if not FREE_TEXT.isdisjoint(names))


def evolve(state: State, record: Recorded) -> State:
    """The state after one entry; ``Corrupt`` where the entry cannot stand there."""
    if record.sequence != state.sequence + 1:
        raise Corrupt(f"sequence: expected {state.sequence + 1}, found {record.sequence}")
    if record.timestamp < state.timestamp:
        raise Corrupt(f"timestamp goes back: {record.timestamp.isoformat()} after {state.timestamp.isoformat()}")
    event = record.event
    if event is None:
        return _unknown(state, record)
    if (state.opened is None) != (type(event) is ledger.LedgerOpened):
        raise Corrupt("the first entry, and only it, is ledger_opened")
    if type(event) in _STAGE:
        state = _STAGE[type(event)](state, record, event)
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
        raise Corrupt(f"rollback_entry of {rollback.id}: expected {expected}, found {record.rollback_entry}")


def _put(state: State, record: Recorded, after: Rollback) -> State:
    if after.phase == "open":
        return state.moved_on(
            record.sequence, record.timestamp, record.at, {**state.open, after.id: after}, state.closed
        )
    others = {name: other for name, other in state.open.items() if name != after.id}
    return state.moved_on(record.sequence, record.timestamp, record.at, others, {**state.closed, after.id: after})


def _apply_to_rollback(state: State, record: Recorded, event: Event) -> Rollback:
    kind = type(event)
    if type(event) is rollback.RollbackOpened:
        require(state.rollback(record.rollback) is None, f"{record.rollback} was opened before")
        before = after = opened(record, event)
    else:
        found = state.open.get(record.rollback) or state.closed.get(record.rollback)
        if found is None:
            raise Corrupt(f"{record.status}: there is no rollback {record.rollback}")
        before = found
        if before.phase != "open" and kind not in AFTER_CLOSING:
            raise Corrupt(f"{record.status}: {before.id} is closed")
        apply = TRANSITIONS.get(kind)
        after = apply(before, record, event) if apply else before
    if record.rollback_entry != after.entries + 1:
        _require_next(after, record)  # says so
    # What every entry changes is changed by its place: this is where a replay spends its time.
    values: list[Any] = [*after]
    values[_ENTRIES] = record.rollback_entry
    if DIGESTS[kind]:
        values[_EVIDENCE] = (*after.evidence, *_evidence(record, event))
    if event.step is not None and record.role in RUNBOOK_ROLES and kind is not rollback.RollbackConfirmed:
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
    found = [(name, getattr(event, name)) for name in DIGESTS[type(event)]]
    return [new(Evidence, (sequence, status, name, value, step, file)) for name, value in found if value]


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
    if number == 1:
        return after.override.by
    if record.actor != "system":
        return record.actor
    asked = {2: after.silence.by, 4: before.watch.by if before.watch else ""}
    return asked.get(number) or record.actor


# --- the stage -------------------------------------------------------------------------------------------------------


def _ledger_opened(state: State, record: Recorded, event: ledger.LedgerOpened) -> State:
    return state._replace(opened=event)


def _person_added(state: State, record: Recorded, event: ledger.PersonAdded) -> State:
    require(event.person not in state.people, f"{event.person} is a person already; ids are never reissued")
    state = _with_roles(_marking(state, record), event.person, frozenset(event.roles))
    state = marks.gave(state, record, event.person)
    return marks.added(state, record, event.person, event.roles) if event.version > 1 else state


def _roles_granted(state: State, record: Recorded, event: ledger.RolesGranted) -> State:
    _require_active(state, event.person)
    state = _with_roles(_marking(state, record), event.person, state.people[event.person] | frozenset(event.roles))
    state = marks.gave(state, record, event.person)
    return marks.granted(state, record, event.person, event.roles) if event.version > 1 else state


def _marking(state: State, record: Recorded) -> State:
    """Remember the first event of a version that marks; an older one after it would be a grant that hides."""
    version = record.event.version if record.event else 0
    require(version > 1 or not state.marking, f"{record.status}: version 1 cannot follow entry {state.marking}")
    return state if version == 1 or state.marking else state._replace(marking=record.sequence)


def _password_reset(state: State, record: Recorded, event: ledger.PasswordReset) -> State:
    _require_active(state, event.person)
    require(event.person != record.actor, f"{event.person} changed the own password: that is no reset")
    return marks.reset(marks.gave(state, record, event.person), record, event.person)


def _person_deactivated(state: State, record: Recorded, event: ledger.PersonDeactivated) -> State:
    _require_active(state, event.person)
    others = [person for person, roles in state.people.items() if "admin" in roles and person != event.person]
    require(others, f"{event.person} is the last admin and stays")
    after = state._replace(deactivated={**state.deactivated, event.person: record.sequence})
    return _with_roles(after, event.person, frozenset())


def _require_active(state: State, person: str) -> None:
    require(person in state.people, f"{person} is no person of this ledger")
    require(person not in state.deactivated, f"{person} was deactivated by entry {state.deactivated.get(person)}")


def _roles_revoked(state: State, record: Recorded, event: ledger.RolesRevoked) -> State:
    require(event.person in state.people, f"{event.person} is no person of this ledger")
    return _with_roles(state, event.person, state.people[event.person] - frozenset(event.roles))


def _with_roles(state: State, person: str, roles: frozenset[str]) -> State:
    require(roles <= frozenset(ALL_ROLES), f"unknown roles: {', '.join(sorted(roles - frozenset(ALL_ROLES)))}")
    return state._replace(people={**state.people, person: roles})


def _scheduler_seen(state: State, record: Recorded, event: Any) -> State:
    at = event.seen_at if type(event) is observation.SchedulerObserved else event.read_at
    if event.scheduler_status == "enabled":
        state = _disturb(state, f"the scheduler was seen enabled (entry {record.sequence})")
    return state._replace(scheduler=SchedulerView(event.scheduler_status, at, record.sequence, event.cycle))


def _file_present(state: State, record: Recorded, event: Any) -> State:
    at = event.claimed_at if isinstance(event, rollback.StopTakenIn1) else event.seen_at
    if not event.override_sha384:
        return state  # a stop taken in beside one that stands: nothing was looked at for it
    mode, owner = getattr(event, "mode", ""), getattr(event, "owner", "")
    return _with_file(state, event.path, FileView(event.override_sha384, at, record.sequence, "file", mode, owner))


def _with_file(state: State, path: str, view: FileView) -> State:
    return state._replace(files={**state.files, file_name(path): view})


def _put_back_for_all(state: State, record: Recorded, event: override.OverridePutBack) -> State:
    """The file is there again for every rollback that holds the component by it."""
    held = {
        one.id: one._replace(override=one.override._replace(removed_outside=0, gone_at=None))
        for one in state.open.values()
        if one.holds and one.override.removed_outside and one.override.path == event.path
    }
    return _file_present(state._replace(open={**state.open, **held}), record, event)


def _file_gone(state: State, record: Recorded, event: Any) -> State:
    gone = file_name(event.path)
    return state._replace(files={name: view for name, view in state.files.items() if name != gone})


def _disturb(state: State, why: str) -> State:
    """Every watch that runs must start again (docs/runbook.md, step 4)."""
    watched = {
        name: rollback._replace(watch=rollback.watch._replace(disturbed=why))
        for name, rollback in state.open.items()
        if rollback.watch
    }
    return state._replace(open={**state.open, **watched}) if watched else state


def _file_observed(state: State, record: Recorded, event: observation.OverrideObserved) -> State:
    state = _disturb(state, f"the override changed (entry {record.sequence})")
    if event.found == "absent":
        return _file_gone(state, record, event)
    view = FileView(event.override_sha384, event.seen_at, record.sequence, event.found, event.mode, event.owner)
    return _with_file(state, event.path, view)


def _foreign_seen(state: State, record: Recorded, event: observation.ForeignSilenceSeen1) -> State:
    mutes = isinstance(event, observation.ForeignSilenceSeen) and bool(event.mutes)
    view = ForeignSilence(record.sequence, event.ends_at, event.created_by, event.fits, mutes)
    return state._replace(foreign={**state.foreign, event.silence_id: view})


def _foreign_gone(state: State, record: Recorded, event: Any) -> State:
    rest = {name: view for name, view in state.foreign.items() if name != event.silence_id}
    return state._replace(foreign=rest) if len(rest) < len(state.foreign) else state


_STAGE: dict[type[Event], Callable[[State, Recorded, Any], State]] = {
    ledger.LedgerOpened: _ledger_opened,
    ledger.PersonAdded: _person_added,
    ledger.PersonAdded1: _person_added,
    ledger.PasswordReset: _password_reset,
    ledger.PersonDeactivated: _person_deactivated,
    ledger.RolesGranted: _roles_granted,
    ledger.RolesGranted1: _roles_granted,
    ledger.RolesRevoked: _roles_revoked,
    ledger.ErasureProposed: erasure.proposed,
    ledger.ArtefactErased: erasure.erased,
    rollback.StopChecked: _scheduler_seen,
    rollback.RestartChecked: _scheduler_seen,
    observation.SchedulerObserved: _scheduler_seen,
    override.OverrideWritten: _file_present,
    override.OverrideAdopted: _file_present,
    override.OverridePutBack: _put_back_for_all,
    rollback.StopTakenIn: _file_present,
    rollback.StopTakenIn1: _file_present,
    override.OverrideRemoved: _file_gone,
    override.OverrideRemovedOutside: _file_gone,
    observation.OverrideObserved: _file_observed,
    observation.ForeignSilenceSeen: _foreign_seen,
    observation.ForeignSilenceSeen1: _foreign_seen,
    observation.ForeignSilenceGone: _foreign_gone,
    silence.SilenceAdopted: _foreign_gone,
}
