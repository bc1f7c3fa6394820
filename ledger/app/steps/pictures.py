"""The dashboard's panels as one picture, drawn from Prometheus' samples, and the samples themselves for the report."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from datetime import datetime
from importlib.util import find_spec
from typing import TYPE_CHECKING, NamedTuple

from ledger.adapters.dashboard import load_panels
from ledger.adapters.picture import PanelData, draw, source_line, warm_up
from ledger.app.installation import Installation
from ledger.app.press import Press
from ledger.domain.facts import AlertRule, Series
from ledger.domain.state import Rollback
from ledger.domain.watching.limits import limits_of, plain
from ledger.errors import LedgerError, Unreachable
from ledger.files import make_folder
from ledger.said import joined
from ledger.shipped import DASHBOARD

if TYPE_CHECKING:  # asking a server needs a library that is slow to import
    from ledger.adapters.prometheus import Prometheus

__all__ = [
    "INSTALL",
    "NO_NUMBERS",
    "TITLE",
    "PanelData",
    "Shown",
    "cannot_draw",
    "marks",
    "panel_data",
    "panels_json",
    "picture",
    "samples",
    "show",
    "warm",
]

TITLE = "Stage4 – Multi-Strategy Operations"
"""Of the shipped dashboard; one of one's own is called by its file."""
INSTALL = "install stage4-ledger[pictures], or attach a picture of the dashboard to step 4"


class Shown(NamedTuple):
    """What a window's panels gave, and their picture's name as an artefact; "" and why where there is none."""

    panels: tuple[PanelData, ...]
    picture: str
    missing: str = ""


def cannot_draw() -> str:
    """Why no picture can be drawn by this installation; "" where it can."""
    return "" if find_spec("matplotlib") else "matplotlib is not installed"


def show(installation: Installation, press: Press, rollback: Rollback, start: datetime, end: datetime) -> Shown:
    """The panels with their picture, as far as they can be had. Never raises: no verdict waits for a picture."""
    try:
        panels = panel_data(installation, start, end)
    except LedgerError as error:
        return Shown((), "", str(error))
    try:
        return Shown(panels, picture(installation, press, rollback, panels, start, end))
    except LedgerError as error:
        return Shown(panels, "", str(error))
    except ImportError as error:
        return Shown(panels, "", f"{cannot_draw() or f'matplotlib cannot be loaded ({error})'}: {INSTALL}")
    except Exception as error:  # noqa: BLE001 (whatever the drawing comes to, the window is judged)
        return Shown(panels, "", f"it could not be drawn: {type(error).__name__}: {error}")


def panel_data(installation: Installation, start: datetime, end: datetime) -> tuple[PanelData, ...]:
    """Every panel of the Grafana dashboard with what its queries give; a failure stands in the panel.

    So does what makes an answer less than whole, and values that are no numbers: neither is a scheduler that stands.
    """
    charts = []
    prometheus = installation.prometheus
    rules, unknown = _rules(prometheus, installation.alerts.rules)
    for panel in load_panels(installation.dashboard or DASHBOARD):
        answers: tuple[tuple[Series, ...], ...]
        try:
            signs: list[str] = []
            step = installation.step_seconds
            answers = tuple(prometheus.series(query, start, end, step, signs) for query in panel.queries)
            told = joined(dict.fromkeys(signs), "; ") or _no_numbers(answers)
        except Unreachable as error:
            answers, told = (), str(error)
        charts.append(PanelData(panel, answers, told, limits_of(panel.queries, rules), unknown))
    return tuple(charts)


def _rules(prometheus: Prometheus, names: Sequence[str]) -> tuple[tuple[AlertRule, ...], str]:
    """What the runbook's alert rules ask for, as Prometheus has them loaded; or why that is not known."""
    try:
        return prometheus.conditions(names), ""
    except Unreachable as error:
        return (), str(error)


def samples(
    installation: Installation, panels: Sequence[PanelData], start: datetime, end: datetime
) -> tuple[Series, ...]:
    """The metrics of the panels themselves, where a query has them on their own scale: when there were samples at all.

    A panel's ``max_over_time(…[5m])`` goes on for five minutes after the last of them. Raises ``Unreachable``, also
    where the answer is not whole.
    """
    metrics = sorted({metric.name for chart in panels for query in chart.panel.queries if (metric := plain(query))})
    if not metrics:
        return ()
    return installation.prometheus.samples(metrics, start, end, installation.step_seconds)


def _no_numbers(answers: Sequence[Sequence[Series]]) -> str:
    """What to say of a panel whose series are there and have nothing to draw."""
    series = [curve for answer in answers for curve in answer]
    return NO_NUMBERS if series and not any(curve.points for curve in series) else ""


NO_NUMBERS = "only values that are no numbers (NaN or infinite)"


def picture(
    installation: Installation,
    press: Press,
    rollback: Rollback,
    data: Sequence[PanelData],
    start: datetime,
    end: datetime,
) -> str:
    """Draw and keep the picture (PNG); returns its name as an artefact."""
    make_folder(installation.home.var / "cache" / "matplotlib")
    png = draw(
        data,
        start,
        end,
        marks(rollback, start, end),
        source_line(installation.config.prometheus.url, installation.clock()),
        f"{installation.dashboard.stem if installation.dashboard else TITLE} · {rollback.id}",
        "no samples: the scheduler is stopped" if rollback.holds else "no samples in this window",
    )
    return installation.keep(png, press)


def warm(installation: Installation) -> None:
    """Get ready to draw, for a process that lives on: loading it cold would hold up a person's first watch."""
    with contextlib.suppress(OSError, ImportError):  # the one who draws is told
        make_folder(installation.home.var / "cache" / "matplotlib")
        warm_up()


def marks(rollback: Rollback, start: datetime, end: datetime) -> list[tuple[datetime, str]]:
    """What happened to the rollback inside the window, for the picture."""
    watched = rollback.watch.started.starts_at if rollback.watch else None
    known = (
        (rollback.opened_at, "opened"),
        (rollback.stopped_at or rollback.override.written_at, "stopped"),
        (
            rollback.override.written_at if rollback.override.written_at != rollback.stopped_at else None,
            "stopped again",
        ),
        (watched, "watch starts"),
        (rollback.override.removed_at, "override removed"),
        (rollback.restarted_at, "enabled"),
    )
    return [(at, text) for at, text in known if at is not None and start <= at <= end]


def panels_json(data: Sequence[PanelData]) -> list[dict[str, object]]:
    """The panels with their queries and samples (numbers as text, as Prometheus gives them), for the report."""
    return [
        {
            "error": chart.error,
            "queries": [
                {
                    "expr": query,
                    "series": [
                        {"labels": dict(s.labels), "points": [[t, repr(v)] for t, v in s.points]} for s in series
                    ],
                }
                for query, series in zip(
                    chart.panel.queries, chart.answers or ((),) * len(chart.panel.queries), strict=False
                )
            ],
            "title": chart.panel.title,
            "unit": chart.panel.unit,
        }
        for chart in data
    ]
