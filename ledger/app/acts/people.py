"""What is done with people and their accounts, whichever way it comes in: the guard first, then the act.

A password again is asked of whoever is not at the machine, for every one of them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from ledger.app.acts.taking import Proof, require_password
from ledger.app.installation import Installation
from ledger.app.people import staff
from ledger.app.press import Press
from ledger.errors import Refused

if TYPE_CHECKING:
    from ledger.app.people.accounts import Accounts


class About(NamedTuple):
    """Whom it concerns, and what was given for it; which of it an act reads stands beside it in the table."""

    person: str = ""
    name: str = ""
    roles: tuple[str, ...] = ()
    login: str | None = None
    """The name for signing in, where an account is to be given."""
    uid: int | None = None
    """The login uid on this machine."""
    password: str = ""
    """The new one; generated where it is empty."""


class Made(NamedTuple):
    """What came of it."""

    person: str
    password: str = ""
    """One that was generated: shown once."""


class _Taking(NamedTuple):
    installation: Installation
    accounts: Accounts
    press: Press


def _add(t: _Taking, about: About) -> Made:
    made = staff.add(
        t.installation,
        t.accounts,
        t.press,
        about.name,
        about.roles,
        login=about.login,
        uid=about.uid,
        password=about.password,
    )
    return Made(*made)


def _roles(t: _Taking, about: About) -> Made:
    staff.set_roles(t.installation, t.accounts, t.press, about.person, about.roles)
    return Made(about.person)


def _grant(t: _Taking, about: About) -> Made:
    staff.change_roles(t.installation, t.accounts, t.press, about.person, grant=about.roles)
    return Made(about.person)


def _revoke(t: _Taking, about: About) -> Made:
    staff.change_roles(t.installation, t.accounts, t.press, about.person, revoke=about.roles)
    return Made(about.person)


def _password(t: _Taking, about: About) -> Made:
    login = about.login or ""
    made = staff.give_account(t.installation, t.accounts, t.press, about.person, login, about.password)
    return Made(about.person, made)


def _sessions(t: _Taking, about: About) -> Made:
    t.accounts.end_all(about.person, "asked", t.press.actor.person)
    return Made(about.person)


def _deactivate(t: _Taking, about: About) -> Made:
    staff.deactivate(t.installation, t.accounts, t.press, about.person)
    return Made(about.person)


def _erase(t: _Taking, about: About) -> Made:
    staff.erase(t.installation, t.press.actor, about.person)
    return Made(about.person)


PEOPLE_ACTS: dict[str, Callable[[_Taking, About], Made]] = {
    "add": _add,
    "roles": _roles,
    "grant": _grant,
    "revoke": _revoke,
    "password": _password,
    "sessions": _sessions,
    "deactivate": _deactivate,
    "erase": _erase,
}
"""``roles`` says which ones somebody holds; ``grant`` and ``revoke`` change some of them."""


def take(what: str, installation: Installation, accounts: Accounts, press: Press, about: About, proof: Proof) -> Made:
    """Do it. ``Refused`` where there is no such act, the guard is not passed, or the rules say no."""
    if what not in PEOPLE_ACTS:
        raise Refused("there is no such thing to do")
    require_password(press.actor, proof)
    return PEOPLE_ACTS[what](_Taking(installation, accounts, press), about)
