"""The demo strategies: deterministic, complete, healthy."""

from __future__ import annotations

import json

import pytest

from ledger.lab.faults import BREACHES, distort
from ledger.lab.feed import Feed
from ledger.lab.strategies import SCHEDULES, State, Telemetry, demo_telemetry, run_cycle

METRICS = {
    "latency_ms",
    "signals",
    "avg_abs_zscore",
    "allocation_error_pct",
    "realized_vs_target_vol_pct",
    "spread_capture_bps",
    "secondary_delay_ms",
    "pnl_drawdown_pct",
    "risk_exposure_deviation_pct",
}


def cycles(seed: int, count: int) -> list[Telemetry]:
    feed, state, done = Feed(seed), State(), []
    for _ in range(count):
        state, telemetry = run_cycle(state, feed.advance())
        done.append(telemetry)
    return done


def test_the_same_seed_gives_the_same_numbers() -> None:
    assert cycles(7, 50) == cycles(7, 50)
    assert cycles(7, 50) != cycles(8, 50)


def test_together_the_schedules_report_every_metric() -> None:
    readings = cycles(7, 1)[0].readings
    assert {reading.metric for reading in readings} == METRICS
    assert {reading.schedule for reading in readings} == set(SCHEDULES)


@pytest.mark.parametrize("seed", [1, 7, 42])
def test_healthy_values_stay_far_from_the_alerts(seed: int) -> None:
    for telemetry in cycles(seed, 1500):
        for reading in telemetry.readings:
            if reading.metric == "latency_ms":
                assert 0 < reading.value < 150
            elif reading.metric == "allocation_error_pct":
                assert 0 <= reading.value < 5
            elif reading.metric == "pnl_drawdown_pct":
                assert -2 < reading.value <= 0
            elif reading.metric == "secondary_delay_ms":
                assert 0 < reading.value < 250
            elif reading.metric == "avg_abs_zscore":
                assert 0 < reading.value < 2


def test_a_breach_changes_only_its_own_metrics() -> None:
    telemetry = cycles(7, 1)[0]
    for mode, breached in BREACHES.items():
        pairs = zip(telemetry.readings, distort(telemetry, mode).readings, strict=True)
        assert {before.metric for before, after in pairs if before != after} == set(breached)


def test_the_demo_telemetry_is_json_with_every_schedule() -> None:
    telemetry = demo_telemetry(cycles=20, seed=7)
    assert json.loads(json.dumps(telemetry, allow_nan=False)) == telemetry
    assert telemetry["cycles"] == 20
    assert list(telemetry["schedules"]) == list(SCHEDULES)  # type: ignore[call-overload]
