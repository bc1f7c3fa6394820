"""Prometheus in the shapes that people have: a pair under one job, an operator's scrape pools, restarts, storms."""

from __future__ import annotations

import json
import re
import signal
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest

from ledger.adapters import wire
from ledger.adapters.http import Server, TooMuch
from ledger.adapters.prometheus import Prometheus
from ledger.domain.facts import AlertEpisode, WatchSeen

from .conftest import RULES, Probe
from .neighbours import Handler, Odd, Process, now, odd, until

HIGH, SLOW = EXPECTED = ["MultiStrategyProbeHigh", "MultiStrategyProbeSlow"]
Make = Callable[..., Process]


def _watch(prometheus: Prometheus, start: datetime, end: datetime, stopped: datetime | None = None) -> WatchSeen:
    return prometheus.watch(start, end, EXPECTED, 1, stopped)


def _settled(prometheus: Prometheus) -> WatchSeen:
    """Two seconds from now on without a gap."""
    began = now()

    def whole() -> WatchSeen | None:
        end = now()
        seen = _watch(prometheus, end - timedelta(seconds=2), end)
        return None if seen.gaps or seen.start < began else seen

    found = until(whole, 30)
    assert found is not None
    return found


def _jobs(process: Process, **targets: list[str]) -> None:
    """Write what a prepared Prometheus scrapes: job -> addresses."""
    path = process.folder / "prometheus.yml"
    page = json.loads(path.read_text())
    page["scrape_configs"] = [
        {"job_name": job, "static_configs": [{"targets": found}]} for job, found in targets.items()
    ]
    path.write_text(json.dumps(page))


def _address(process: Process) -> str:
    return process.url.removeprefix("http://")


@pytest.fixture
def pair(make_prometheus: Make) -> Iterator[tuple[Process, Process]]:
    """Two that scrape each other under one job, as people run them."""
    both = make_prometheus(), make_prometheus()
    for process in both:
        _jobs(process, prometheus=[_address(one) for one in both])
    both[0].start()
    time.sleep(3)  # two that began in the same moment cannot be told apart
    both[1].start()
    yield both
    for process in both:
        process.stop()


def test_one_of_a_pair_does_not_vouch_for_the_other(pair: tuple[Process, Process]) -> None:
    """The one that is asked evaluates no rules for a while; the other one runs on."""
    asked, other = pair
    prometheus = Prometheus(Server(asked.url), now)
    # The same file name in both, as a deployment has it: so the groups have the same name in the metrics.
    rules = (asked.folder / "rules.yml").read_text()
    config = json.loads((other.folder / "prometheus.yml").read_text())
    config["rule_files"] = [str(asked.folder / "rules.yml")]
    (other.folder / "prometheus.yml").write_text(json.dumps(config))
    other.tell(signal.SIGHUP)
    whole = _settled(prometheus)
    assert any(f"{_address(asked)} answered: the worst of them counts" in note for note in whole.notes)
    assert whole.warnings == ()
    start = now()
    _reload(asked, other, "{}")
    time.sleep(4)
    _reload(asked, other, rules)
    _settled(prometheus)
    end = now()
    seen = _watch(prometheus, start, end)
    assert sum((last - first for first, last in seen.gaps), timedelta()) > timedelta(seconds=2)
    assert seen.evaluated_samples < seen.expected_samples
    beside = _watch(Prometheus(Server(other.url), now), start, end)
    assert beside.gaps, "and the one that ran on cannot tell that it is not the other"


def _reload(asked: Process, other: Process, rules: str) -> None:
    """Rules of the asked one alone: the other one is not told to read the file again."""
    (asked.folder / "rules.yml").write_text(rules)
    asked.tell(signal.SIGHUP)


def test_one_that_is_seen_by_nobody_is_not_vouched_for_by_the_one_that_it_looks_at(
    pair: tuple[Process, Process],
) -> None:
    """Each of two looks only at the other: what runs on there says nothing about the one that is asked."""
    asked, other = pair
    for one, seen in ((asked, other), (other, asked)):
        _jobs(one, prometheus=[_address(seen)])
        config = json.loads((one.folder / "prometheus.yml").read_text())
        config["rule_files"] = [str(asked.folder / "rules.yml")]
        (one.folder / "prometheus.yml").write_text(json.dumps(config))
        one.tell(signal.SIGHUP)

    def told(of: Process, beside: Process) -> bool:
        found = _watch(Prometheus(Server(of.url), now), now() - timedelta(seconds=2), now())
        words = f"shows the job prometheus of other servers only ({_address(beside)}): let it scrape itself"
        return found.up_samples > 0 and any(words in warning for warning in found.warnings)

    assert until(lambda: told(asked, other), 30)
    assert until(lambda: told(other, asked), 30)


