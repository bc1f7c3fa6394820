"""``stage4 announce …`` and ``stage4 connections …``: whether people and systems elsewhere are told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from ledger.app.press import Press
from ledger.cli.context import EXIT_UNREACHABLE, Session, stage4_command
from ledger.errors import Refused, Unreachable

if TYPE_CHECKING:  # slow to import
    from ledger.app.telling.connection import Connection
    from ledger.app.telling.standing import Standing


@click.group()
def announce() -> None:
    """The channel by which people are told of what happens (announce.url, announce.command).

    \b
    stage4 announce test
    """


@announce.command("test")
@stage4_command
def test(session: Session) -> None:
    """Send one message that says it is a test to every channel, and nothing else. No entry is written.

    Exit status 3 where one did not take it.

    \b
    stage4 announce test
    stage4 announce test --json
    """
    from ledger.app.telling.standing import to_try_out  # slow to import

    page = [_tried(session, one) for one in to_try_out(session.installation)]

    def told() -> None:
        for one in page:
            if one["error"]:
                session.console.print(f"{one['connection']}: not taken: {one['error']}", style="bold red", markup=False)
                continue
            session.console.print(f"taken by {one['connection']}. It was sent:", markup=False)
            for line in one["text"].splitlines():
                session.console.print(f"  {line}", markup=False, highlight=False)
            session.console.print(f"look there whether it has come {one['link']}".rstrip(), style="dim", markup=False)

    session.answer(page, told)
    if any(one["error"] for one in page):
        raise SystemExit(EXIT_UNREACHABLE)


def _tried(session: Session, connection: Connection) -> dict[str, str]:
    from ledger.app.telling.standing import try_out  # slow to import

    try:
        delivery, delivered = try_out(session.installation, connection)
    except (Refused, Unreachable) as error:
        return {"connection": connection.name, "error": str(error), "text": "", "id": "", "link": ""}
    return {
        "connection": connection.name,
        "error": "",
        "text": delivery.text,
        "id": delivery.marker,
        "link": delivered.link,
    }


@click.group(invoke_without_command=True)
@stage4_command
def connections(session: Session) -> None:
    """Who elsewhere is told: what waits at each connection since when and why, and which head it took last.

    Exit status 3 where something was not taken.

    \b
    stage4 connections
    stage4 connections retry tickets 17
    stage4 connections give-up tickets 17 --reason "the ticket was deleted"
    """
    if click.get_current_context().invoked_subcommand:
        return
    from ledger.app.telling.standing import standing  # slow to import

    page = [_as_json(one) for one in standing(session.installation)]
    session.answer(page, lambda: _show(session, page))
    if any(one["unsent"] for one in page):
        raise SystemExit(EXIT_UNREACHABLE)


@connections.command("retry")
@click.argument("connection")
@click.argument("entry", type=int)
@click.option("--part", default="", help="What of the entry, where it is not the message itself: comment, link …")
@stage4_command
def retry(session: Session, connection: str, entry: int, part: str) -> None:
    """Send what waits, or was refused, again now; who sends it looks first whether it is there.

    \b
    stage4 connections retry tickets 17 --part comment
    """
    from ledger.app.telling import standing  # slow to import

    standing.retry(session.installation, Press(session.actor), connection, entry, part)
    asked = "asked for: whoever observes sends it at the next look; see: stage4 connections"
    session.answer({"connection": connection, "entry": entry}, lambda: click.echo(asked))


@connections.command("give-up")
@click.argument("connection")
@click.argument("entry", type=int)
@click.option("--reason", required=True, help="Why it is not needed any more.")
@click.option("--part", default="", help="What of the entry, where it is not the message itself: comment, link …")
@stage4_command
def give_up(session: Session, connection: str, entry: int, reason: str, part: str) -> None:
    """Send a message no more; what waits behind it goes on.

    \b
    stage4 connections give-up tickets 17 --reason "the ticket was deleted"
    """
    from ledger.app.telling import standing  # slow to import

    standing.give_up(session.installation, Press(session.actor), connection, entry, reason, part)
    session.answer({"connection": connection, "entry": entry}, lambda: click.echo("it is not sent any more"))


def _as_json(one: Standing) -> dict[str, Any]:
    head = one.head
    return {
        "name": one.name,
        "title": one.title,
        "unsent": [message._asdict() for message in one.unsent],
        "waiting": [{**waits._asdict(), "at": waits.at.isoformat()} for waits in one.waiting],
        "head": {**head._asdict(), "at": head.at.isoformat()} if head else None,
    }


def _show(session: Session, page: list[dict[str, Any]]) -> None:
    console = session.console
    if not page:
        console.print("nobody elsewhere is told; docs/connecting.md says how to connect a channel or a ticket system")
    for one in page:
        head, waits = one["head"], len(one["waiting"])
        took = f"took head {head['head'][:24]}… at {head['at'][:19].replace('T', ' ')} UTC" if head else "took no head"
        console.print(f"{one['name']:16} {f'{waits} wait, ' if waits else ''}{took}", markup=False, highlight=False)
        for message in one["unsent"]:
            part = f" --part {message['part']}" if message["part"] else ""
            console.print(f"    {message['sentence']}", style="bold red", markup=False)
            line = f"stage4 connections retry {one['name']} {message['entry']}{part}"
            console.print(f"    {line}", style="dim", markup=False, highlight=False)
