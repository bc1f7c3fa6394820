"""The charts' samples: asked for once, bounded, and honest about a source that cannot be had."""

from __future__ import annotations

import math
from datetime import timedelta

import pytest
from flask import g

from ledger.adapters.dashboard import Panel, load_panels
from ledger.adapters.picture import PanelData
from ledger.app.press import Press
from ledger.app.steps import opening, pictures, stopping
from ledger.domain.facts import Series
from ledger.domain.watching.limits import Limit
from ledger.errors import Unreachable
from ledger.shipped import DASHBOARD
from web import plots
from web.pages import charts, spark

from .conftest import person

RAW = (Series((("__name__", "x"),), ((1.0, 2.0),)),)
"""The samples of the metric ``x`` itself."""


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
    monkeypatch.setattr(charts, "samples", lambda *_: RAW)
    noc, owner = browser("noc"), browser("product_owner")
    pages = [one.get("/rollbacks/INC-7/charts.json").json for one in (noc, owner, noc)]
    assert len(asked) == 1
    assert drawn(pages[0]["panels"][0]) == {"x": [(1.0, 2.0)]}


def test_the_preview_of_the_restore_has_what_the_metrics_said_before_the_stop(browser, rollback, installation):
    assert browser("noc").get("/rollbacks/INC-7/before-stop").status_code == 204, "it was not stopped"
    limits = [{"above": True, "short": "limit 320 ms", "value": 320.0}]
    series = [{"name": "a", "values": [400.0, 404.0, 10.0]}, {"name": "b", "values": [500.0, None, 9.0]}]
    panel = {"title": "Latency", "unit": "ms", "limits": limits, "times": [90.0, 99.0, 101.0], "series": series}
    page = {"panels": [panel, panel | {"limits": []}]}
    assert charts.last_before(page, 100.0) == (charts.Before("Latency", "b", "500 ms", "limit 320 ms"),)
    assert charts.last_before(page, 89.0) == () == charts.last_before(page, 500.0), "nothing is from just before"


def test_where_prometheus_does_not_answer_the_preview_says_that_it_is_not_known(browser, rollback, installation):
    opening.confirm(installation, Press(person("product_owner")), rollback)
    stopping.disable(installation, Press(person("l2_ops")), installation.rollback("INC-7"), requested_by="L2 Ops")
    assert "is not known: Prometheus does not answer" in browser("noc").get("/rollbacks/INC-7/before-stop").text


def test_the_line_of_the_critical_metric_has_its_gaps_its_limit_and_its_last_value(app):
    limits = [{"above": True, "short": "limit 20 ms", "value": 20.0}]
    series = [{"name": "a", "values": [10.0, None, 30.0, 40.0]}, {"name": "b", "values": [1.0, 1.0, 1.0, 1.0]}]
    panel = {"title": "Latency", "unit": "ms", "limits": limits, "times": [0.0, 25.0, 50.0, 100.0], "series": series}
    with app.test_request_context():
        g.person, found = "x", spark.drawn(panel, 0.0, 100.0)
    assert found is not None and (found.title, found.value, found.crossed) == ("Latency (a)", "40 ms", True)
    assert found.strokes == ("0.00,22.0", "50.00,8.67 100.00,2.0") and found.level == 15.33
    assert spark.drawn(panel | {"limits": []}, 0.0, 100.0) is None is spark.drawn(panel, 200.0, 300.0)


def test_a_metric_that_cannot_be_had_has_no_line(browser):
    assert browser("noc").get("/spark").status_code == 204


def test_it_knows_no_other_rollback(browser):
    assert browser("noc").get("/rollbacks/INC-8/charts.json").status_code == 404


def test_it_writes_no_numbers_that_json_has_not(rollback, installation):
    series = Series((("schedule", "a"), ("pod", "secret")), ((1.0, math.nan), (2.0, math.inf), (3.0, 4.0)))
    page = charts.page(
        rollback, (PanelData(Panel("P", ("x",), "percent", (("red", 1.0),)), ((series,),)),), *span(rollback)
    )
    assert drawn(page["panels"][0]) == {"a": [(1.0, None), (2.0, None), (3.0, 4.0)]}
    assert page["panels"][0]["unit"] == "%"


def drawn(panel):
    """The lines of a panel by name, as points."""
    return {one["name"]: [*zip(panel["times"], one["values"], strict=True)] for one in panel["series"]}


def span(rollback):
    return charts.window(rollback, rollback.opened_at + timedelta(minutes=1))