def test_a_dead_one_of_a_pair_is_a_gap_for_the_other_too(pair: tuple[Process, Process]) -> None:
    asked, other = pair
    prometheus = Prometheus(Server(asked.url), now)
    config = json.loads((other.folder / "prometheus.yml").read_text())
    config["rule_files"] = [str(asked.folder / "rules.yml")]
    (other.folder / "prometheus.yml").write_text(json.dumps(config))
    other.tell(signal.SIGHUP)
    _settled(prometheus)
    start = now()
    other.stop(signal.SIGKILL)
    time.sleep(3)
    seen = _watch(prometheus, start, now())
    assert seen.up_samples < seen.expected_samples
    assert seen.gaps


def test_targets_are_found_by_the_labels_of_their_series(make_prometheus: Make) -> None:
    """prometheus-operator names the scrape pool after its ServiceMonitor; the job label is another one."""
    process = make_prometheus()
    path = process.folder / "prometheus.yml"
    page = json.loads(path.read_text())
    page["scrape_configs"] = [
        {
            "job_name": "serviceMonitor/monitoring/prometheus-k8s/0",
            "scrape_interval": "2s",
            "static_configs": [{"targets": [_address(process)]}],
            "relabel_configs": [{"target_label": "job", "replacement": "prometheus-k8s"}],
        }
    ]
    path.write_text(json.dumps(page))
    process.start()
    try:
        prometheus = Prometheus(Server(process.url), now, job="prometheus-k8s")

        def known() -> WatchSeen | None:
            end = now()
            seen = _watch(prometheus, end - timedelta(seconds=6), end)
            return seen if not seen.gaps and not seen.warnings else None

        seen = until(known, 30)
        assert seen is not None
        assert seen.up_samples == seen.evaluated_samples == seen.expected_samples
        assert "scraped every 2 s, by the samples of up" in seen.notes
    finally:
        process.stop()


def test_labels_narrow_down_whose_series_they_are(make_prometheus: Make) -> None:
    """In a store of many installations the job alone names all of them."""
    process = make_prometheus()
    path = process.folder / "prometheus.yml"
    page = json.loads(path.read_text())
    here = [{"targets": [_address(process)], "labels": {"cluster": "here"}}]
    there = [{"targets": ["127.0.0.1:9"], "labels": {"cluster": "there"}}]
    page["scrape_configs"] = [{"job_name": "prometheus", "static_configs": here + there}]
    path.write_text(json.dumps(page))
    process.start()
    try:
        until(lambda: len(Prometheus(Server(process.url), now).series("up", now(), now(), 1)) == 2, 20)
        _settled(Prometheus(Server(process.url), now, labels=[("cluster", "here")]))
        until(lambda: _down(Prometheus(Server(process.url), now)))
        end = now()
        seen = _watch(Prometheus(Server(process.url), now), end - timedelta(seconds=2), end)
        assert seen.up_samples < 3, "the other one is down, and without the label it counts"
        assert any("127.0.0.1:9 shows no evaluation" in warning for warning in seen.warnings)
    finally:
        process.stop()


def _down(prometheus: Prometheus) -> bool:
    """Whether a target was down for three seconds."""
    end = now()
    found = prometheus.series('up{cluster="there"}', end - timedelta(seconds=3), end, 1)
    return bool(found) and len(found[0].points) >= 3


@pytest.fixture
def restarted(make_prometheus: Make) -> Iterator[Process]:
    process = make_prometheus()
    process.start()
    yield process
    process.stop()


def _high(seen: WatchSeen) -> list[AlertEpisode]:
    return [one for one in seen.episodes if one.name == HIGH]


