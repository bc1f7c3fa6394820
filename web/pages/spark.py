"""The metric with a critical limit over the last quarter of an hour, as a line no larger than a few words."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from datetime import timedelta
from itertools import groupby
from typing import Any, Final, NamedTuple

from flask import Blueprint, render_template

from ledger.app.steps.pictures import panel_data
from ledger.errors import LedgerError
from web.i18n import language
from web.pages.charts import worst
from web.plots import lead, measured, plot
from web.site import Site, site

blueprint = Blueprint("spark", __name__)
SPAN: Final = timedelta(minutes=15)
LIFE: Final = 10.0
"""Seconds for which one answer is everybody's."""
WIDE, HIGH = 100.0, 24.0


class Spark(NamedTuple):
    """A line in a box of ``WIDE`` x ``HIGH``, its limit in it, and both in words."""

    title: str
    value: str
    limit: str
    level: float
    """How far from the top the limit is."""
    strokes: tuple[str, ...]
    """Points of each stretch without a gap, as SVG has them."""
    crossed: bool


@blueprint.get("/spark")
def show() -> str | tuple[str, int]:
    """The line; 204 where no metric with a limit can be had: the tile says by itself what is not known."""
    found = _KEPT.get(site())
    return render_template("parts/spark.html", spark=found) if found else ("", 204)


class Kept:
    """The last line in each language. One asks Prometheus, who comes meanwhile waits."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._kept: dict[tuple[int, str], tuple[float, Spark | None]] = {}

    def get(self, here: Site) -> Spark | None:
        """None where there is none to be had."""
        key = (id(here), language())
        with self._guard:
            kept = self._kept.get(key)
            if kept is None or time.monotonic() - kept[0] > LIFE:
                kept = self._kept[key] = (time.monotonic(), _look(here))
        return kept[1]


_KEPT = Kept()


def _look(here: Site) -> Spark | None:
    end = here.installation.clock()
    try:
        panels = panel_data(here.installation, end - SPAN, end)
    except LedgerError:
        return None
    return drawn(plot(panels[lead(panels)]), (end - SPAN).timestamp(), end.timestamp()) if panels else None


def drawn(panel: dict[str, Any], start: float, end: float) -> Spark | None:
    """The panel's worst line between two times (Unix seconds); None where it has no limit or no value."""
    if not panel["limits"] or (found := worst(panel, start, end)) is None:
        return None
    limit, (name, last) = panel["limits"][0], found
    (values,) = (line["values"] for line in panel["series"] if line["name"] == name)
    points = [(at, value) for at, value in zip(panel["times"], values, strict=True) if start <= at <= end]
    known = [value for _, value in points if value is not None]
    low, high = float(min(*known, limit["value"])), float(max(*known, limit["value"]))

    def level(value: float) -> float:
        return round(HIGH - 2 - (value - low) / ((high - low) or 1.0) * (HIGH - 4), 2)

    def stroke(part: Sequence[tuple[float, float]]) -> str:
        return " ".join(f"{(at - start) / (end - start) * WIDE:.2f},{level(value)}" for at, value in part)

    stretches = groupby(points, key=lambda point: point[1] is not None)
    title = f"{panel['title']} ({name})" if name and len(panel["series"]) > 1 else panel["title"]
    return Spark(
        title,
        measured(last, panel["unit"]),
        limit["short"],
        level(limit["value"]),
        tuple(stroke(list(part)) for is_there, part in stretches if is_there),
        last > limit["value"] if limit["above"] else last < limit["value"],
    )
