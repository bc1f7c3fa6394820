"""Answers that other Alertmanagers really give: Grafana's, one after a downgrade, one that is asked by too many."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from ledger.adapters.alertmanager import Alertmanager
from ledger.adapters.silence_wire import MOST_ITEMS, MOST_UNREAD, parse_alerts, parse_silences
from ledger.domain.facts import Matcher, MemberSeen
from ledger.errors import Refused, Unreachable

from .neighbours import Handler, Odd, now, odd, quick

MARK = "[stage4:INC-1:ab12]"
ID = "3f2a9c10-0000-4000-8000-000000000001"
MATCHERS = (Matcher("alertname", "MultiStrategy.+", True),)


def silence(state: str = "active", **changes: object) -> dict[str, Any]:
    start, end = now().isoformat(), (now() + timedelta(hours=1)).isoformat()
    page = {"id": ID, "status": {"state": state}, "startsAt": start, "endsAt": end, "updatedAt": start}
    matchers = [{"name": one.name, "value": one.value, "isRegex": one.is_regex, "isEqual": True} for one in MATCHERS]
    return {**page, "createdBy": "p", "comment": f"INC-1 {MARK}", "matchers": matchers} | changes


def alert(**changes: object) -> dict[str, Any]:
    labels = {"alertname": "MultiStrategyPnlDrawdown", "severity": "critical"}
    status = {"state": "active", "silencedBy": [], "inhibitedBy": []}
    return {"labels": labels, "status": status, "startsAt": now().isoformat()} | changes


class Grafana:
    """Keeps silences as Grafana's Alertmanager does, behind its prefix."""

    prefix = "/api/alertmanager/grafana"

    def __init__(self) -> None:
        self.kept: dict[str, dict[str, Any]] = {}

    def __call__(self, handler: Handler) -> None:
        path = handler.path.removeprefix(self.prefix + "/api/v2/")
        name = path.removeprefix("silence/")
        if handler.command == "POST":
            page = json.loads(handler.body)
            if page.get("id") and page["id"] not in self.kept:
                return _say(handler, 404, {"message": "silence not found", "traceID": ""})
            kept = {**silence(), **page, "id": page.get("id") or ID}
            self.kept[kept["id"]] = kept
            return _say(handler, 202, {"id": ID, "silenceID": ID})
        if path == "silences":
            return _say(handler, 200, [*self.kept.values()])
        if name not in self.kept:
            return _say(handler, 404, {"message": "silence not found", "traceID": ""})
        if handler.command == "DELETE":
            self.kept[name]["status"] = {"state": "expired"}
            return _say(handler, 200, {"message": "silence deleted"})
        return _say(handler, 200, self.kept[name])


def _say(handler: Handler, status: int, page: object) -> None:
    handler.say(status, json.dumps(page).encode())


@pytest.fixture
def grafana() -> Iterator[tuple[Alertmanager, Odd]]:
    with odd(Grafana()) as server:
        yield Alertmanager([quick(server.url + Grafana.prefix)], now), server


def create(alertmanager: Alertmanager) -> str:
    end = now() + timedelta(minutes=30)
    return alertmanager.create(MATCHERS, now(), end, "p", f"INC-1 {MARK}", MARK).silence.id


def test_any_2xx_with_an_id_is_success(grafana: tuple[Alertmanager, Odd]) -> None:
    alertmanager, server = grafana
    assert create(alertmanager) == ID
    extended = alertmanager.extend(ID, now() + timedelta(hours=2))
    assert (extended.silence.id, extended.replaced) == (ID, "")
    assert [method for method, *_ in server.seen].count("POST") == 2, "neither was sent twice"


def test_a_404_that_says_that_the_silence_is_unknown_is_no_outage(grafana: tuple[Alertmanager, Odd]) -> None:
    alertmanager, _ = grafana
    assert alertmanager.silence(ID) is None
    assert alertmanager.expire(ID).silence is None
    with pytest.raises(Refused, match="is not known at Alertmanager"):
        alertmanager.extend(ID, now() + timedelta(hours=2))


@pytest.mark.parametrize(
    "body", [b"404 page not found", b'{"message":"Not found"}', b'{"message":"silences API not found"}']
)
def test_a_404_about_the_path_is_an_outage(body: bytes) -> None:
    with odd(lambda handler: handler.say(404, body)) as server, pytest.raises(Unreachable, match="check the address"):
        Alertmanager([quick(server.url)], now).silence(ID)


def listed(silences: list[Any], alerts: list[Any]) -> Callable[[Handler], None]:
    return lambda handler: _say(handler, 200, alerts if "/alerts" in handler.path else silences)


@pytest.mark.parametrize(
    ("state", "doubted"), [("expired", False), ("active", True), ("pending", True), ("on fire", True)]
)
def test_one_silence_that_cannot_be_read_costs_itself(state: str, doubted: bool) -> None:
    """``matchers: null`` is what Alertmanager 0.31 says of a silence that 0.32 made."""
    odd_one = silence(state, id="old", matchers=None, comment="not ours")
    with odd(listed([odd_one, silence()], [alert()])) as server:
        alertmanager = Alertmanager([quick(server.url)], now)
        assert [one.id for one in alertmanager.silences()] == [ID]
        [seen] = alertmanager.look()
    assert [one.id for one in seen.silences or ()] == [ID]
    assert [one.name for one in seen.firing or ()] == ["MultiStrategyPnlDrawdown"]
    assert bool(seen.doubts) is doubted
    assert [one.what for one in seen.unread] == ["the silence old"]


