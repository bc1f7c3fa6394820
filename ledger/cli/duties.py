"""``stage4 rollback …``: two people, absent people, outside changes and what is owed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ledger.app.durations import parse_duration
from ledger.app.steps import duties, silencing, stopping
from ledger.app.steps.common import Outcome
from ledger.cli.context import Session, stage4_command
from ledger.cli.rollback import ROLLBACK, rollback, tell
from ledger.cli.watching import watch_with_progress
from ledger.domain.runbook import RUNBOOK_ROLES
from ledger.domain.state import Rollback
from ledger.errors import Refused

REASON = click.option("--reason", required=True, help="Why, in a sentence.")
STEP = click.argument("step", type=click.IntRange(0, 6))
ROLE = click.argument("role", type=click.Choice(RUNBOOK_ROLES))
NAMED = click.option("--rollback", "rollback", default="", help="Where several are open: which one.")


def _given(session: Session, name: str) -> tuple[Any, Any, Rollback]:
    return session.installation, session.actor, session.installation.rollback(name)


@rollback.command()
@ROLLBACK
@REASON
@stage4_command
def refuse(session: Session, rollback: str, reason: str) -> None:
    """Refuse to confirm (product_owner). After the stop it undoes nothing.

    \b
    stage4 rollback refuse INC-2042 --reason "not agreed with the desk"
    """
    tell(session, duties.refuse(*_given(session, rollback), reason))


@rollback.command("report-confirmation")
@ROLLBACK
@click.option("--owner", required=True, help="Who said yes.")
@click.option("--text", required=True, help="What was said, and how you heard it.")
@stage4_command
def report_confirmation(session: Session, rollback: str, owner: str, text: str) -> None:
    """Note that the owner said yes by telephone: a claim that passes nothing.

    \b
    stage4 rollback report-confirmation INC-2042 --owner "Jan" --text "said yes at 03:10"
    """
    tell(session, duties.report_confirmation(*_given(session, rollback), owner, text))


@rollback.command("declare-emergency")
@ROLLBACK
@REASON
@click.option("--ticket", required=True, help="The rollback's id, typed again: this is no slip.")
@stage4_command
def declare_emergency(session: Session, rollback: str, reason: str, ticket: str) -> None:
    """Break-glass: any runbook role may take steps 1 to 4 at once; confirmation and a review are owed afterwards.

    \b
    stage4 rollback declare-emergency INC-2042 --ticket INC-2042 --reason "losses grow, nobody answers"
    """
    installation, actor, found = _given(session, rollback)
    if ticket not in (found.id, found.ticket):
        raise Refused(f"--ticket is {ticket!a}, the rollback is {found.id}; type its id to declare the emergency")
    tell(session, duties.declare_emergency(installation, actor, found, reason))


@rollback.command()
@ROLE
@REASON
@NAMED
@stage4_command
def assume(session: Session, role: str, reason: str, rollback: str) -> None:
    """Cover an absent role in this rollback; to be reviewed. Never product_owner.

    \b
    stage4 rollback assume noc --reason "nobody of NOC answers"
    """
    tell(session, duties.assume(*_given(session, rollback), role, reason))


@rollback.command()
@ROLE
@click.option("--to", "receiver", required=True, metavar="PERSON", help="Person id (stage4 people list).")
@click.option("--open-points", required=True, help="What the receiver must know.")
@NAMED
@stage4_command
def handover(session: Session, role: str, receiver: str, open_points: str, rollback: str) -> None:
    """Offer your role to another person; it counts when that person accepts.

    \b
    stage4 rollback handover noc --to p-4f9c2 --open-points "the vendor calls back at six"
    """
    tell(session, duties.offer_handover(*_given(session, rollback), role, receiver, open_points))


@rollback.command("accept-handover")
@ROLE
@NAMED
@stage4_command
def accept_handover(session: Session, role: str, rollback: str) -> None:
    """Accept a role that was offered to you.

    \b
    stage4 rollback accept-handover noc
    """
    tell(session, duties.accept_handover(*_given(session, rollback), role))


@rollback.command()
@STEP
@REASON
@NAMED
@stage4_command
def waive(session: Session, step: int, reason: str, rollback: str) -> None:
    """Depart from a step (incident_manager): 0, 2, 3 or 4; to be reviewed.

    \b
    stage4 rollback waive 2 --reason "Alertmanager is down"
    """
    tell(session, duties.waive(*_given(session, rollback), step, reason))


@rollback.command()
@STEP
@REASON
@NAMED
@stage4_command
def accept(session: Session, step: int, reason: str, rollback: str) -> None:
    """Accept an inconclusive verdict: first the step's role, then a second person; to be reviewed.

    \b
    stage4 rollback accept 4 --reason "one sample of Prometheus is missing"
    """
    tell(session, duties.accept(*_given(session, rollback), step, reason))


@rollback.command()
@STEP
@NAMED
@click.option("--duration", default="", help="Of step 4's window.")
@stage4_command
def retry(session: Session, step: int, rollback: str, duration: str) -> None:
    """Take a step again: a new attempt with a number of its own (steps 1 to 4).

    \b
    stage4 rollback retry 4 --duration 15m
    """
    found = session.installation.rollback(rollback)
    tell(session, _attempt(session, found, step, duration))


def _attempt(session: Session, found: Rollback, step: int, duration: str) -> Outcome:
    installation, actor = session.installation, session.actor
    if step == 1:
        team = found.override.request.requested_by if found.override.request else "L2 Ops"
        return stopping.disable(installation, actor, found, requested_by=team)
    if step == 2:
        return silencing.silence(installation, actor, found, duration)
    if step == 3:
        return stopping.check(installation, actor, found)
    if step == 4:
        return watch_with_progress(session, found, duration or installation.config.watch_duration)
    raise Refused(f"step {step} has its own command: stage4 rollback {'restore' if step == 5 else 'show'} {found.id}")


@rollback.command("put-back")
@ROLLBACK
@REASON
@stage4_command
def put_back(session: Session, rollback: str, reason: str) -> None:
    """Put the declared override back where somebody changed or removed it (l2_ops); what is there is moved aside.

    \b
    stage4 rollback put-back INC-2042 --reason "it must stay stopped"
    """
    tell(session, stopping.put_back(*_given(session, rollback), reason))


@rollback.command("extend-silence")
@ROLLBACK
@click.option("--by", "duration", required=True, help="By how much, e.g. 30m, counted from its current end.")
@stage4_command
def extend_silence(session: Session, rollback: str, duration: str) -> None:
    """Let the silence last longer (observability).

    \b
    stage4 rollback extend-silence INC-2042 --by 30m
    """
    parse_duration(duration)
    tell(session, silencing.extend_silence(*_given(session, rollback), duration))


@rollback.command("recreate-silence")
@ROLLBACK
@click.option("--duration", default="", help="How long, e.g. 2h (default: as configured).")
@stage4_command
def recreate_silence(session: Session, rollback: str, duration: str) -> None:
    """Create the silence again after it was lost (observability); never a second active one.

    \b
    stage4 rollback recreate-silence INC-2042
    """
    tell(session, silencing.silence(*_given(session, rollback), duration))


@rollback.command("extend-window")
@ROLLBACK
@click.option("--by", "duration", required=True, help="By how much, e.g. 1h, counted from its end.")
@REASON
@click.option("--permalink", default="", help="Link to the announcement.")
@stage4_command
def extend_window(session: Session, rollback: str, duration: str, reason: str, permalink: str) -> None:
    """Make the maintenance window longer (incident_manager); asks a product owner to confirm.

    \b
    stage4 rollback extend-window CHG-7 --by 1h --reason "the copy is slow"
    """
    tell(session, duties.extend_window(*_given(session, rollback), duration, reason, permalink))


@rollback.command()
@ROLLBACK
@click.option("--text", required=True, help="What was looked at and found.")
@stage4_command
def review(session: Session, rollback: str, text: str) -> None:
    """Review the deviations (incident_manager or product_owner who took no step); also after closing.

    \b
    stage4 rollback review INC-2042 --text "the emergency was right"
    """
    tell(session, duties.review(*_given(session, rollback), text))


@rollback.command()
@click.argument("file", type=click.Path(dir_okay=False))
@click.option("--step", "number", type=click.IntRange(0, 6), required=True, help="The step it belongs to.")
@click.option("--note", default="", help="What it shows.")
@NAMED
@stage4_command
def attach(session: Session, file: str, number: int, note: str, rollback: str) -> None:
    """Attach a file as evidence: a picture, a log, what was done by hand; also after closing.

    \b
    stage4 rollback attach before.png --step 4 --note "the dashboard before the stop"
    """
    tell(session, duties.attach(*_given(session, rollback), Path(file), number, note))


@rollback.command()
@click.argument("entry", type=click.IntRange(1))
@click.option("--text", required=True, help="What is right.")
@NAMED
@stage4_command
def correct(session: Session, entry: int, text: str, rollback: str) -> None:
    """Say what was wrong in an earlier entry, which stays as it is.

    \b
    stage4 rollback correct 17 --text "it was 03:14, not 03:41"
    """
    tell(session, duties.correct(*_given(session, rollback), entry, text))


@rollback.command("link-ticket")
@ROLLBACK
@click.option("--ticket", required=True, help="The ticket id.")
@stage4_command
def link_ticket(session: Session, rollback: str, ticket: str) -> None:
    """Name the ticket of a stop (incident_manager); closing needs one.

    \b
    stage4 rollback link-ticket STOP-17 --ticket INC-2042
    """
    tell(session, duties.link_ticket(*_given(session, rollback), ticket))


@rollback.command("give-reason")
@ROLLBACK
@REASON
@stage4_command
def give_reason(session: Session, rollback: str, reason: str) -> None:
    """Say why trading was stopped, after a stop that was pressed without a reason.

    \b
    stage4 rollback give-reason STOP-17 --reason "orders looked wrong"
    """
    tell(session, duties.give_reason(*_given(session, rollback), reason))
