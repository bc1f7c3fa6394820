"""The dashboard's panels as one PNG, drawn from Prometheus' samples, with their source on the picture's face.

Evidence for step 4 where Grafana cannot render. Times are UTC. The same input gives the same bytes.
"""

from __future__ import annotations

import io
import math
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

from ledger.adapters.dashboard import Panel
from ledger.domain.facts import Series
from ledger.domain.moments import unix
from ledger.domain.watching.limits import Limit
from ledger.masking import masked

if TYPE_CHECKING:  # matplotlib is slow to import and only a picture needs it
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_COLUMNS = 2
_INK, _PALE, _GRID, _MARK = "#2f3640", "#7a828c", "#e6e9ed", "#59616b"
_LINES = ("#3b6ea5", "#c77d3a", "#4f8a6d", "#8d6a9f", "#a3594f", "#6b7f3f", "#4b8b9b", "#7d7468")
_DASHES = ((0, ()), (0, (6, 2)), (0, (1.5, 1.5)), (0, (6, 2, 1.5, 2)))
"""Lines differ by these too: for who tells hues apart badly, and on paper."""
_THRESHOLDS = {"red": "#b8453a", "orange": "#d08a2e", "yellow": "#b59b2a", "green": "#5b8f63", "blue": "#4b77a8"}
_UNITS = {"percent": "%", "percentunit": "of 1", "short": "", "none": ""}
_LEGEND = 6
_CLOSE = 0.035
"""Marks nearer to each other than this part of the window share one label."""


@dataclass(frozen=True, slots=True)
class PanelData:
    """A panel and what its queries gave: one tuple of series per query.

    ``error`` says why there is nothing, or why what there is may not be all.
    """

    panel: Panel
    answers: tuple[tuple[Series, ...], ...]
    error: str = ""
    limits: tuple[Limit, ...] = ()
    """What the alert rules say about its metrics."""
    limits_error: str = ""
    """Why that is not known; empty where it is."""

    @property
    def thresholds(self) -> tuple[tuple[str, float], ...]:
        """The dashboard's own lines, but for those that a rule draws."""
        drawn = {limit.value for limit in self.limits}
        return tuple((colour, value) for colour, value in self.panel.thresholds if value not in drawn)


def source_line(url: str, at: datetime) -> str:
    """What the picture says about itself: by whom, from where (credentials masked), when."""
    return f"drawn by stage4-ledger from Prometheus {masked(url)} at {_utc(at)}"


