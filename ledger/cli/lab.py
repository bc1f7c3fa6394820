"""``stage4 lab`` and ``stage4 rehearse``: real servers on this machine, and a whole rollback on them."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import click

from ledger.app.durations import format_duration, parse_duration
from ledger.app.home.folders import Home
from ledger.app.steps.pictures import cannot_draw
from ledger.cli.context import EXIT_REFUSED, Session, stage4_command
from ledger.cli.show import verdict_text
from ledger.cli.verifying import run_verify
from ledger.cli.watching import reporting
from ledger.domain.runbook import STEPS
from ledger.errors import Refused, Unreachable
from ledger.lab import faults
from ledger.lab.loopback import call_json
from ledger.lab.occupancy import running
from ledger.lab.rehearsal import Step, lab_home, refuse_others
from ledger.lab.rehearsal import rehearse as run_rehearsal
from ledger.lab.scenarios import SCENARIOS, Expectation, Scenario, perform, stage


@click.group(invoke_without_command=True)
@click.option("--misbehave", "mode", type=click.Choice(list(faults.BREACHES)), help="Let the scheduler breach limits.")
@stage4_command
def lab(session: Session, mode: str | None) -> None:
    """Keep Prometheus, Alertmanager and a reference scheduler up, with an observer, until Ctrl-C.

    \b
    stage4 lab                       then, in another terminal, the runbook's own lines
    stage4 lab misbehave latency     a critical alert really fires
    stage4 lab misbehave none
    """
    if click.get_current_context().invoked_subcommand:
        return
    with lab_home(session.root, session.say) as (installation, servers):
        if mode:
            servers.misbehave(mode)
        home = installation.home
        session.say(f"home          {home.root}")
        for name, address in vars(servers.addresses).items():
            session.say(f"{name:13} {address}")
        session.say(
            "\nIn another terminal, in this folder (. .venv/bin/activate; export STAGE4_HOME for another home):\n"
            "  stage4 lab misbehave latency\n"
            '  stage4 rollback open --ticket INC-2042 --reason "latency"\n'
            "  stage4 rollback confirm --as lab-product-owner\n"
            "  scripts/disable_multi_strategy.py --reason latency --ticket INC-2042 --requested-by L2\n"
            "  stage4 rollback show\n"
            "Ctrl-C ends it."
        )
        try:
            while True:
                servers.check()
                time.sleep(0.5)
        except KeyboardInterrupt:
            session.say("ended")


@lab.command()
@click.argument("mode", type=click.Choice(list(faults.BREACHES)))
@stage4_command
def misbehave(session: Session, mode: str) -> None:
    """Let the running lab's scheduler breach limits, or stop doing so (none).

    \b
    stage4 lab misbehave latency
    stage4 lab misbehave none
    """
    record = running(Home(session.root).var / "lab")
    if record is None:
        raise Refused(f"no lab runs on {Home(session.root).root}; start it with: stage4 lab")
    call_json(f"{record['addresses']['scheduler']}/lab/misbehave", {"mode": mode})
    session.answer({"mode": mode}, lambda: click.echo(f"the scheduler now misbehaves: {mode}"))


@click.command()
@click.option("--watch", "duration", default="20s", show_default=True, help="Length of step 4's window.")
@click.option("--ticket", default="INC-2042", show_default=True, help="Ticket id of the rehearsed rollback.")
@click.option("--scenario", "name", type=click.Choice(list(SCENARIOS)), help="Rehearse a bad night instead.")
@click.option("--list", "listed", is_flag=True, help="List the scenarios.")
@stage4_command
def rehearse(session: Session, duration: str, ticket: str, name: str | None, *, listed: bool) -> None:
    """Rehearse a whole rollback on real servers, and verify the ledger that it left.

    Exit status 0 only if every step passed (of a scenario: every expectation is ✔) and the verification did.

    \b
    stage4 rehearse --watch 20s --home /tmp/rehearsal
    stage4 rehearse --list
    stage4 rehearse --scenario night --home /tmp/night
    """
    if listed:
        _list(session)
        return
    if why := cannot_draw():
        raise Unreachable(f"{why}, and a rehearsal needs its pictures to be closed: install stage4-ledger[pictures]")
    if name:
        _scenario(session, SCENARIOS[name])
    else:
        _whole(session, duration, ticket)


def _list(session: Session) -> None:
    rows = [{"name": scenario.name, "about": scenario.about} for scenario in SCENARIOS.values()]

    def show() -> None:
        for row in rows:
            click.echo(f"{row['name']:18} {row['about']}")

    session.answer(rows, show)


def _scenario(session: Session, scenario: Scenario) -> None:
    """Play it, with each line of its checklist as it comes true or not."""
    started = time.monotonic()
    console = session.errors if session.as_json else session.console

    def tell(line: Expectation) -> None:
        console.print(str(line), style="green" if line.met else "bold red", markup=False)

    with stage(session.root, lambda text: session.say(f"  {text}"), tell) as on:
        passed = perform(scenario, on)
        lines, home = on.checklist, on.installation.home
    took = time.monotonic() - started
    page = {
        "scenario": scenario.name,
        "passed": passed,
        "seconds": round(took, 1),
        "rollbacks": on.rollbacks,
        "checklist": [line._asdict() for line in lines],
        "files": {"lines": str(home.published), "checkpoint": str(home.published_checkpoint)},
    }
    met = sum(line.met for line in lines)
    session.answer(page, lambda: click.echo(f"{scenario.name}: {met} of {len(lines)} ✔  {format_duration(took)}"))
    if not passed:
        sys.exit(EXIT_REFUSED)


def _whole(session: Session, duration: str, ticket: str) -> None:
    """The rehearsal of everybody awake."""
    seconds = parse_duration(duration)
    refuse_others(session.root)
    with lab_home(session.root, session.say) as (installation, servers), reporting(session) as progress:
        steps = run_rehearsal(
            installation,
            servers,
            ticket=ticket,
            seconds=seconds,
            say=session.say,
            done=lambda step: _tell(session, step),
            progress=progress,
        )
        home = installation.home
        rollback = steps[-1].outcome.rollback.id
    passed = len(steps) == len(STEPS) and all(step.outcome.verdict == "pass" for step in steps)
    paths = {"lines": home.published, "checkpoint": home.published_checkpoint, "summary": home.summary}
    if session.as_json:
        page = {
            "passed": passed,
            "rollback": rollback,
            "steps": [{"step": s.number, "verdict": s.outcome.verdict, "seconds": round(s.seconds, 1)} for s in steps],
            "files": {name: str(path) for name, path in paths.items()},
        }
        session.answer(page, lambda: None)
        session.as_json = False
        session.console = session.errors
    else:
        _summary(session, steps)
    status = run_verify(session, "", None, None, (), (), ())
    for name, path in paths.items():
        session.say(f"{name:11} {Path(path)}")
    if not passed or status:
        sys.exit(EXIT_REFUSED)


def _tell(session: Session, step: Step) -> None:
    outcome = step.outcome
    session.say(f"step {step.number} {step.name:9} {verdict_text(outcome.verdict)}  {format_duration(step.seconds)}")
    for reason in outcome.reasons:
        session.say(f"       {reason}")


def _summary(session: Session, steps: list[Step]) -> None:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for title in ("step", "", "verdict", "took", "entry", "evidence (SHA-384)"):
        table.add_column(title, header_style="dim")
    for step in steps:
        rollback = step.outcome.rollback
        entry = rollback.steps[step.number].entry
        digest = next((e.sha384 for e in reversed(rollback.evidence) if e.entry <= entry), "")
        table.add_row(
            str(step.number),
            STEPS[step.number].title,
            verdict_text(step.outcome.verdict),
            format_duration(step.seconds),
            str(entry),
            digest.removeprefix("sha384:")[:16] + "…",
        )
    session.console.print()
    session.console.print(table)
