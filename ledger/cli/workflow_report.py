"""What a command of the workflow tells: line by line, into the job's summary, and its outputs for later steps."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import click

from ledger.app.steps.common import title
from ledger.cli.context import Session
from ledger.domain.facts import AlertSeen
from ledger.errors import LedgerError, Refused, Unreachable


class Report:
    """The log of one command: shown line by line, and put into the job's summary at the end."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.lines: list[str] = []

    def say(self, line: str) -> None:
        """Print one line, on standard error with ``--json``; whatever would break it is escaped."""
        self.lines.append(one_line(line))
        click.echo(self.lines[-1], err=self.session.as_json)

    def list_alerts(self, heading: str, alerts: Sequence[AlertSeen]) -> None:
        """Print how many alerts there are, and each."""
        self.say(f"{heading}: {len(alerts) or 'none'}")
        for alert in alerts:
            labels = ", ".join(f'{name}="{value}"' for name, value in alert.labels if name != "alertname")
            self.say(f"  - {title(alert)} ({labels})")


@contextmanager
def reported(session: Session, heading: str) -> Iterator[Report]:
    """A report that reaches the job's summary however the command ends."""
    report = Report(session)
    try:
        yield report
    except LedgerError as error:
        owed = error.owed if isinstance(error, Refused) else ()
        report.lines += map(one_line, (f"not done: {error}", *(f"  - {debt}" for debt in owed)))
        raise
    finally:
        log = "\n".join(report.lines).replace("`", "'")  # nothing in it can end the block
        append_to("GITHUB_STEP_SUMMARY", f"### Stage4: {heading}\n\n```text\n{log}\n```\n")


def append_to(variable: str, text: str) -> None:
    """Append to the file that a variable of the run names; nothing where it names none."""
    if path := os.environ.get(variable):
        try:
            with Path(path).open("a", encoding="utf-8") as stream:
                stream.write(text)
        except OSError as error:
            raise Unreachable(f"cannot append to {variable} at {path}: {error.strerror}") from error


def one_line(text: str) -> str:
    """``text`` with line breaks and what cannot be printed escaped: GitHub reads lines as commands."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode() for character in text
    )
