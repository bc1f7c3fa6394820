"""The shipped Grafana dashboard is the table of the format page."""

from __future__ import annotations

import json
from pathlib import Path

FILE = Path(__file__).resolve().parents[2] / "deploy" / "grafana" / "stage4_multi_strategy.json"
P = "bot_core_multi_strategy_"
GREEN = ("green", None)
# title -> queries, unit, threshold steps
TABLE = {
    "Scheduler loop latency": ([f"max_over_time({P}latency_ms[5m])"], "ms", [GREEN]),
    "Signals per run": ([f"avg_over_time({P}signals[5m])"], "short", [GREEN]),
    "Mean reversion – avg |z-score|": (
        [f"avg_over_time({P}avg_abs_zscore[5m])"],
        "none",
        [GREEN, ("orange", 2.8), ("red", 3.3)],
    ),
    "Volatility targeting – allocation error": (
        [f"avg_over_time({P}allocation_error_pct[5m])", f"{P}realized_vs_target_vol_pct"],
        "percent",
        [GREEN],
    ),
    "Arbitrage spread capture": (
        [f"avg({P}spread_capture_bps)"],
        "none",
        [("red", None), ("red", 0), ("orange", 3), ("green", 6)],
    ),
    "Arbitrage secondary delay": ([f"max({P}secondary_delay_ms)"], "ms", [GREEN, ("orange", 300), ("red", 450)]),
    "PnL drawdown": ([f"min_over_time({P}pnl_drawdown_pct[30m])"], "percent", [GREEN]),
    "Risk exposure deviation": ([f"avg_over_time({P}risk_exposure_deviation_pct[15m])"], "percent", [GREEN]),
}


def test_the_panels_are_the_table() -> None:
    found = {}
    for panel in json.loads(FILE.read_text("utf-8"))["panels"]:
        defaults = panel["fieldConfig"]["defaults"]
        steps = [(step["color"], step["value"]) for step in defaults["thresholds"]["steps"]]
        found[panel["title"]] = ([target["expr"] for target in panel["targets"]], defaults["unit"], steps)
    assert found == TABLE


def test_it_can_be_imported_anywhere() -> None:
    dashboard = json.loads(FILE.read_text("utf-8"))
    assert (dashboard["title"], dashboard["uid"]) == ("Stage4 – Multi-Strategy Operations", "stage4-multi")
    assert dashboard["id"] is None
    assert [variable["type"] for variable in dashboard["templating"]["list"]] == ["datasource"]
    assert {panel["datasource"]["uid"] for panel in dashboard["panels"]} == {"${datasource}"}
    assert len({panel["id"] for panel in dashboard["panels"]}) == 8
