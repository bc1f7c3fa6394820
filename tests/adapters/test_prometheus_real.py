"""Prometheus in the shapes that people have: a pair under one job, an operator's scrape pools, restarts."""

from __future__ import annotations

import json
import re
import signal
import time
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from ledger.adapters.http import Server
from ledger.adapters.prometheus import Prometheus
from ledger.domain.facts import AlertEpisode, WatchSeen

from .conftest import Probe
from .neighbours import Odd, Process, now, until
from .windows import HIGH, Make, address, jobs, settled, watch


@pytest.fixture
def pair(make_prometheus: Make) -> Iterator[tuple[Process, Process]]:
    """Two that scrape each other under one job, as people run them."""
    both = make_prometheus(), make_prometheus()
    for process in both:
        jobs(process, prometheus=[address(one) for one in both])
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
    whole = settled(prometheus)
    assert any(f"{address(asked)} answered: the worst of them counts" in note for note in whole.notes)
    assert whole.warnings == ()
    start = now()
    _reload(asked, other, "{}")
    time.sleep(4)
    _reload(asked, other, rules)
    settled(prometheus)
    end = now()
    seen = watch(prometheus, start, end)
    assert sum((last - first for first, last in seen.gaps), timedelta()) > timedelta(seconds=2)
    assert seen.evaluated_samples < seen.expected_samples
    beside = watch(Prometheus(Server(other.url), now), start, end)
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
        jobs(one, prometheus=[address(seen)])
        config = json.loads((one.folder / "prometheus.yml").read_text())
        config["rule_files"] = [str(asked.folder / "rules.yml")]
        (one.folder / "prometheus.yml").write_text(json.dumps(config))
        one.tell(signal.SIGHUP)

    def told(of: Process, beside: Process) -> bool:
        found = watch(Prometheus(Server(of.url), now), now() - timedelta(seconds=2), now())
        words = f"shows the job prometheus of other servers only ({address(beside)}): let it scrape itself"
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
    settled(prometheus)
    start = now()
    other.stop(signal.SIGKILL)
    time.sleep(3)
    seen = watch(prometheus, start, now())
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
            "static_configs": [{"targets": [address(process)]}],
            "relabel_configs": [{"target_label": "job", "replacement": "prometheus-k8s"}],
        }
    ]
    path.write_text(json.dumps(page))
    process.start()
    try:
        prometheus = Prometheus(Server(process.url), now, job="prometheus-k8s")

        def known() -> WatchSeen | None:
            end = now()
            seen = watch(prometheus, end - timedelta(seconds=6), end)
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
    here = [{"targets": [address(process)], "labels": {"cluster": "here"}}]
    there = [{"targets": ["127.0.0.1:9"], "labels": {"cluster": "there"}}]
    page["scrape_configs"] = [{"job_name": "prometheus", "static_configs": here + there}]
    path.write_text(json.dumps(page))
    process.start()
    try:
        until(lambda: len(Prometheus(Server(process.url), now).series("up", now(), now(), 1)) == 2, 20)
        settled(Prometheus(Server(process.url), now, labels=[("cluster", "here")]))
        until(lambda: _down(Prometheus(Server(process.url), now)))
        end = now()
        seen = watch(Prometheus(Server(process.url), now), end - timedelta(seconds=2), end)
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
    settled(prometheus)
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
            settled(prometheus)
            time.sleep(2)
        end = now()
        for start in (stopped, began + (end - began) / 2):
            seen = watch(prometheus, start, end, stopped)
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
    settled(prometheus)
    probe[0].value = 9.0
    try:
        until(lambda: _firing(prometheus))
        stopped = now()
        probe[0].value = 0.0
        until(lambda: not _firing(prometheus))
        time.sleep(2)
        restarted.stop()
        restarted.start()
        settled(prometheus)
        probe[0].value = 9.0
        until(lambda: _firing(prometheus))
        time.sleep(2)
        newest = _high(watch(prometheus, stopped, now(), stopped))[-1]
        assert newest.continues is None
        assert newest.since > stopped
    finally:
        probe[0].value = 0.0


def _firing(prometheus: Prometheus) -> bool:
    return any(one.name == HIGH for one in prometheus.alerts())


def test_a_clock_of_ours_that_is_ahead_is_told_and_nothing_else(restarted: Process) -> None:
    settled(Prometheus(Server(restarted.url), now))
    for seconds, words in ((40, "our clock is (39|40|41) s ahead"), (-40, "our clock is (39|40|41) s behind")):

        def wrong(by: float = seconds) -> datetime:
            return now() + timedelta(seconds=by)

        seen = watch(Prometheus(Server(restarted.url), wrong), wrong() - timedelta(seconds=3), wrong())
        assert any(re.search(words, warning) and "set the clocks" in warning for warning in seen.warnings)
        assert not any("scrape itself" in warning for warning in seen.warnings)
