"""The samples behind a rollback's charts, as JSON. Many browsers ask; Prometheus is asked once in two seconds."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from flask import Blueprint, Response, abort, render_template

from ledger.app.steps.pictures import PanelData, marks, panel_data, samples
from ledger.app.words import mark
from ledger.domain.state import Rollback
from ledger.domain.text import visible
from ledger.errors import LedgerError
from ledger.said import Said
from web.i18n import gettext, language
from web.plots import gaps_note, lead, limits_note, measured, plot, with_gaps, words
from web.site import Site, site
from web.told import clause

blueprint = Blueprint("charts", __name__)
FRESH_SECONDS: Final = 2.0
LEAD: Final = timedelta(minutes=5)
"""How long before the stop the charts begin at most; and how long after the restart they end."""
LEAST_LEAD: Final = timedelta(minutes=2)
"""Where the stop was shorter ago than ``LEAD``: a watch of 20 s is to be seen beside what came before it."""
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
STOPS: Final = ("stopped", "stopped again")
_RECENT: Final = 60.0
"""Seconds before the stop of which a value is still the last one before it."""
EMPTY: Final = mark("only values that are no numbers (NaN or infinite)")
"""What a panel says of itself, beside what answers say."""


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


class Before(NamedTuple):
    """What a panel with a limit said last before the stop."""

    panel: str
    line: str
    """Its worst line there, e.g. a schedule."""
    value: str
    limit: str


@blueprint.get("/rollbacks/<rollback>/before-stop")
def before_stop(rollback: str) -> str | tuple[str, int]:
    """The metrics with limits as they stood when trading stopped: frozen since, they tell nothing of what comes."""
    here = site()
    found = here.installation.state.rollback(rollback)
    if found is None:
        abort(404, Said("there is no rollback {}", ascii(rollback[:64])))
    if found.stopped_at is None:
        return "", 204
    status, body = _CACHE.get(here, found)
    told = last_before(json.loads(body), found.stopped_at.timestamp()) if status == 200 else ()
    return render_template("rollbacks/before_stop.html", found=told, known=status == 200)


def last_before(page: dict[str, Any], stopped: float) -> tuple[Before, ...]:
    """For each panel with a limit its worst line's last value before the stop (Unix seconds)."""
    return tuple(found for panel in page["panels"] if panel["limits"] and (found := _last_before(panel, stopped)))


def _last_before(panel: dict[str, Any], stopped: float) -> Before | None:
    found = worst(panel, stopped - _RECENT, stopped)
    if found is None:
        return None
    name, value = found
    return Before(panel["title"], name, measured(value, panel["unit"]), panel["limits"][0]["short"])


def worst(panel: dict[str, Any], start: float, end: float) -> tuple[str, float] | None:
    """Of a panel with a limit the line whose last value between two times is the worst, and that value."""
    ends = {}
    for line in panel["series"]:
        at_times = zip(panel["times"], line["values"], strict=True)
        past = [value for at, value in at_times if value is not None and start <= at <= end]
        if past:
            ends[line["name"]] = past[-1]
    if not ends:
        return None
    name = (max if panel["limits"][0]["above"] else min)(ends, key=lambda one: ends[one])
    return name, ends[name]


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
        try:
            gaps, unknown = with_gaps(panels, samples(here.installation, panels, start, end)), ""
        except LedgerError as failure:
            gaps, unknown = [*panels], str(failure)
        return 200, page(rollback, gaps, start, end, unknown)


_CACHE = Cache()


def window(found: Rollback, at: datetime) -> tuple[datetime, datetime]:
    """From shortly before the stop to now, or to a little after the end of a rollback that is over."""
    stopped = found.stopped_at or found.opened_at
    over = found.restarted_at or found.closed_at
    end = min(at, over + LEAD) if over else at
    begin = stopped - min(max(end - stopped, LEAST_LEAD), LEAD)
    return max(begin, end - LONGEST), max(end, begin + timedelta(seconds=1))


def problem(error: str, since: datetime) -> dict[str, Any]:
    """RFC 9457, with the time since when the source cannot be had."""
    return {
        "type": "about:blank",
        "title": "Prometheus cannot be had",
        "status": 503,
        "detail": visible(clause(error)),
        "since": since.isoformat(timespec="seconds"),
    }


def page(
    found: Rollback, panels: Sequence[PanelData], start: datetime, end: datetime, no_gaps: str = ""
) -> dict[str, Any]:
    """What the page draws: times in Unix seconds, values as numbers, null where there is none.

    ``no_gaps`` is why it is not known when the metrics themselves had samples.
    """
    watch = found.watch if found.is_open else None
    return {
        "rollback": found.id,
        "window": [start.timestamp(), end.timestamp()],
        "marks": [
            [at.timestamp(), visible(gettext(text)), "stop" if text in STOPS else ""]
            for at, text in sorted(marks(found, start, end))
        ],
        "watch": [watch.started.starts_at.timestamp(), watch.ends_at.timestamp()] if watch else None,
        "lead": lead(panels),
        "notes": [limits_note(panels, end), gaps_note(no_gaps)],
        "panels": [plot(chart) for chart in panels],
        "words": words(),
    }
