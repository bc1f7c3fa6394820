"""People with accounts: what an admin does to them, in an order that can be taken up again wherever it was interrupted.

A new person's name stands in the directory first, then the ledger says it (roles are entries), then the account
follows: nobody is ever nameless, and the same command again finishes what is missing. A command that is refused changes
no account and leaves no name.
"""

from __future__ import annotations

from ledger.app.installation import Installation
from ledger.app.people.accounts import Accounts, check_login, check_password, generate
from ledger.app.people.directory import Lines, Person, erase_person, new_person_id
from ledger.app.press import Press
from ledger.domain.command import Actor
from ledger.domain.people.commands import AddPerson, ChangeRoles, DeactivatePerson, ResetPassword
from ledger.domain.state import State
from ledger.domain.text import check_text
from ledger.errors import Conflict, Corrupt, Refused
from ledger.said import Said


def add(
    installation: Installation,
    accounts: Accounts,
    press: Press,
    name: str,
    roles: tuple[str, ...],
    *,
    login: str | None = None,
    uid: int | None = None,
    password: str = "",
) -> tuple[str, str]:
    """A new person, with an account where ``login`` is given; returns the id and the account's password (or ``""``).

    ``uid`` is the person's login uid on this machine; ``password`` as for ``give_account``. What an interrupted command
    of the same name, uid and login left is finished, under the same id; ``Refused`` where nothing of it is missing.
    """
    name = check_text("the name", name, longest=200)
    if login is not None:
        check_login(login)
    if password:
        check_password(password)
    if not roles:
        raise Refused("choose at least one role")
    with installation.people.alone() as lines:
        begun = _begun(installation, accounts, lines, name, login, uid)
        person = begun or Person(_new_id(installation, lines), name, uid)
        if login is not None:
            accounts.require_login(login, person.id)
        if person.id in installation.state.people:
            _require_unfinished(installation.state, accounts, person, roles, login)
        else:
            _enter(installation, press, lines, person, roles)
        if login is None:
            return person.id, ""
        return person.id, _give_account(installation, accounts, press, person.id, login, password)


def _begun(
    installation: Installation, accounts: Accounts, lines: Lines, name: str, login: str | None, uid: int | None
) -> Person | None:
    """The person whom the same command began to add, or added, as they are to be; ``Refused`` where the uid is taken.

    Who has no uid is told by the name, and where both have an account by the login name: two people may have one name.
    """
    state = installation.state
    for line in lines:
        if line.uid != uid or (uid is None and line.name != name) or (uid is None and line.id in state.deactivated):
            continue
        has = accounts.login_of(line.id)
        other_login = login is not None and has not in ("", login)
        if line.id not in state.people:
            return line._replace(name=name)
        if uid is not None and (line.name != name or other_login or line.id in state.deactivated):
            raise Refused(Said("uid {} is {} ({}) already", uid, line.id, line.name))
        if not other_login:
            return line
    return None


def _new_id(installation: Installation, lines: Lines) -> str:
    """An id that nobody has or had."""
    while (person := new_person_id()) in installation.state.people or person in lines:
        pass
    return person


def _require_unfinished(
    state: State, accounts: Accounts, person: Person, roles: tuple[str, ...], login: str | None
) -> None:
    """``Refused`` where the ledger has the person and no account is missing; it names what changes somebody."""
    held = state.people[person.id]
    if held != frozenset(roles):
        raise Refused(
            Said(
                "{} is there already and holds {}; roles are changed with: stage4 people grant {}; if "
                "this is somebody else, give another name",
                person.name,
                ", ".join(sorted(held)),
                person.id,
            )
        )
    if login is None or accounts.login_of(person.id):
        raise Refused(
            Said(
                "{} is there already and nothing is missing; a new password: stage4 people password {}; "
                "if this is somebody else, give another name",
                person.name,
                person.id,
            )
        )


def _enter(installation: Installation, press: Press, lines: Lines, person: Person, roles: tuple[str, ...]) -> None:
    """The name first, then the entry; a new name whose entry is refused is forgotten again."""
    new = person.id not in lines
    lines.put(person)
    try:
        installation.submit(AddPerson(person=person.id, roles=roles), press)
    except (Refused, Conflict, Corrupt):  # nothing was written; where the store was out of reach, nobody knows
        if new:
            lines.forget(person.id)
        raise


