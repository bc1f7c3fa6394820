"""``stage4 init``: a new home, its first admin, and that person's account for the dashboard."""

from __future__ import annotations

import sys
from typing import Any, TextIO

import click

from ledger.app import staff
from ledger.app.accounts import check_login
from ledger.app.doctor_machine import warn_of
from ledger.app.installation import Installation
from ledger.app.setup import add_stage, require_new
from ledger.app.setup import init as make_home
from ledger.cli.context import Session, stage4_command
from ledger.cli.passwords import ask_login, password_options, read_password
from ledger.domain.runbook import ALL_ROLES


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

    On a terminal it asks for your name and for an account for the dashboard, unless options say them.

    \b
    stage4 init --home /srv/stage4 --name "Ola" --role incident_manager
    stage4 init --home /srv/stage4 --name "Ola" --admin-login ola --generate-password
    stage4 --stage stage5 init         another ledger in the same home (stages in stage4.toml)
    """
    if admin_login is None and (generate or password_file):
        raise click.UsageError("a password belongs to an account; say --admin-login NAME too")
    if session.stage:
        _show_made(session, add_stage(session.root, session.stage), {})
        return
    require_new(session.root)
    asks = sys.stdin.isatty() and sys.stdout.isatty() and not session.as_json
    name = name or (click.prompt("Your name", default="", show_default=False, err=True) if asks else "")
    login = ask_login(name) if asks and admin_login is None else admin_login or ""
    given = ""
    if login:  # whatever is wrong with the account is said before there is a home
        check_login(login)
        given = read_password(generate=generate, file=password_file)
    make_home(session.root, name=name, roles=roles).ledger.log.close()
    _show_made(session, session.installation, _give(session, login, given) if login else {})


def _give(session: Session, login: str, given: str) -> dict[str, str]:
    actor = session.actor
    made = staff.give_account(session.installation, session.accounts, actor, actor.person, login, given)
    return {"login": login} | ({} if given else {"password": made})


def _show_made(session: Session, installation: Installation, account: dict[str, str]) -> None:
    home, origin = installation.home, installation.ledger.origin
    vkey = home.published_key.read_text("utf-8").strip()
    page: dict[str, Any] = {"home": str(home.root), "origin": origin, "verifier_key": vkey, "config": str(home.config)}
    page |= account
    first = "" if session.stage else staff.first_account(installation, session.accounts)
    if first:
        page["next"] = first

    for warning in warn_of(home.root):
        click.echo(f"stage4: {warning}", err=True)

    def show() -> None:
        click.echo(f"made      {home.root}\norigin    {origin}\nkey       {vkey}")
        for name, value in account.items():
            click.echo(f"{name:9} {value}" + ("   (shown this once)" if name == "password" else ""))
        click.echo(f"next      put the servers' addresses into {home.config}, then: stage4 doctor --home {home.root}")
        click.echo(f"          keep the keys elsewhere too: stage4 keys export --out escrow.json --home {home.root}")
        if first:
            click.echo(f"          an account for the dashboard: {first}")
        if not session.stage:
            click.echo(f"          the dashboard: stage4 serve --home {home.root}")

    session.answer(page, show)
    installation.ledger.log.close()
