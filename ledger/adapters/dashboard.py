"""The panels of a Grafana dashboard, read from its JSON file (https://grafana.com/docs/ "Dashboard JSON model")."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ledger.adapters.shapes import listing, number, reading, table, text
from ledger.errors import Unreachable
from ledger.files import read_bounded

_LIMIT = 4 * 1024 * 1024
_RANGE = re.compile(r"\$(?:__rate_interval|__interval|__range|\{__(?:rate_interval|interval|range)\})")
_VARIABLE = re.compile(r"\$\{\w+(?::\w+)?\}|\$\w+|\[\[\w+\]\]")


@dataclass(frozen=True, slots=True)
class Panel:
    """One panel: its PromQL queries, Grafana's unit name (``ms``, ``percent``, empty) and its threshold lines."""

    title: str
    queries: tuple[str, ...]
    unit: str
    thresholds: tuple[tuple[str, float], ...]
    """(Grafana colour name, value); the base step, which has no value, is left out."""
    legends: tuple[str, ...] = ()
    """Grafana's name for the series of each query, with ``{{label}}``s; empty where the dashboard gives none."""


def load_panels(path: Path) -> tuple[Panel, ...]:
    """All panels that have queries, in the file's order, those inside rows too. Raises ``Unreachable``.

    Grafana's own variables become what they mean without Grafana: intervals 5m, others "any value".
    """
    content = read_bounded(path, _LIMIT)
    try:
        page = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise Unreachable(f"{path} is no JSON ({error}): export the dashboard again") from error
    with reading(f"the dashboard file {path}"):
        return tuple(panel for panel in map(_panel, _each(table(page))) if panel.queries)


def _each(page: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for panel in listing(page.get("panels", [])):
        yield table(panel)
        yield from _each(panel)


def _panel(page: Mapping[str, Any]) -> Panel:
    defaults = table(table(page.get("fieldConfig", {})).get("defaults", {}))
    steps = listing(table(defaults.get("thresholds", {})).get("steps", []))
    targets = [target for target in map(table, listing(page.get("targets", []))) if target.get("expr")]
    legends = tuple(text(target.get("legendFormat", "")) for target in targets)
    return Panel(
        title=text(page.get("title", "")),
        queries=tuple(_plain(text(target["expr"])) for target in targets),
        unit=text(defaults.get("unit", "")),
        thresholds=tuple((text(step["color"]), number(step["value"])) for step in steps if step["value"] is not None),
        legends=legends if any(legends) else (),
    )


def _plain(expression: str) -> str:
    return _VARIABLE.sub(".*", _RANGE.sub("5m", expression))
