"""``stage4 rollback …``: the runbook's steps from a terminal."""

from __future__ import annotations

import sys
from contextlib import nullcontext, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from ledger.app.durations import parse_duration
from ledger.app.queries import rollback_json
from ledger.app.steps import closing, opening, restoring, silencing, stopping
from ledger.app.steps.common import Outcome, names
from ledger.cli.context import EXIT_REFUSED, Session, stage4_command
from ledger.cli.show import show_rollback
from ledger.cli.watching import watch_with_progress
from ledger.domain.runbook import COMPONENTS, PURPOSES
from ledger.errors import Refused, Unreachable

ROLLBACK = click.argument("rollback", required=False, default="")


@click.group()
def rollback() -> None:
    """Run the runbook: open, confirm, disable, silence, check, watch, end-incident, restore, complete.

    \b
    Where only one rollback is open, its id may be left out.
      stage4 rollback open --ticket INC-2042 --reason "latency"
      stage4 rollback confirm INC-2042
      stage4 rollback show INC-2042
    """


def tell(session: Session, outcome: Outcome) -> None:
    """Print what a step came to; a verdict other than ``pass`` ends with status 1."""
    page = rollback_json(outcome.rollback, session.names) | {
        "verdict": outcome.verdict,
        "reasons": list(outcome.reasons),
    }

    def show() -> None:
        if outcome.log:
            click.echo(outcome.log)
        show_rollback(session.console, page)

    session.answer(page, show)
    if outcome.verdict not in (None, "pass"):
        for reason in outcome.reasons:
            click.echo(f"stage4: {outcome.verdict}: {reason}", err=True)
        sys.exit(EXIT_REFUSED)


@rollback.command("open")
@click.option("--ticket", required=True, help="Ticket id, e.g. INC-2042; it becomes the rollback's id.")
@click.option("--reason", required=True, help="Why, in a sentence.")
@click.option("--purpose", type=click.Choice(PURPOSES), default="incident", show_default=True)
@click.option("--component", type=click.Choice(list(COMPONENTS)), default="multi_strategy", show_default=True)
@click.option("--channel", default="", help="Where it is announced.")
@click.option("--start", type=click.DateTime(["%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M%z"]), help="Planned work: begin.")
@click.option("--window", default="", help="Length of the maintenance window, e.g. 2h.")
@click.option("--expect-alert", "expected", multiple=True, help="Load test: an alert that it will raise; repeats.")
@click.option("--permalink", default="", help="Link to the announcement.")
@stage4_command
def open_(session: Session, **given: Any) -> None:
    """Step 0: register the ticket and announce the window (incident_manager).

    \b
    stage4 rollback open --ticket INC-2042 --reason "latency is critical"
    stage4 rollback open --ticket CHG-7 --purpose maintenance --reason "new hosts" --window 4h
    """
    tell(session, opening.open_rollback(session.installation, session.actor, **given))


@rollback.command()
@ROLLBACK
@stage4_command
def confirm(session: Session, rollback: str) -> None:
    """Step 0: confirm it (a product_owner who is not the opener).

    \b
    stage4 rollback confirm INC-2042
    """
    tell(session, opening.confirm(session.installation, session.actor, session.installation.rollback(rollback)))


@rollback.command()
@ROLLBACK
@click.option("--requested-by", default="L2 Ops", show_default=True, help="The team that asks.")
@click.option("--reason", default="", help="Text inside the override file (default: the rollback's reason).")
@click.option("--duration", default="", help="End of the override, e.g. 2h (default: none).")
@stage4_command
def disable(session: Session, rollback: str, **given: Any) -> None:
    """Step 1: write the override file (l2_ops).

    \b
    stage4 rollback disable INC-2042
    stage4 rollback disable INC-2042 --requested-by "L2 Ops" --duration 2h
    """
    found = session.installation.rollback(rollback)
    tell(session, stopping.disable(session.installation, session.actor, found, **given))


