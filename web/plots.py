"""What the charts of a rollback draw: named lines with their gaps, and the limits with where they come from."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import pairwise
from typing import Any, Final, NamedTuple

from ledger.app.durations import format_duration
from ledger.app.steps.pictures import PanelData
from ledger.app.words import mark
from ledger.domain.facts import Series
from ledger.domain.text import visible
from ledger.domain.watching.limits import Limit, plain
from web.i18n import gettext, language
from web.told import clause

MOST_POINTS: Final = 600
"""Points of a line at most, where a panel has few lines; between them the extremes are kept: no peak is lost."""
_LEAST_BUCKETS: Final = 60
_TELLING: Final = ("schedule", "strategy")
_ABOUT_SERVERS: Final = frozenset({"__name__", "job", "instance", "pod", "replica", "prometheus", "prometheus_replica"})
"""Labels that say who gave a sample, not what it is about: a server that began anew goes on in the same line."""
_PREFIX: Final = "bot_core_multi_strategy_"
_LABEL: Final = re.compile(r"\{\{\s*(\w+)\s*\}\}")
_UNITS: Final = {"percent": "%", "short": "", "none": ""}
SHIPPED: Final = (
    mark("Scheduler loop latency"),
    mark("Signals per run"),
    mark("Mean reversion – avg |z-score|"),
    mark("Volatility targeting – allocation error"),
    mark("Arbitrage spread capture"),
    mark("Arbitrage secondary delay"),
    mark("PnL drawdown"),
    mark("Risk exposure deviation"),
    mark("allocation error, {{schedule}}"),
    mark("realized vs target, {{schedule}}"),
    mark("spread capture (basis points)"),
    mark("secondary delay"),
)
"""Titles and names of the dashboard that ships; those of one's own are shown as they stand."""


class Line(NamedTuple):
    """One line of a panel, of which of its queries; its points by time."""

    query: int
    name: str
    points: Mapping[float, float]


def plot(chart: PanelData) -> dict[str, Any]:
    """A panel as the page draws it: one axis of times, a value or null of each line at each of them."""
    unit = _UNITS.get(chart.panel.unit, chart.panel.unit)
    drawn = lines(chart)
    times, columns = thin(*aligned(drawn))
    return {
        "title": visible(gettext(chart.panel.title)) if chart.panel.title else "",
        "unit": unit,
        "limits": [_limit(limit, unit, drawn) for limit in chart.limits],
        "thresholds": [[colour, value] for colour, value in chart.thresholds],
        "error": visible(clause(chart.error)),
        "times": times,
        "series": [{"name": line.name, "values": values} for line, values in zip(drawn, columns, strict=True)],
    }


def lead(panels: Sequence[PanelData]) -> int:
    """Which panel is shown large: the first whose critical limit was crossed, else the first that has one."""
    critical = [number for number, chart in enumerate(panels) if any(_is_critical(limit) for limit in chart.limits)]
    crossed = (number for number in critical if _crossed(panels[number]))
    return next(crossed, critical[0] if critical else 0)


def with_gaps(panels: Sequence[PanelData], samples: Sequence[Series]) -> list[PanelData]:
    """The panels without the points at whose time the metric itself had no sample.

    The extreme of the last five minutes still has a value then; drawn, it would be taken for one of that moment.
    """
    by_metric: dict[str, list[Series]] = {}
    for series in samples:
        by_metric.setdefault(dict(series.labels).get("__name__", ""), []).append(series)
    return [
        replace(
            chart,
            answers=tuple(
                tuple(_seen(series, by_metric.get(found.name, ())) if found else series for series in answer)
                for answer, found in zip(chart.answers, map(plain, chart.panel.queries), strict=False)
            ),
        )
        for chart in panels
    ]


def _seen(series: Series, samples: Iterable[Series]) -> Series:
    labels = {label for label in series.labels if label[0] != "__name__"}
    times = {at for one in samples if labels <= set(one.labels) for at, _ in one.points}
    return Series(series.labels, tuple(point for point in series.points if point[0] in times))


def limits_note(panels: Sequence[PanelData], at: datetime) -> str:
    """Where the limits come from, or why they are not known."""
    why = next((chart.limits_error for chart in panels if chart.limits_error), "")
    if why:
        told = gettext("The limits are not known, so none is drawn: %(why)s", why=visible(clause(why)))
    elif any(chart.limits for chart in panels):
        told = gettext("Limits: by the alert rules that Prometheus has loaded, read at %(time)s UTC.", time=f"{at:%T}")
    else:
        told = gettext("No alert rule that Prometheus has loaded sets a limit to one of these metrics.")
    own = any(chart.thresholds for chart in panels)
    return told + (" " + gettext("Dotted: thresholds of the dashboard, without an alert.") if own else "")


def gaps_note(unknown: str) -> str:
    """What a gap means, or why none is drawn."""
    if unknown:
        return gettext("Where samples are missing is not known: %(why)s", why=visible(clause(unknown)))
    return gettext("In a gap the metric had no samples.")


