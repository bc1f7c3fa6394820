"""``stage4 init``: a new home, its first admin, and that person's account for the dashboard."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any, TextIO

import click

from ledger.app.doctor.machine import warn_of
from ledger.app.home.folders import Home
from ledger.app.home.parts import missing
from ledger.app.home.setup import add_stage, require_unfinished
from ledger.app.home.setup import init as make_home
from ledger.app.installation import Installation
from ledger.app.people import staff
from ledger.app.people.accounts import check_login
from ledger.app.press import Press
from ledger.cli.context import EXIT_UNREACHABLE, Session, stage4_command
from ledger.cli.passwords import ask_login, password_options, read_password
from ledger.domain.runbook import ALL_ROLES
from ledger.errors import Refused
from ledger.proof.note import format_verifier


@click.command()
@click.option("--name", default="", help="Your name, kept outside the chain.")
@click.option("--role", "roles", multiple=True, type=click.Choice(ALL_ROLES), help="Roles you hold besides admin.")
@click.option("--admin-login", metavar="NAME", help="Give yourself an account for the dashboard under this login name.")
@password_options
@stage4_command
def init(
    session: Session,
    name: str,
    roles: tuple[str, ...],
    admin_login: str | None,
    generate: bool,
    password_file: TextIO | None,
) -> None:
    """Make a home: keys (mode 600), configuration, the ledger's first entry. You become its admin.

    On a terminal it asks for your name and for an account for the dashboard, unless options say them. Where it was
    interrupted, the same again makes what is missing; a home in which nothing is missing is refused.

    \b
    stage4 init --home /srv/stage4 --name "Ola" --role incident_manager
    stage4 init --home /srv/stage4 --name "Ola" --admin-login ola --generate-password
    stage4 --stage stage5 init         another ledger in the same home (stages in stage4.toml)
    """
    if admin_login is None and (generate or password_file):
        raise click.UsageError("a password belongs to an account; say --admin-login NAME too")
    if session.stage:
        made = add_stage(session.root, session.stage)
        _show_made(session, made, {}, ())
        made.ledger.log.close()
        return
    lacking = missing(session.root)
    waited = not lacking and _publishes(session)
    if not lacking and not waited:
        _require_account_wanted(session, admin_login or "")
    begun = Home(session.root).store.exists()
    asks = sys.stdin.isatty() and sys.stdout.isatty() and not session.as_json and bool(lacking)
    if asks and not name and {"ledger", "people"} & {part.name for part in lacking}:
        name = click.prompt("Your name", default="", show_default=False, err=True)
    login = ask_login(name) if asks and admin_login is None and not _accounts(session) else admin_login or ""
    given = ""
    if login:  # whatever is wrong with the account is said before there is a home
        check_login(login)
        given = read_password(generate=generate, file=password_file)
    if lacking:
        make_home(session.root, name=name, roles=roles).ledger.log.close()
    account = _give(session, login, given) if login else {}
    _publishes(session)  # what failed under way
    finished = [part.name for part in lacking] if begun else []
    _show_made(session, session.installation, account, finished + (["published"] if waited else []))
    _tell_roles(session, roles)
    _require_whole(session)


def _publishes(session: Session) -> bool:
    """Whether entries waited to be published; they are published now, or the session tells why not."""
    waited = session.installation.publisher.witness.lag() > 0
    if waited:
        session.installation.publish_if_possible()
    return waited


def _require_account_wanted(session: Session, login: str) -> None:
    """A home in which nothing is missing is refused, unless an account is asked for that its person has not."""
    has = session.accounts.login_of(session.actor.person) if login else ""
    if login and not has:
        return
    try:
        require_unfinished(session.root)
    except Refused as error:
        way = f"; a new password: stage4 people password {session.actor.person} --home {session.root}" if has else ""
        raise Refused(f"{error}{way}") from None


def _accounts(session: Session) -> bool:
    """Whether anybody has an account here already; makes nothing."""
    return (Home(session.root).var / "web" / "accounts.sqlite").exists() and session.accounts.any()


def _give(session: Session, login: str, given: str) -> dict[str, str]:
    person, has = session.actor.person, session.accounts.login_of(session.actor.person)
    if has:
        click.echo(f"stage4: {has} has an account already; a new password: stage4 people password {person}", err=True)
        return {"login": has}
    made = staff.give_account(session.installation, session.accounts, Press(session.actor), person, login, given)
    return {"login": login} | ({} if given else {"password": made})


def _tell_roles(session: Session, roles: tuple[str, ...]) -> None:
    """An init that was begun with other roles is finished as it was begun; the difference is a grant, and is said."""
    actor = session.actor
    lacking = sorted(set(roles) - session.installation.state.people[actor.person])
    if lacking:
        options = " ".join(f"--role {role}" for role in lacking)
        way = f"stage4 people grant {actor.person} {options} --home {session.root}"
        click.echo(f"stage4: you do not hold {', '.join(lacking)}: {way}", err=True)


def _show_made(session: Session, installation: Installation, account: dict[str, str], finished: Sequence[str]) -> None:
    home, origin = installation.home, installation.ledger.origin
    vkey = format_verifier(installation.ledger.verifier)
    page: dict[str, Any] = {"home": str(home.root), "origin": origin, "verifier_key": vkey, "config": str(home.config)}
    page |= account | ({"finished": list(finished)} if finished else {})
    first = "" if session.stage else staff.first_account(installation, session.accounts)
    if first:
        page["next"] = first
    made = "finished" if finished else "made"

    for warning in warn_of(home.root):
        click.echo(f"stage4: {warning}", err=True)

    def show() -> None:
        click.echo(f"{made:9} {home.root}" + (f"   (missing were: {', '.join(finished)})" if finished else ""))
        click.echo(f"origin    {origin}\nkey       {vkey}")
        for name, value in account.items():
            click.echo(f"{name:9} {value}" + ("   (shown this once)" if name == "password" else ""))
        click.echo(f"next      put the servers' addresses into {home.config}, then: stage4 doctor --home {home.root}")
        click.echo(f"          keep the keys elsewhere too: stage4 keys export --out escrow.json --home {home.root}")
        if first:
            click.echo(f"          an account for the dashboard: {first}")
        if not session.stage:
            click.echo(f"          the dashboard: stage4 serve --home {home.root}")

    session.answer(page, show)


def _require_whole(session: Session) -> None:
    """What could not be made or published is said, with the exit status of what is not done."""
    lacking = missing(session.root)
    for part in lacking:
        click.echo(f"stage4: not made: {part.found}. {part.remedy}", err=True)
    if lacking or session.installation.publication.why:
        sys.exit(EXIT_UNREACHABLE)
