"""What a home's ledger says: status, log."""

from __future__ import annotations

import time

import click

from ledger import streams
from ledger.app.reading.queries import judged_json, status_json
from ledger.cli.context import Session, stage4_command
from ledger.cli.show import show_status


@click.command()
@stage4_command
def status(session: Session) -> None:
    """The truth now: declared, commanded, observed, each with its age; and the open rollbacks.

    \b
    stage4 status
    stage4 status --json
    """
    standing = session.condition()
    page = status_json(session.installation) | standing.as_json(session.installation.ledger.log.source)
    session.answer(page, lambda: show_status(session.console, page))


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
        for one in following(installation, after):
            after = one.sequence
            rollback = one.record.rollback if one.record else incident
            if incident and rollback != incident and not rollback.startswith(f"{incident}."):
                continue
            session.print_line(judged_json(one), names)
            if streams.gone():
                return
        if not follow:
            return
        time.sleep(0.2)
