"""People with accounts: what an admin does to them, in the order that leaves nothing half done.

The ledger says it first (roles are entries), then the account follows; a command that is refused changes no account.
"""

from __future__ import annotations

from ledger.app.accounts import Accounts, generate
from ledger.app.installation import Installation
from ledger.app.people import Person, erase_person, new_person_id
from ledger.domain.commands import Actor, AddPerson, ChangeRoles, DeactivatePerson, ResetPassword
from ledger.domain.text import check_text
from ledger.errors import Refused


def add(
    installation: Installation, accounts: Accounts, actor: Actor, name: str, login: str, roles: tuple[str, ...]
) -> tuple[str, str]:
    """A new person with an account; returns the id and the password, which is shown once and to be changed."""
    name = check_text("the name", name, longest=200)
    accounts.require_login(login)
    if not roles:
        raise Refused("choose at least one role")
    person = Person(new_person_id(), name, None)
    installation.submit(AddPerson(person=person.id, roles=roles), actor)
    installation.people.put(person)
    return person.id, give_account(installation, accounts, actor, person.id, login)


def give_account(
    installation: Installation, accounts: Accounts, actor: Actor, person: str, login: str = "", password: str = ""
) -> str:
    """A first account, or a new password for the one there is; returns the password.

    For somebody else it is a reset: an entry of the ledger, and what the account does is marked for 24 hours.
    """
    if person not in installation.state.people:
        raise Refused(f"{person[:40]!a} is nobody of this ledger; see: stage4 people list")
    own = person == actor.person
    if not own:
        installation.submit(ResetPassword(person=person), actor)
    if accounts.login_of(person):
        return accounts.reset(person, actor.person, password)
    if not login:
        raise Refused(f"{person} has no account yet; say the login name")
    given = password or generate()
    accounts.add(login, person, given, must_change=not own, by=actor.person)
    return given


def change_roles(
    installation: Installation, accounts: Accounts, actor: Actor, person: str, roles: tuple[str, ...]
) -> None:
    """Grant and revoke so that the person holds exactly these roles; ``Refused`` where nothing would change."""
    held = installation.state.people.get(person, frozenset())
    grant, revoke = tuple(r for r in roles if r not in held), tuple(sorted(held - set(roles)))
    if not grant and not revoke:
        raise Refused("these are the roles that the person holds already")
    installation.submit(ChangeRoles(person=person, grant=grant, revoke=revoke), actor)
    if not roles:
        accounts.end_all(person, "no_role", actor.person)


def deactivate(installation: Installation, accounts: Accounts, actor: Actor, person: str) -> None:
    """A leaver: no roles, no account, no sessions."""
    installation.submit(DeactivatePerson(person=person), actor)
    accounts.remove(person, actor.person)


def erase(installation: Installation, actor: Actor, person: str) -> None:
    """Take a leaver's name out of the directory; the chain is untouched."""
    erase_person(installation.people, installation.state, actor, person)
