"""``stage4 people …``: who may act, and under which roles."""

from __future__ import annotations

from typing import Any, TextIO

import click

from ledger.app.acts.people import About, Made, take
from ledger.app.acts.taking import Proof
from ledger.app.durations import parse_moment
from ledger.app.home.setup import add_missing_stages
from ledger.app.installation import Installation
from ledger.app.people import staff
from ledger.app.press import Press
from ledger.app.reading.queries import state_at
from ledger.cli.context import Session, stage4_command
from ledger.cli.passwords import password_options, read_password
from ledger.domain.runbook import ALL_ROLES
from ledger.domain.state import State
from ledger.errors import Refused

ROLES = click.option("--role", "roles", multiple=True, required=True, type=click.Choice(ALL_ROLES), help="Repeats.")


@click.group()
def people() -> None:
    """Roles are entries of the ledger; names stay in a directory outside it.

    \b
    stage4 people add "Ola" --uid 1000 --role l2_ops --role noc
    stage4 people add "Jan" --role noc --login jan        with an account for the dashboard
    stage4 people password p-4f9c2 --generate             a new password, shown once
    stage4 people name p-4f9c2 "Jan" --uid 1001           where the directory of names was lost
    stage4 people grant p-4f9c2 --role product_owner
    stage4 people deactivate p-4f9c2
    stage4 people erase p-4f9c2
    stage4 people list --at 2026-11-23
    """


@people.command()
@click.argument("name")
@click.option("--uid", type=click.IntRange(0, 2**32 - 2), help="Login uid on this machine.")
@ROLES
@click.option("--login", metavar="NAME", help="Give an account for the dashboard too, under this login name.")
@password_options
@stage4_command
def add(
    session: Session,
    name: str,
    uid: int | None,
    roles: tuple[str, ...],
    login: str | None,
    generate: bool,
    password_file: TextIO | None,
) -> None:
    """Let a person act (admin). Where it was interrupted, the same again finishes it, under the same id.

    \b
    stage4 people add "Jan" --uid 1001 --role l2_ops
    stage4 people add "Ola" --role noc --login ola --generate
    """
    if login is None and (generate or password_file):
        raise click.UsageError("a password belongs to an account; say --login NAME too")
    given = "" if login is None else read_password(generate=generate, file=password_file)
    added, made = _take(session, "add", About(name=name, roles=roles, login=login, uid=uid, password=given))
    page: dict[str, Any] = {"person": added, "name": name, "roles": roles}
    page |= {} if login is None else _account_page(login, given, made)
    session.answer(page, lambda: _show_account({**page, "roles": ", ".join(roles)}))


@people.command()
@click.argument("person")
@click.argument("name")
@click.option("--uid", type=click.IntRange(0, 2**32 - 2), help="Login uid on this machine.")
@stage4_command
def name(session: Session, person: str, name: str, uid: int | None) -> None:
    """Say who somebody is whose name the directory has lost (admin; anybody here while it knows no admin).

    \b
    stage4 people name p-4f9c2 "Jan" --uid 1001
    """
    installation = _opened(session)
    try:
        actor = session.actor
    except Refused:
        actor = None
    staff.give_name(installation, actor, person, name, uid)
    _show(session)


@people.command()
@click.argument("person")
@ROLES
@stage4_command
def grant(session: Session, person: str, roles: tuple[str, ...]) -> None:
    """Grant roles (admin).

    \b
    stage4 people grant p-4f9c2 --role product_owner
    """
    _take(session, "grant", About(person, roles=roles))
    _show(session)


@people.command()
@click.argument("person")
@ROLES
@stage4_command
def revoke(session: Session, person: str, roles: tuple[str, ...]) -> None:
    """Revoke roles (admin). With the last one the person's sessions end.

    \b
    stage4 people revoke p-4f9c2 --role product_owner
    """
    _take(session, "revoke", About(person, roles=roles))
    _show(session)


@people.command()
@click.argument("person")
@stage4_command
def deactivate(session: Session, person: str) -> None:
    """Let a person act no more, for good (admin): no roles, account or sessions. The last admin stays.

    \b
    stage4 people deactivate p-4f9c2
    """
    _take(session, "deactivate", About(person))
    _show(session)


@people.command()
@click.argument("person")
@stage4_command
def erase(session: Session, person: str) -> None:
    """Forget name and uid of a deactivated person (admin). The entries stay: they name the id alone.

    \b
    stage4 people erase p-4f9c2
    """
    _take(session, "erase", About(person))
    installation = session.installation
    told = f"{person}: name and uid are erased from {installation.people.path}; the ledger's entries are untouched"
    session.answer({"erased": person, "directory": str(installation.people.path)}, lambda: click.echo(told))


@people.command()
@click.argument("person")
@click.option("--login", default="", help="Login name of a first account.")
@password_options
@stage4_command
def password(session: Session, person: str, login: str, generate: bool, password_file: TextIO | None) -> None:
    """Give an account for the dashboard, or a new password (admin; one's own: anybody). The sessions end.

    \b
    stage4 people password p-4f9c2 --login ola
    stage4 people password p-4f9c2 --generate
    """
    given = read_password(generate=generate, file=password_file)
    made = _take(session, "password", About(person, login=login, password=given)).password
    page = {"person": person, **_account_page(session.accounts.login_of(person), given, made)}
    session.answer(page, lambda: _show_account(page))


def _take(session: Session, what: str, about: About) -> Made:
    return take(what, _opened(session), session.accounts, Press(session.actor), about, Proof(accounts=session.accounts))


def _opened(session: Session) -> Installation:
    """The installation, for a command that changes people; the access ledger, which hears of it, is made if missing."""
    installation = session.installation
    for sentence in add_missing_stages(session.root):
        click.echo(f"stage4: {sentence}", err=True)
    return installation


def _account_page(login: str, given: str, made: str) -> dict[str, str]:
    """The account for the screen; a password only where it was generated."""
    return {"login": login} | ({} if given else {"password": made})


def _show_account(page: dict[str, Any]) -> None:
    for name, value in page.items():
        shown = f"{value}   (shown this once)" if name == "password" else value
        click.echo(f"{name:9} {shown}")


@people.command("list")
@click.option("--at", metavar="DATE", help="As it was then: RFC 3339; a date means its end in UTC.")
@stage4_command
def list_(session: Session, at: str | None) -> None:
    """Everybody and their roles, now or at a moment.

    \b
    stage4 people list --at 2026-11-23
    stage4 people list --json
    """
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