@rollback.command()
@ROLLBACK
@click.option("--duration", default="", help="How long, e.g. 2h (default: as configured).")
@click.option("--preview", is_flag=True, help="Only show what would be muted.")
@stage4_command
def silence(session: Session, rollback: str, duration: str, preview: bool) -> None:
    """Step 2: create the one silence and check it (observability).

    \b
    stage4 rollback silence --preview
    stage4 rollback silence INC-2042 --duration 2h
    """
    installation = session.installation
    with nullcontext() if preview else suppress(Unreachable):  # the attempt itself is recorded with why it failed
        seen = silencing.preview(installation)
        session.say(f"matchers  {', '.join(map(str, seen.matchers))}")
        for name in names(seen.muted):
            session.say(f"mutes     {name}")
        for name in names(seen.elsewhere):
            session.say(f"not ours  {name}: left alone")
    if not preview:
        tell(session, silencing.silence(installation, session.actor, installation.rollback(rollback), duration))


@rollback.command()
@ROLLBACK
@click.option("--patience", default="5s", show_default=True, help="How long to ask until the status is as wanted.")
@stage4_command
def check(session: Session, rollback: str, patience: str) -> None:
    """Step 3, or step 5's restart: the scheduler's own word (l2_ops).

    \b
    stage4 rollback check INC-2042
    """
    found = session.installation.rollback(rollback)
    tell(session, stopping.check(session.installation, session.actor, found, parse_duration(patience)))


@rollback.command()
@ROLLBACK
@click.option("--duration", default="", help="Length of the window, e.g. 15m (default: as configured).")
@stage4_command
def watch(session: Session, rollback: str, duration: str) -> None:
    """Step 4: watch for new critical alerts (noc). Joins a window that runs already.

    \b
    stage4 rollback watch INC-2042 --duration 15m
    """
    found = session.installation.rollback(rollback)
    tell(session, watch_with_progress(session, found, duration or session.installation.config.watch_duration))


@rollback.command("end-incident")
@ROLLBACK
@click.option("--note", default="", help="What ended it.")
@stage4_command
def end_incident(session: Session, rollback: str, note: str) -> None:
    """Step 5 begins: the incident is over (incident_manager).

    \b
    stage4 rollback end-incident INC-2042 --note "the host was replaced"
    """
    found = session.installation.rollback(rollback)
    tell(session, restoring.end_incident(session.installation, session.actor, found, note))


@rollback.command()
@ROLLBACK
@click.option("--permalink", default="", help="Link to the all-clear.")
@click.option("--owe-silence-end", is_flag=True, help="Alertmanager is down: the silence's end is owed.")
@stage4_command
def restore(session: Session, rollback: str, permalink: str, owe_silence_end: bool) -> None:
    """Step 5: remove the override, see the restart, end the silence, all-clear (l2_ops). Goes on where it stopped.

    \b
    stage4 rollback restore INC-2042
    """
    found = session.installation.rollback(rollback)
    if owe_silence_end:
        found = restoring.owe_silence_end(session.installation, session.actor, found)
    tell(session, restoring.restore(session.installation, session.actor, found, session.say, permalink))


@rollback.command("accept-silence")
@ROLLBACK
@click.argument("silence_id", metavar="SILENCE")
@click.option("--reason", required=True, help="Why it may go on.")
@stage4_command
def accept_silence(session: Session, rollback: str, silence_id: str, reason: str) -> None:
    """Step 5: let a silence of somebody else mute Stage4 alerts until its end (l2_ops). Counts as a deviation.

    \b
    stage4 rollback accept-silence INC-2042 SILENCE --reason "their window ends at 18:00"
    """
    found = session.installation.rollback(rollback)
    tell(session, restoring.accept_silence(session.installation, session.actor, found, silence_id, reason))


