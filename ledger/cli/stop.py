"""The stop at a terminal: ``stage4 stop`` and the runbook's ``disable_multi_strategy.py``."""

from __future__ import annotations

import contextlib
import logging
import sys
from pathlib import Path
from typing import Any

import click

from ledger import override
from ledger.app.people.directory import stop_actor
from ledger.app.press import Press, new_request_id
from ledger.app.reading.queries import rollback_json
from ledger.app.steps import stop as through_ledger
from ledger.app.steps.common import Outcome
from ledger.cli.context import EXIT_REFUSED, EXIT_UNREACHABLE, Session, by_name, stage4_command
from ledger.cli.kept import keep_log
from ledger.domain.asked import Asked
from ledger.domain.command import Actor
from ledger.domain.runbook import COMPONENTS
from ledger.domain.stopping.decide import override_content
from ledger.stop import Cord, Typed, parse
from ledger.stop import cord as armed

_TYPED = "ledger.cli.stop.typed"


class Lenient(click.Command):
    """A command of which only the will counts: what it does not understand is left out and noted, never refused."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Hand on what was understood; asked for help, it helps and does nothing else."""
        typed = parse(args)
        if typed.asks_for_help:
            return super().parse_args(ctx, ["--help"])
        ctx.meta[_TYPED] = typed
        return super().parse_args(ctx, typed.understood)


_REASON = click.option("--reason", default="", help="Why, in a sentence; where none is given it is owed afterwards.")
_TICKET = click.option("--ticket", default="", help="Ticket id where there is one; else it is linked later.")
_COMPONENT = click.option("--component", default="multi_strategy", show_default=True, help=", ".join(COMPONENTS))
_TEAM = click.option("--requested-by", default="", help="The team that asks.")
_MINUTES = click.option("--duration-minutes", default="", help="End of the override (default: none).")


@click.command("disable_multi_strategy.py", cls=Lenient)
@_COMPONENT
@_REASON
@_TEAM
@_TICKET
@_MINUTES
@click.option("--output-dir", default="", help="The folder that the scheduler reads; another one is left out.")
@click.option("--log-level", default="INFO", help="DEBUG, INFO, WARNING or ERROR.")
@stage4_command
def disable(session: Session, log_level: str, **given: Any) -> None:
    """Runbook step 1, and the stop: one line stops the scheduler.

    In a rollback that is confirmed this is step 1. Otherwise it opens the rollback, declares the emergency and stops.
    It is refused to nobody and for nothing: a ticket, a team or a reason that does not fit is left out and noted. It
    works when the ledger cannot be written: the override is then written at once and taken into the ledger later.

    \b
    scripts/disable_multi_strategy.py --reason "latency" --ticket INC-2042 --requested-by L2
    Exit status: 0 an override that stops it was seen, 1 it is there and the scheduler runs on, 3 nothing was stopped.
    """
    level = logging.getLevelNamesMapping().get(log_level.upper(), logging.INFO)
    logging.basicConfig(level=level, stream=sys.stderr)
    press_stop(session, "disable_multi_strategy.py", given.get("output_dir", ""))


@click.command("stop", cls=Lenient)
@_REASON
@_TICKET
@_COMPONENT
@_TEAM
@_MINUTES
@stage4_command
def stop(session: Session, **given: Any) -> None:
    """Stop the scheduler now: opens the rollback, declares the emergency, writes the override. Asks nobody.

    It is refused to nobody and for nothing that was typed. It works when the ledger cannot be written or decided on;
    what happened is then taken in later.

    \b
    stage4 stop
    stage4 stop --reason "orders look wrong"
    Exit status: 0 an override that stops it was seen, 1 it is there and the scheduler runs on, 3 nothing was stopped.
    """
    press_stop(session, "stage4 stop", "")


def press_stop(session: Session, program: str, output_dir: str) -> None:
    """The stop, its log, and its exit status. Whatever the ledger says, the override comes within the deadline."""
    typed: Typed = click.get_current_context().meta.get(_TYPED) or parse([])
    cord = armed.current() or Cord(typed, program, new_request_id(), session.root)
    try:
        asked = _with_folder(session, typed.asked, output_dir)
        actor = stop_actor(session.installation.home, session.installation.state, session.acting_as)
        patience = min(through_ledger.PATIENCE, max(0.1, cord.left - 0.2))
        press = Press(actor, cord.request_id)
        outcome = through_ledger.stop(session.installation, press, asked, patience=patience)
    except Exception as error:  # noqa: BLE001 (whatever it is, the stop must happen)
        cord.claim()
        sys.exit(cord.pull(str(error) or type(error).__name__))
    cord.claim()
    sys.exit(_tell(session, program, outcome, actor))


def _with_folder(session: Session, asked: Asked, output_dir: str) -> Asked:
    """A folder that the scheduler does not read would stop nothing: it is left out, and said."""
    folder = session.installation.override_path(asked.component).parent
    if not output_dir or Path(output_dir).resolve() == folder.resolve():
        return asked
    note = f"--output-dir {output_dir} is not {folder}, which the scheduler reads, and was left out"
    return asked._replace(notes=(*asked.notes, note))


def _tell(session: Session, program: str, outcome: Outcome, actor: Actor) -> int:
    """What came of it, said and kept; the exit status."""
    status = {"pass": 0, "error": EXIT_UNREACHABLE}.get(outcome.verdict or "", EXIT_REFUSED)
    try:
        _say(session, program, outcome)
    except OSError:
        pass  # whether anybody can read it or not, it is done
    except Exception:  # noqa: BLE001 (names that cannot be read: what was done is said without them)
        with contextlib.suppress(OSError):
            click.echo(outcome.said or outcome.log.rstrip())
    if not outcome.said:
        keep_log(session, program, status, outcome.rollback.id, actor)
    return status


def _say(session: Session, program: str, outcome: Outcome) -> None:
    for line in ([outcome.said] if outcome.said else []) + outcome.log.splitlines():
        session.say(by_name(line, session.names))
    page = rollback_json(outcome.rollback, session.names) | {"verdict": outcome.verdict, "said": outcome.said or None}
    session.answer(page, lambda: None)
    for reason in outcome.reasons:
        click.echo(f"{program}: {reason}", err=True)
    asked = outcome.rollback.override.request
    if outcome.verdict == "error" and asked is not None:
        way = override.manual_way(Path(asked.path), override_content(asked))
        click.echo(f"Stop the scheduler by hand, on its machine:\n{way}\nor stop its service.", err=True)
