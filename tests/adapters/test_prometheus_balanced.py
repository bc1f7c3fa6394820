"""Several servers behind one address: what one of them saw never vouches for another, and one alone loses nothing."""

from __future__ import annotations

import json
import random
import signal
import time
import urllib.parse
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import pytest

from ledger.adapters.http import Server
from ledger.adapters.prometheus import Prometheus
from ledger.domain.facts import WatchSeen

from .balancers import by_connection, by_request, turns
from .conftest import Probe
from .neighbours import Handler, Odd, Process, now, odd, until

EXPECTED = ["MultiStrategyProbeHigh", "MultiStrategyProbeSlow"]
SEVERAL = "several servers answer at this address by turns"


class Pair(NamedTuple):
    """Two servers, and a window in which one was dead and the other saw a critical alert come and go."""

    dead: Process
    saw: Process
    start: datetime
    end: datetime


def _watch(url: str, start: datetime, end: datetime) -> WatchSeen:
    return Prometheus(Server(url), now).watch(start, end, EXPECTED, 1)


def _passes(seen: WatchSeen) -> bool:
    """Whether step 4 would pass on it."""
    whole = seen.up_samples == seen.evaluated_samples == seen.expected_samples and not seen.gaps
    return whole and not (seen.episodes or seen.elsewhere or seen.warnings or seen.missing_rules)


def _settled(process: Process) -> WatchSeen:
    """What it says of the first two seconds from now on in which no look of its own came late."""
    began = now() + timedelta(seconds=2)

    def seen() -> WatchSeen | None:
        end = now()
        found = _watch(process.url, end - timedelta(seconds=2), end) if end > began else None
        return found if found is not None and _passes(found) else None

    return until(seen, 60)


@pytest.fixture(scope="module")
def pair(make_prometheus: Callable[..., Process], probe: tuple[Probe, Odd]) -> Iterator[Pair]:
    """As ``prometheus.yml`` comes: each scrapes itself as ``localhost:9090``, with the same rules in the same file."""
    dead, saw = make_prometheus(), make_prometheus()
    for process in (dead, saw):
        path = process.folder / "prometheus.yml"
        page = json.loads(path.read_text())
        page["scrape_configs"][0]["static_configs"][0]["labels"] = {"instance": "localhost:9090"}
        page["rule_files"] = [str(Path(dead.folder) / "rules.yml")]
        path.write_text(json.dumps(page))
        process.start()
        time.sleep(1)
    try:
        for process in (dead, saw):
            _settled(process)
        start = now()
        dead.stop(signal.SIGKILL)
        prometheus = Prometheus(Server(saw.url), now)
        probe[0].value = 6.0
        until(lambda: any(one.state == "firing" for one in prometheus.alerts()))
        probe[0].value = 0.0
        until(lambda: not prometheus.alerts())
        time.sleep(2)
        dead.start()
        for process in (dead, saw):
            _settled(process)
        end = now()
        yield Pair(dead, saw, start, end)
    finally:
        probe[0].value = 0.0
        for process in (dead, saw):
            process.stop()


def test_alone_one_has_a_hole_and_the_other_the_alert(pair: Pair) -> None:
    dead, saw = (_watch(one.url, pair.start, pair.end) for one in (pair.dead, pair.saw))
    assert dead.gaps and not dead.episodes
    assert not saw.gaps and {one.name for one in saw.episodes if one.fired} == {"MultiStrategyProbeHigh"}


def test_a_balancer_of_connections_never_mixes_them(pair: Pair) -> None:
    chance = random.Random(7)
    servers = (pair.dead, pair.saw)
    alone = {replace(_watch(one.url, pair.start, pair.end), rules=()) for one in servers}
    with by_connection(lambda: chance.choice(servers)) as url:
        seen = [_watch(url, pair.start, pair.end) for _ in range(60)]
    assert not any(map(_passes, seen))
    assert {replace(one, rules=()) for one in seen} == alone, "each is what one of them says alone"


@pytest.mark.parametrize("closes", [False, True], ids=["keeps", "closes"])
def test_a_balancer_of_requests_is_found_out(pair: Pair, closes: bool) -> None:
    servers = (pair.dead, pair.saw)
    for order in (servers, (*servers, pair.saw)):
        with odd(by_request(turns(order), lambda _: closes)) as server:
            seen = _watch(server.url, pair.start, pair.end)
        assert any(SEVERAL in warning and "let prometheus.url name one" in warning for warning in seen.warnings)
        assert not _passes(seen)


