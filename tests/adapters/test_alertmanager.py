"""Silences at a real Alertmanager: once, found again, extended, ended; and answers that get lost."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import count

import pytest
import requests

from ledger.adapters.alertmanager import Alertmanager, Created
from ledger.domain.facts import Matcher, SilenceSeen
from ledger.errors import Refused, Unreachable

from .neighbours import WRONG, Handler, Process, free_port, now, odd, quick, says, until

MATCHERS = (
    Matcher("alertname", "MultiStrategy.+", True),
    Matcher("env", "lab"),
    Matcher("team", "other", False, False),
)
_numbers = count(2042)


@pytest.fixture
def marker() -> str:
    return f"[stage4:stage4-ledger.invalid/stage4/ab12:INC-{next(_numbers)}]"


def _create(alertmanager: Alertmanager, marker: str, minutes: float = 30) -> Created:
    start = now()
    return alertmanager.create(
        MATCHERS, start, start + timedelta(minutes=minutes), "p-4f9c2", f"zażółć {marker}", marker
    )


def _ours(process: Process, marker: str) -> list[SilenceSeen]:
    """Those with the marker that have not expired, asked without the code under test in between."""
    return [one for one in Alertmanager([quick(process.url)], now).silences() if _living(one, marker)]


def _living(one: SilenceSeen, marker: str) -> bool:
    return marker in one.comment and one.state != "expired"


def _relay(process: Process, handler: Handler) -> None:
    """Pass a request on to the real Alertmanager and its answer back."""
    answer = requests.request(handler.command, process.url + handler.path, data=handler.body, timeout=5,
                              headers={"Content-Type": "application/json"})  # fmt: skip
    handler.say(answer.status_code, answer.content)


def test_the_version_is_told(alertmanager: Alertmanager) -> None:
    assert alertmanager.version()[0].isdigit()


def test_a_created_silence_is_read_back_active_as_asked(alertmanager: Alertmanager, marker: str) -> None:
    made = _create(alertmanager, marker)
    assert made.silence.state == "active"
    assert set(made.silence.matchers) == set(MATCHERS)
    assert made.silence.comment == f"zażółć {marker}"
    assert not made.found
    assert alertmanager.silence(made.silence.id) is not None
    assert _same(alertmanager.find(marker), made.silence)


def test_the_transcript_holds_request_and_answer(alertmanager: Alertmanager, marker: str) -> None:
    made = _create(alertmanager, marker)
    shown = made.transcript.decode()
    assert "POST" in shown
    assert "zażółć" in shown
    assert f'< {{"silenceID":"{made.silence.id}"}}' in shown
    assert shown.count("/api/v2/silence/") == 1


def test_a_second_create_gives_the_first_silence(
    alertmanager: Alertmanager, alertmanager_process: Process, marker: str
) -> None:
    first, second = _create(alertmanager, marker), _create(alertmanager, marker)
    assert second.found
    assert second.silence.id == first.silence.id
    assert len(_ours(alertmanager_process, marker)) == 1


def test_after_a_lost_answer_the_silence_is_found_and_never_made_twice(
    alertmanager_process: Process, marker: str
) -> None:
    def lose(handler: Handler) -> None:
        if handler.command == "POST":
            requests.post(alertmanager_process.url + handler.path, data=handler.body, timeout=5,
                          headers={"Content-Type": "application/json"})  # fmt: skip
            return handler.drop()
        return _relay(alertmanager_process, handler)

    with odd(lose) as proxy:
        made = _create(Alertmanager([quick(proxy.url)], now), marker)
    assert made.silence.state == "active"
    assert [one.id for one in _ours(alertmanager_process, marker)] == [made.silence.id]
    assert [method for method, *_ in proxy.seen].count("POST") == 1
    assert b"< no answer" in made.transcript


def test_a_request_that_was_lost_is_sent_once_more(alertmanager_process: Process, marker: str) -> None:
    dropped: list[bool] = []

    def drop_first(handler: Handler) -> None:
        if handler.command == "POST" and not dropped:
            dropped.append(True)
            return handler.drop()
        return _relay(alertmanager_process, handler)

    with odd(drop_first) as proxy:
        made = _create(Alertmanager([quick(proxy.url)], now), marker)
    assert [one.id for one in _ours(alertmanager_process, marker)] == [made.silence.id]


def test_a_request_delivered_late_leaves_one_active_silence(alertmanager_process: Process, marker: str) -> None:
    late: list[bytes] = []

    def hold_first(handler: Handler) -> None:
        if handler.command == "POST" and not late:
            late.append(handler.body)
            return handler.drop()
        if handler.command == "POST":
            requests.post(alertmanager_process.url + handler.path, data=late[0], timeout=5,
                          headers={"Content-Type": "application/json"})  # fmt: skip
        return _relay(alertmanager_process, handler)

    with odd(hold_first) as proxy:
        made = _create(Alertmanager([quick(proxy.url)], now), marker)
    assert [one.id for one in _ours(alertmanager_process, marker)] == [made.silence.id]


def test_where_nothing_can_be_looked_up_nothing_is_sent_again(alertmanager_process: Process, marker: str) -> None:
    broken: list[bool] = []

    def break_down(handler: Handler) -> None:
        if broken or handler.command == "POST":
            broken.append(True)
            return handler.say(500, b"boom")
        return _relay(alertmanager_process, handler)

    with odd(break_down) as proxy, pytest.raises(Unreachable, match="whether the silence was created is not known"):
        _create(Alertmanager([quick(proxy.url)], now), marker)
    assert [method for method, *_ in proxy.seen].count("POST") == 1
    assert _ours(alertmanager_process, marker) == []


def test_a_200_that_is_not_true_is_not_believed(alertmanager_process: Process, marker: str) -> None:
    def promise(handler: Handler) -> None:
        if handler.command == "POST":
            return handler.say(200, b'{"silenceID":"00000000-0000-4000-8000-000000000000"}')
        return _relay(alertmanager_process, handler)

    with odd(promise) as proxy, pytest.raises(Unreachable, match="read again it is not there"):
        _create(Alertmanager([quick(proxy.url)], now), marker)


def test_the_next_member_is_asked_where_the_first_is_down(alertmanager_process: Process, marker: str) -> None:
    members = [quick(f"http://127.0.0.1:{free_port()}"), quick(alertmanager_process.url)]
    assert _create(Alertmanager(members, now), marker).silence.state == "active"


def test_a_cluster_that_is_down_names_every_member() -> None:
    members = [quick(f"http://127.0.0.1:{free_port()}") for _ in range(2)]
    with pytest.raises(Unreachable) as caught:
        Alertmanager(members, now).silences()
    assert all(member.url in str(caught.value) for member in members)


def test_no_member_at_all_is_a_sentence() -> None:
    with pytest.raises(Unreachable, match="no Alertmanager is configured"):
        Alertmanager([], now).version()


def test_a_silence_in_the_past_is_refused_in_alertmanagers_words(alertmanager: Alertmanager, marker: str) -> None:
    with pytest.raises(Refused, match="end time can't be in the past|start time must be before"):
        _create(alertmanager, marker, minutes=-5)


def test_a_silence_without_matchers_is_refused(alertmanager: Alertmanager, marker: str) -> None:
    with pytest.raises(Refused, match="rejects"):
        alertmanager.create([], now(), now() + timedelta(minutes=1), "p", marker, marker)


def test_a_silence_needs_its_marker(alertmanager: Alertmanager) -> None:
    with pytest.raises(Refused, match="marker"):
        alertmanager.create(MATCHERS, now(), now() + timedelta(minutes=1), "p", "no marker", "[stage4:x]")


def test_a_silence_for_later_is_pending(alertmanager: Alertmanager, marker: str) -> None:
    start = now() + timedelta(hours=1)
    made = alertmanager.create(MATCHERS, start, start + timedelta(hours=1), "p", marker, marker)
    assert made.silence.state == "pending"
    assert alertmanager.expire(made.silence.id).silence is not None


def test_extending_keeps_the_id_and_all_but_the_end(alertmanager: Alertmanager, marker: str) -> None:
    made = _create(alertmanager, marker).silence
    end = now() + timedelta(hours=2)
    extended = alertmanager.extend(made.id, end)
    assert extended.silence.id == made.id
    assert extended.replaced == ""
    assert abs(extended.silence.ends_at - end) < timedelta(milliseconds=2)
    same = ("matchers", "starts_at", "created_by", "comment", "state")
    assert all(getattr(extended.silence, name) == getattr(made, name) for name in same)


def test_an_expired_silence_is_not_extended(alertmanager: Alertmanager, marker: str) -> None:
    made = _create(alertmanager, marker).silence
    alertmanager.expire(made.id)
    with pytest.raises(Refused, match="has expired"):
        alertmanager.extend(made.id, now() + timedelta(hours=1))


def test_expiring_is_seen_and_can_be_repeated(alertmanager: Alertmanager, marker: str) -> None:
    made = _create(alertmanager, marker).silence
    first, second = alertmanager.expire(made.id), alertmanager.expire(made.id)
    assert first.silence is not None
    assert second.silence is not None
    assert first.silence.state == second.silence.state == "expired"
    assert b"DELETE" in first.transcript
    assert b"DELETE" not in second.transcript


def test_an_unknown_silence_is_none_and_ends_as_nothing(alertmanager: Alertmanager) -> None:
    unknown = "00000000-0000-4000-8000-000000000000"
    assert alertmanager.silence(unknown) is None
    assert alertmanager.expire(unknown).silence is None


def test_a_beginning_of_an_id_is_refused_with_what_to_do(alertmanager: Alertmanager) -> None:
    with pytest.raises(Refused, match="'429847f4' is no id of a silence: give the whole id"):
        alertmanager.silence("429847f4")


def test_a_404_of_a_proxy_is_not_a_lost_silence() -> None:
    with odd(lambda handler: handler.say(404, b"404 page not found")) as server, pytest.raises(Unreachable):
        Alertmanager([quick(server.url)], now).silence("00000000-0000-4000-8000-000000000000")


def test_an_active_silence_is_found_before_an_expired_one(alertmanager: Alertmanager, marker: str) -> None:
    old = _create(alertmanager, marker, minutes=600).silence
    alertmanager.expire(old.id)
    found = alertmanager.find(marker)
    assert found is not None
    assert (found.id, found.state) == (old.id, "expired")
    new = _create(alertmanager, marker, minutes=5).silence
    assert new.id != old.id
    assert _same(alertmanager.find(marker), new)


def _same(one: SilenceSeen | None, other: SilenceSeen) -> bool:
    return one is not None and one.id == other.id


def test_a_marker_that_nobody_has_finds_nothing(alertmanager: Alertmanager) -> None:
    assert alertmanager.find("[stage4:nobody]") is None


@pytest.fixture
def firing(alertmanager_process: Process) -> Iterator[str]:
    name = f"MultiStrategyTest{next(_numbers)}"
    url, end = f"{alertmanager_process.url}/api/v2/alerts", now() + timedelta(minutes=5)
    page = {"labels": {"alertname": name, "env": "lab", "severity": "critical"}, "endsAt": end.isoformat()}
    requests.post(url, json=[page], timeout=5)
    yield name
    requests.post(url, json=[{**page, "endsAt": now().isoformat()}], timeout=5)


def test_a_firing_alert_says_who_mutes_it(alertmanager: Alertmanager, marker: str, firing: str) -> None:
    only = [Matcher("alertname", firing)]
    [alert] = until(lambda: alertmanager.firing(only))
    before = set(alert.silenced_by)
    assert (alert.name, alert.severity, alert.state) == (firing, "critical", "firing")
    made = _create(alertmanager, marker).silence
    assert set(alertmanager.firing(only)[0].silenced_by) == {*before, made.id}
    alertmanager.expire(made.id)
    assert set(alertmanager.firing(only)[0].silenced_by) == before


def test_a_member_is_asked_for_the_alerts_of_the_names_that_are_configured(
    alertmanager_process: Process, alertmanager: Alertmanager, firing: str
) -> None:
    until(lambda: firing in {one.name for one in alertmanager.firing()})
    ours, others = (
        Alertmanager([quick(alertmanager_process.url)], now, pattern=pattern).look()[0]
        for pattern in ("Multi.+Test.+", "Momentum.+")
    )
    assert firing in {one.name for one in ours.firing or ()} and ours.pattern == "Multi.+Test.+"
    assert others.firing == () and others.pattern == "Momentum.+"


CALLS: dict[str, Callable[[Alertmanager], object]] = {
    "version": lambda one: one.version(),
    "firing": lambda one: one.firing(),
    "silences": lambda one: one.silences(),
    "create": lambda one: _create(one, "[stage4:x]"),
    "expire": lambda one: one.expire("00000000-0000-4000-8000-000000000000"),
}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("how", sorted(set(WRONG) - {"hang", "drip", "headers", "bomb"}))
def test_every_call_turns_every_wrong_answer_into_unreachable(call: str, how: str) -> None:
    with odd(WRONG[how]) as server, pytest.raises(Unreachable):
        CALLS[call](Alertmanager([quick(server.url)], now))


def test_a_list_that_cannot_be_had_is_not_an_empty_list() -> None:
    with odd(says({"code": 500, "message": "multi"}, 500)) as server, pytest.raises(Unreachable, match="answered 500"):
        Alertmanager([quick(server.url)], now).silences()


def test_creating_never_waits_longer_than_its_time_outs(marker: str) -> None:
    with odd(WRONG["drip"]) as server:
        started = time.monotonic()
        with pytest.raises(Unreachable):
            _create(Alertmanager([quick(server.url)], now), marker)
        assert time.monotonic() - started < 1.4