def draw(
    panels: Sequence[PanelData],
    start: datetime,
    end: datetime,
    marks: Sequence[tuple[datetime, str]],
    source: str,
    title: str,
    empty: str = "no samples in this window",
) -> bytes:
    """A PNG of all panels from ``start`` to ``end``, threshold lines and numbered ``marks`` in each, named below.

    ``source`` (see ``source_line``) stands on the picture; ``empty`` is what a panel without samples says, e.g.
    "no samples: the scheduler is stopped". Needs ``MPLCONFIGDIR`` to be writable.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    rows = max(1, math.ceil(len(panels) / _COLUMNS))
    shown = sorted((mark for mark in marks if start <= mark[0] <= end), key=lambda mark: mark[0])
    names = math.ceil(len(shown) / _COLUMNS)
    height = 1.2 + 2.75 * rows + 0.6 + 0.24 * names
    figure = Figure(figsize=(14, height), dpi=100, facecolor="white")
    FigureCanvasAgg(figure)
    grid = figure.subplots(rows, _COLUMNS, squeeze=False).flatten().tolist()
    figure.subplots_adjust(
        left=0.06, right=0.955, top=1 - 1.45 / height, bottom=(0.85 + 0.24 * names) / height, hspace=0.5, wspace=0.17
    )
    for axes in grid[len(panels) :]:
        axes.set_visible(False)
    for axes, data in zip(grid, panels, strict=False):
        _panel(axes, data, start, end, shown, empty)
    _face(figure, height, f"{_utc(start)}  to  {_utc(end)}", source, title)
    _mark_names(figure, height, shown)
    out = io.BytesIO()
    figure.savefig(out, format="png", metadata={"Software": "stage4-ledger", "Source": source, "Title": title})
    return out.getvalue()


def warm_up() -> None:
    """Load what drawing needs and list the fonts, seconds on a cold machine; the first picture is quick then."""
    at = datetime(2026, 1, 1, tzinfo=UTC)
    panel = PanelData(Panel("", ("",), "", ()), ((Series((), ((at.timestamp(), 0.0),)),),))
    draw([panel], at, at + timedelta(minutes=1), [(at, "")], "", "")


def _face(figure: Figure, height: float, window: str, source: str, title: str) -> None:
    figure.text(0.06, 1 - 0.45 / height, _shown(title, 90), fontsize=16, color=_INK, weight="bold", va="center")
    figure.text(0.06, 1 - 0.78 / height, window, fontsize=10.5, color=_PALE, va="center")
    figure.text(0.06, 0.22 / height, _shown(source, 180), fontsize=9, color=_PALE, va="center")


def _mark_names(figure: Figure, height: float, marks: Sequence[tuple[datetime, str]]) -> None:
    """The legend of the numbered marks, in columns under the panels."""
    rows = math.ceil(len(marks) / _COLUMNS)
    for index, (at, words) in enumerate(marks):
        column, row = divmod(index, rows)
        x, y = 0.06 + column * 0.47, (0.5 + 0.24 * (rows - 1 - row)) / height
        figure.text(x, y, f"{index + 1}", fontsize=9.5, color=_MARK, weight="bold", va="center")
        shown = f"{at.astimezone(UTC):%H:%M:%S}  {_shown(words, 80)}"
        figure.text(x + 0.02, y, shown, fontsize=9.5, color=_INK, va="center")


def _panel(
    axes: Axes, data: PanelData, start: datetime, end: datetime, marks: Sequence[tuple[datetime, str]], empty: str
) -> None:
    unit = _UNITS.get(data.panel.unit, data.panel.unit)
    axes.set_title(
        _shown(data.panel.title + (f"  [{unit}]" if unit else ""), 80), loc="left", fontsize=11, color=_INK, pad=17
    )
    if data.error and any(series.points for answer in data.answers for series in answer):
        style = {"ha": "right", "va": "bottom", "fontsize": 8, "color": _THRESHOLDS["red"]}
        axes.text(1, 1.07, _shown(f"not whole: {data.error}", 90), transform=axes.transAxes, **style)  # type: ignore[arg-type]
    _frame(axes, start, end)
    drawn = _lines(axes, data)
    if drawn:
        _limits(axes, data)
        _thresholds(axes, data.thresholds)
        _zones(axes, data.limits)
        axes.grid(True, color=_GRID, linewidth=0.8)
    else:
        axes.set_yticks([])
        words = textwrap.fill(_shown(data.error or empty, 240), 60)
        style = {"ha": "center", "va": "center", "fontsize": 11, "color": _PALE, "style": "italic", "zorder": 5}
        style["bbox"] = {"facecolor": "white", "edgecolor": "none", "pad": 6}
        axes.text(0.5, 0.5, words, transform=axes.transAxes, **style)  # type: ignore[arg-type]
    _marks(axes, start, end, marks)


def _frame(axes: Axes, start: datetime, end: datetime) -> None:
    from matplotlib.dates import AutoDateLocator, DateFormatter

    span = end - start
    pattern = "%H:%M:%S" if span < timedelta(minutes=8) else "%H:%M" if span < timedelta(days=1) else "%m-%d %H:%M"
    locator = AutoDateLocator(tz=UTC, minticks=4, maxticks=8)  # type: ignore[no-untyped-call]
    axes.set_xlim(start, end if end > start else start + timedelta(seconds=1))  # type: ignore[arg-type]
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(DateFormatter(pattern, tz=UTC))  # type: ignore[no-untyped-call]
    axes.tick_params(labelsize=9, colors=_PALE, length=3)
    for side, spine in axes.spines.items():
        spine.set_visible(side in ("left", "bottom"))
        spine.set_color("#c5cad1")


def _lines(axes: Axes, data: PanelData) -> bool:
    """Draw every series that has points; True where there was one."""
    named = [
        (series, query)
        for query, answer in zip(data.panel.queries, data.answers, strict=False)
        for series in answer
        if series.points
    ]
    for index, (series, query) in enumerate(named):
        times, values = _broken(series.points)
        label = _label(series, query, many=len(data.panel.queries) > 1) if index < _LEGEND else "_"
        colour = _LINES[index % len(_LINES)]
        style = {"color": colour, "linestyle": _DASHES[index % len(_DASHES)], "linewidth": 1.6}
        axes.plot(times, values, label=label, marker=_dot(values), markersize=4, **style)  # type: ignore[arg-type]
    if len(named) > 1:
        more = f"and {len(named) - _LEGEND} more" if len(named) > _LEGEND else None
        axes.legend(loc="best", fontsize=8, frameon=True, framealpha=0.8, edgecolor="none", labelcolor=_INK, title=more)
    return bool(named)


def _dot(values: Sequence[float]) -> str:
    """A lone point would be invisible as a line."""
    return "." if sum(map(math.isfinite, values)) == 1 else ""


def _broken(points: Sequence[tuple[float, float]]) -> tuple[list[datetime], list[float]]:
    """Times and values with a NaN in every hole, so that no line bridges samples that are not there."""
    steps = [later - earlier for (earlier, _), (later, _) in pairwise(points)]
    usual = min(steps, default=0)
    times, values = [unix(points[0][0])], [points[0][1]]
    for (at, value), step in zip(points[1:], steps, strict=True):
        if step > 1.5 * usual:
            times.append(unix(at - step / 2))
            values.append(math.nan)
        times.append(unix(at))
        values.append(value)
    return times, values


def _label(series: Series, query: str, *, many: bool) -> str:
    """``schedule`` where there is one, else the labels that tell something; with several queries the metric too."""
    labels = {name: value for name, value in series.labels if name not in ("__name__", "job", "instance")}
    words = labels.get("schedule") or ", ".join(f"{name}={value}" for name, value in labels.items())
    metric = query.partition("[")[0].rpartition("(")[2].partition("{")[0].removeprefix("bot_core_multi_strategy_")
    return _shown(" · ".join(filter(None, [metric if many or not words else "", words])), 60)


def _limits(axes: Axes, data: PanelData) -> None:
    """Room for the lines and the thresholds, so that the distance to a threshold is seen."""
    values = [value for answer in data.answers for series in answer for _, value in series.points]
    lines = [*(value for _, value in data.thresholds), *(limit.value for limit in data.limits)]
    values += lines
    low, high = min(values), max(values)
    room = (high - low) * 0.12 or max(abs(high) * 0.1, 1.0)
    floor = 0.0 if 0 <= low <= room else low - room  # no room below zero for what is never negative
    axes.set_ylim(floor - (room if low == 0 and lines else 0), high + room)


def _thresholds(axes: Axes, thresholds: Sequence[tuple[str, float]]) -> None:
    for name, value in thresholds:
        colour = _THRESHOLDS.get(name.rpartition("-")[2], name if name.startswith("#") else _PALE)
        axes.axhline(value, color=colour, linewidth=1.1, linestyle=(0, (6, 3)))
        style = {"fontsize": 8, "color": colour, "va": "center", "clip_on": False}
        axes.text(1.008, value, f"{value:g}", transform=axes.get_yaxis_transform(), **style)  # type: ignore[arg-type]


def _zones(axes: Axes, limits: Sequence[Limit]) -> None:
    """The alert rules' limits with their values; beyond a critical one the ground is shaded."""
    low, high = axes.get_ylim()
    for limit in limits:
        critical = limit.severity == "critical"
        colour = _THRESHOLDS["red" if critical else "orange"]
        axes.axhline(limit.value, color=colour, linewidth=1.5 if critical else 1.1)
        if critical:
            axes.axhspan(limit.value, high if limit.above else low, color=colour, alpha=0.09, linewidth=0)
        style = {"fontsize": 8, "color": colour, "va": "center", "clip_on": False, "weight": "bold"}
        axes.text(1.008, limit.value, f"{limit.value:g}", transform=axes.get_yaxis_transform(), **style)  # type: ignore[arg-type]


