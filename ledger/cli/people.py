"""``stage4 people …``: who may act, and under which roles."""

from __future__ import annotations

from typing import Any, TextIO

import click

from ledger.app import staff
from ledger.app.accounts import Accounts
from ledger.app.durations import parse_moment
from ledger.app.people import Person, erase_person, new_person_id
from ledger.app.queries import state_at
from ledger.cli.context import Session, stage4_command
from ledger.domain.commands import AddPerson, ChangeRoles, DeactivatePerson
from ledger.domain.runbook import ALL_ROLES
from ledger.domain.state import State
from ledger.domain.text import check_text
from ledger.errors import Refused

ROLES = click.option("--role", "roles", multiple=True, required=True, type=click.Choice(ALL_ROLES), help="Repeats.")


@click.group()
def people() -> None:
    """Roles are entries of the ledger; names stay in a directory outside it.

    \b
    stage4 people add "Ola" --uid 1000 --role l2_ops --role noc
    stage4 people grant p-4f9c2 --role product_owner
    stage4 people deactivate p-4f9c2
    stage4 people erase p-4f9c2
    stage4 people list --at 2026-11-23
    """


@people.command()
@click.argument("name")
@click.option("--uid", type=click.IntRange(0, 2**32 - 2), help="Login uid on this machine.")
@ROLES
@stage4_command
def add(session: Session, name: str, uid: int | None, roles: tuple[str, ...]) -> None:
    """Let a person act (admin)."""
    installation = session.installation
    name = check_text("the name", name, longest=200)
    taken = installation.people.by_uid(uid) if uid is not None else None
    if taken is not None:
        raise Refused(f"uid {uid} is {taken.id} ({taken.name}) already")
    person = Person(new_person_id(), name, uid)
    installation.submit(AddPerson(person=person.id, roles=roles), session.actor)
    installation.people.put(person)
    session.answer(
        {"person": person.id, "roles": roles}, lambda: click.echo(f"{person.id}  {name}: {', '.join(roles)}")
    )


@people.command()
@click.argument("person")
@ROLES
@stage4_command
def grant(session: Session, person: str, roles: tuple[str, ...]) -> None:
    """Grant roles (admin)."""
    session.installation.submit(ChangeRoles(person=person, grant=roles), session.actor)
    _show(session)


@people.command()
@click.argument("person")
@ROLES
@stage4_command
def revoke(session: Session, person: str, roles: tuple[str, ...]) -> None:
    """Revoke roles (admin)."""
    session.installation.submit(ChangeRoles(person=person, revoke=roles), session.actor)
    _show(session)


@people.command()
@click.argument("person")
@stage4_command
def deactivate(session: Session, person: str) -> None:
    """Let a person act no more, for good (admin). The last admin stays."""
    session.installation.submit(DeactivatePerson(person=person), session.actor)
    _show(session)


@people.command()
@click.argument("person")
@stage4_command
def erase(session: Session, person: str) -> None:
    """Forget name and uid of a deactivated person (admin). The entries stay: they name the id alone."""
    installation = session.installation
    erase_person(installation.people, installation.state, session.actor, person)
    told = f"{person}: name and uid are erased from {installation.people.path}; the ledger's entries are untouched"
    session.answer({"erased": person, "directory": str(installation.people.path)}, lambda: click.echo(told))


@people.command()
@click.argument("person")
@click.option("--login", default="", help="Login name of a first account.")
@click.option("--generate", is_flag=True, help="Make a password and show it once.")
@click.option("--password-file", type=click.File("r"), help="File with the password (- for standard input).")
@stage4_command
def password(session: Session, person: str, login: str, generate: bool, password_file: TextIO | None) -> None:
    """Give an account for the dashboard, or a new password (admin; one's own: anybody).

    \b
    stage4 people password p-4f9c2 --login ola
    stage4 people password p-4f9c2 --generate
    """
    installation, actor = session.installation, session.actor
    given = ""
    if password_file is not None:
        given = password_file.readline().rstrip("\n")
    elif not generate:
        given = click.prompt("New password", hide_input=True, confirmation_prompt=True, err=True)
    accounts = Accounts(installation.home, installation.clock)
    made = staff.give_account(installation, accounts, actor, person, login, given)
    page = {"person": person, "login": accounts.login_of(person)} | ({} if given else {"password": made})
    session.answer(page, lambda: click.echo("\n".join(f"{name:9} {value}" for name, value in page.items())))


@people.command("list")
@click.option("--at", metavar="DATE", help="As it was then: RFC 3339; a date means its end in UTC.")
@stage4_command
def list_(session: Session, at: str | None) -> None:
    """Everybody and their roles, now or at a moment."""
    _show(session, state_at(session.installation, parse_moment(at)) if at else None)


def _show(session: Session, then: State | None = None) -> None:
    state = then or session.installation.state
    known = {person.id: person for person in session.installation.people.people()}
    rows: list[dict[str, Any]] = [
        {
            "person": key,
            "name": known[key].name if key in known else None,
            "uid": known[key].uid if key in known else None,
            "roles": sorted(roles),
            "deactivated_entry": state.deactivated.get(key),
        }
        for key, roles in sorted(state.people.items())
    ]

    def show() -> None:
        for row in rows:
            uid = f"uid {row['uid']}" if row["uid"] is not None else "no shell"
            gone = row["deactivated_entry"]
            held = f"deactivated by entry {gone}" if gone else ", ".join(row["roles"])
            click.echo(f"{row['person']:22} {row['name'] or '?':28} {uid:10} {held}")
        if not rows:
            click.echo("nobody: the ledger has no entries of that time")

    session.answer(rows, show)
