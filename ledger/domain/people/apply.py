"""What events about people do to the stage."""

from __future__ import annotations

from ledger.domain import marks
from ledger.domain.people.events import (
    PasswordReset,
    PersonAdded,
    PersonAdded1,
    PersonDeactivated,
    RolesGranted,
    RolesGranted1,
    RolesRevoked,
)
from ledger.domain.record import Recorded
from ledger.domain.runbook import ALL_ROLES
from ledger.domain.state import (
    State,
)
from ledger.domain.transition import applies_to_stage, require


@applies_to_stage(PersonAdded, PersonAdded1)
def _person_added(state: State, record: Recorded, event: PersonAdded) -> State:
    require(event.person not in state.people, "{} is a person already; ids are never reissued", event.person)
    state = _with_roles(_marking(state, record), event.person, frozenset(event.roles))
    state = marks.gave(state, record, event.person)
    return marks.added(state, record, event.person, event.roles) if event.version > 1 else state


@applies_to_stage(RolesGranted, RolesGranted1)
def _roles_granted(state: State, record: Recorded, event: RolesGranted) -> State:
    _require_active(state, event.person)
    state = _with_roles(_marking(state, record), event.person, state.people[event.person] | frozenset(event.roles))
    state = marks.gave(state, record, event.person)
    return marks.granted(state, record, event.person, event.roles) if event.version > 1 else state


def _marking(state: State, record: Recorded) -> State:
    """Remember the first event of a version that marks; an older one after it would be a grant that hides."""
    version = record.event.version if record.event else 0
    require(version > 1 or not state.marking, "{}: version 1 cannot follow entry {}", record.status, state.marking)
    return state if version == 1 or state.marking else state._replace(marking=record.sequence)


@applies_to_stage(PasswordReset)
def _password_reset(state: State, record: Recorded, event: PasswordReset) -> State:
    _require_active(state, event.person)
    require(event.person != record.actor, "{} changed the own password: that is no reset", event.person)
    return marks.reset(marks.gave(state, record, event.person), record, event.person)


@applies_to_stage(PersonDeactivated)
def _person_deactivated(state: State, record: Recorded, event: PersonDeactivated) -> State:
    _require_active(state, event.person)
    others = [person for person, roles in state.people.items() if "admin" in roles and person != event.person]
    require(others, "{} is the last admin and stays", event.person)
    after = state._replace(deactivated={**state.deactivated, event.person: record.sequence})
    return _with_roles(after, event.person, frozenset())


def _require_active(state: State, person: str) -> None:
    require(person in state.people, "{} is no person of this ledger", person)
    require(person not in state.deactivated, "{} was deactivated by entry {}", person, state.deactivated.get(person))


@applies_to_stage(RolesRevoked)
def _roles_revoked(state: State, record: Recorded, event: RolesRevoked) -> State:
    require(event.person in state.people, "{} is no person of this ledger", event.person)
    return _with_roles(state, event.person, state.people[event.person] - frozenset(event.roles))


def _with_roles(state: State, person: str, roles: frozenset[str]) -> State:
    require(roles <= frozenset(ALL_ROLES), "unknown roles: {}", ", ".join(sorted(roles - frozenset(ALL_ROLES))))
    return state._replace(people={**state.people, person: roles})
