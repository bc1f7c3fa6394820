"""The charts' samples: asked for once, bounded, and honest about a source that cannot be had."""

from __future__ import annotations

import math
from datetime import timedelta

import pytest

from ledger.adapters.dashboard import Panel
from ledger.adapters.picture import PanelData
from ledger.app.press import Press
from ledger.app.steps import opening, pictures
from ledger.domain.facts import Series
from web.pages import charts

from .conftest import person


@pytest.fixture
def rollback(installation):
    return opening.open_rollback(
        installation, Press(person("incident_manager")), ticket="INC-7", reason="Latency climbs"
    ).rollback


def test_it_says_since_when_prometheus_cannot_be_had(browser, rollback):
    noc = browser("noc")
    first = noc.get("/rollbacks/INC-7/charts.json")
    assert first.status_code == 503
    assert first.mimetype == "application/problem+json"
    assert first.json["since"] and "prometheus" in first.json["detail"].lower()
    assert noc.get("/rollbacks/INC-7/charts.json").json["since"] == first.json["since"]


def test_it_asks_prometheus_once_for_many_browsers(browser, rollback, monkeypatch):
    asked = []
    answer = PanelData(Panel("Latency", ("x",), "ms", ()), ((Series((), ((1.0, 2.0),)),),))
    monkeypatch.setattr(charts, "panel_data", lambda *_: asked.append(1) or (answer,))
    noc, owner = browser("noc"), browser("product_owner")
    pages = [one.get("/rollbacks/INC-7/charts.json").json for one in (noc, owner, noc)]
    assert len(asked) == 1
    assert pages[0]["panels"][0]["series"] == [[{}, [1.0], [2.0]]]


def test_it_knows_no_other_rollback(browser):
    assert browser("noc").get("/rollbacks/INC-8/charts.json").status_code == 404


def test_it_writes_no_numbers_that_json_has_not(rollback, installation):
    series = Series((("schedule", "a"), ("pod", "secret")), ((1.0, math.nan), (2.0, math.inf), (3.0, 4.0)))
    page = charts.page(
        rollback, (PanelData(Panel("P", ("x",), "percent", (("red", 1.0),)), ((series,),)),), *span(rollback)
    )
    assert page["panels"][0]["series"] == [[{"schedule": "a"}, [1.0, 2.0, 3.0], [None, None, 4.0]]]
    assert page["panels"][0]["unit"] == "%"


def span(rollback):
    return charts.window(rollback, rollback.opened_at + timedelta(minutes=1))


def test_thinning_keeps_the_peak_and_the_order():
    points = [(float(at), 1000.0 if at == 4321 else float(at % 7)) for at in range(10_000)]
    kept = charts.thin(points)
    assert len(kept) <= charts.MOST_POINTS
    assert (4321.0, 1000.0) in kept
    assert kept == sorted(kept)


def test_the_window_is_bounded_and_ends_soon_after_the_restart(rollback):
    late = rollback.opened_at + timedelta(days=3)
    start, end = charts.window(rollback, late)
    assert (end, end - start) == (late, charts.LONGEST)
    start, end = charts.window(rollback._replace(restarted_at=rollback.opened_at + timedelta(hours=1)), late)
    assert end == rollback.opened_at + timedelta(hours=1) + charts.LEAD


def test_a_panel_that_is_not_whole_keeps_its_lines_and_says_so(browser, rollback, monkeypatch):
    lines = ((Series((), ((1.0, 2.0),)),),)
    parts = (
        PanelData(
            Panel("Latency", ("x",), "ms", ()),
            lines,
            "the answer is partial (isPartial): some of its storage did not answer",
        ),
    )
    monkeypatch.setattr(charts, "panel_data", lambda *_: parts)
    answer = browser("noc").get("/rollbacks/INC-7/charts.json")
    assert answer.status_code == 200
    [panel] = answer.json["panels"]
    assert panel["series"] == [[{}, [1.0], [2.0]]]
    assert "isPartial" in panel["error"]


def test_numbers_that_are_none_are_no_scheduler_that_stands(installation, monkeypatch):
    series = (Series((("__name__", "x"),), ()),)
    monkeypatch.setattr(type(installation), "prometheus", property(lambda _: _Answers(series)))
    [first, *_] = pictures.panel_data(installation, installation.clock(), installation.clock())
    assert first.error == charts.EMPTY == pictures.NO_NUMBERS
    monkeypatch.setattr(type(installation), "prometheus", property(lambda _: _Answers(())))
    assert pictures.panel_data(installation, installation.clock(), installation.clock())[0].error == ""


class _Answers:
    def __init__(self, series):
        self._series = series

    def series(self, *_):
        return self._series


def test_a_server_that_was_started_anew_is_one_line_of_which_the_newest_samples_count(rollback):
    old = Series((("schedule", "a"), ("instance", "x:1")), ((1.0, 1.0), (2.0, 1.0), (3.0, 1.0)))
    new = Series((("schedule", "a"), ("instance", "x:2")), ((2.0, 9.0), (3.0, 9.0), (4.0, 9.0)))
    page = charts.page(rollback, (PanelData(Panel("P", ("x",), "ms", ()), ((new, old),)),), *span(rollback))
    assert page["panels"][0]["series"] == [[{"schedule": "a"}, [1.0, 2.0, 3.0, 4.0], [1.0, 9.0, 9.0, 9.0]]]


def test_where_samples_are_missing_there_is_a_gap(rollback):
    points = tuple((float(at), 1.0) for at in (*range(10), *range(40, 50)))
    page = charts.page(rollback, (PanelData(Panel("P", ("x",), "ms", ()), ((Series((), points),),)),), *span(rollback))
    _, times, values = page["panels"][0]["series"][0]
    assert [at for at, value in zip(times, values, strict=True) if value is None] == [24.5]


def test_the_first_stop_has_a_mark_beside_the_latest(rollback):
    first = rollback.opened_at + timedelta(seconds=5)
    again = first + timedelta(seconds=20)
    stopped = rollback._replace(stopped_at=first, override=rollback.override._replace(written_at=again))
    found = pictures.marks(stopped, rollback.opened_at, again)
    assert found == [(rollback.opened_at, "opened"), (first, "stopped"), (again, "stopped again")]