def test_thinning_keeps_every_peak_every_hole_and_the_order():
    times = [float(at) for at in range(10_000)]
    peak = [1000.0 if at == 4321 else at % 7 for at in times]
    holed = [None if at == 7777 else 1.0 for at in times]
    kept, (first, second) = plots.thin(times, [peak, holed])
    assert len(kept) <= plots.MOST_POINTS
    assert first[kept.index(4321.0)] == 1000.0
    assert second[kept.index(7777.0)] is None
    assert kept == sorted(kept)


def test_the_window_is_bounded_and_ends_soon_after_the_restart(rollback):
    late = rollback.opened_at + timedelta(days=3)
    start, end = charts.window(rollback, late)
    assert (end, end - start) == (late, charts.LONGEST)
    start, end = charts.window(rollback._replace(restarted_at=rollback.opened_at + timedelta(hours=1)), late)
    assert end == rollback.opened_at + timedelta(hours=1) + charts.LEAD


@pytest.mark.parametrize(("watched", "before"), [(20, 120), (200, 200), (900, 300)])
def test_what_came_before_the_stop_leaves_room_for_a_short_watch(rollback, watched, before):
    start, end = charts.window(rollback, rollback.opened_at + timedelta(seconds=watched))
    assert (rollback.opened_at - start, end - rollback.opened_at) == (
        timedelta(seconds=before),
        timedelta(seconds=watched),
    )


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
    monkeypatch.setattr(charts, "samples", lambda *_: RAW)
    answer = browser("noc").get("/rollbacks/INC-7/charts.json")
    assert answer.status_code == 200
    [panel] = answer.json["panels"]
    assert drawn(panel) == {"x": [(1.0, 2.0)]}
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

    def samples(self, *_):
        raise Unreachable("samples are not served here")

    def conditions(self, names):
        raise Unreachable("rules are not served here")


def panel(*answers, queries=("x",), unit="ms", legends=(), **more):
    """What the page draws of a panel with these answers."""
    return plots.plot(PanelData(Panel("P", queries, unit, (), legends), answers, **more))


def test_a_server_that_was_started_anew_is_one_line_of_which_the_newest_samples_count():
    old = Series((("schedule", "a"), ("instance", "x:1")), ((1.0, 1.0), (2.0, 1.0), (3.0, 1.0)))
    new = Series((("schedule", "a"), ("instance", "x:2")), ((2.0, 9.0), (3.0, 9.0), (4.0, 9.0)))
    assert drawn(panel((new, old))) == {"a": [(1.0, 1.0), (2.0, 9.0), (3.0, 9.0), (4.0, 9.0)]}


def test_where_samples_are_missing_there_is_a_gap():
    points = tuple((float(at), 1.0) for at in (*range(10), *range(40, 50)))
    assert [at for at, value in drawn(panel((Series((), points),)))["x"] if value is None] == [24.5]


def test_one_missing_sample_of_one_line_is_a_gap_in_that_line_alone():
    whole = Series((("schedule", "a"),), ((0.0, 1.0), (15.0, 1.0), (30.0, 1.0)))
    holed = Series((("schedule", "b"),), ((0.0, 2.0), (30.0, 2.0)))
    assert drawn(panel((whole, holed))) == {
        "a": [(0.0, 1.0), (15.0, 1.0), (30.0, 1.0)],
        "b": [(0.0, 2.0), (15.0, None), (30.0, 2.0)],
    }


def test_a_maximum_that_outlives_its_metric_is_not_drawn_on():
    """``max_over_time(x[5m])`` has a value for five minutes after the last sample: no scheduler takes 404 ms then."""
    chart = PanelData(
        Panel("P", ("max_over_time(x[5m])", "rate(y[5m])"), "ms", ()),
        (
            (Series((("schedule", "a"),), ((0.0, 404.0), (15.0, 404.0), (30.0, 404.0))),),
            (Series((("schedule", "a"),), ((0.0, 1.0), (15.0, 1.0))),),
        ),
    )
    raw = (
        Series((("__name__", "x"), ("schedule", "a")), ((0.0, 404.0),)),
        Series((("__name__", "x"), ("schedule", "b")), ((15.0, 1.0),)),
    )
    [left] = plots.with_gaps([chart], raw)
    assert left.answers[0][0].points == ((0.0, 404.0),)
    assert left.answers[1][0].points == ((0.0, 1.0), (15.0, 1.0)), "what no metric's own scale is, stays"


