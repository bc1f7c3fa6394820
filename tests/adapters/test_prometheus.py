"""Alerts, rules, series and the history of a real Prometheus."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from datetime import timedelta

import pytest
import requests

from ledger.adapters.http import Server
from ledger.adapters.prometheus import Prometheus
from ledger.domain.facts import AlertEpisode, WatchSeen
from ledger.errors import Unreachable

from .conftest import Probe
from .neighbours import WRONG, Handler, Odd, Process, free_port, now, odd, quick, says, until

EXPECTED = ["MultiStrategyProbeHigh", "MultiStrategyProbeSlow"]


@pytest.fixture
def prometheus(prometheus_process: Process) -> Prometheus:
    return Prometheus(Server(prometheus_process.url), now)


def _watch(prometheus: Prometheus, seconds: float, step: int = 1, expected: list[str] = EXPECTED) -> WatchSeen:
    end = now()
    return prometheus.watch(end - timedelta(seconds=seconds), end, expected, step)


def _settled(prometheus: Prometheus) -> WatchSeen:
    """A window of two seconds without a gap: Prometheus takes five seconds to find what to scrape."""
    return until(lambda: (seen := _watch(prometheus, 2)) and not seen.gaps and seen, 20)


def _episodes(seen: WatchSeen, name: str) -> list[AlertEpisode]:
    return [one for one in seen.episodes if one.name == name]


def test_a_quiet_window_is_covered_completely(prometheus: Prometheus) -> None:
    seen = _settled(prometheus)
    assert seen.up_samples == seen.evaluated_samples == seen.expected_samples >= 3
    assert {rule.name for rule in seen.rules} == set(EXPECTED)
    assert all(rule.health == "ok" and rule.evaluated_at for rule in seen.rules)
    assert seen.missing_rules == ()
    assert seen.warnings == ()


def test_a_rule_that_is_not_there_is_missing(prometheus: Prometheus) -> None:
    assert _watch(prometheus, 3, expected=[*EXPECTED, "MultiStrategyGone"]).missing_rules == ("MultiStrategyGone",)


def test_the_alerts_of_other_names_are_asked_for_where_others_are_configured(
    prometheus_process: Process, prometheus: Prometheus
) -> None:
    other = Prometheus(Server(prometheus_process.url), now, pattern="Else.+")
    _settled(prometheus)
    assert {one.name for one in until(other.alerts)} == {"Elsewhere"}
    assert (
        {one.name for one in other.counts()}
        == {dict(one.labels)["alertname"] for one in other.lately()}
        == {"Elsewhere"}
    )
    seen = _watch(other, 3)
    assert ({one.name for one in seen.episodes}, seen.pattern) == ({"Elsewhere"}, "Else.+")
    assert "Elsewhere" not in {one.name for one in prometheus.alerts()}


def test_an_alert_that_fired_and_went_before_the_end_is_seen(prometheus: Prometheus, probe: tuple[Probe, Odd]) -> None:
    _settled(prometheus)
    start = now()
    probe[0].value = 9.0
    [alert] = until(lambda: [one for one in prometheus.alerts() if one.name == "MultiStrategyProbeHigh"])
    assert (alert.state, alert.severity) == ("firing", "critical")
    until(lambda: prometheus.critical_elsewhere() == 1)
    counted = {
        (one.name, one.severity, one.state, one.number)
        for one in until(lambda: len(prometheus.counts()) > 1 and prometheus.counts())
    }
    assert counted == {(EXPECTED[0], "critical", "firing", 1), (EXPECTED[1], "warning", "pending", 1)}
    assert {one.state for one in prometheus.alerts() if one.name == "MultiStrategyProbeSlow"} == {"pending"}
    assert prometheus.lasting(120) == (), "it did not fire two minutes ago"
    [lasting] = until(lambda: prometheus.lasting(1))
    assert (lasting.labels, lasting.state) == (alert.labels, "firing"), "what is pending is not among them"
    probe[0].value = 0.0
    until(lambda: not [one for one in prometheus.alerts() if one.name in EXPECTED])
    time.sleep(2)
    end = now()
    seen = prometheus.watch(start, end, EXPECTED, 5)
    [high], [slow] = (_episodes(seen, name) for name in EXPECTED)
    assert high.fired
    assert not slow.fired
    assert seen.elsewhere == (("ElsewhereCritical", 1),), (
        "critical ones of others are counted, the rest is not asked for"
    )
    assert {one.name for one in seen.episodes} == set(EXPECTED)
    assert timedelta(0) <= alert.active_at - high.active_at < timedelta(seconds=1), "whole seconds, rounded down"
    later = prometheus.watch(end - timedelta(seconds=1), end, EXPECTED, 1)
    assert _episodes(later, "MultiStrategyProbeHigh") == []
    assert _same(prometheus.watch(start, end, EXPECTED, 5), seen), "it can be computed again by anybody"


def _same(one: WatchSeen, other: WatchSeen) -> bool:
    return (one.episodes, one.gaps, one.up_samples) == (other.episodes, other.gaps, other.up_samples)


def test_a_dead_prometheus_leaves_a_gap(prometheus_processes: tuple[Process, Process]) -> None:
    process = prometheus_processes[1]
    prometheus = Prometheus(Server(process.url), now)
    _settled(prometheus)
    start = now() - timedelta(seconds=2)
    process.stop(signal.SIGKILL)
    with pytest.raises(Unreachable, match="refused the connection"):
        prometheus.alerts()
    died = now()
    time.sleep(3)
    process.start()
    _settled(prometheus)
    seen = prometheus.watch(start, now(), EXPECTED, 1)
    # A machine that is busy may add a short gap of its own; the one of the death must be among them, whole.
    around = died + timedelta(seconds=2)
    assert any(first < around < last for first, last in seen.gaps)
    assert seen.up_samples < seen.expected_samples
    assert seen.evaluated_samples < seen.expected_samples
    assert seen.warnings == ()


def test_a_prometheus_that_does_not_scrape_itself_vouches_for_nothing(prometheus_process: Process) -> None:
    seen = _watch(Prometheus(Server(prometheus_process.url), now, job="other"), 3)
    assert seen.up_samples == seen.evaluated_samples == 0
    assert len(seen.gaps) == 1
    assert any("scrape itself" in warning for warning in seen.warnings)


def test_warnings_of_the_answers_are_kept(make_prometheus: Callable[..., Process]) -> None:
    process = make_prometheus(remote_read=[{"url": f"http://127.0.0.1:{free_port()}/read", "read_recent": True}])
    process.start()
    try:
        seen = _watch(Prometheus(Server(process.url), now), 3)
    finally:
        process.stop()
    assert any("remote_read" in warning for warning in seen.warnings)


def test_a_long_window_is_answered(prometheus: Prometheus) -> None:
    seen = _watch(prometheus, 40 * 86_400, 15)
    assert seen.expected_samples <= 11_000
    assert seen.step_seconds > 15


def test_a_series_has_its_labels_and_points(prometheus: Prometheus) -> None:
    _settled(prometheus)
    end = now()
    [one] = prometheus.series('up{job="prometheus"}', end - timedelta(seconds=2), end, 1)
    assert dict(one.labels)["job"] == "prometheus"
    assert {value for _, value in one.points} == {1.0}


def test_points_that_are_no_numbers_are_left_out(prometheus: Prometheus) -> None:
    end = now()
    for expression in ("vector(0) / 0", "vector(1) / 0"):
        [one] = prometheus.series(expression, end - timedelta(seconds=5), end, 1)
        assert one.points == ()


def test_an_expression_that_is_wrong_is_a_sentence(prometheus: Prometheus) -> None:
    with pytest.raises(Unreachable, match=r"answered 400.*parse error"):
        prometheus.series("up{", now() - timedelta(seconds=5), now(), 1)


CALLS: dict[str, Callable[[Prometheus], object]] = {
    "alerts": lambda one: one.alerts(),
    "conditions": lambda one: one.conditions(EXPECTED),
    "counts": lambda one: one.counts(),
    "lasting": lambda one: one.lasting(120),
    "rules": lambda one: one.rules(),
    "samples": lambda one: one.samples(["up"], now() - timedelta(seconds=5), now(), 1),
    "series": lambda one: one.series("up", now() - timedelta(seconds=5), now(), 1),
    "watch": lambda one: _watch(one, 5),
}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("how", sorted(set(WRONG) - {"drip", "headers", "bomb"}))
def test_every_call_turns_every_wrong_answer_into_unreachable(call: str, how: str) -> None:
    with odd(WRONG[how]) as server:
        started = time.monotonic()
        with pytest.raises(Unreachable, match="check"):
            CALLS[call](Prometheus(quick(server.url), now))
        assert time.monotonic() - started < 2
    assert len(server.seen) == 1, "nothing is retried"


def test_a_dripping_answer_does_not_hold_the_library_either() -> None:
    with odd(WRONG["drip"]) as server:
        started = time.monotonic()
        with pytest.raises(Unreachable, match="did not answer whole"):
            CALLS["series"](Prometheus(quick(server.url), now))
        assert time.monotonic() - started < 1.4


def test_an_answer_that_says_error_with_200_is_no_answer() -> None:
    with odd(says({"status": "error", "errorType": "timeout", "error": "too slow"})) as server:
        for call in CALLS.values():
            with pytest.raises(Unreachable, match="too slow"):
                call(Prometheus(quick(server.url), now))


def test_a_user_in_the_address_is_never_shown() -> None:
    with pytest.raises(Unreachable) as caught:
        Prometheus(quick(f"http://u:hunter2@127.0.0.1:{free_port()}"), now).series("up", now(), now(), 1)
    assert "hunter2" not in str(caught.value)


def test_samples_as_histograms_are_a_sentence() -> None:
    def histograms(handler: Handler) -> None:
        says({"status": "success", "data": {"result": [{"metric": {}, "histograms": []}]}})(handler)

    with odd(histograms) as server, pytest.raises(Unreachable, match="native histograms.*check the query"):
        CALLS["series"](Prometheus(quick(server.url), now))


def _vector(kind: str, at: float, value: str) -> dict[str, object]:
    labels = {"alertname": "MultiStrategyProbeHigh", "severity": "critical", "alertstate": "firing"}
    return {"status": "success", "data": {"resultType": kind, "result": [{"metric": labels, "value": [at, value]}]}}


@pytest.mark.parametrize(
    ("kind", "age", "value"), [("vector", 300, "3"), ("vector", 0, "NaN"), ("string", 0, "3"), ("scalar", 0, "3")]
)
def test_a_count_of_long_ago_or_of_no_number_is_not_known(kind: str, age: float, value: str) -> None:
    with odd(says(_vector(kind, now().timestamp() - age, value))) as server, pytest.raises(Unreachable):
        Prometheus(quick(server.url), now).counts()


def test_a_count_of_now_is_known() -> None:
    with odd(says(_vector("vector", now().timestamp(), "3"))) as server:
        assert [one.number for one in Prometheus(quick(server.url), now).counts()] == [3]


def test_rules_that_are_too_many_to_read_are_not_called_missing(prometheus_process: Process) -> None:
    def answer(handler: Handler) -> None:
        if handler.path.startswith("/api/v1/rules"):
            return handler.say(200, b" " * (11 << 20))
        found = requests.request(handler.command, prometheus_process.url + handler.path, data=handler.body, timeout=5)
        return handler.say(found.status_code, found.content)

    with odd(answer) as server:
        seen = _watch(Prometheus(Server(server.url), now), 2)
    assert seen.missing_rules == ()
    assert any("/api/v1/rules answered more than" in one for one in seen.warnings)


def test_where_clocks_differ_by_less_than_is_borne_a_hole_at_the_end_names_them(prometheus_process: Process) -> None:
    ahead = timedelta(seconds=4)
    prometheus = Prometheus(Server(prometheus_process.url), lambda: now() + ahead)
    end = now() + ahead
    seen = prometheus.watch(end - timedelta(seconds=8), end, EXPECTED, 1)
    assert seen.gaps
    assert any(one.startswith("our clock is 4 s ahead of Prometheus") for one in seen.warnings)
