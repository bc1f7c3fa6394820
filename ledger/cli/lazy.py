"""A group of commands whose modules are imported when they are used."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping, MutableMapping
from typing import Any, NamedTuple

import click
from click.shell_completion import CompletionItem


class Row(NamedTuple):
    """What is known of a command before it is imported."""

    place: str
    """``module:name`` of it."""
    help: str
    """The first sentence of its help."""


class _Commands(MutableMapping[str, click.Command]):
    """Name -> command. Reading one imports it; counting and naming them imports nothing."""

    def __init__(self, rows: Mapping[str, Row]) -> None:
        self._rows = rows
        self._imported: dict[str, click.Command] = {}

    def __getitem__(self, name: str) -> click.Command:
        if name not in self._imported:
            module, _, attribute = self._rows[name].place.partition(":")
            self._imported[name] = getattr(importlib.import_module(module), attribute)
        return self._imported[name]

    def __setitem__(self, name: str, command: click.Command) -> None:
        self._imported[name] = command

    def __delitem__(self, name: str) -> None:
        raise KeyError(name)  # a row is not taken away

    def __iter__(self) -> Iterator[str]:
        return iter({**self._rows, **self._imported})

    def __len__(self) -> int:
        return len({**self._rows, **self._imported})


class LazyGroup(click.Group):
    """A group made of rows. Its help and its completion are read off the rows; a command is imported to be run."""

    def __init__(self, name: str | None = None, *, rows: Mapping[str, Row], **more: Any) -> None:
        super().__init__(name, commands=_Commands(rows), **more)
        self._rows = rows

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The commands with the first sentence of each, as click would write them."""
        stated = {name: click.Command(name, help=row.help) for name, row in self._rows.items()}
        click.Group(commands=stated).format_commands(ctx, formatter)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Names that begin so, and the group's own options."""
        named = [
            CompletionItem(name, help=row.help)
            for name, row in sorted(self._rows.items())
            if name.startswith(incomplete)
        ]
        return named + click.Command.shell_complete(self, ctx, incomplete)
