"""Stand-ins for what answers like Prometheus and says more, or otherwise: each stands before the real one of here.

They are no VictoriaMetrics, Thanos or Mimir: they show the shapes that those are documented to answer with.
"""

from __future__ import annotations

import json
import re
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from ledger.adapters.http import Server
from ledger.adapters.prometheus import Prometheus
from ledger.domain.facts import WatchSeen
from ledger.errors import Unreachable

from .conftest import Probe
from .neighbours import Handler, Odd, Process, now, odd, until

EXPECTED = ["MultiStrategyProbeHigh", "MultiStrategyProbeSlow"]
Change = Callable[[str, dict[str, list[str]], dict[str, Any]], None]


def before(process: Process, change: Change, ask: Callable[[dict[str, list[str]]], None] = lambda _: None) -> Any:
    """A server that passes on the real one's answers after ``change`` (path, fields, page), questions after ``ask``."""

    def answer(handler: Handler) -> None:
        path, _, query = handler.path.partition("?")
        fields = urllib.parse.parse_qs(query)
        if path.endswith("/query_range"):
            ask(fields)
        address = f"{process.url}{path}?{urllib.parse.urlencode(fields, doseq=True)}"
        try:
            with urllib.request.urlopen(address) as given:
                status, body = given.status, given.read()
        except urllib.error.HTTPError as error:
            status, body = error.code, error.read()
        if status == 200:
            page = json.loads(body)
            change(path, fields, page)
            body = json.dumps(page).encode()
        handler.say(status, body, Content_Type="application/json")

    return odd(answer)


@pytest.fixture
def settled(prometheus_process: Process) -> tuple[Process, datetime, datetime]:
    """The real one, and a window of three seconds that it covers whole; it ended a while ago, as a watch's has."""
    prometheus = Prometheus(Server(prometheus_process.url), now)

    def whole() -> tuple[datetime, datetime] | None:
        end = now() - timedelta(seconds=8)
        seen = prometheus.watch(end - timedelta(seconds=3), end, EXPECTED, 1)
        wider = prometheus.watch(end - timedelta(seconds=10), end + timedelta(seconds=7), EXPECTED, 1)
        return None if seen.gaps or wider.gaps else (seen.start, seen.end)

    found = until(whole, 30)
    assert found
    return prometheus_process, *found


def _watch(url: str, start: datetime, end: datetime, step: int = 1) -> WatchSeen:
    return Prometheus(Server(url), now).watch(start, end, EXPECTED, step)


def _adding(**members: object) -> Change:
    return lambda path, fields, page: page.update(members)


Window = tuple[Process, datetime, datetime]


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({"isPartial": True, "stats": {"seriesFetched": "3", "executionTimeMsec": 1}}, "partial (isPartial)"),
        ({"warnings": ["receive series from Addr: 10.0.0.7:10901: rpc error"]}, "receive series from Addr"),
        ({"error": "a store was not asked", "errorType": "timeout"}, "says error: a store was not asked"),
        ({"partialResponse": True}, "partialResponse: True, which is not understood"),
        ({"missingShards": ["a"]}, "missingShards"),
        ({"truncated": 7}, "truncated: 7"),
    ],
)
def test_every_sign_that_an_answer_is_not_whole_is_a_warning(settled: Window, members: Any, words: str) -> None:
    process, start, end = settled
    with before(process, _adding(**members)) as server:
        assert any(words in warning for warning in _watch(server.url, start, end).warnings)
        for call in (Prometheus.alerts, Prometheus.counts, Prometheus.rules, Prometheus.critical_elsewhere):
            with pytest.raises(Unreachable, match="answered, and not all"):
                call(Prometheus(Server(server.url), now))


@pytest.mark.parametrize(
    "members",
    [
        {"isPartial": False, "stats": {"seriesFetched": "3", "executionTimeMsec": 1}},
        {"warnings": [], "infos": None, "partialResponse": False, "missingShards": []},
        {"trace": {"duration_msec": 0.1}, "analysis": {"name": "x"}},
    ],
)
def test_members_that_tell_only_how_it_was_come_by_take_nothing_from_it(settled: Window, members: Any) -> None:
    process, start, end = settled
    with before(process, _adding(**members)) as server:
        assert _watch(server.url, start, end).warnings == ()


def test_pages_that_are_left_are_no_whole_answer(settled: Window) -> None:
    process, start, end = settled

    def paged(path: str, fields: dict[str, list[str]], page: dict[str, Any]) -> None:
        if path.endswith("/rules"):
            page["data"]["groupNextToken"] = "next"

    with before(process, paged) as server:
        assert any("groupNextToken" in warning for warning in _watch(server.url, start, end).warnings)


