"""What our matchers accept is what a real Alertmanager mutes."""

from __future__ import annotations

import itertools
import sys
import time
from collections.abc import Iterator
from datetime import timedelta

import pytest
import requests

from ledger import regexes
from ledger.adapters.alertmanager import Alertmanager, affected, matches
from ledger.adapters.http import ask
from ledger.adapters.silence_wire import format_silence
from ledger.domain.facts import AlertSeen, Matcher
from ledger.domain.matching import Undecided, use
from ledger.domain.muting import can_mute, label_sets
from ledger.errors import Refused

from .neighbours import Process, now, quick, until

VALUES = ["", "a", "A", "aa", "ab", "b", "a\nb", "a.b", "a|b", "ł", "Ł", "a b", "1", "٣", "MultiStrategyPnl", "x" * 40]
REGEXES = [
    "a", ".+", ".*", "a|b", "a.*", "(?i)A", "(?s)a.b", "a.b", "[ab]+", "[^a]", r"\d", r"\w+", r"\S+", "MultiStrategy.+",
    "^a$", "a{2}", "a{1,2}", "(?:a|b)b?", "(?P<x>a)b", r"a\.b", r"a\|b", ".", "", "|a", r"\x61", r"[\d]", "[]a]",
    r"a\sb", r"\pL+", r"\p{Greek}", "[[:alpha:]]", "[[:^alpha:]]+", r"\Qa|b\E", "a{,2}", r"a\z", "(?i)ł", "(a+)+b",
    "(a+)+", "a(?i)b", r"(.|\w)*!", r"([a-z]|\w)*x", ".*" * 20 + "x", "(?:a|(?:b|c)*)*", "(?U)a+", r"[[:word:]\d]+",
]  # fmt: skip
RACK = "|".join(rf"node-\d+\.prod-{number:03d}.*" for number in range(500))
LITERALS = ["a", "", "a.b", '"', "\\", "a\nb", "ł"]
MATCHERS = [Matcher("v", one, True, equal) for one in REGEXES for equal in (True, False)]
MATCHERS += [Matcher("v", one, False, equal) for one in LITERALS for equal in (True, False)]
REFUSED = [
    "(?=a)", "(?!a)a", r"(a)\1", "(?>a)", "a++", "(?x)a", "(?#c)a", r"a\Z", "(?(1)a|b)", "(", "[", "*", "a**",
    r"\u0061", "(?L)a", "(?<=a)b", "(?P=x)", "a{1001}", "a)|(b", "a\\", "a" * 100_001 + "+", r"\pL{1000}", "\ud800+",
]  # fmt: skip


@pytest.fixture
def alerts(alertmanager_process: Process) -> Iterator[tuple[str, int]]:
    url = alertmanager_process.url
    labels = [{"alertname": f"Match{index}", "v": value} for index, value in enumerate([*VALUES, '"', "\\"])]
    for one in labels:
        if not one["v"]:
            del one["v"]
    page = [{"labels": one, "endsAt": (now() + timedelta(minutes=5)).isoformat()} for one in labels]
    assert requests.post(f"{url}/api/v2/alerts", json=page, timeout=5).status_code == 200
    yield url, len(labels)
    for one in page:
        one["endsAt"] = now().isoformat()
    requests.post(f"{url}/api/v2/alerts", json=page, timeout=5)


def _muted(url: str, matcher: Matcher, alertmanager: Alertmanager, ours: int) -> set[str]:
    """Names of the alerts that a real silence mutes."""
    both = [Matcher("alertname", "Match.+", True), matcher]
    page = format_silence(both, now(), now() + timedelta(minutes=1), "test", "table")
    made = ask(quick(url), "it", "POST", "/api/v2/silences", body=page).json()["silenceID"]
    until(lambda: requests.get(f"{url}/api/v2/silence/{made}", timeout=5).json()["status"]["state"] == "active", 5)
    found = {one.name for one in alertmanager.firing() if made in one.silenced_by}
    requests.delete(f"{url}/api/v2/silence/{made}", timeout=5)
    return found


def test_what_is_shown_as_muted_is_what_alertmanager_mutes(alerts: tuple[str, int], alertmanager: Alertmanager) -> None:
    url, count = alerts
    ours = [one for one in until(lambda: alertmanager.firing()) if one.name.startswith("Match")]
    assert len(ours) == count
    different = {
        str(matcher): (shown, muted)
        for matcher in MATCHERS
        if (shown := {one.name for one in affected([matcher], ours)})
        != (muted := _muted(url, matcher, alertmanager, 0))
    }
    assert different == {}


def test_the_list_filtered_by_alertmanager_is_the_list_filtered_by_us(
    alerts: tuple[str, int], alertmanager: Alertmanager
) -> None:
    ours = alertmanager.firing()
    for matcher in MATCHERS:
        assert set(alertmanager.firing([matcher])) == set(affected([matcher], ours)), matcher


@pytest.mark.parametrize("pattern", REFUSED)
def test_a_regex_that_alertmanager_reads_otherwise_is_refused(pattern: str) -> None:
    with pytest.raises(Refused, match="regex"):
        affected([Matcher("v", pattern, True)], ())


@pytest.mark.parametrize(
    "pattern", [r"(.|\w)*!", r"([a-z]|\w)*x", "(a*)*b", "(a|aa)+b", "(.*)*=", ".*" * 20 + "x", RACK]
)
def test_no_regex_takes_longer_than_its_text_is_long(pattern: str) -> None:
    labels = {"v": "MultiStrategySchedulerLatencyCritical" * 25}
    began = time.process_time()
    matches(Matcher("v", pattern, True), labels)
    assert time.process_time() - began < 1


def test_others_work_while_a_regex_is_tried() -> None:
    """A match of a tenth of a second or less holds no thread up for longer, whoever wrote the regex."""
    matcher, labels = Matcher("v", r"(?:(?:\w|.|\d){0,30}){0,30}z", True), {"v": "ab1" * 3_333}
    began = time.process_time()
    assert not matches(matcher, labels)
    assert time.process_time() - began < 2


def test_without_re2_only_beginnings_are_decided_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "re2", None)
    use(regexes.compiled)
    try:
        assert matches(Matcher("alertname", "MultiStrategy.+", True), {"alertname": "MultiStrategyPnl"})
        assert not matches(Matcher("alertname", "MultiStrategy", True), {"alertname": "MultiStrategyPnl"})
        with pytest.raises(Undecided, match="google-re2 cannot be loaded"):
            matches(Matcher("v", "a|b", True), {"v": "a"})
        sets = label_sets((), (), (Matcher("env", "lab"),))
        assert can_mute((Matcher("alertname", "x|y", True),), (), sets), "better told than not"
        assert not can_mute((Matcher("alertname", "x|y", True), Matcher("env", "prod")), (Matcher("env", "lab"),), sets)
    finally:
        monkeypatch.undo()
        use(regexes.compiled)


def _alert(**labels: str) -> AlertSeen:
    return AlertSeen(labels.get("alertname", ""), tuple(sorted(labels.items())), "firing", now())


def test_all_matchers_must_accept() -> None:
    every = [_alert(a=a, b=b) for a, b in itertools.product("xy", repeat=2)]
    assert affected([Matcher("a", "x"), Matcher("b", "y")], every) == (every[1],)


def test_no_matcher_mutes_nothing() -> None:
    assert affected([], [_alert(a="x")]) == ()


def test_a_missing_label_is_an_empty_text() -> None:
    assert matches(Matcher("env", "prod", is_equal=False), {})
    assert not matches(Matcher("env", ".+", True), {})