def test_an_old_unreadable_silence_keeps_no_new_one_from_being_made() -> None:
    grafana = Grafana()
    grafana.kept["old"] = silence("expired", id="old", matchers=None)
    with odd(grafana) as server:
        assert create(Alertmanager([quick(server.url + Grafana.prefix)], now)) == ID


def test_our_own_silence_that_cannot_be_read_is_not_made_twice() -> None:
    with odd(listed([silence(matchers=None)], [])) as server, pytest.raises(Unreachable, match="cannot be read"):
        create(Alertmanager([quick(server.url)], now))
    assert "POST" not in [method for method, *_ in server.seen]


@pytest.mark.parametrize(("theirs", "refused"), [("not ours", False), (f"INC-1 {MARK}", True)])
def test_many_that_cannot_be_read_hide_none_of_ours(theirs: str, refused: bool) -> None:
    grafana = Grafana()
    many = [silence(id=f"s-{number}", matchers=None, comment="not ours") for number in range(3 * MOST_UNREAD)]
    grafana.kept = {one["id"]: one for one in [*many, silence(id="last", matchers=None, comment=theirs)]}
    with odd(grafana) as server:
        alertmanager = Alertmanager([quick(server.url + Grafana.prefix)], now)
        if refused:
            with pytest.raises(Unreachable, match="may have our silence"):
                create(alertmanager)
        else:
            assert create(alertmanager) == ID


def test_of_what_cannot_be_read_some_are_kept_and_the_others_counted() -> None:
    page = [{}] * 50 + [silence("expired", matchers=None)] * 30 + [silence()]
    found, unread = parse_silences(page, now())
    assert [one.id for one in found] == [ID]
    assert len(unread) == 2 * MOST_UNREAD + 2
    assert [(one.active, one.more) for one in unread[-2:]] == [(True, 30), (False, 10)]
    assert str(unread[-2]) == "30 more items cannot be read"
    assert all(one.may_be("s-9") for one in unread[-2:]) and not unread[0].may_be("s-9")


def test_megabytes_of_nothing_cost_little_and_are_a_doubt() -> None:
    """Ten megabytes of ``{}`` took 50 s and 1.3 GB."""
    begun = time.process_time()
    found, unread = parse_silences([silence(), *[{}] * 3_400_000], now())
    _, alerts = parse_alerts([{}] * 3_400_000)
    assert time.process_time() - begun < 5
    assert len(found) == 1
    assert len(MemberSeen("a", now(), found, (), unread).doubts) == len(alerts) == MOST_UNREAD + 1


def test_what_lies_beyond_what_is_looked_at_is_not_taken_for_nothing() -> None:
    found, [rest] = parse_silences([silence()] * MOST_ITEMS + [silence(id="last")], now())
    assert len(found) == MOST_ITEMS and (rest.active, rest.more) == (True, 1)
    assert rest.may_be("last") and rest.may_bear(MARK)


@pytest.mark.parametrize(
    ("labels", "doubted"),
    [({"alertname": "MultiStrategyPnlDrawdown"}, True), ({"alertname": "DiskFull"}, False), (None, True)],
)
def test_one_alert_that_cannot_be_read_costs_itself(labels: dict[str, str] | None, doubted: bool) -> None:
    with odd(listed([silence()], [alert(labels=labels, status=None), alert()])) as server:
        [seen] = Alertmanager([quick(server.url)], now).look()
    assert len(seen.firing or ()) == 1
    assert bool(seen.doubts) is doubted


def test_alerts_count_although_the_silences_cannot_be_had() -> None:
    """From 0.32 on one silence of several matcher sets makes the whole list a 500."""

    def half(handler: Handler) -> None:
        if "/silences" in handler.path:
            return _say(handler, 500, "multi-matcher silences are not supported")
        return _say(handler, 200, [alert()])

    with odd(half) as server:
        [seen] = Alertmanager([quick(server.url)], now).look()
    assert seen.silences is None
    assert len(seen.firing or ()) == 1
    assert "answered 500" in seen.error


class Busy:
    """Says so many times that too many ask at once, as Alertmanager's limit of concurrent GETs does."""

    def __init__(self, times: int) -> None:
        self.left = times

    def __call__(self, handler: Handler) -> None:
        self.left -= 1
        if self.left >= 0:
            return handler.say(503, b"Limit of concurrent GET requests reached (1), try again later.\n")
        return _say(handler, 200, [])


def test_a_busy_server_is_asked_again() -> None:
    with odd(Busy(3)) as server:
        assert Alertmanager([quick(server.url)], now).silences() == ()
        assert len(server.seen) == 4


def test_one_that_stays_busy_is_said_to_be_so() -> None:
    with odd(Busy(99)) as server, pytest.raises(Unreachable, match="asked by too many at once"):
        Alertmanager([quick(server.url)], now).silences()


def test_another_503_is_not_asked_again() -> None:
    with odd(lambda handler: handler.say(503, b"starting")) as server, pytest.raises(Unreachable, match="answered 503"):
        Alertmanager([quick(server.url)], now).silences()
    assert len(server.seen) == 1
