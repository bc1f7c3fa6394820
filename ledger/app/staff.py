"""People with accounts: what an admin does to them, in the order that leaves nothing half done.

The ledger says it first (roles are entries), then the account follows; a command that is refused changes no account.
"""

from __future__ import annotations

from ledger.app.accounts import Accounts, check_password, generate
from ledger.app.installation import Installation
from ledger.app.people import Person, erase_person, new_person_id
from ledger.domain.commands import Actor, AddPerson, ChangeRoles, DeactivatePerson, ResetPassword
from ledger.domain.text import check_text
from ledger.errors import Refused


def add(
    installation: Installation,
    accounts: Accounts,
    actor: Actor,
    name: str,
    roles: tuple[str, ...],
    *,
    login: str | None = None,
    uid: int | None = None,
    password: str = "",
) -> tuple[str, str]:
    """A new person, with an account where ``login`` is given; returns the id and the account's password (or ``""``).

    ``uid`` is the person's login uid on this machine; ``password`` as for ``give_account``.
    """
    name = check_text("the name", name, longest=200)
    _check_account(accounts, login, password)
    if not roles:
        raise Refused("choose at least one role")
    taken = installation.people.by_uid(uid) if uid is not None else None
    if taken is not None:
        raise Refused(f"uid {uid} is {taken.id} ({taken.name}) already")
    person = Person(new_person_id(), name, uid)
    installation.submit(AddPerson(person=person.id, roles=roles), actor)
    installation.people.put(person)
    if login is None:
        return person.id, ""
    return person.id, give_account(installation, accounts, actor, person.id, login, password)


def give_account(
    installation: Installation, accounts: Accounts, actor: Actor, person: str, login: str = "", password: str = ""
) -> str:
    """A first account, or a new password for the one there is; returns the password (generated where none is given).

    For somebody else it is a reset: an entry of the ledger, what the account does is marked for 24 hours, and the
    password is to be changed at the next sign-in.
    """
    if person not in installation.state.people:
        raise Refused(f"{person[:40]!a} is nobody of this ledger; see: stage4 people list")
    own, has = person == actor.person, bool(accounts.login_of(person))
    if not has and not login:
        raise Refused(f"{person} has no account yet; say the login name")
    _check_account(accounts, None if has else login, password, person)
    if not own:
        installation.submit(ResetPassword(person=person), actor)
    if has:
        return accounts.reset(person, actor.person, password, must_change=not own)
    given = password or generate()
    accounts.add(login, person, given, must_change=not own, by=actor.person)
    return given


def first_account(installation: Installation, accounts: Accounts) -> str:
    """The command that gives an admin the first account; ``""`` where there is an account already."""
    return "" if accounts.any() else first_account_command(installation)


def first_account_command(installation: Installation) -> str:
    """The command that gives an admin an account."""
    admin = next(one for one, roles in installation.state.people.items() if "admin" in roles)  # the last one stays
    return f"stage4 people password {admin} --login NAME --home {installation.home.root}"


def set_roles(
    installation: Installation, accounts: Accounts, actor: Actor, person: str, roles: tuple[str, ...]
) -> None:
    """Grant and revoke so that the person holds exactly these roles; ``Refused`` where nothing would change."""
    held = installation.state.people.get(person, frozenset())
    grant, revoke = tuple(r for r in roles if r not in held), tuple(sorted(held - set(roles)))
    if not grant and not revoke:
        raise Refused("these are the roles that the person holds already")
    change_roles(installation, accounts, actor, person, grant=grant, revoke=revoke)


def change_roles(
    installation: Installation,
    accounts: Accounts,
    actor: Actor,
    person: str,
    *,
    grant: tuple[str, ...] = (),
    revoke: tuple[str, ...] = (),
) -> None:
    """Grant and revoke; the sessions of who holds no role any more end at once."""
    installation.submit(ChangeRoles(person=person, grant=grant, revoke=revoke), actor)
    if not installation.state.people.get(person):
        accounts.end_all(person, "no_role", actor.person)


def deactivate(installation: Installation, accounts: Accounts, actor: Actor, person: str) -> None:
    """A leaver: no roles, no account, no sessions."""
    installation.submit(DeactivatePerson(person=person), actor)
    accounts.remove(person, actor.person)


def erase(installation: Installation, actor: Actor, person: str) -> None:
    """Take a leaver's name out of the directory; the chain is untouched."""
    erase_person(installation.people, installation.state, actor, person)


def _check_account(accounts: Accounts, login: str | None, password: str, person: str = "") -> None:
    """Whatever would be refused is refused before the ledger says anything."""
    if login is not None:
        accounts.require_login(login, person)
    if password:
        check_password(password)
