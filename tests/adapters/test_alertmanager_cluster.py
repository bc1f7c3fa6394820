"""Two real Alertmanagers: every member is asked, one that hangs hides no other, and no silence is twice for good."""

from __future__ import annotations

import time
from datetime import timedelta
from itertools import count

import pytest
import requests

from ledger.adapters.alertmanager import Alertmanager, Memory
from ledger.adapters.http import Server
from ledger.domain.facts import AlertSeen, Matcher, SilenceSeen
from ledger.errors import Refused, Unreachable

from .neighbours import Handler, Process, free_port, now, odd, until

Pair = tuple[Process, Process]
MATCHERS = (Matcher("alertname", "MultiStrategy.+", True), Matcher("env", "lab"))
_numbers = count(1)


def cluster(*processes: Process, memory: Memory | None = None) -> Alertmanager:
    """With the time-outs that people have."""
    return Alertmanager([Server(one.url) for one in processes], now, memory)


def create(alertmanager: Alertmanager, marker: str = "[stage4:INC-1:ab12]", minutes: float = 30) -> SilenceSeen:
    start = now()
    end = start + timedelta(minutes=minutes)
    return alertmanager.create(MATCHERS, start, end, "p-4f9c2", f"INC-1 {marker}", marker).silence


def fire(*processes: Process, **labels: str) -> str:
    name = f"MultiStrategyTest{next(_numbers)}"
    page = {"labels": {"alertname": name, "env": "lab", "severity": "critical", **labels}}
    for process in processes:
        requests.post(f"{process.url}/api/v2/alerts", json=[page], timeout=5).raise_for_status()
    return name


def living(process: Process) -> list[str]:
    """Ids of silences that have not expired, asked without the code under test."""
    found = requests.get(f"{process.url}/api/v2/silences", timeout=5).json()
    return [one["id"] for one in found if one["status"]["state"] != "expired"]


def test_each_member_speaks_for_itself(apart: Pair) -> None:
    first, second = apart
    made, name = create(cluster(first)), fire(first, second)
    has, lacks = cluster(first, second).look()
    assert (has.name, lacks.name) == (first.url, second.url)
    assert has.silence(made.id) is not None
    assert lacks.silence(made.id) is None
    assert [(one.name, one.silenced_by) for one in has.firing or ()] == [(name, (made.id,))]
    assert [(one.name, one.silenced_by) for one in lacks.firing or ()] == [(name, ())]
    assert not has.doubts
    assert not lacks.doubts


def test_an_alert_counts_as_muted_by_what_mutes_it_everywhere(apart: Pair) -> None:
    first, second = apart
    made, name = create(cluster(first)), fire(first, second)
    assert _only(cluster(first).firing()) == (name, (made.id,))
    assert _only(cluster(first, second).firing()) == (name, ())


def _only(alerts: tuple[AlertSeen, ...]) -> tuple[str, tuple[str, ...]]:
    [one] = alerts
    return one.name, one.silenced_by


def test_a_member_that_hangs_says_so_and_hides_no_other(apart: Pair) -> None:
    first, second = apart
    made, memory = create(cluster(second)), Memory()
    with first.frozen():
        silent, told = cluster(first, second, memory=memory).look()
        assert silent.silences is None
        assert silent.firing is None
        assert "did not answer whole within 3 s" in silent.error
        assert told.silence(made.id) is not None
        with pytest.raises(Unreachable, match="not every member answers"):
            cluster(first, second, memory=memory).silence("00000000-0000-4000-8000-000000000000")
        found = cluster(first, second, memory=memory).silence(made.id)
        assert found is not None
        assert found.state == "active"


def test_who_has_just_hung_is_not_waited_for_again(apart: Pair) -> None:
    memory = Memory()
    with apart[0].frozen():
        cluster(*apart, memory=memory).look()
        started = time.monotonic()
        cluster(*apart, memory=memory).look()
        assert time.monotonic() - started < 2
    until(lambda: not cluster(*apart, memory=memory).look()[0].error)


def test_a_silence_is_made_at_the_second_while_the_first_hangs(apart: Pair) -> None:
    first, second = apart
    with first.frozen():
        started = time.monotonic()
        made = create(cluster(first, second))
        assert time.monotonic() - started < 8
    assert living(second) == [made.id]
    assert living(first) == [], "nothing was sent to who had not answered"


