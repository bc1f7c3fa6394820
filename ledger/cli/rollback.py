"""``stage4 rollback …``: the runbook from a terminal. Most commands are made from the acts; these do more here."""

from __future__ import annotations

from contextlib import nullcontext, suppress
from typing import Any

import click

from ledger.app.acts import ACTS
from ledger.app.acts.opening import FIELDS as OPENING
from ledger.app.acts.opening import open_rollback
from ledger.app.oncall.watch import SHORT
from ledger.app.press import Press
from ledger.app.reading.queries import rollback_json
from ledger.app.reading.status import look_at_override, on_duty_json, owing
from ledger.app.steps import silencing
from ledger.app.steps.common import Outcome, names
from ledger.app.words import codes_by_name
from ledger.cli.acts import add_acts, called, given_of, options, take, tell
from ledger.cli.context import Session, stage4_command
from ledger.cli.show import owed_text, show_rollback
from ledger.cli.watching import watch_with_progress
from ledger.domain.effects import awaits_file
from ledger.domain.state import Rollback
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


@rollback.command("open")
@stage4_command
def open_(session: Session, **typed: Any) -> None:
    """Step 0: register the ticket and announce the window (incident_manager).

    \b
    stage4 rollback open --ticket INC-2042 --reason "latency is critical"
    stage4 rollback open --ticket CHG-7 --purpose maintenance --reason "new hosts" --window 4h
    """
    tell(session, open_rollback(session.installation, Press(session.actor), given_of(OPENING, typed), called))


open_.params[:0] = options(OPENING)


@rollback.command()
@ROLLBACK
@click.option("--duration", metavar="2h", help="How long (default: as configured).")
@click.option("--preview", is_flag=True, help="Only show what would be muted.")
@stage4_command
def silence(session: Session, rollback: str, duration: str | None, preview: bool) -> None:
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
            session.say(f"leaves    {name}")
    if not preview:
        current = installation.rollback(rollback)
        tell(session, take(session, ACTS["silence"], current, {"duration": duration}))


@rollback.command()
@ROLLBACK
@click.option("--duration", default="", metavar="15m", help="Length of the window (default: as configured).")
@stage4_command
def watch(session: Session, rollback: str, duration: str) -> None:
    """Step 4: watch for new critical alerts (noc). Joins a window that runs already.

    \b
    stage4 rollback watch INC-2042 --duration 15m
    """
    current = session.installation.rollback(rollback)
    tell(session, watch_with_progress(session, current, duration or session.installation.config.watch.duration))


@rollback.command()
@ROLLBACK
@click.option("--permalink", help="Link to the all-clear.")
@click.option("--ticket", help="The rollback's id, typed again, where it is not the argument.")
@click.option("--owe-silence-end", is_flag=True, help="Alertmanager is down: the silence's end is owed.")
@stage4_command
def restore(session: Session, rollback: str, permalink: str | None, ticket: str | None, owe_silence_end: bool) -> None:
    """Step 5: remove the override, see the restart, end the silence, all-clear (l2_ops). Goes on where it stopped.

    \b
    stage4 rollback restore INC-2042
    """
    current = session.installation.rollback(rollback)
    act = ACTS["owe-silence-end" if owe_silence_end else "restore"]
    tell(session, take(session, act, current, {"permalink": permalink}, ticket or rollback))


@rollback.command()
@ROLLBACK
@click.option("--reason", required=True, help="Why it counts.")
@click.option("--silence-id", help="Id of a silence made by the workflow or by hand.")
@click.option("--run-id", help="Id of the workflow run that made it.")
@click.option("--run-url", help="Its address.")
@click.option("--log", type=click.Path(exists=True, dir_okay=False), help="Its log, kept as evidence.")
@stage4_command
def adopt(session: Session, rollback: str, **typed: Any) -> None:
    """Take over what somebody did outside: a silence, an override made by hand, its removal.

    What is due decides what is adopted: a removal that was seen (by the observer, or now), else the override of step 1,
    else the silence.
    Each has a command of its own too: adopt-removal, adopt-override, adopt-silence.

    \b
    stage4 rollback adopt INC-2042 --reason "removed as the runbook says"
    """
    current = session.installation.rollback(rollback)
    if current.override.removed_outside or (not typed["silence_id"] and _is_gone(session, current)):
        act = ACTS["adopt-removal"]
    elif current.override.written_at is None and not typed["silence_id"]:
        act = ACTS["adopt-override"]
    elif current.silence.state != "active":
        act = ACTS["adopt-silence"]
    else:
        raise Refused(f"there is nothing to adopt for {current.id}")
    tell(session, take(session, act, current, given_of(act.fields, typed)))


