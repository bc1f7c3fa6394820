"""Limits are read off alert rules where they are plain, and nowhere else."""

from __future__ import annotations

import pytest
import yaml

from ledger.adapters.dashboard import load_panels
from ledger.domain.facts import AlertRule
from ledger.domain.watching.limits import Limit, limits_of, plain
from ledger.shipped import DASHBOARD, RULES


def limit(expr: str, query: str = "x") -> tuple[float, bool] | None:
    """The limit that a rule sets to what a query shows: its value and whether it is an upper one."""
    found = limits_of([query], [AlertRule("Rule", expr)])
    return found[0][:2] if found else None


@pytest.mark.parametrize(
    ("expr", "found"),
    [
        ("x > 320", (320.0, True)),
        ("x >= .5", (0.5, True)),
        ("x < -4", (-4.0, False)),
        ("320 < x", (320.0, True)),
        ("(max_over_time(x[5m])) > 1e+06", (1e6, True)),
        ("max by (schedule, env) (avg_over_time(x[10m])) <= 2", (2.0, False)),
        ("max(x) without (pod) > 1", (1.0, True)),
    ],
)
def test_a_plain_comparison_is_a_limit(expr: str, found: tuple[float, bool]) -> None:
    assert limit(expr) == found


@pytest.mark.parametrize(
    "expr",
    [
        "x / 2 > 5",
        "rate(x[5m]) > 5",
        "count(x) > 5",
        "sum(x) > 5",
        "x > 5 and y > 3",
        "x > 5 unless y",
        "5 > x > 3",
        "x > bool 5",
        "x offset 5m > 5",
        "x > y",
        "x == 5",
        "x > 0x10",
        "x > 5x",
        "absent(x) > 0",
        "time() - x > 5",
        "x[5m] > 5",
        "x > Inf",
        "x >",
        "",
        "(" * 5_000 + "x > 1",
        "x > 1" + " " * 5_000 + "and y",
    ],
)
def test_what_is_not_plain_sets_no_limit(expr: str) -> None:
    assert limit(expr) is None


def test_a_limit_of_some_series_is_drawn_to_no_others() -> None:
    paper = 'max_over_time(x{env="paper",schedule=~"a|b"}[5m]) > 9'
    assert limit(paper, "x") is None
    assert limit(paper, 'x{env="live"}') is None
    assert limit(paper, "avg_over_time(x{schedule=~'a|b', env='paper'}[1m])") == (9.0, True)
    assert limit("x > 9", 'x{env="live"}') == (9.0, True)
    assert limit("x > 9", "x_total") is None
    assert limit("x > 9", "rate(x[5m])") is None


def test_critical_limits_come_first_and_none_comes_twice() -> None:
    rules = [
        AlertRule("W", "x > 2", "warning"),
        AlertRule("C", "x > 3", "critical", 60.0),
        AlertRule("W", "x > 2", "warning"),
    ]
    assert limits_of(["x", "max(x)"], rules) == (
        Limit(3.0, True, "C", "critical", 60.0, (0, 1)),
        Limit(2.0, True, "W", "warning", 0.0, (0, 1)),
    )


def test_every_shipped_rule_sets_a_limit_to_a_shipped_panel() -> None:
    groups = yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"]
    rules = [
        AlertRule(rule["alert"], rule["expr"], rule["labels"]["severity"])
        for group in groups
        for rule in group["rules"]
    ]
    panels = {panel.title: limits_of(panel.queries, rules) for panel in load_panels(DASHBOARD)}
    assert {one.rule for limits in panels.values() for one in limits} == {rule.name for rule in rules}
    assert [one.value for one in panels["Scheduler loop latency"]] == [320.0, 250.0]
    assert [one[:2] for one in panels["PnL drawdown"]] == [(-4.0, False)]


def test_a_limit_counts_for_the_queries_that_show_its_metric() -> None:
    [found] = limits_of(["y", "max_over_time(x[5m])", "rate(x[5m])"], [AlertRule("W", "x > 2", "warning")])
    assert found.queries == (1,)


def test_a_metric_is_known_whatever_the_order_of_its_matchers() -> None:
    assert plain('x{a="1",b!~"2"}') == plain('max(x{b!~"2", a="1",})') is not None


def test_a_limit_that_is_no_number_on_an_axis_is_none():
    assert limits_of(["m"], [AlertRule("A", "m > 1e999", "critical", 0)]) == ()
