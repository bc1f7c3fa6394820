"""The watch with a progress bar; without a terminal, a line every tenth of the window."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ledger.app.durations import format_duration, parse_duration
from ledger.app.press import Press
from ledger.app.steps import watching
from ledger.app.steps.common import Outcome
from ledger.cli.context import Session
from ledger.domain.command import Actor
from ledger.domain.state import Rollback

Report = Callable[[watching.Progress], None]


def watch_with_progress(session: Session, rollback: Rollback, duration: str, actor: Actor | None = None) -> Outcome:
    """Step 4 with its progress shown."""
    with reporting(session) as report:
        press = Press(actor or session.actor)
        return watching.watch(session.installation, press, rollback, parse_duration(duration), report)


@contextmanager
def reporting(session: Session) -> Iterator[Report]:
    """A function that shows progress on this terminal."""
    console = session.errors if session.as_json else session.console
    if not console.is_terminal:
        yield _lines(session)
        return
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn  # slow to import

    columns = (
        TextColumn("watching"),
        BarColumn(),
        TextColumn("{task.completed:.0f}/{task.total:.0f} s"),
        TimeRemainingColumn(),
        TextColumn("{task.description}"),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("")

        def report(at: watching.Progress) -> None:
            bar.update(task, completed=at.elapsed, total=at.total, description=_critical(at))

        yield report


def _critical(at: watching.Progress) -> str:
    return "critical alerts: not known" if at.critical is None else f"critical alerts: {at.critical}"


def _lines(session: Session) -> Report:
    told = -1

    def report(at: watching.Progress) -> None:
        nonlocal told
        tenth = int(10 * at.elapsed / at.total) if at.total else 10
        if tenth > told:
            told = tenth
            session.say(f"watched {format_duration(at.elapsed)} of {format_duration(at.total)}, {_critical(at)}")

    return report
