"""The runbook's own command lines (``scripts/*.py``): wrappers over the same application code as ``stage4``.

Each prints what it did, keeps what it printed as an artefact in the ledger, and works when no server runs.
"""

from __future__ import annotations

import contextlib
import json
import sys
from pathlib import Path

import click

from ledger.app.durations import parse_duration
from ledger.app.press import Press
from ledger.app.reading.queries import rollback_json
from ledger.app.steps import headers, stopping
from ledger.app.steps.common import status_log
from ledger.cli.context import EXIT_REFUSED, Session, fail, stage4_command
from ledger.cli.decision_log import build_command
from ledger.cli.ending import run
from ledger.cli.kept import keep_log
from ledger.cli.own_log import find_own_log
from ledger.cli.refused_scripts import smoke_refused, watch_refused
from ledger.cli.show import show_rollback
from ledger.cli.stop import disable
from ledger.cli.watching import watch_with_progress
from ledger.domain.facts import SchedulerSeen
from ledger.domain.rules import owed_before
from ledger.domain.runbook import Step
from ledger.domain.state import Rollback
from ledger.errors import LedgerError, Refused
from ledger.lab.strategies import demo_telemetry

EXIT_ENABLED, EXIT_UNKNOWN = 10, 11


# --- steps 3 and 5 ----------------------------------------------------------------------------------------------------


@click.command("smoke_demo_strategies.py")
@click.option("--check-disabled", is_flag=True, help="Ask the scheduler itself for its status.")
@click.option("--expect", type=click.Choice(["disabled", "enabled"]), default="disabled", show_default=True)
@click.option(
    "--cycles", type=click.IntRange(1, 100_000), default=20, show_default=True, help="Of the demo strategies."
)
@click.option("--seed", type=int, default=7, show_default=True, help="Of their random walk.")
@click.option("--rollback", default="", help="Where several are open: the one it belongs to.")
@smoke_refused
@stage4_command
def smoke(session: Session, check_disabled: bool, expect: str, cycles: int, seed: int, rollback: str) -> None:
    """Runbook steps 3 and 5: what the scheduler itself says, on the last line: disabled, enabled or unknown.

    \b
    scripts/smoke_demo_strategies.py --check-disabled
    scripts/smoke_demo_strategies.py --check-disabled --expect enabled
    scripts/smoke_demo_strategies.py --cycles 20          the demo strategies' telemetry as JSON
    Exit status with --check-disabled: 0 disabled, 10 enabled, 11 unknown (--expect enabled turns 0 and 10 round).
    """
    if not check_disabled:
        click.echo(json.dumps(demo_telemetry(cycles, seed), indent=2, sort_keys=True))
        return
    due = _due(session, rollback)
    try:
        patience = parse_duration("5s") if due else 0.0
        seen = stopping.read_scheduler(session.installation, due, patience)
    except LedgerError:
        seen = _without_ledger(session)
    recorded = _record(session, due, seen)
    for line in [*status_log(seen), recorded]:
        session.say(line)
    page = {"status": seen.status, "cycle": seen.cycle, "warnings": list(seen.warnings), "error": seen.error or None}
    session.answer(page, lambda: click.echo(seen.status))
    order = {"disabled": 0, "enabled": EXIT_ENABLED}
    if expect == "enabled":
        order = {"enabled": 0, "disabled": EXIT_ENABLED}
    status = order.get(seen.status, EXIT_UNKNOWN)
    session.printed.append(seen.status)
    keep_log(session, "smoke_demo_strategies.py", status, due.id if due else "")
    sys.exit(status)


def _due(session: Session, name: str) -> Rollback | None:
    """The rollback that waits for this reading: named, or the only open one with step 3 or the restart due."""
    try:
        if name:
            return session.installation.rollback(name)
        waiting = [
            rollback
            for rollback in session.installation.state.open.values()
            if (rollback.override.removed_at and not rollback.restarted_at)
            or (rollback.holds and not rollback.override.removed_outside and not owed_before(rollback, Step.CHECK))
        ]
    except LedgerError:
        return None
    return waiting[0] if len(waiting) == 1 else None