@rollback.command()
@ROLLBACK
@click.option("--reason", required=True, help="Why it counts.")
@click.option("--silence-id", default="", help="Id of a silence made by the workflow or by hand.")
@click.option("--run-id", default="", help="Id of the workflow run that made it.")
@click.option("--run-url", default="", help="Its address.")
@click.option("--log", type=click.Path(exists=True, dir_okay=False), help="Its log, kept as evidence.")
@stage4_command
def adopt(session: Session, rollback: str, reason: str, log: str | None, **given: Any) -> None:
    """Take over what somebody did outside: a silence, an override made by hand, its removal.

    What is due decides what is adopted: a removal that was seen, else the override of step 1, else the silence.

    \b
    stage4 rollback adopt INC-2042 --reason "removed as the runbook says"
    """
    installation, actor = session.installation, session.actor
    found = installation.rollback(rollback)
    if found.override.removed_outside:
        tell(session, restoring.adopt_removal(installation, actor, found, reason))
    elif found.override.written_at is None and not given["silence_id"]:
        tell(session, stopping.adopt_override(installation, actor, found, reason))
    elif found.silence.state != "active":
        data = Path(log).read_bytes() if log else b""
        tell(session, silencing.adopt_silence(installation, actor, found, reason=reason, log=data, **given))
    else:
        raise Refused(f"there is nothing to adopt for {found.id}")


@rollback.command()
@ROLLBACK
@stage4_command
def complete(session: Session, rollback: str) -> None:
    """Step 6: write the signed closing entry (incident_manager).

    \b
    stage4 rollback complete INC-2042
    """
    tell(session, closing.complete(session.installation, session.actor, session.installation.rollback(rollback)))


@rollback.command()
@ROLLBACK
@click.option("--reason", required=True, help="Why it is given up.")
@stage4_command
def abort(session: Session, rollback: str, reason: str) -> None:
    """Give it up (incident_manager): closes before step 1, leads through steps 5 and 6 after it.

    \b
    stage4 rollback abort INC-2042 --reason "the wrong ticket"
    """
    found = session.installation.rollback(rollback)
    tell(session, opening.abort(session.installation, session.actor, found, reason))


@rollback.command()
@click.argument("rollback")
@click.argument("text")
@click.option("--occurred-at", type=click.DateTime(["%Y-%m-%dT%H:%M:%S%z"]), help="When it happened (a claim).")
@stage4_command
def note(session: Session, rollback: str, text: str, occurred_at: datetime | None) -> None:
    """Remember something, also after closing.

    \b
    stage4 rollback note INC-2042 "the vendor called back" --occurred-at 2026-11-23T03:20:00Z
    """
    found = session.installation.rollback(rollback)
    tell(session, opening.note(session.installation, session.actor, found, text, occurred_at))


@rollback.command()
@ROLLBACK
@stage4_command
def show(session: Session, rollback: str) -> None:
    """The checklist with verdicts, what is pending and what comes next.

    \b
    stage4 rollback show INC-2042
    stage4 rollback show --json
    """
    session.condition()
    page = rollback_json(session.installation.rollback(rollback), session.names)
    session.answer(page, lambda: show_rollback(session.console, page))


@rollback.command("list")
@click.option("--all", "everything", is_flag=True, help="Closed ones too.")
@stage4_command
def list_(session: Session, everything: bool) -> None:
    """Open rollbacks and what comes next for each.

    \b
    stage4 rollback list --all
    """
    session.condition()
    state = session.installation.state
    found = [*state.open.values(), *(state.closed.values() if everything else ())]
    pages = [rollback_json(one, session.names) for one in found]

    def show() -> None:
        for page in pages:
            click.echo(f"{page['rollback']}  {page['phase']}  {page['reason']}")
            for line in page["next"]:
                click.echo(f"  next  {line}")
        if not pages:
            click.echo("no rollback is open. To open one: stage4 rollback open --ticket INC-1 --reason …")

    session.answer(pages, show)
