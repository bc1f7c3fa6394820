"""Thousands of alerts of other teams, or of ours, in a real Prometheus."""

from __future__ import annotations

import json
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from datetime import datetime

import pytest

from ledger.adapters import wire
from ledger.adapters.http import Server, TooMuch
from ledger.adapters.prometheus import Prometheus

from .conftest import RULES
from .neighbours import Handler, Process, now, odd, until
from .windows import Make, address, jobs, settled, watch


class Storm:
    """An exporter of as many series as are set."""

    def __init__(self) -> None:
        self.others = self.ours = 0

    def __call__(self, handler: Handler) -> None:
        lines = [f'disk_nearly_full{{host="node-{number:05d}.dc1.example.net"}} 1' for number in range(self.others)]
        lines += [f'many_of_ours{{schedule="schedule-{number:05d}"}} 1' for number in range(self.ours)]
        handler.say(200, "\n".join([*lines, ""]).encode(), Content_Type="text/plain; version=0.0.4")


@pytest.fixture(scope="module")
def stormy(make_prometheus: Make) -> Iterator[tuple[Storm, Process]]:
    storm = Storm()
    with odd(storm) as exporter:
        process = make_prometheus()
        jobs(process, prometheus=[address(process)], storm=[exporter.url.removeprefix("http://")])
        rules = [
            *RULES,
            {"alert": "MultiStrategyMany", "expr": "many_of_ours", "labels": {"severity": "warning"}},
            {"alert": "MultiStrategyGrave", "expr": "many_of_ours > 0", "labels": {"severity": "critical"}},
        ]
        others = [
            {"alert": "DiskNearlyFull", "expr": "disk_nearly_full == 1", "labels": {"severity": "warning"}},
            {"alert": "DiskFull", "expr": "disk_nearly_full == 1", "labels": {"severity": "critical"}},
        ]
        groups = [{"name": "stage4", "rules": rules}, {"name": "others", "rules": others}]
        (process.folder / "rules.yml").write_text(json.dumps({"groups": groups}))
        process.start()
        yield storm, process
        process.stop()


LIMIT = 60_000
"""Bytes of an answer in these tests: a storm of 1,000 alerts is to this what one of 100,000 is to the real limit."""


def _newer(process: Process) -> Callable[[Handler], None]:
    """A stand-in for what Prometheus' newer versions add to /api/v1/rules (2.45, 3.0), before the real one of here."""

    def answer(handler: Handler) -> None:
        path, _, query = handler.path.partition("?")
        with urllib.request.urlopen(process.url + handler.path) as given:
            body = given.read()
        asked = urllib.parse.parse_qs(query)
        if path.endswith("/rules"):
            page = json.loads(body)
            for group in page["data"]["groups"]:
                names = asked.get("rule_name[]", [])
                group["rules"] = [rule for rule in group["rules"] if not names or rule["name"] in names]
                for rule in group["rules"]:
                    rule["alerts"] = [] if asked.get("exclude_alerts") == ["true"] else rule["alerts"]
            body = json.dumps(page).encode()
        handler.say(200, body, Content_Type="application/json")

    return answer


@pytest.fixture
def newer(stormy: tuple[Storm, Process]) -> Iterator[Prometheus]:
    with odd(_newer(stormy[1])) as server:
        yield Prometheus(Server(server.url), now)


def test_a_storm_of_other_teams_is_a_count(
    stormy: tuple[Storm, Process], newer: Prometheus, monkeypatch: pytest.MonkeyPatch
) -> None:
    storm, prometheus = stormy[0], newer
    storm.others, storm.ours = 0, 0
    settled(prometheus)
    monkeypatch.setattr(wire, "ANSWER_LIMIT", LIMIT)
    stopped = now()
    storm.others = 1000
    until(lambda: prometheus.critical_elsewhere() == 1000)
    time.sleep(2)
    seen = watch(prometheus, stopped, now(), stopped)
    assert seen.elsewhere == (("DiskFull", 1000),)
    assert seen.episodes == ()
    assert not seen.warnings
    assert prometheus.alerts() == prometheus.counts() == ()
    later = now()
    time.sleep(1)
    assert watch(prometheus, later, now(), later).elsewhere == (), "what was there at the stop is not new"
    older = watch(Prometheus(Server(stormy[1].url), now), later, now(), later)
    assert any("/rules answered more" in one and "DiskNearlyFull (1000)" in one for one in older.warnings)
    assert older.gaps, "a version that cannot give the rules alone proves nothing then, and it is said"


def test_of_too_many_of_ours_the_critical_ones_are_read_or_counted(
    stormy: tuple[Storm, Process], newer: Prometheus, monkeypatch: pytest.MonkeyPatch
) -> None:
    (storm, process), prometheus = stormy, newer
    storm.others, storm.ours = 0, 0
    settled(prometheus)
    stopped = now()
    storm.ours = 100
    until(lambda: sum(one.number for one in prometheus.counts() if one.state == "firing") == 200)
    time.sleep(1)
    end = now()
    whole = watch(prometheus, stopped, end, stopped)
    assert len(whole.episodes) == 200
    size = _size(process, stopped, end)
    monkeypatch.setattr(wire, "ANSWER_LIMIT", size * 3 // 2)
    critical = watch(prometheus, stopped, end, stopped)
    assert {one.name for one in critical.episodes} == {"MultiStrategyGrave"}
    assert len(critical.episodes) == 100
    assert any("MultiStrategyMany (100)" in note for note in critical.notes), "it says of what there is too much"
    assert critical.warnings == ()
    monkeypatch.setattr(wire, "ANSWER_LIMIT", size // 2)
    counted = watch(prometheus, stopped, end, stopped)
    assert counted.episodes == ()
    assert any("new since the stop: MultiStrategyGrave (100)" in warning for warning in counted.warnings)
    monkeypatch.setattr(wire, "ANSWER_LIMIT", 5_000)
    with pytest.raises(TooMuch, match=r"MultiStrategyGrave \(100\)"):
        prometheus.alerts()
    assert {one.number for one in prometheus.counts()} == {100}


def _size(process: Process, start: datetime, end: datetime) -> int:
    """Bytes of the answer about all alerts of a window."""
    expr = 'last_over_time(ALERTS{alertname=~"MultiStrategy.+"}[1s])'
    fields = {"query": expr, "start": int(start.timestamp()) + 1, "end": int(end.timestamp()) + 1, "step": 1}
    with urllib.request.urlopen(f"{process.url}/api/v1/query_range?{urllib.parse.urlencode(fields)}") as answer:
        return len(answer.read())