def test_lines_are_named_by_the_dashboard_else_by_what_they_are_about_and_none_twice():
    a, b = Series((("schedule", "a"),), ((1.0, 1.0),)), Series((("schedule", "b"),), ((1.0, 2.0),))
    aggregate = Series((), ((1.0, 3.0),))
    legends = ("error, {{schedule}}", "spread")
    assert set(drawn(panel((a, b), (aggregate,), queries=("x", "max(y)"), legends=legends))) == {
        "error, a",
        "error, b",
        "spread",
    }
    assert set(drawn(panel((a,), (a,), queries=("x", "max_over_time(bot_core_multi_strategy_y_ms[5m])")))) == {
        "a · x",
        "a · y ms",
    }
    assert set(drawn(panel((aggregate,), queries=("max(bot_core_multi_strategy_delay_ms)",)))) == {"delay ms"}
    assert set(drawn(panel((aggregate,), (aggregate,), queries=("rate(x[5m])", "rate(y[5m])")))) == {"P", "P (2)"}


LATENCY = Limit(320.0, True, "LatencyCritical", "critical", 60.0)
DRAWDOWN = Limit(-4.5, False, "Drawdown", "warning", 0.0)


def test_a_limit_says_whose_it_is(app):
    with app.test_request_context():
        [above] = panel(limits=(LATENCY,))["limits"]
        [below] = panel(limits=(DRAWDOWN,), unit="percent")["limits"]
    assert (above["value"], above["critical"], above["text"]) == (
        320.0,
        True,
        "LatencyCritical: above 320 ms for 1 min",
    )
    assert (below["above"], below["critical"], below["text"]) == (False, False, "Drawdown: below −4.5 %")


def test_the_large_chart_is_that_of_the_critical_limit_that_was_crossed():
    def chart(value, *limits):
        return PanelData(Panel("P", ("x",), "ms", ()), ((Series((), ((1.0, value),)),),), limits=limits)

    calm, crossed = chart(300.0, LATENCY), chart(404.0, LATENCY)
    assert plots.lead([chart(1.0), chart(-9.0, DRAWDOWN), calm, crossed]) == 3
    assert plots.lead([chart(1.0), calm]) == 1
    assert plots.lead([chart(1.0)]) == plots.lead([]) == 0


def test_a_limit_of_one_metric_is_none_of_the_other_in_its_panel(app):
    error, volatility = Series((("schedule", "a"),), ((1.0, 1.0),)), Series((("schedule", "a"),), ((1.0, 99.0),))
    chart = PanelData(
        Panel("P", ("x", "y"), "ms", ()), ((error,), (volatility,)), limits=(LATENCY._replace(value=20.0),)
    )
    with app.test_request_context():
        page = plots.plot(chart)
    assert [page["series"][number]["name"] for number in page["limits"][0]["lines"]] == ["a · x"]
    calm = PanelData(Panel("P", ("x",), "ms", ()), ((error,),))
    assert plots.lead([calm, chart]) == 1, "it has a critical limit"
    other = PanelData(Panel("P", ("x",), "ms", ()), ((Series((), ((1.0, 404.0),)),),), limits=(LATENCY,))
    assert plots.lead([chart, other]) == 1, "and it was not crossed by what has none"


def test_limits_that_are_not_known_are_said_and_no_calm_is_drawn(browser, rollback, installation, monkeypatch):
    monkeypatch.setattr(type(installation), "prometheus", property(lambda _: _Answers((Series((), ((1.0, 2.0),)),))))
    page = browser("noc").get("/rollbacks/INC-7/charts.json").json
    assert "The limits are not known, so none is drawn: rules are not served here" in page["notes"][0]
    assert "Where samples are missing is not known: samples are not served here" in page["notes"][1]


def test_a_threshold_of_the_dashboard_that_a_rule_draws_is_not_drawn_twice():
    chart = PanelData(Panel("P", ("x",), "ms", (("orange", 300.0), ("red", 320.0))), (), limits=(LATENCY,))
    assert chart.thresholds == (("orange", 300.0),)


def test_polish_pages_name_the_shipped_panels_in_polish(app):
    known = {panel.title for panel in load_panels(DASHBOARD)} | {
        legend for panel in load_panels(DASHBOARD) for legend in panel.legends if legend != "{{schedule}}"
    }
    assert known == set(plots.SHIPPED)
    chart = PanelData(load_panels(DASHBOARD)[3], ((Series((("schedule", "a"),), ((1.0, 1.0),)),), ()))
    with app.test_request_context():
        g.language = "pl"
        page = plots.plot(chart)
        assert plots.number(-4.5) == "−4,5"
    assert (page["title"], [*drawn(page)]) == ("Volatility targeting – błąd alokacji", ["błąd alokacji, a"])


def test_the_first_stop_has_a_mark_beside_the_latest(rollback):
    first = rollback.opened_at + timedelta(seconds=5)
    again = first + timedelta(seconds=20)
    stopped = rollback._replace(stopped_at=first, override=rollback.override._replace(written_at=again))
    found = pictures.marks(stopped, rollback.opened_at, again)
    assert found == [(rollback.opened_at, "opened"), (first, "stopped"), (again, "stopped again")]
