"""Silences of a real Alertmanager that list whole racks: decided on as they are, shown by their beginning."""

from __future__ import annotations

from datetime import timedelta

import pytest
import requests

from ledger.adapters.alertmanager import Alertmanager
from ledger.adapters.silence_wire import format_silence, parse_matcher
from ledger.app.reading.silences import muting_json
from ledger.domain.facts import AlertSeen, Matcher, Muting, SilenceSeen
from ledger.domain.matchers import LARGEST, noted, size, told
from ledger.domain.muting import can_mute, label_sets, muting
from ledger.domain.runbook import EXPECTED_RULES

from .neighbours import Process, now, quick
from .test_alertmanager_cluster import Pair

ENV = (Matcher("env", "lab"),)
RACK = "|".join(rf"node-{number:04d}\.prod\.example\.net" for number in range(420))
NAME = "MultiStrategyPnlDrawdown"
LABELS = (("alertname", NAME), ("env", "lab"), ("job", "stage4"), ("severity", "critical"))
SHOWN = (AlertSeen(NAME, LABELS, "firing", now()),)
ALL = tuple(AlertSeen(name, (("alertname", name), *LABELS[1:]), "firing", now()) for name in EXPECTED_RULES)
"""Every rule was seen, so that no label is free."""


def made(process: Process, *matchers: Matcher) -> SilenceSeen:
    page = format_silence(matchers, now(), now() + timedelta(minutes=10), "mallory", "rack move")
    answer = requests.post(f"{process.url}/api/v2/silences", json=page, timeout=5)
    [seen] = [one for one in _look(process)[0].silences or () if one.id == answer.json()["silenceID"]]
    return seen


def _look(process: Process):
    return Alertmanager([quick(process.url)], now).look()


def job(value: str, *, equal: bool = True) -> Matcher:
    return Matcher("job", value, is_regex=True, is_equal=equal)


RACKS = {
    "ours at its end": (job(f"{RACK}|stage4"), True),
    "others alone": (job(RACK), False),
    "all but ours": (job(f"{RACK}|stage4", equal=False), False),
    "all but others": (job(RACK, equal=False), True),
}


@pytest.mark.parametrize("name", RACKS)
def test_a_long_matcher_is_decided_on_as_a_whole(apart: Pair, name: str) -> None:
    matcher, mutes = RACKS[name]
    assert len(matcher.value) > 10_000
    silence = made(apart[0], matcher)
    assert silence.matchers == (matcher,)
    members = _look(apart[0])
    found = [one.silence.id for one in muting(members, ENV, label_sets(members, ALL, ENV))]
    assert found == [silence.id] * mutes


def test_what_is_not_understood_can_mute_unless_another_matcher_rules_it_out() -> None:
    sets = label_sets((), SHOWN, ENV)
    odd_one = parse_matcher({"name": "job", "value": "stage4\x07|x", "isRegex": True})
    for unclear in (odd_one, Matcher("job", "x(", is_regex=True), Matcher("job", "y" * 9_999 + "…", is_regex=True)):
        assert can_mute((unclear,), ENV, sets)
        assert can_mute((unclear, Matcher("alertname", NAME)), ENV, sets)
        assert not can_mute((unclear, Matcher("env", "prod")), ENV, sets)


def test_a_label_that_was_cut_rules_nothing_out() -> None:
    long = tuple((name, "j" * 9_999 + "…" if name == "job" else value) for name, value in LABELS)
    sets = label_sets((), (AlertSeen(NAME, long, "firing", now()),), ENV)
    assert can_mute((job("j{10,}k"),), ENV, sets)


def test_people_read_the_beginning_and_how_many_there_are(apart: Pair) -> None:
    silence = made(apart[0], job(f"{RACK}|stage4"), *(Matcher(f"label{number}", "x") for number in range(30)))
    page = muting_json((), (Muting(silence, ("http://am-1",)),), ())
    shown = page["muting"][0]["matchers"]
    assert shown == list(told(silence.matchers))
    assert shown[0].startswith('job=~"node-0000') and shown[0].endswith('…"')
    assert (len(shown), shown[-1], max(map(len, shown)) < 300) == (21, "… (+11)", True)


def test_an_entry_takes_them_whole_or_says_what_was_cut() -> None:
    small, large = (job("a|b"), Matcher("env", "lab")), tuple(job(RACK + str(number)) for number in range(9))
    assert noted(small) == small
    cut = noted(large)
    assert size(cut) < LARGEST < size(large)
    assert cut[-1].name == "…" and cut[-1].value.startswith(f"cut: 9 matchers of {size(large)} bytes, sha384:")
    assert noted(large) == noted(large) != noted((*large[:8], job(RACK + "9")))
    assert noted(tuple(reversed(large)))[-1] == cut[-1], "the digest is that of the set"