def _marks(axes: Axes, start: datetime, end: datetime, marks: Sequence[tuple[datetime, str]]) -> None:
    """A thin line at each mark with its number above; those too near each other share one label, like 2–4."""
    whole = (end - start).total_seconds() or 1.0
    groups: list[list[tuple[int, float]]] = []
    for number, (at, _) in enumerate(marks, 1):
        place = (at - start).total_seconds() / whole
        if groups and place - groups[-1][-1][1] < _CLOSE:
            groups[-1].append((number, place))
        else:
            groups.append([(number, place)])
        axes.axvline(at, color=_MARK, linewidth=0.9, linestyle=(0, (2, 2)), alpha=0.8)  # type: ignore[arg-type]
    for group in groups:
        (first, left), (last, right) = group[0], group[-1]
        words = str(first) if first == last else f"{first}–{last}"
        style = {"ha": "center", "va": "bottom", "fontsize": 8, "color": _MARK, "weight": "bold"}
        axes.text((left + right) / 2, 1.01, words, transform=axes.transAxes, **style)  # type: ignore[arg-type]


def _shown(words: str, limit: int) -> str:
    """One line of at most ``limit`` letters; matplotlib would read a pair of dollar signs as a formula."""
    printable = "".join(letter if letter.isprintable() else " " for letter in words)
    return textwrap.shorten(printable, limit, placeholder="…").replace("$", r"\$")


def _utc(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