def test_infos_are_kept_as_a_note(settled: Window) -> None:
    process, start, end = settled
    with before(process, _adding(infos=["PromQL info: metric might not be a counter"])) as server:
        seen = _watch(server.url, start, end)
    assert seen.warnings == ()
    assert "PromQL info: metric might not be a counter" in seen.notes


def test_what_answers_say_is_bounded_fit_and_without_secrets(settled: Window) -> None:
    process, start, end = settled
    said = ["\x1b[31m\ud800 password=hunter2\nforged"] + [f"{number}" + "x" * 10_000 for number in range(500)]
    with before(process, _adding(warnings=said)) as server:
        warnings = _watch(server.url, start, end).warnings
    assert len(warnings) < 40
    assert all(len(one) <= 200 and one.isprintable() for one in warnings)
    assert "hunter2" not in str(warnings)
    assert any(one == "… (+481)" for one in warnings)


def _aligned(fields: dict[str, list[str]]) -> None:
    """Start and end down to multiples of the step, as VictoriaMetrics and Thanos' and Mimir's front ends do it."""
    step = int(float(fields["step"][0]))
    for name in ("start", "end"):
        fields[name] = [str(int(_seconds(fields[name][0]) // step * step))]


def _seconds(value: str) -> float:
    try:
        return float(value)
    except ValueError:
        return datetime.fromisoformat(value).timestamp()


@pytest.mark.parametrize("step", [2, 3, 7])
def test_a_back_end_that_aligns_questions_to_the_step_says_the_same(settled: Window, step: int) -> None:
    process, start, end = settled
    with before(process, lambda *_: None, _aligned) as server:
        aligned = _watch(server.url, start, end, step)
    straight = _watch(process.url, start, end, step)
    assert replace(aligned, rules=()) == replace(straight, rules=()), "all but the time of the rules' last evaluation"
    assert (aligned.gaps, aligned.warnings) == ((), ())
    assert aligned.up_samples == aligned.evaluated_samples == aligned.expected_samples


def test_samples_at_other_times_than_asked_for_never_count(settled: Window) -> None:
    process, start, end = settled

    def shifted(path: str, fields: dict[str, list[str]], page: dict[str, Any]) -> None:
        if path.endswith("/query_range"):
            for one in page["data"]["result"]:
                one["values"] = [[at + 0.4, value] for at, value in one["values"]]

    with before(process, shifted) as server:
        seen = _watch(server.url, start, end)
    assert any("at other times than were asked for" in warning for warning in seen.warnings)
    assert seen.up_samples == seen.evaluated_samples == 0
    assert seen.gaps, "the gaps and the count say the same"


def test_an_unreadable_series_costs_itself_and_is_told(settled: Window) -> None:
    process, start, end = settled

    def odd_one(path: str, fields: dict[str, list[str]], page: dict[str, Any]) -> None:
        if path.endswith("/query_range") and "min_over_time(up" in fields["query"][0]:
            page["data"]["result"].append({"metric": {"instance": 7}, "values": [[0, "1"]]})

    with before(process, odd_one) as server:
        seen = _watch(server.url, start, end)
    assert seen.up_samples == seen.expected_samples
    assert any(re.search("^1 of [0-9]+ series could not be read", warning) for warning in seen.warnings)


def test_an_unreadable_rule_costs_itself_and_only_one_of_ours_matters(settled: Window) -> None:
    process, start, end = settled

    def broken(name: str) -> Change:
        def change(path: str, fields: dict[str, list[str]], page: dict[str, Any]) -> None:
            rules = [rule for group in page["data"]["groups"] for rule in group["rules"]] if "/rules" in path else []
            for rule in rules:
                if rule["name"] == name:
                    rule["lastEvaluation"] = None

        return change

    with before(process, broken("Elsewhere")) as server:
        assert _watch(server.url, start, end).warnings == ()
    with before(process, broken("MultiStrategyProbeSlow")) as server:
        seen = _watch(server.url, start, end)
    assert any("the rule MultiStrategyProbeSlow could not be read" in warning for warning in seen.warnings)
    assert [rule.name for rule in seen.rules] == ["MultiStrategyProbeHigh"]
    assert seen.missing_rules == ("MultiStrategyProbeSlow",)
    assert seen.gaps == ()


def test_a_group_that_is_none_costs_itself(settled: Window) -> None:
    process, start, end = settled

    def change(path: str, fields: dict[str, list[str]], page: dict[str, Any]) -> None:
        if path.endswith("/rules"):
            page["data"]["groups"] += [None, {"rules": [{"name": "Theirs", "type": "alerting"}]}]

    with before(process, change) as server:
        seen = _watch(server.url, start, end)
    assert {rule.name for rule in seen.rules} == set(EXPECTED)
    assert len([one for one in seen.warnings if "could not be read" in one]) == 1


def test_a_series_of_numbers_that_are_none_is_there_without_points(settled: Window) -> None:
    process, start, end = settled
    [one] = Prometheus(Server(process.url), now).series("vector(0) / 0", start, end, 1)
    assert one.points == ()


def test_signs_that_a_picture_is_not_whole_are_given_with_it(settled: Window) -> None:
    process, start, end = settled
    warnings: list[str] = []
    with before(process, _adding(isPartial=True)) as server:
        found = Prometheus(Server(server.url), now).series("up", start, end, 1, warnings)
    assert found
    assert "isPartial" in warnings[0]


def test_too_few_samples_to_know_how_often_it_is_scraped_are_said(settled: Window) -> None:
    process, start, end = settled

    def few(path: str, fields: dict[str, list[str]], page: dict[str, Any]) -> None:
        if path.endswith("/query") and "[600s]" in fields["query"][0]:
            for one in page["data"]["result"]:
                one["values"] = one["values"][-1:]

    with before(process, few) as server:
        seen = _watch(server.url, start, end)
    assert any("how often Prometheus scrapes itself is not known" in warning for warning in seen.warnings)


def test_a_watch_asks_a_bounded_number_of_questions(settled: Window) -> None:
    process, start, end = settled
    with before(process, lambda *_: None) as server:
        began = time.monotonic()
        _watch(server.url, start, end)
        assert time.monotonic() - began < 3
        assert len(server.seen) <= 12


def _without_alerts(path: str, fields: dict[str, list[str]], page: dict[str, Any]) -> None:
    """As a relabelling that drops ALERTS before a store, or rights that do not let us see them."""
    if "/query" in path:
        page["data"]["result"] = [
            one
            for one in page["data"]["result"]
            if not {one["metric"].get("__name__"), one["metric"].get("stage4_part")} & {"ALERTS", "ALERTS_FOR_STATE"}
            and "alertname" not in one["metric"]
        ]


def test_a_rule_that_fires_and_is_in_no_history_is_no_quiet_window(settled: Window, probe: tuple[Probe, Odd]) -> None:
    process, start, end = settled
    prometheus = Prometheus(Server(process.url), now)
    probe[0].value = 4.0
    try:
        until(lambda: {rule.state for rule in prometheus.rules(EXPECTED)} == {"pending", "inactive"})
        assert _watch(process.url, start, end).warnings == (), "one that became active after the window is no doubt"
        with before(process, _without_alerts) as server:
            seen = _watch(server.url, start, end)
    finally:
        probe[0].value = 0.0
        until(lambda: not prometheus.alerts())
    (warning,) = seen.warnings
    assert warning.startswith(
        "alerts that fire or are pending now by their rules are in no history: MultiStrategyProbeSl"
    )


def test_a_store_is_to_show_that_alerts_are_kept_in_it(settled: Window) -> None:
    process, start, end = settled

    def store(path: str, fields: dict[str, list[str]], page: dict[str, Any]) -> None:
        page["data"].pop("storageRetention", None)

    def bare(path: str, fields: dict[str, list[str]], page: dict[str, Any]) -> None:
        store(path, fields, page)
        _without_alerts(path, fields, page)

    with before(process, store) as server:
        assert _watch(server.url, start, end).warnings == (), "an alert of somebody else's is there"
    with before(process, bare) as server:
        (warning,) = _watch(server.url, start, end).warnings
    assert "no alert of any name in the last day" in warning
    with before(process, _without_alerts) as server:
        assert _watch(server.url, start, end).warnings == (), "a Prometheus itself keeps those that it raises"


def test_alerts_without_a_number_are_not_no_alerts(settled: Window) -> None:
    def unnumbered(path: str, fields: dict[str, list[str]], page: dict[str, Any]) -> None:
        page["data"]["result"] = [{"metric": {"alertname": "MultiStrategyProbeHigh"}, "value": [0, "NaN"]}]

    with before(settled[0], unnumbered) as server:
        prometheus = Prometheus(Server(server.url), now)
        for call in (prometheus.alerts, prometheus.counts, prometheus.critical_elsewhere):
            with pytest.raises(Unreachable, match="no number"):
                call()