def test_what_a_member_takes_as_it_thaws_is_there_twice_and_found(apart: Pair) -> None:
    """It froze after it had answered: then its request is in its queue, and comes late."""
    first, second = apart
    asked: list[str] = []

    def relay(handler: Handler) -> None:
        asked.append(handler.command)
        if handler.command == "POST":
            late.append(handler.body)
            return handler.drop()
        answer = requests.get(first.url + handler.path, timeout=5)
        return handler.say(answer.status_code, answer.content)

    late: list[bytes] = []
    with odd(relay) as proxy:
        members = Alertmanager([Server(proxy.url), Server(second.url)], now)
        made = create(members)
        assert living(second) == [made.id]
        assert asked.count("POST") == 1
        requests.post(f"{first.url}/api/v2/silences", data=late[0], timeout=5,
                      headers={"Content-Type": "application/json"}).raise_for_status()  # fmt: skip
        found = {one.id for one in members.silences() if one.state == "active"}
        assert made.id in found
        assert len(found) == 2


def test_after_a_lost_answer_the_marker_is_looked_up_at_every_member(gossiping: Pair) -> None:
    first, second = gossiping

    def lose(handler: Handler) -> None:
        answer = requests.request(handler.command, first.url + handler.path, data=handler.body, timeout=5,
                                  headers={"Content-Type": "application/json"})  # fmt: skip
        if handler.command == "POST":
            until(lambda: living(second))
            return handler.drop()
        return handler.say(answer.status_code, answer.content)

    with odd(lose) as proxy:
        made = create(Alertmanager([Server(proxy.url), Server(second.url)], now))
    assert living(first) == living(second) == [made.id]


def test_ending_ends_it_at_every_member_that_has_it(gossiping: Pair) -> None:
    first, second = gossiping
    made = create(cluster(first, second))
    until(lambda: living(second))
    ended = cluster(first, second).expire(made.id)
    assert ended.silence is not None
    assert ended.silence.state == "expired"
    assert living(first) == living(second) == []


def test_a_split_cluster_is_ended_at_both_halves(apart: Pair) -> None:
    """A partition after the gossip: each half has the silence and hears of no end from the other."""
    first, second = apart
    made = create(cluster(first))
    page = requests.get(f"{first.url}/api/v2/silence/{made.id}", timeout=5).json()
    wire = {name: page[name] for name in ("matchers", "startsAt", "endsAt", "createdBy", "comment")}
    other = requests.post(f"{second.url}/api/v2/silences", json=wire, timeout=5)
    assert living(second) == [other.json()["silenceID"]]
    again = create(cluster(first, second))
    assert again.id == made.id, "one with the marker is there already"
    for name in (made.id, other.json()["silenceID"]):
        cluster(first, second).expire(name)
    assert living(first) == living(second) == []


def test_extending_and_ending_go_on_while_the_first_hangs(gossiping: Pair) -> None:
    first, second = gossiping
    made = create(cluster(first, second))
    until(lambda: living(second))
    memory = Memory()
    with first.frozen():
        end = now() + timedelta(hours=2)
        extended = cluster(first, second, memory=memory).extend(made.id, end)
        assert extended.silence.id == made.id
        ended = cluster(first, second, memory=memory).expire(made.id)
        assert ended.silence is not None
        assert len(ended.missing) == 1
        assert first.url in ended.missing[0]


def test_what_only_the_silent_one_can_know_is_not_called_lost(apart: Pair) -> None:
    first, second = apart
    made, both = create(cluster(first)), cluster(first, second)
    with first.frozen():
        for act in (both.expire, both.silence, lambda name: both.extend(name, now() + timedelta(hours=1))):
            with pytest.raises(Unreachable, match="not every member answers"):
                act(made.id)
    with pytest.raises(Refused, match="is not known"):
        cluster(second).extend(made.id, now() + timedelta(hours=1))


def test_one_that_is_down_is_named_and_the_others_are_used(apart: Pair) -> None:
    down = Server(f"http://127.0.0.1:{free_port()}")
    seen = Alertmanager([down, Server(apart[1].url)], now).look()
    assert down.url in seen[0].error
    assert seen[1].silences == ()


@pytest.mark.parametrize("seconds", [4, 600, -40, -10_800])
def test_a_silence_begins_now_and_lasts_as_asked_whatever_our_clock_says(apart: Pair, seconds: int) -> None:
    wrong = timedelta(seconds=seconds)
    alertmanager = Alertmanager([Server(apart[0].url)], lambda: now() + wrong)
    start = now() + wrong
    made = alertmanager.create(MATCHERS, start, start + timedelta(hours=1), "p", "INC-1 [m]", "[m]").silence
    assert made.state == "active"
    assert abs(made.ends_at - (now() + timedelta(hours=1))) < timedelta(seconds=3)
    [seen] = alertmanager.look()
    assert abs(seen.ahead + seconds) < 2


def test_clocks_that_agree_are_said_to_agree(apart: Pair) -> None:
    assert [one.ahead for one in cluster(*apart).look()] == [0.0, 0.0]
