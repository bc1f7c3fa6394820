"""Options that the user's first scripts have and ours cannot answer: they are known, and refused with one sentence."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, TypeVar

import click
from click.core import ParameterSource

_Function = TypeVar("_Function", bound=Callable[..., Any])


class Elsewhere(NamedTuple):
    """Options (``--name``, or ``--name VALUE``) that share one reason; ``instead`` says what to use here."""

    options: str
    reason: str
    instead: str


def refused_options(groups: Iterable[Elsewhere], prefix: str = "") -> Callable[[_Function], _Function]:
    """Make a command know these options: each is a usage error (status 2) that says why and what to use instead.

    ``options`` are separated by white space; one that ends in ``=`` takes a value, which is never shown: it may be a
    secret. With a ``prefix`` the options' environment variables are refused too.
    """

    def decorate(command: _Function) -> _Function:
        for group in groups:
            for spelled in group.options.split():
                command = _refused(spelled, group, prefix)(command)
        return command

    return decorate


def _refused(spelled: str, group: Elsewhere, prefix: str) -> Callable[[_Function], _Function]:
    option = spelled.rstrip("=")
    variable = prefix + option[2:].replace("-", "_").upper()

    def refuse(context: click.Context, parameter: click.Parameter, value: Any) -> None:
        if value in (None, False):
            return
        typed = context.get_parameter_source(parameter.name or "") is not ParameterSource.ENVIRONMENT
        named = option if typed else f"{option} (from the environment, {variable})"
        raise click.UsageError(f"{named} {group.reason}, so it is refused; {group.instead}")

    return click.option(
        option,
        f"refused_{option[2:].replace('-', '_')}",
        is_flag=not spelled.endswith("="),
        envvar=[variable, f"{variable}S"] if prefix else None,  # their names of lists are plural now and then
        expose_value=False,
        hidden=True,
        callback=refuse,
    )
