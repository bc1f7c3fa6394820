"""What a program printed is kept as evidence."""

from __future__ import annotations

import click

from ledger.app.press import Press
from ledger.cli.context import Session
from ledger.domain.command import Actor
from ledger.domain.keeping.commands import KeepLog
from ledger.errors import LedgerError


def keep_log(session: Session, program: str, exit_status: int, rollback: str, actor: Actor | None = None) -> None:
    """Keep what was printed as an artefact; a ledger that cannot be written does not change what the program did."""
    try:
        installation = session.installation
        digest = installation.keep("\n".join(session.printed) + "\n")
        command = KeepLog(program=program, exit_status=exit_status, log_sha384=digest)
        installation.submit(command, Press(actor or session.actor), rollback)
    except LedgerError as error:
        click.echo(f"{program}: this log was not kept: {error}", err=True)
