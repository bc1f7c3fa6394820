"""``stage4 announce …``: whether people are told."""

from __future__ import annotations

import click

from ledger.cli.context import Session, stage4_command


@click.group()
def announce() -> None:
    """The channel by which people are told of what happens (announce.url, announce.command).

    \b
    stage4 announce test
    """


@announce.command("test")
@stage4_command
def test(session: Session) -> None:
    """Send one message that says it is a test, and nothing else. No entry is written.

    \b
    stage4 announce test
    stage4 announce test --json
    """
    from ledger.app.telling.standing import try_out  # slow to import

    page = try_out(session.installation)

    def told() -> None:
        session.console.print("taken by the announcement hook. It was sent:")
        for line in page["text"].splitlines():
            session.console.print(f"  {line}", markup=False, highlight=False)
        session.console.print("look there whether it has come", style="dim")

    session.answer(page, told)
