"""``stage4 rollback ACT``: a command for every act, made from the table that pages are made from."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import click

from ledger.app.acts import ACTS, Act, Field, Proof, prepare
from ledger.app.acts.fields import Given, Raw, Upload
from ledger.app.press import Press, new_request_id
from ledger.app.reading.queries import rollback_json
from ledger.app.steps.common import Outcome
from ledger.app.steps.duties import LARGEST
from ledger.cli.context import EXIT_REFUSED, Session, stage4_command
from ledger.cli.show import show_rollback
from ledger.domain.state import Rollback
from ledger.errors import Unreachable

_METAVARS = {"duration": "2h", "when": "TIME", "number": "N", "file": "FILE"}


def add_acts(group: click.Group, besides: Iterable[str]) -> None:
    """Give the group a command for every act; ``besides`` are those that have one of their own."""
    own = set(besides)
    for name, acts in by_command().items():
        if name not in own:
            group.add_command(_command(name, acts))


def by_command() -> dict[str, list[Act]]:
    """Command -> its acts: several where it takes the step's number."""
    acts: dict[str, list[Act]] = {}
    for act in ACTS.values():
        acts.setdefault(act.command or act.name, []).append(act)
    return acts


def take(session: Session, act: Act, rollback: Rollback, given: Given, ticket: str = "") -> Outcome:
    """Take an act as the person at this terminal, its progress told."""
    brings_file = any(field.kind == "file" for field in act.fields)
    press = Press(session.actor, new_request_id() if brings_file else "")  # what is refused leaves nothing behind
    ready = prepare(act, session.installation, press, rollback, given, Proof(ticket=ticket), called)
    return ready.run(session.say)


def tell(session: Session, outcome: Outcome) -> None:
    """Print what an act came to; a verdict other than ``pass`` ends with status 1."""
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


def called(field: Field) -> str:
    """How a field is called at a terminal."""
    return f"--{_hyphens(field.name)}"


def options(fields: Iterable[Field]) -> list[click.Option]:
    """An option for each field, with its other names."""
    return [_option(field) for field in fields]


def given_of(fields: Iterable[Field], typed: Mapping[str, Any]) -> dict[str, Raw]:
    """What was typed, as an act takes it; ``Unreachable`` where a file cannot be read."""
    return {field.name: _raw(field, typed.get(field.name)) for field in fields}


def _command(name: str, acts: list[Act]) -> click.Command:
    first = acts[0]
    numbers = {str(act.step): act for act in acts}
    fields = {field.name: field for field in first.fields}

    def run(session: Session, rollback: str = "", ticket: str | None = None, step: str = "", **typed: Any) -> None:
        act = numbers[step] if len(acts) > 1 else first
        if "ticket" in fields:
            typed["ticket"] = ticket
        given = given_of(act.fields, typed)
        current = session.installation.rollback(rollback)
        tell(session, take(session, act, current, given, ticket or rollback))

    command: click.Command = click.command(name, help=_help(first))(stage4_command(run))
    command.params = [*_parameters(first, fields, list(numbers)), *command.params]
    return command


def _parameters(act: Act, fields: Mapping[str, Field], numbers: list[str]) -> Iterable[click.Parameter]:
    for name in act.arguments:
        if name == "rollback":
            yield click.Argument(["rollback"], required=False, default="")
        elif name == "step":
            yield click.Argument(["step"], type=click.Choice(numbers), metavar="STEP")
        else:
            yield click.Argument([name], metavar=_hyphens(name).upper(), type=_type(fields[name]))
    if len(numbers) > 1 and "step" not in act.arguments:
        yield click.Option(["--step"], type=click.Choice(numbers), required=True, help="The step that it belongs to.")
    yield from options(field for name, field in fields.items() if name not in act.arguments)
    if act.guard == "ticket":
        yield click.Option(["--ticket"], help="The rollback's id, typed again: this is no slip.")
    if "rollback" not in act.arguments:
        yield click.Option(["--rollback"], default="", help="Where several are open: which one.")


def _help(act: Act) -> str:
    roles = f" ({', '.join(act.roles)})" if 0 < len(act.roles) < 3 else ""
    about = f"{act.about}\n\n" if act.about else ""
    return f"{act.label}{roles}.\n\n{about}\b\nstage4 rollback {act.example}"


def _more(field: Field) -> str:
    """What its help says beside its label."""
    hint = f" {field.hint.removesuffix('.')}." if field.hint else ""
    return f"{hint} Without it: {field.empty}." if field.empty else hint


def _option(field: Field) -> click.Option:
    names = [f"--{name}" for name in (_hyphens(field.name), *field.also)]
    usual: dict[str, Any] = {"default": field.usual, "show_default": True} if field.usual else {}
    return click.Option(
        [*names, field.name],
        type=_type(field),
        required=field.required and not field.usual,
        multiple=field.kind == "choices",
        metavar=_METAVARS.get(field.kind),
        help=f"{field.label}." + _more(field),
        **usual,
    )


def _type(field: Field) -> click.ParamType[Any] | None:
    if field.among:
        return click.Choice(field.among)
    if field.kind == "number":
        return click.IntRange(1)
    return click.Path(dir_okay=False) if field.kind == "file" else None


def _raw(field: Field, typed: Any) -> Raw:
    if field.kind == "choices":
        return tuple(typed or ())
    if typed is None:
        return None
    return _upload(Path(typed)) if field.kind == "file" else str(typed)


def _upload(path: Path) -> Upload:
    try:
        with path.open("rb") as stream:
            return Upload(path.name, stream.read(LARGEST + 1))
    except OSError as error:
        raise Unreachable(f"cannot read {path}: {error.strerror}") from error


def _hyphens(name: str) -> str:
    return name.replace("_", "-")