def _record(session: Session, due: Rollback | None, seen: SchedulerSeen) -> str:
    if due is None:
        return f"recorded  no: {_why_not(session)}"
    try:
        outcome = stopping.record_check(session.installation, Press(session.actor), due, seen)
    except LedgerError as error:
        return f"recorded  no: {error}"
    return f"recorded  {due.id}: {outcome.verdict}" + "".join(f"; {reason}" for reason in outcome.reasons)


def _why_not(session: Session) -> str:
    """Why no rollback takes the reading: what is owed before, or that none is open."""
    with contextlib.suppress(LedgerError):
        for rollback in session.installation.state.holders:
            if rollback.override.removed_outside:
                return f"somebody removed the override; take that over: stage4 rollback adopt {rollback.id} --reason …"
            if owed := owed_before(rollback, Step.CHECK):
                return f"step 3 of {rollback.id} is not ready: {owed[0]}"
    return "no rollback waits for this reading"


def _without_ledger(session: Session) -> SchedulerSeen:
    """The reading alone, where the ledger cannot be opened."""
    from ledger.app.home import config as settings
    from ledger.app.home.folders import Home
    from ledger.app.installation import ask_scheduler, now

    return ask_scheduler(settings.load(Home(session.root).config), now)


# --- step 4 -----------------------------------------------------------------------------------------------------------


@click.command("watch_metrics_stream.py")
@click.option("--headers-report", is_flag=True, help="First print which headers are sent, secrets masked.")
@click.option("--headers-report-only", is_flag=True, help="Print that alone: nothing is watched or recorded.")
@click.option("--duration", default="", help="Length of the window, e.g. 15m (default: as configured).")
@click.option("--output", type=click.Path(dir_okay=False), help="Put the report here too.")
@click.option("--rollback", default="", help="Where several are open: the one it belongs to.")
@watch_refused
@stage4_command
def watch(
    session: Session,
    headers_report: bool,
    headers_report_only: bool,
    duration: str,
    output: str | None,
    rollback: str,
) -> None:
    """Runbook step 4: watch for new critical alerts; judged from Prometheus' own history.

    \b
    scripts/watch_metrics_stream.py --headers-report --duration 15m
    Exit status: 0 no new critical alert and the coverage complete, 1 otherwise, 3 Prometheus cannot be reached.
    """
    installation = session.installation
    if headers_report or headers_report_only:
        session.say(headers.format_report(headers.headers_report(installation)).decode().rstrip())
    if headers_report_only:
        return
    current = installation.rollback(rollback)
    if owed := owed_before(current, Step.WATCH):
        raise Refused(f"step 4 of {current.id} is not ready", owed)
    outcome = watch_with_progress(session, current, duration or installation.config.watch.duration)
    for line in outcome.log.splitlines():
        session.say(line)
    report = next(
        artefact.sha384 for artefact in reversed(outcome.rollback.evidence) if artefact.name == "report_sha384"
    )
    session.say(f"report    {installation.artefacts.path(report)}")
    if output:
        target = Path(output).absolute()
        target.write_bytes(installation.artefacts.get(report))
        session.say(f"report    {target}")
    session.say(f"verdict   {outcome.verdict}")
    status = 0 if outcome.verdict == "pass" else EXIT_REFUSED
    keep_log(session, "watch_metrics_stream.py", status, current.id)
    page = rollback_json(outcome.rollback, session.names) | {"verdict": outcome.verdict}
    session.answer(page, lambda: show_rollback(session.console, page))
    sys.exit(status)


# --- step 6 -----------------------------------------------------------------------------------------------------------

verify_log = build_command(find_own_log)

COMMANDS = {"disable": disable, "smoke": smoke, "watch": watch, "verify_log": verify_log}


def main(name: str) -> None:
    """Run one of the runbook's scripts."""
    program = Path(sys.argv[0]).name
    run(program, lambda: COMMANDS[name](prog_name=program), stops=name == "disable")


__all__ = ["COMMANDS", "fail", "main"]
