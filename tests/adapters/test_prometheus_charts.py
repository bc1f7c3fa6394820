"""What the charts ask a real Prometheus beside the panels' queries: its rules' limits, and when there were samples."""

from __future__ import annotations

import json
import time
from datetime import timedelta
from typing import Any

import pytest

from ledger.adapters.http import Server
from ledger.adapters.prometheus import Prometheus
from ledger.adapters.prometheus_wire import parse_conditions
from ledger.domain.facts import AlertRule
from ledger.domain.watching.limits import limits_of

from .neighbours import Process, now
from .windows import EXPECTED, HIGH, SLOW, Make, settled


def test_limits_are_those_of_the_rules_that_it_has_loaded(prometheus_process: Process) -> None:
    rules = Prometheus(Server(prometheus_process.url), now).conditions([*EXPECTED, "MultiStrategyGone"])
    assert rules == (
        AlertRule(HIGH, "probe_value > 5", "critical"),
        AlertRule(SLOW, "probe_value > 3", "warning", 3600.0),
    )
    assert [limit.value for limit in limits_of(["max_over_time(probe_value[5m])"], rules)] == [5.0, 3.0]


def test_where_it_was_down_there_were_no_samples(make_prometheus: Make) -> None:
    process = make_prometheus()
    process.start()
    try:
        prometheus = Prometheus(Server(process.url), now)
        settled(prometheus)
        process.stop()
        down = now()
        time.sleep(6)
        process.start()
        up = now()
        settled(prometheus)
        asked = down - timedelta(seconds=2), now()
        [plain] = prometheus.series("probe_value", *asked, 1)
        [seen] = prometheus.samples(["probe_value"], *asked, 1)
    finally:
        process.stop()
    hole = [down.timestamp() + 4, up.timestamp()]
    assert any(hole[0] < at < hole[1] for at, _ in plain.points), "looked back over its own outage"
    assert not any(hole[0] < at < hole[1] for at, _ in seen.points)
    assert seen.points[0][0] < down.timestamp() and seen.points[-1][0] > up.timestamp()


RULE: dict[str, Any] = {"type": "alerting", "name": HIGH, "query": "x > 1", "duration": 60, "labels": {}}


@pytest.mark.parametrize("change", [{"query": 7}, {"labels": []}, {"duration": "long"}, {"query": None}])
def test_a_rule_that_cannot_be_read_costs_itself_and_is_told(change: dict[str, Any]) -> None:
    page = {"groups": [{"rules": [RULE | change, RULE | {"name": SLOW}, {"name": "Elsewhere"}]}]}
    rules, lost = parse_conditions(json.loads(json.dumps(page)), EXPECTED)
    assert [rule.name for rule in rules] == [SLOW]
    assert len(lost) == 1 and HIGH in lost[0]