def _is_gone(session: Session, current: Rollback) -> bool:
    """Whether its override is not there, although nobody observed that somebody removed it."""
    return (
        current.holds and not awaits_file(current) and session.installation.look(current.override.path).kind == "absent"
    )


@rollback.command()
@click.argument("step", type=click.IntRange(0, 6))
@click.option("--duration", metavar="15m", help="Of step 4's window, or of step 2's silence.")
@click.option("--rollback", default="", help="Where several are open: which one.")
@stage4_command
def retry(session: Session, step: int, rollback: str, duration: str | None) -> None:
    """Take a step again: a new attempt with a number of its own (steps 1 to 4).

    \b
    stage4 rollback retry 4 --duration 15m
    """
    current = session.installation.rollback(rollback)
    tell(session, _attempt(session, current, step, duration))


def _attempt(session: Session, current: Rollback, step: int, duration: str | None) -> Outcome:
    if step == 1:
        team = current.override.request.requested_by if current.override.request else None
        return take(session, ACTS["disable"], current, {"requested_by": team})
    if step == 2:
        return take(session, ACTS["silence"], current, {"duration": duration})
    if step == 3:
        return take(session, ACTS["check"], current, {})
    if step == 4:
        return watch_with_progress(session, current, duration or session.installation.config.watch.duration)
    raise Refused(f"step {step} has its own command: stage4 rollback {'restore' if step == 5 else 'show'} {current.id}")


@rollback.command("recreate-silence")
@ROLLBACK
@click.option("--duration", metavar="2h", help="How long (default: as configured).")
@stage4_command
def recreate_silence(session: Session, rollback: str, duration: str | None) -> None:
    """Create the silence again after it was lost (observability); never a second active one. The same as: silence.

    \b
    stage4 rollback recreate-silence INC-2042
    """
    current = session.installation.rollback(rollback)
    tell(session, take(session, ACTS["silence"], current, {"duration": duration}))


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
    current = session.installation.rollback(rollback)
    session.installation.oncall.look(SHORT)
    page = rollback_json(current, session.names, look_at_override(session.installation, current))
    page["on_duty"] = on_duty_json(session.installation, session.names) if current.is_open else {}
    session.answer(page, lambda: show_rollback(session.console, page))


@rollback.command()
@ROLLBACK
@click.option("--text", help="What was found: records the review.")
@click.option("--pdf", metavar="FILE", type=click.Path(dir_okay=False), help="Write the post-mortem there instead.")
@click.option("--language", default="en", type=click.Choice(["en", "pl"]), help="Of the PDF (default: en).")
@stage4_command
def review(session: Session, rollback: str, text: str | None, pdf: str | None, language: str) -> None:
    """Record the review, by an Incident Manager or product owner who took no step; or write the post-mortem as PDF.

    \b
    stage4 rollback review INC-2042 --text "the emergency was right"
    stage4 rollback review INC-2042 --pdf INC-2042.pdf --language pl
    """
    current = session.installation.rollback(rollback)
    if pdf is None:
        tell(session, take(session, ACTS["review"], current, {"text": text}))
        return
    if text is not None:
        raise click.UsageError("give --text to record the review, or --pdf to write the post-mortem; not both")
    from ledger.cli.post_mortem import write_pdf  # the pages are slow to import

    session.condition()
    write_pdf(session, current, pdf, language)
    session.answer({"pdf": pdf, "rollback": current.id}, lambda: click.echo(f"written   {pdf}"))


@rollback.command("list")
@click.option("--all", "everything", is_flag=True, help="Closed ones too.")
@stage4_command
def list_(session: Session, everything: bool) -> None:
    """Open rollbacks, what comes next for each and what they owe; and the closed ones that owe something still.

    \b
    stage4 rollback list --all
    """
    session.condition()
    state = session.installation.state
    rollbacks = [*state.open.values(), *(state.closed.values() if everything else owing(state))]
    pages = [
        rollback_json(listed, session.names, look_at_override(session.installation, listed)) for listed in rollbacks
    ]

    def show() -> None:
        for page in pages:
            click.echo(f"{page['rollback']}  {page['phase']}  {page['reason']}")
            for line in page["next"]:
                click.echo(f"  next  {codes_by_name(line)}")
            for debt in page["owed"]:
                click.echo(f"  owed  {owed_text(debt)}")
        if not state.open:
            click.echo("no rollback is open. To open one: stage4 rollback open --ticket INC-1 --reason …")

    session.answer(pages, show)


add_acts(rollback, besides=list(rollback.commands))