def test_an_alert_that_fired_across_a_restart_continues(restarted: Process, probe: tuple[Probe, Odd]) -> None:
    prometheus = Prometheus(Server(restarted.url), now)
    _settled(prometheus)
    probe[0].value = 9.0
    try:
        until(lambda: {one.state for one in prometheus.alerts() if one.name == HIGH} == {"firing"})
        time.sleep(2)
        stopped = now()
        time.sleep(1)
        for _ in range(2):  # and across two
            restarted.stop()
            restarted.start()
            began = now()
            _settled(prometheus)
            time.sleep(2)
        end = now()
        for start in (stopped, began + (end - began) / 2):
            seen = _watch(prometheus, start, end, stopped)
            assert _high(seen)
            for episode in _high(seen):
                assert episode.since < stopped, "by the history it was active at the stop"
        assert [one.continues is not None for one in _high(seen)] == [True]
        assert _high(seen)[0].active_at > stopped
        assert any("continue after it" in note for note in seen.notes)
        assert seen.elsewhere == (), "nor is what others had firing all the time new"
    finally:
        probe[0].value = 0.0


def test_an_alert_that_went_before_a_restart_and_came_after_it_is_new(
    restarted: Process, probe: tuple[Probe, Odd]
) -> None:
    prometheus = Prometheus(Server(restarted.url), now)
    _settled(prometheus)
    probe[0].value = 9.0
    try:
        until(lambda: _firing(prometheus))
        stopped = now()
        probe[0].value = 0.0
        until(lambda: not _firing(prometheus))
        time.sleep(2)
        restarted.stop()
        restarted.start()
        _settled(prometheus)
        probe[0].value = 9.0
        until(lambda: _firing(prometheus))
        time.sleep(2)
        newest = _high(_watch(prometheus, stopped, now(), stopped))[-1]
        assert newest.continues is None
        assert newest.since > stopped
    finally:
        probe[0].value = 0.0


def _firing(prometheus: Prometheus) -> bool:
    return any(one.name == HIGH for one in prometheus.alerts())


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
        _jobs(process, prometheus=[_address(process)], storm=[exporter.url.removeprefix("http://")])
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
    _settled(prometheus)
    monkeypatch.setattr(wire, "ANSWER_LIMIT", LIMIT)
    stopped = now()
    storm.others = 1000
    until(lambda: prometheus.critical_elsewhere() == 1000)
    time.sleep(2)
    seen = _watch(prometheus, stopped, now(), stopped)
    assert seen.elsewhere == (("DiskFull", 1000),)
    assert seen.episodes == ()
    assert not seen.warnings
    assert prometheus.alerts() == prometheus.counts() == ()
    later = now()
    time.sleep(1)
    assert _watch(prometheus, later, now(), later).elsewhere == (), "what was there at the stop is not new"
    older = _watch(Prometheus(Server(stormy[1].url), now), later, now(), later)
    assert any("/rules answered more" in one and "DiskNearlyFull (1000)" in one for one in older.warnings)
    assert older.gaps, "a version that cannot give the rules alone proves nothing then, and it is said"


def test_of_too_many_of_ours_the_critical_ones_are_read_or_counted(
    stormy: tuple[Storm, Process], newer: Prometheus, monkeypatch: pytest.MonkeyPatch
) -> None:
    (storm, process), prometheus = stormy, newer
    storm.others, storm.ours = 0, 0
    _settled(prometheus)
    stopped = now()
    storm.ours = 100
    until(lambda: sum(one.number for one in prometheus.counts() if one.state == "firing") == 200)
    time.sleep(1)
    end = now()
    whole = _watch(prometheus, stopped, end, stopped)
    assert len(whole.episodes) == 200
    size = _size(process, stopped, end)
    monkeypatch.setattr(wire, "ANSWER_LIMIT", size * 3 // 4)
    critical = _watch(prometheus, stopped, end, stopped)
    assert {one.name for one in critical.episodes} == {"MultiStrategyGrave"}
    assert len(critical.episodes) == 100
    assert any("MultiStrategyMany (100)" in note for note in critical.notes), "it says of what there is too much"
    assert critical.warnings == ()
    monkeypatch.setattr(wire, "ANSWER_LIMIT", size // 4)
    counted = _watch(prometheus, stopped, end, stopped)
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


def test_a_clock_of_ours_that_is_ahead_is_told_and_nothing_else(restarted: Process) -> None:
    _settled(Prometheus(Server(restarted.url), now))
    for seconds, words in ((40, "our clock is (39|40|41) s ahead"), (-40, "our clock is (39|40|41) s behind")):

        def wrong(by: float = seconds) -> datetime:
            return now() + timedelta(seconds=by)

        seen = _watch(Prometheus(Server(restarted.url), wrong), wrong() - timedelta(seconds=3), wrong())
        assert any(re.search(words, warning) and "set the clocks" in warning for warning in seen.warnings)
        assert not any("scrape itself" in warning for warning in seen.warnings)