def give_name(installation: Installation, actor: Actor | None, person: str, name: str, uid: int | None = None) -> None:
    """Put somebody into the directory who is in the ledger and not there: the directory was lost.

    By an admin, or, where the directory knows no admin who could, by whoever may write it (``actor`` None). ``Refused``
    for who has a name: names are not exchanged, or yesterday's entries would be somebody else's.
    """
    name, state = check_text("the name", name, longest=200), installation.state
    with installation.people.alone() as lines:
        if person not in state.people or person in state.deactivated:
            raise Refused(Said("{} is nobody of this ledger who may act; see: stage4 people list", ascii(person[:40])))
        known = next((line for line in lines if line.id == person), None)
        if known is not None:
            raise Refused(Said("{} has a name already, {}; it stays until it is erased", person, known.name))
        taken = next((line for line in lines if uid is not None and line.uid == uid), None)
        if taken is not None:
            raise Refused(Said("uid {} is {} ({}) already", uid, taken.id, taken.name))
        able = [line.id for line in lines if line.uid is not None and "admin" in state.people.get(line.id, ())]
        if able and (actor is None or "admin" not in state.people.get(actor.person, ())):
            raise Refused(Said("this needs the role admin: {} can do it", ", ".join(able)))
        lines.put(Person(person, name, uid))


def give_account(
    installation: Installation, accounts: Accounts, press: Press, person: str, login: str = "", password: str = ""
) -> str:
    """A first account, or a new password for the one there is; returns the password (generated where none is given).

    For somebody else it is a reset: an entry of the ledger, what the account does is marked for 24 hours, and the
    password is to be changed at the next sign-in.
    """
    with installation.people.alone():  # so that a login name that was free is free still
        return _give_account(installation, accounts, press, person, login, password)


def _give_account(
    installation: Installation, accounts: Accounts, press: Press, person: str, login: str, password: str
) -> str:
    if person not in installation.state.people:
        raise Refused(Said("{} is nobody of this ledger; see: stage4 people list", ascii(person[:40])))
    own, has = person == press.actor.person, bool(accounts.login_of(person))
    if not has and not login:
        raise Refused(Said("{} has no account yet; say the login name", person))
    _check_account(accounts, None if has else login, password, person)
    if not own:
        installation.submit(ResetPassword(person=person), press)
    if has:
        return accounts.reset(person, press.actor.person, password, must_change=not own)
    given = password or generate()
    accounts.add(login, person, given, must_change=not own, by=press.actor.person)
    return given


def first_account(installation: Installation, accounts: Accounts) -> str:
    """The command that gives an admin the first account; ``""`` where there is an account already."""
    return "" if accounts.any() else first_account_command(installation)


def first_account_command(installation: Installation) -> str:
    """The command that gives an admin an account."""
    admin = next((person for person, roles in installation.state.people.items() if "admin" in roles), "")
    if not admin:  # the last one stays, but an interrupted init has none yet
        return f"stage4 init --home {installation.home.root}"
    return f"stage4 people password {admin} --login NAME --home {installation.home.root}"


def set_roles(
    installation: Installation, accounts: Accounts, press: Press, person: str, roles: tuple[str, ...]
) -> None:
    """Grant and revoke so that the person holds exactly these roles; ``Refused`` where nothing would change."""
    held = installation.state.people.get(person, frozenset())
    grant, revoke = tuple(r for r in roles if r not in held), tuple(sorted(held - set(roles)))
    if not grant and not revoke:
        raise Refused("these are the roles that the person holds already")
    change_roles(installation, accounts, press, person, grant=grant, revoke=revoke)


def change_roles(
    installation: Installation,
    accounts: Accounts,
    press: Press,
    person: str,
    *,
    grant: tuple[str, ...] = (),
    revoke: tuple[str, ...] = (),
) -> None:
    """Grant and revoke; the sessions of who holds no role any more end at once."""
    installation.submit(ChangeRoles(person=person, grant=grant, revoke=revoke), press)
    if not installation.state.people.get(person):
        accounts.end_all(person, "no_role", press.actor.person)


def deactivate(installation: Installation, accounts: Accounts, press: Press, person: str) -> None:
    """A leaver: no roles, no account, no sessions."""
    installation.submit(DeactivatePerson(person=person), press)
    accounts.remove(person, press.actor.person)


def erase(installation: Installation, actor: Actor, person: str) -> None:
    """Take a leaver's name out of the directory; the chain is untouched."""
    erase_person(installation.people, installation.state, actor, person)


def _check_account(accounts: Accounts, login: str | None, password: str, person: str = "") -> None:
    """Whatever would be refused is refused before the ledger says anything."""
    if login is not None:
        accounts.require_login(login, person)
    if password:
        check_password(password)
