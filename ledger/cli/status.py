"""What a home's ledger says: status, log."""

from __future__ import annotations

import sys
import time
from typing import Any

import click

from ledger import streams
from ledger.app.oncall.watch import SHORT
from ledger.app.reading.queries import judged_json
from ledger.app.reading.status import outside_json, status_json
from ledger.cli.context import EXIT_REFUSED, Session, stage4_command
from ledger.cli.show import show_outside, show_status
from ledger.errors import Corrupt, LedgerError

STOP_WORKS = "the stop works all the same: stage4 stop"


@click.command()
@stage4_command
def status(session: Session) -> None:
    """The truth now: declared, commanded, observed, each with its age; and the open rollbacks.

    \b
    stage4 status
    stage4 status --json
    Where the store does not hold: what the published lines say, what is seen outside, and exit status 1.
    """
    try:
        page = _page(session)
    except Corrupt as error:
        if session.stage:
            raise
        sys.exit(_damaged(session, error))
    session.answer(page, lambda: show_status(session.console, page))


def _page(session: Session) -> dict[str, Any]:
    standing = session.condition()
    session.installation.oncall.look(SHORT)
    return status_json(session.installation, session.names) | standing.as_json(session.installation.ledger.log.source)


def _damaged(session: Session, error: Corrupt) -> int:
    """Say what is wrong, what can be seen all the same, and that the stop works."""
    session.close()
    session.open_readable()
    try:
        page = _page(session)
        show = show_status
    except LedgerError:
        page = outside_json(session.installation)
        show = show_outside
    page |= {"damaged": str(error), "stop": STOP_WORKS}

    def told() -> None:
        session.console.print(f"DAMAGED    {error}", style="bold red", markup=False)
        show(session.console, page)
        session.console.print(STOP_WORKS, style="bold", markup=False)

    session.answer(page, told)
    return EXIT_REFUSED


@click.command()
@click.option("--follow", "-f", is_flag=True, help="Wait for new entries until Ctrl-C.")
@click.option("--incident", default="", metavar="ID", help="Only this rollback's (or ticket's) entries.")
@click.option("--last", type=int, default=None, help="Only the last N.")
@stage4_command
def log(session: Session, follow: bool, incident: str, last: int | None) -> None:
    """The timeline, oldest first. With --json one object a line.

    A row whose form, place, chain or signature does not hold is shown as it stands, marked with a cross and why.

    \b
    stage4 log --incident INC-2042
    stage4 log --follow
    """
    from ledger.app.soundness.marks import following  # the verifier is not imported for a status

    installation, names = session.installation, session.names
    session.condition()
    after = max(0, installation.ledger.log.size() - last) if last else 0
    while True:
        for row in following(installation, after):
            after = row.sequence
            rollback = row.record.rollback if row.record else incident
            if incident and rollback != incident and not rollback.startswith(f"{incident}."):
                continue
            session.print_line(judged_json(row), names)
            if streams.gone():
                return
        if not follow:
            return
        time.sleep(0.2)
