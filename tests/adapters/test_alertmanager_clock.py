"""A real Alertmanager behind something that says an odd time: nothing is reckoned with it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from email.utils import format_datetime

import pytest
import requests

from ledger.adapters.alertmanager import Alertmanager, Memory
from ledger.adapters.http import Server

from .neighbours import Handler, Process, now, odd, quick
from .test_alertmanager_cluster import create


class Dated:
    """A proxy that sets the Date of each answer; without one it leaves it away."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.date = ""

    def __call__(self, handler: Handler) -> None:
        answer = requests.request(handler.command, self.url + handler.path, data=handler.body, timeout=5,
                                  headers={"Content-Type": "application/json"})  # fmt: skip
        handler.send_response_only(answer.status_code)
        if self.date:
            handler.send_header("Date", self.date)
        handler.send_header("Content-Length", str(len(answer.content)))
        handler.end_headers()
        handler.wfile.write(answer.content)


@pytest.fixture
def dated(alertmanager_process: Process) -> Iterator[tuple[Dated, Server]]:
    proxy = Dated(alertmanager_process.url)
    with odd(proxy) as server:
        yield proxy, quick(server.url)


def ahead(**span: float) -> str:
    return format_datetime(now() + timedelta(**span), usegmt=True)


ODD = {
    "the end of all times": "Fri, 31 Dec 9999 23:59:59 GMT",
    "beyond it": "Fri, 31 Dec 99999 23:59:59 GMT",
    "the beginning": "Mon, 01 Jan 0001 00:00:00 GMT",
    "1970": "Thu, 01 Jan 1970 00:00:00 GMT",
    "two days ahead": ahead(days=2),
    "an endless zone": "Fri, 31 Dec 2026 23:59:59 +99999999999",
    "no time": "soon",
}


@pytest.mark.parametrize("name", ODD)
def test_a_time_out_of_reason_is_a_clock_that_is_not_known(dated: tuple[Dated, Server], name: str) -> None:
    proxy, server = dated
    proxy.date = ODD[name]
    alertmanager = Alertmanager([server], now)
    [seen] = alertmanager.look()
    assert (seen.adrift, seen.ahead, seen.error) == (True, 0.0, "")
    made = create(alertmanager, f"[stage4:INC-1:{abs(hash(name))}]")
    assert abs(made.ends_at - now() - timedelta(minutes=30)) < timedelta(seconds=30), "by our clock"
    alertmanager.expire(made.id)


def test_a_clock_that_is_known_again_counts_again(dated: tuple[Dated, Server]) -> None:
    proxy, server = dated
    memory = Memory()
    told = []
    for date in (ahead(seconds=60), "", ODD["the end of all times"], "", ahead(seconds=60)):
        proxy.date = date
        [seen] = Alertmanager([server], now, memory).look()
        told.append((seen.adrift, seen.ahead > 50))
    assert told == [(False, True), (False, True), (True, False), (True, False), (False, True)]
