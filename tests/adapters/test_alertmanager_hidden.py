"""A real Alertmanager that says what mutes an alert and does not list it: rights or a proxy hide it."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import contextmanager
from datetime import timedelta

import requests

from ledger.adapters.alertmanager import Alertmanager
from ledger.adapters.silence_wire import format_silence
from ledger.domain.facts import Matcher, MemberSeen
from ledger.domain.muting import hidden, label_sets, muting

from .neighbours import Handler, Process, now, odd, quick
from .test_alertmanager_cluster import Pair, fire

ENV = (Matcher("env", "lab"),)
FOREIGN = (Matcher("team", "trading-ops"),)
Before = Callable[[str], None]


def silence(process: Process) -> str:
    """One of another team."""
    page = format_silence(FOREIGN, now(), now() + timedelta(minutes=10), "mallory", "rack move")
    made = requests.post(f"{process.url}/api/v2/silences", json=page, timeout=5)
    return str(made.json()["silenceID"])


@contextmanager
def behind(process: Process, hides: tuple[str, ...] = (), by_id: bool = False, before: Before = lambda _: None):
    """A proxy before it whose list lacks some silences; with ``by_id`` it denies them where they are asked for too."""

    def relay(handler: Handler) -> None:
        before(handler.path)
        if by_id and handler.path.endswith(hides):
            return handler.say(404)
        answer = requests.get(process.url + handler.path, timeout=5)
        if handler.path != "/api/v2/silences":
            return handler.say(answer.status_code, answer.content)
        left = [one for one in answer.json() if one["id"] not in hides]
        return handler.say(answer.status_code, json.dumps(left).encode())

    with odd(relay) as server:
        yield server.url


def look(*urls: str) -> tuple[MemberSeen, ...]:
    return Alertmanager([quick(url) for url in urls], now).look()


def muters(members: tuple[MemberSeen, ...]) -> list[tuple[str, int]]:
    found = muting(members, ENV, label_sets(members, (), ENV))
    return [(one.silence.id, len(one.alerts)) for one in found]


def test_what_mutes_and_is_not_listed_is_asked_for_by_its_id(apart: Pair) -> None:
    first, _ = apart
    made, _ = silence(first), fire(first, team="trading-ops")
    with behind(first, hides=(made,)) as url:
        members = look(url)
    assert muters(members) == [(made, 1)]
    assert hidden(members, ENV) == ()


def test_what_begins_later_is_there_with_its_start_at_every_member(apart: Pair) -> None:
    starts = now() + timedelta(minutes=10)
    page = format_silence(FOREIGN, starts, starts + timedelta(minutes=10), "deploybot", "for later")
    for process in apart:
        requests.post(f"{process.url}/api/v2/silences", json=page, timeout=5).raise_for_status()
        fire(process, team="trading-ops")
    members = look(*(process.url for process in apart))
    found = muting(members, ENV, label_sets(members, (), ENV))
    assert [(one.silence.state, len(one.alerts)) for one in found] == [("pending", 0)] * 2
    assert {name for one in found for name in one.members} == {process.url for process in apart}


def test_what_mutes_and_cannot_be_had_is_named(apart: Pair) -> None:
    first, _ = apart
    made, name = silence(first), fire(first, team="trading-ops")
    with behind(first, hides=(made,), by_id=True) as url:
        members = look(url)
        [one] = hidden(members, ENV)
        assert (one.id, one.members, [alert.name for alert in one.alerts]) == (made, (url,), [name])
        assert hidden(members, (Matcher("env", "prod"),)) == (), "of another installation"
        assert not members[0].doubts


def test_an_id_that_a_member_calls_none_costs_itself(apart: Pair) -> None:
    first, _ = apart
    made, _ = silence(first), fire(first, team="trading-ops")
    whole = requests.get(f"{first.url}/api/v2/silences", timeout=5).content
    alerts = requests.get(f"{first.url}/api/v2/alerts", timeout=5).json()
    alerts[0]["status"]["silencedBy"] = ["a-word-of-theirs"]

    def answer(handler: Handler) -> None:
        page = json.dumps(alerts).encode() if "/alerts" in handler.path else whole
        asked = "/silence/" in handler.path
        handler.say(422 if asked else 200, b'"silenceID in path must be of type uuid"' if asked else page)

    with odd(answer) as server:
        [seen] = look(server.url)
    assert [one.id for one in hidden([seen], ENV)] == ["a-word-of-theirs"]
    assert made in [one.id for one in seen.silences or ()] and not seen.error


def test_the_list_of_another_member_says_nothing_of_this_one(apart: Pair) -> None:
    first, _ = apart
    made, _ = silence(first), fire(first, team="trading-ops")
    whole = requests.get(f"{first.url}/api/v2/silences", timeout=5).content

    def lists_it(handler: Handler) -> None:
        handler.say(200, whole if handler.path.endswith("/silences") else b"[]")

    with behind(first, hides=(made,), by_id=True) as url, odd(lists_it) as other:
        members = look(url, other.url)
    assert muters(members) == [(made, 1)]
    assert [(one.id, one.members) for one in hidden(members, ENV)] == [(made, (url,))]


def test_a_silence_that_is_made_between_two_questions_is_seen(apart: Pair) -> None:
    first, _ = apart
    fire(first, team="trading-ops")
    made: list[str] = []

    def between(path: str) -> None:
        asked.append(path.split("?")[0])
        if len(asked) == 2:
            made.append(silence(first))

    asked: list[str] = []
    with behind(first, before=between) as url:
        members = look(url)
    assert asked == ["/api/v2/alerts", "/api/v2/silences"]
    assert [name for name, _ in muters(members)] == made


def test_one_that_ends_between_two_questions_is_not_called_hidden(apart: Pair) -> None:
    first, _ = apart
    made, _ = silence(first), fire(first, team="trading-ops")

    def between(path: str) -> None:
        if path.endswith("/silences"):
            requests.delete(f"{first.url}/api/v2/silence/{made}", timeout=5)

    with behind(first, before=between) as url:
        members = look(url)
    assert (muters(members), hidden(members, ENV)) == ([], ())