@pytest.mark.parametrize("closes", [False, True], ids=["keeps", "closes"])
def test_a_balancer_of_requests_never_passes_by_chance(pair: Pair, closes: bool) -> None:
    chance = random.Random(7)
    with odd(by_request(lambda: chance.choice((pair.dead, pair.saw)), lambda _: closes)) as server:
        assert not any(_passes(_watch(server.url, pair.start, pair.end)) for _ in range(60))


def test_a_balancer_that_keeps_a_client_at_one_is_as_good_as_that_one(pair: Pair) -> None:
    """By a cookie, which is given back within a window."""
    chance = random.Random(7)
    servers = (pair.dead, pair.saw)

    def answer(handler: Handler) -> None:
        told = handler.headers.get("Cookie", "")
        chosen = int(told.removeprefix("route=")) if told else chance.randrange(2)
        by_request(lambda: servers[chosen], more={"Set-Cookie": f"route={chosen}; Path=/"})(handler)

    with odd(answer) as server:
        seen = {replace(_watch(server.url, pair.start, pair.end), rules=()) for _ in range(10)}
    assert seen == {replace(_watch(one.url, pair.start, pair.end), rules=()) for one in servers}


@pytest.fixture
def quiet(prometheus_process: Process) -> tuple[Process, WatchSeen]:
    """One server and what it says of two seconds that are over."""
    return prometheus_process, replace(_settled(prometheus_process), rules=())


def _again(url: str, seen: WatchSeen) -> WatchSeen:
    return replace(_watch(url, seen.start, seen.end), rules=())


def test_a_window_has_one_connection(quiet: tuple[Process, WatchSeen]) -> None:
    process, seen = quiet
    opened: list[Process] = []
    with by_connection(lambda: opened.append(process) or process) as url:
        assert _again(url, seen) == seen
    assert len(opened) == 1


def test_a_connection_that_is_closed_once_costs_nothing(quiet: tuple[Process, WatchSeen]) -> None:
    """In order, or as the next question is on its way, after any of the answers."""
    process, seen = quiet
    for after in range(1, 13):
        for in_order in (True, False):
            answers = iter(range(1, 100))

            def answer(handler: Handler, last: int = after, orderly: bool = in_order) -> None:
                number = next(answers)  # noqa: B023  (used before the next round)
                if number == last + 1 and not orderly:
                    handler.drop()
                    return
                by_request(lambda: process, lambda _: orderly and number == last)(handler)

            with odd(answer) as server:
                assert _again(server.url, seen) == seen, (after, in_order)


def test_a_server_that_closes_every_connection_is_known_by_its_own_word(quiet: tuple[Process, WatchSeen]) -> None:
    process, seen = quiet
    with odd(by_request(lambda: process, lambda _: True)) as server:
        found = _again(server.url, seen)
        asked = len(server.seen)
    assert replace(found, notes=seen.notes) == seen
    assert any("one process answered all of them" in note for note in found.notes)
    assert asked <= 12, "and is asked once"


@pytest.mark.parametrize("closes", [False, True], ids=["keeps", "closes"])
def test_a_store_without_a_word_of_its_own_is_judged_by_its_answer(
    quiet: tuple[Process, WatchSeen], closes: bool
) -> None:
    """As VictoriaMetrics and Mimir are; Thanos has the page, and keeps no series itself."""
    process, seen = quiet
    for status, page in ((404, b"404 page not found"), (200, b'{"status":"success","data":{"startTime":"x"}}')):

        def answer(handler: Handler, code: int = status, body: bytes = page) -> None:
            if handler.path.endswith("/runtimeinfo"):
                handler.say(code, body, **({"Connection": "close"} if closes else {}))
            else:
                by_request(lambda: process, lambda _: closes)(handler)

        with odd(answer) as server:
            assert _again(server.url, seen) == seen


def test_what_others_have_takes_nothing_from_ours(quiet: tuple[Process, WatchSeen]) -> None:
    """A question about it that fails, beside ours or at all."""
    process, seen = quiet
    for mark, warned in (("last_over_time(ALERTS{", False), ("label_replace", True)):

        def answer(handler: Handler, beside: str = mark) -> None:
            asked = urllib.parse.unquote_plus(handler.path)
            if '"elsewhere"' in asked and beside in asked:
                handler.say(422, b"too many samples")
            else:
                by_request(lambda: process)(handler)

        with odd(answer) as server:
            found = _again(server.url, seen)
        assert replace(found, warnings=()) == seen
        assert any("too many samples" in warning for warning in found.warnings) == warned