def lines(chart: PanelData) -> list[Line]:
    """The lines of a panel, no two of one name. Of a server that began anew the newest samples count."""
    found: dict[tuple[int, str], dict[float, float]] = {}
    for number, answer in enumerate(chart.answers):
        for series in sorted(answer, key=lambda series: series.points[0][0] if series.points else math.inf):
            found.setdefault((number, _name(chart, number, series)), {}).update(series.points)
    names = Counter(name for _, name in found)
    metrics = [_metric(query) for query in chart.panel.queries]
    known: Counter[str] = Counter()
    drawn = []
    for (number, name), points in found.items():
        told = f"{name} · {metrics[number]}" if names[name] > 1 and metrics[number] else name
        known[told] += 1
        drawn.append(Line(number, told if known[told] == 1 else f"{told} ({known[told]})", points))
    return drawn


def _name(chart: PanelData, number: int, series: Series) -> str:
    """By the dashboard's legend, else by what the series is about, else by its metric; never empty."""
    labels = dict(series.labels)
    legend = chart.panel.legends[number] if number < len(chart.panel.legends) else ""
    if legend and legend != "__auto":
        name = _LABEL.sub(lambda found: labels.get(found[1], "–"), gettext(legend))
    else:
        name = next((labels[one] for one in _TELLING if labels.get(one)), "") or ", ".join(
            f"{label}={value}" for label, value in series.labels if label not in _ABOUT_SERVERS
        )
    metric = _metric(labels.get("__name__") or chart.panel.queries[number])
    return visible(name.strip()) or metric or visible(gettext(chart.panel.title)) or gettext("series")


def _metric(query: str) -> str:
    found = plain(query)
    return visible(found.name.removeprefix(_PREFIX).replace("_", " ")) if found else ""


Columns = list[list[float | None]]


def aligned(drawn: Sequence[Line]) -> tuple[list[float], Columns]:
    """All times of the lines, and each line's value at them; null where it has none, and once in every hole.

    Samples stand a step apart. Where more is between two of them, none was there, and no line must bridge it.
    """
    times = sorted({at for line in drawn for at in line.points})
    step = min((later - earlier for earlier, later in pairwise(times)), default=0.0)
    holes = [(earlier + later) / 2 for earlier, later in pairwise(times) if later - earlier > 1.5 * step]
    times = sorted([*times, *holes])
    return times, [[_finite(line.points.get(at)) for at in times] for line in drawn]


def thin(times: Sequence[float], columns: Columns) -> tuple[list[float], Columns]:
    """The same with fewer times: of each stretch every line's lowest, highest and missing value are kept."""
    if len(times) <= MOST_POINTS:
        return list(times), columns
    width = math.ceil(len(times) / max(_LEAST_BUCKETS, MOST_POINTS // (3 * max(1, len(columns)))))
    kept: set[int] = {0, len(times) - 1}
    for first in range(0, len(times), width):
        stretch = range(first, min(first + width, len(times)))
        for values in columns:
            kept |= _telling(values, stretch)
    order = sorted(kept)
    return [times[index] for index in order], [[values[index] for index in order] for values in columns]


def _telling(values: Sequence[float | None], stretch: Iterable[int]) -> set[int]:
    known = [(value, index) for index in stretch if (value := values[index]) is not None]
    missing = next((index for index in stretch if values[index] is None), None)
    ends = {min(known)[1], max(known)[1]} if known else set()
    return ends | ({missing} if missing is not None else set())


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _is_critical(limit: Limit) -> bool:
    return limit.severity == "critical"


def _crossed(chart: PanelData) -> bool:
    return any(
        value > limit.value if limit.above else value < limit.value
        for limit in chart.limits
        if _is_critical(limit)
        for query in limit.queries
        for series in chart.answers[query : query + 1]
        for one in series
        for _, value in one.points
        if math.isfinite(value)
    )


def _limit(limit: Limit, unit: str, drawn: Sequence[Line]) -> dict[str, Any]:
    value = number(limit.value) + (f" {unit}" if unit else "")
    where = gettext("above %(value)s", value=value) if limit.above else gettext("below %(value)s", value=value)
    if limit.for_seconds:
        told = gettext("%(where)s for %(time)s", where=where, time=format_duration(limit.for_seconds))
    else:
        told = where
    return {
        "value": limit.value,
        "above": limit.above,
        "critical": _is_critical(limit),
        "lines": [number for number, line in enumerate(drawn) if line.query in limit.queries],
        "text": f"{visible(limit.rule)}: {told}",
        "short": gettext("limit %(value)s", value=value),
        "crossed": where,
    }


def number(value: float) -> str:
    """A limit as it is read: no digits that the rule has not, the comma where the language has one."""
    text = f"{value:.12g}".replace("-", "−")
    return text.replace(".", ",") if language() == "pl" else text


def measured(value: float, unit: str) -> str:
    """A value as it is read: four digits, and its unit where there is one."""
    return f"{number(float(f'{value:.4g}'))} {unit}".strip()


def words() -> dict[str, str]:
    """What the charts say around themselves."""
    return {
        "time": gettext("Time"),
        "latest": gettext("latest"),
        "latest_button": gettext("Latest"),
        "in": gettext("Zoom in"),
        "out": gettext("Zoom out"),
        "whole": gettext("Whole window"),
        "watch": gettext("The watch"),
        "more": gettext("More metrics"),
        "table": gettext("Values as a table"),
        "series": gettext("Series"),
        "lowest": gettext("Lowest"),
        "highest": gettext("Highest"),
        "none": gettext("no sample"),
        "since": gettext("no samples since"),
        "empty": gettext("No samples in this window."),
        "help": gettext("Drag over a chart to zoom in; double-click to see the whole window."),
        "tools": gettext("Time and zoom of all charts"),
    }
