"""Commands about a home as a whole: doctor, config."""

from __future__ import annotations

import sys

import click

from ledger.app.doctor.examine import examine
from ledger.app.home import config as settings
from ledger.app.home.folders import Home
from ledger.cli.context import EXIT_REFUSED, Session, stage4_command


@click.command()
@click.option("--drill", is_flag=True, help="Stop trading for moments, in a drill that somebody opened for it.")
@click.option("--yes", is_flag=True, help="With --drill: do not ask.")
@stage4_command
def doctor(session: Session, *, drill: bool, yes: bool) -> None:
    """Keys, modes, clocks, servers, disk, versions: what is wrong and what to do.

    With --drill the override is proved end to end: it is written as the stop writes it, the scheduler is seen disabled,
    it is removed, the scheduler is seen enabled. TRADING STOPS MEANWHILE. Two people open a window for it: an Incident
    Manager opens a rollback of the purpose drill, a product owner confirms it. Who runs it holds l2_ops and
    incident_manager.

    \b
    stage4 doctor --home /srv/stage4
    stage4 doctor --json
    stage4 doctor --drill
    Exit status: 0 all is well, 1 a problem, or the override was not proved, 3 it could not be removed.
    """
    if yes and not drill:
        raise click.UsageError("--yes belongs to --drill")
    if drill:
        from ledger.cli.drill import run_drill

        run_drill(session, yes=yes)
        return
    checks = examine(session.root)
    page = [check._asdict() for check in checks]

    def show() -> None:
        for check in checks:
            mark, style = {"ok": ("✔", "green"), "warning": ("?", "yellow"), "problem": ("✘", "red")}[check.state]
            session.console.print(f"{mark} {check.name:14} {check.found}", style=style, markup=False)
            if check.remedy:
                session.console.print(f"                 → {check.remedy}", markup=False)

    session.answer(page, show)
    if any(check.state == "problem" for check in checks):
        sys.exit(EXIT_REFUSED)


@click.group()
def config() -> None:
    """Look at the configuration."""


@config.command("show")
@stage4_command
def config_show(session: Session) -> None:
    """Every setting, its value (secrets masked), where it comes from, what it means.

    \b
    stage4 config show
    STAGE4_SCHEDULER_URL=https://scheduler.example/status stage4 config show
    """
    path = Home(session.root).config
    lines = settings.explain(settings.load(path), path)

    def show() -> None:
        for line in lines:
            session.console.print(f"{line.place:32} {line.value!r:32} {line.source:12} {line.meaning}", markup=False)

    session.answer([line._asdict() for line in lines], show)
