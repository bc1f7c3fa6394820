"""The reference pages' tables, made from the program itself: commands, settings, kinds of entries, metrics.

``make docs`` writes them into ``var/site/made``, where the pages under ``docs/reference`` include them. They are not
kept in the repository: what is made anew each time is never old.
"""

from __future__ import annotations

import inspect
import re
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import click
from prometheus_client.metrics_core import Metric

from ledger.app.home.config_types import PLACES, tables
from ledger.app.home.setup import LAB_ROLES, init
from ledger.app.reading.metrics import LedgerMetrics
from ledger.app.soundness.guard import Guard
from ledger.cli.root import stage4
from ledger.domain.event import Event, events_of, fields_of
from ledger.domain.events import MODULES

WIDTH: Final = 96
"""Columns of the commands' help."""


def commands(group: click.Group = stage4, *above: str) -> Iterator[tuple[str, str]]:
    """Every command's whole name and its help, as a terminal of :data:`WIDTH` columns shows it."""
    path = (*above, group.name or "stage4")
    yield " ".join(path), _help(group, path)
    for name in sorted(group.commands):
        command = group.commands[name]
        if command.hidden:
            continue
        if isinstance(command, click.Group):
            yield from commands(command, *path)
        else:
            yield " ".join((*path, name)), _help(command, (*path, name))


def _help(command: click.Command, path: tuple[str, ...]) -> str:
    context = None
    for name in path:
        context = click.Context(command, context, info_name=name, terminal_width=WIDTH, max_content_width=WIDTH)
    assert context is not None
    return command.get_help(context)


def commands_page() -> str:
    """One heading for each command, and its help."""
    return "\n".join(f"## `{name}`\n\n```text\n{text}\n```\n" for name, text in commands())


def settings_page() -> str:
    """One table for each table of ``stage4.toml``."""
    parts = []
    for table in ("", *tables()):
        parts.append(f"## `[{table}]`\n" if table else "## Above all tables\n")
        rows = [
            (f"`{place.name}`", place.meaning, _default(place.default), f"`{place.variable}`")
            for place in PLACES
            if place.table == table
        ]
        parts.append(_table(("key", "meaning", "default", "in the environment"), rows))
    return "\n".join(parts)


def _default(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(f"`{one}`" for one in value)
    return f"`{value}`" if value else "–"


def entries_page() -> str:
    """One table for each room of the domain, then each event's fields."""
    parts = []
    for module in MODULES:
        parts.append(f"## {module.__name__.split('.')[-2].capitalize()}\n\n{_first(module.__doc__)}\n")
        parts.append(_table(("status", "what happened", "fields"), [_event(kind) for kind in events_of(module)]))
    return "\n".join(parts)


def _event(kind: type[Event]) -> tuple[str, str, str]:
    fields = ", ".join(f"`{one.name}`" + ("?" if one.optional else "") for one in fields_of(kind))
    version = f" ({kind.version})" if kind.version > 1 else ""
    return f"`{kind.status}`{version}", _first(kind.__doc__), fields or "–"


def metrics_page() -> str:
    """One row for each metric, as a home that was just made has them."""
    with tempfile.TemporaryDirectory() as folder:
        installation = init(Path(folder) / "home", purpose="lab", name="You", roles=LAB_ROLES)
        try:
            guard = Guard(installation.home.root, [installation.ledger])
            rows = [_metric(one) for one in LedgerMetrics(installation, guard).collect()]
        finally:
            installation.ledger.log.close()
    return _table(("metric", "kind", "meaning"), rows)


def _metric(metric: Metric) -> tuple[str, str, str]:
    labels = sorted({label for sample in metric.samples for label in sample.labels})
    name = metric.name + ("_total" if metric.type == "counter" else "")
    return f"`{name}`" + (f" by `{', '.join(labels)}`" if labels else ""), metric.type, metric.documentation


def _first(doc: str | None) -> str:
    """The first paragraph, on one line, without the marks of the code's own references."""
    text = " ".join(inspect.cleandoc(doc or "").split("\n\n")[0].split())
    return re.sub(r":\w+:`~?([^`]+)`", r"`\1`", text).replace("``", "`")


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    def line(cells: tuple[str, ...]) -> str:
        return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"

    return line(head) + line(("---",) * len(head)) + "".join(line(row) for row in rows)


PAGES: Final = {
    "commands.md": commands_page,
    "configuration.md": settings_page,
    "entries.md": entries_page,
    "metrics.md": metrics_page,
}
"""File -> what makes it."""


def main(folder: Path) -> None:
    """Write them all."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, make in PAGES.items():
        (folder / name).write_text(make(), "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
