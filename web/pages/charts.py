"""The samples behind a rollback's charts, as JSON. Many browsers ask; Prometheus is asked once in two seconds."""

from __future__ import annotations

import json
import math
import statistics
import threading
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, Final

from flask import Blueprint, Response, abort

from ledger.app.steps.pictures import PanelData, marks, panel_data
from ledger.app.words import mark
from ledger.domain.facts import Series
from ledger.domain.state import Rollback
from ledger.domain.text import visible
from ledger.errors import LedgerError
from ledger.said import Said
from web.i18n import gettext, language, said
from web.site import Site, site

blueprint = Blueprint("charts", __name__)
FRESH_SECONDS: Final = 2.0
LEAD: Final = timedelta(minutes=5)
"""How long before the stop the charts begin."""
LONGEST: Final = timedelta(hours=6)
"""An open rollback's charts show at most this much, up to now."""
MARKS: Final = (
    mark("opened"),
    mark("stopped"),
    mark("stopped again"),
    mark("watch starts"),
    mark("override removed"),
    mark("enabled"),
)
EMPTY: Final = mark("only values that are no numbers (NaN or infinite)")
"""What a panel says of itself, beside what answers say."""
MOST_POINTS: Final = 600
"""Points of one line at most; between them the extremes are kept, so that no peak is lost."""


@blueprint.get("/rollbacks/<rollback>/charts.json")
def data(rollback: str) -> Response:
    """Panels, marks and window; 503 ``application/problem+json`` with ``since`` where no panel could be had."""
    here = site()
    current = here.installation.state.rollback(rollback)
    if current is None:
        abort(404, Said("there is no rollback {}", ascii(rollback[:64])))
    status, body = _CACHE.get(here, current)
    kind = "application/json" if status == 200 else "application/problem+json"
    return Response(body, status, mimetype=kind)


class Cache:
    """The last answer of each rollback in each language, for two seconds; who asks meanwhile waits for who fetches."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._kept: dict[tuple[int, str, str], tuple[float, int, bytes]] = {}
        self._down: dict[int, datetime] = {}

    def get(self, here: Site, found: Rollback) -> tuple[int, bytes]:
        """HTTP status and body."""
        key = (id(here), found.id, language())
        with self._guard:
            kept = self._kept.get(key)
            if kept is None or time.monotonic() - kept[0] > FRESH_SECONDS:
                status, page = self._fetch(here, found)
                body = json.dumps(page, allow_nan=False, ensure_ascii=False).encode()
                self._forget()
                kept = self._kept[key] = (time.monotonic(), status, body)
        return kept[1:]

    def _forget(self) -> None:
        oldest = time.monotonic() - FRESH_SECONDS
        self._kept = {key: kept for key, kept in self._kept.items() if kept[0] > oldest}

    def _fetch(self, here: Site, rollback: Rollback) -> tuple[int, dict[str, Any]]:
        at = here.installation.clock()
        start, end = window(rollback, at)
        try:
            panels = panel_data(here.installation, start, end)
            error = panels[0].error if panels and all(chart.error and not chart.answers for chart in panels) else ""
        except LedgerError as failure:
            panels, error = (), str(failure)
        if error:
            since = self._down.setdefault(id(here), at)
            return 503, problem(error, since)
        self._down.pop(id(here), None)
        return 200, page(rollback, panels, start, end)


_CACHE = Cache()


def window(found: Rollback, at: datetime) -> tuple[datetime, datetime]:
    """From shortly before the stop to now, or to a little after the end of a rollback that is over."""
    begin = (found.stopped_at or found.opened_at) - LEAD
    over = found.restarted_at or found.closed_at
    end = min(at, over + LEAD) if over else at
    return max(begin, end - LONGEST), max(end, begin + timedelta(seconds=1))


def problem(error: str, since: datetime) -> dict[str, Any]:
    """RFC 9457, with the time since when the source cannot be had."""
    return {
        "type": "about:blank",
        "title": "Prometheus cannot be had",
        "status": 503,
        "detail": visible(said(error)),
        "since": since.isoformat(timespec="seconds"),
    }


def page(found: Rollback, panels: Sequence[PanelData], start: datetime, end: datetime) -> dict[str, Any]:
    """What the page draws: times in Unix seconds, values as numbers, null where a sample is no number."""
    return {
        "rollback": found.id,
        "window": [start.timestamp(), end.timestamp()],
        "marks": [[at.timestamp(), visible(gettext(text))] for at, text in sorted(marks(found, start, end))],
        "panels": [
            {
                "title": chart.panel.title,
                "unit": {"percent": "%", "short": "", "none": ""}.get(chart.panel.unit, chart.panel.unit),
                "thresholds": [[colour, value] for colour, value in chart.panel.thresholds],
                "error": visible(said(chart.error)),
                "series": [_line(labels, points) for answer in chart.answers for labels, points in _lines(answer)],
            }
            for chart in panels
        ],
    }


Points = list[tuple[float, float]]


def _lines(answer: Sequence[Series]) -> list[tuple[dict[str, str], Points]]:
    """One line for what reads the same: of a server that was started anew the newest series counts where both are."""
    lines: dict[tuple[tuple[str, str], ...], dict[float, float]] = {}
    for series in sorted(answer, key=lambda series: series.points[0][0] if series.points else math.inf):
        shown = tuple(
            (name, visible(text)) for name, text in series.labels if name in ("schedule", "strategy", "__name__")
        )
        lines.setdefault(shown, {}).update(series.points)
    return [(dict(shown), sorted(points.items())) for shown, points in lines.items()]


def _line(labels: dict[str, str], points: Points) -> list[Any]:
    """A null stands in each gap: where more than two samples are missing nothing is to be drawn."""
    usual = statistics.median([b - a for (a, _), (b, _) in pairwise(points)]) if len(points) > 2 else math.inf
    holes = [((a + b) / 2, math.nan) for (a, _), (b, _) in pairwise(points) if b - a > 3 * usual]
    kept = sorted([*thin(points), *holes], key=lambda point: point[0])
    return [labels, [at for at, _ in kept], [value if math.isfinite(value) else None for _, value in kept]]


def thin(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """At most ``MOST_POINTS`` points: of each bucket the lowest and the highest, in time's order."""
    if len(points) <= MOST_POINTS:
        return list(points)
    width = math.ceil(len(points) / (MOST_POINTS // 2))
    kept = []
    for first in range(0, len(points), width):
        bucket = points[first : first + width]
        kept += sorted({min(bucket, key=lambda point: point[1]), max(bucket, key=lambda point: point[1])})
    return kept
