"""Decisions about people: who may act, under which roles, and who no longer."""

from __future__ import annotations

from ledger.domain.command import Request
from ledger.domain.people.commands import AddPerson, ChangeRoles, DeactivatePerson, ResetPassword
from ledger.domain.people.events import PasswordReset, PersonAdded, PersonDeactivated, RolesGranted, RolesRevoked
from ledger.domain.rules import Decided, act, as_role, decides
from ledger.domain.state import State
from ledger.errors import Refused
from ledger.said import Said


@decides(AddPerson)
def add_person(state: State, request: Request, command: AddPerson) -> tuple[Decided, ...]:
    """By an admin; a new ledger's first person is added by the ledger itself."""
    role = act(state, request, PersonAdded)
    if command.person in state.people or command.person == "system":
        raise Refused(Said("{} is taken; ids are never reissued", command.person))
    roles = tuple(sorted(as_role(name) for name in command.roles))
    return (Decided(PersonAdded(person=command.person, roles=roles), "", role),)


@decides(ChangeRoles)
def change_roles(state: State, request: Request, command: ChangeRoles) -> tuple[Decided, ...]:
    """By an admin; nothing that changes nothing is written."""
    role = act(state, request, RolesGranted)
    held = _active(state, command.person)
    grant = tuple(sorted({as_role(name) for name in command.grant} - held))
    revoke = tuple(sorted({as_role(name) for name in command.revoke} & held))
    decided = []
    if "admin" in revoke:
        _require_other_admin(state, command.person)
    if grant:
        decided.append(Decided(RolesGranted(person=command.person, roles=grant), "", role))
    if revoke:
        decided.append(Decided(RolesRevoked(person=command.person, roles=revoke), "", role))
    if not decided:
        raise Refused(
            Said("{} holds exactly these roles already: {}", command.person, ", ".join(sorted(held)))
            if held
            else Said("{} holds exactly these roles already: none", command.person)
        )
    return tuple(decided)


@decides(ResetPassword)
def reset_password(state: State, request: Request, command: ResetPassword) -> tuple[Decided, ...]:
    """By an admin, of somebody else: what that account does is marked for 24 hours."""
    role = act(state, request, PasswordReset)
    _active(state, command.person)
    if command.person == request.actor.person:
        raise Refused("changing your own password is no reset; another admin resets it")
    return (Decided(PasswordReset(person=command.person), "", role),)


@decides(DeactivatePerson)
def deactivate(state: State, request: Request, command: DeactivatePerson) -> tuple[Decided, ...]:
    """By an admin, for good: the person holds no roles from now on. The last admin stays."""
    role = act(state, request, PersonDeactivated)
    _active(state, command.person)
    _require_other_admin(state, command.person)
    return (Decided(PersonDeactivated(person=command.person), "", role),)


def _active(state: State, person: str) -> frozenset[str]:
    """The roles of somebody who was not deactivated; ``Refused`` otherwise."""
    if person not in state.people:
        raise Refused(Said("{} is no person of this ledger; see: stage4 people list", person))
    if person in state.deactivated:
        raise Refused(
            Said("{} was deactivated by entry {}, for good; add a new person", person, state.deactivated[person])
        )
    return state.people[person]


def _require_other_admin(state: State, person: str) -> None:
    if [name for name, roles in state.people.items() if "admin" in roles] == [person]:
        raise Refused(Said("{} is the last admin; grant admin to somebody else first", person))
