"""``stage4 doctor --drill`` at a terminal: what will happen, a word that it may, each thing with its second."""

from __future__ import annotations

import signal
import sys
from datetime import datetime
from typing import Any

import click

from ledger.app.doctor.drill import Drilled, by_hand, drill, patience_of, require_window
from ledger.app.reading.queries import rollback_json
from ledger.cli.context import EXIT_REFUSED, EXIT_UNREACHABLE, Session, in_words
from ledger.domain.rules import clock_text
from ledger.domain.state import Rollback
from ledger.errors import Refused


def run_drill(session: Session, *, yes: bool) -> None:
    """Ask, drill, tell; the exit status."""
    installation, seen = session.installation, list[dict[str, str]]()
    rollback, _ = require_window(installation, session.actor)
    if not yes:
        _ask(session, rollback)

    def say(what: str, at: datetime) -> None:
        seen.append({"what": str(what), "at": at.isoformat()})
        session.say(f"{clock_text(at)}  {what}")

    for number in (signal.SIGTERM, signal.SIGHUP):  # like Ctrl-C: what was written is removed first
        signal.signal(number, signal.default_int_handler)
    drilled = drill(installation, session.actor, say, patience_of(installation))
    page: dict[str, Any] = rollback_json(drilled.rollback, session.names) | {
        "proved": drilled.obeyed and drilled.gone,
        "override_gone": drilled.gone,
        "stopped_by": list(drilled.stopped_by),
        "seen": seen,
        "reasons": [str(reason) for reason in drilled.reasons],
    }
    session.answer(page, lambda: _show(session, drilled))
    if drilled.stopped_by:
        held = ", ".join(drilled.stopped_by)
        click.echo(f"TRADING WAS STOPPED IN EARNEST MEANWHILE, under {held}: it is left as it is.", err=True)
        click.echo(f"stage4 rollback show {drilled.stopped_by[0]}", err=True)
        sys.exit(EXIT_REFUSED)
    if not drilled.gone:
        for line in ("THE OVERRIDE IS STILL THERE: trading stays stopped.", *by_hand(drilled.rollback)):
            click.echo(line, err=True)
        sys.exit(EXIT_UNREACHABLE)
    if not drilled.obeyed:
        sys.exit(EXIT_REFUSED)


def _ask(session: Session, rollback: Rollback) -> None:
    """Whoever goes on types what stops; ``Refused`` for anything else, and where nobody can be asked."""
    click.echo(
        f"{rollback.id}: trading of {rollback.component} stops until its scheduler was seen disabled, and runs again "
        "then. No alert is muted.",
        err=True,
    )
    if not sys.stdin.isatty():
        raise Refused("nobody can be asked here whether trading may stop; say so with --yes. Nothing was done")
    if click.prompt(f"Type {rollback.component} to go on", default="", show_default=False, err=True) != (
        rollback.component
    ):
        raise Refused("that was not its name; nothing was done")


def _show(session: Session, drilled: Drilled) -> None:
    console, rollback = session.console, drilled.rollback
    for reason in drilled.reasons:
        console.print(f"✘ {in_words(str(reason), session.names)}", markup=False, style="red")
    if drilled.obeyed and drilled.gone:
        console.print("✔ proved: the scheduler obeys the override, and runs again without it", style="green")
    else:
        console.print("✘ not proved", style="bold red")
    left = "" if not rollback.is_open else f"; what is left: stage4 rollback show {rollback.id}"
    console.print(f"{rollback.id} is {rollback.phase}{left}", markup=False)
