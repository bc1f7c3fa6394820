"""The event stream as plain HTTP: what any other client than a browser sees of it."""

from __future__ import annotations

import http.client
import json
from typing import Any, NamedTuple

import requests

from ledger.lab.loopback import HOST

from .house import House


class Event(NamedTuple):
    """One event of the stream."""

    name: str
    id: int
    data: Any


class Stream:
    """One connection to ``/live``. ``last`` is the entry that it had before."""

    def __init__(self, house: House, cookie: str, last: int | None = None) -> None:
        self._connection = http.client.HTTPConnection(HOST, house.port, timeout=10)
        headers = {"Cookie": cookie, "Accept": "text/event-stream"}
        self._connection.request(
            "GET", "/live", headers=headers | ({} if last is None else {"Last-Event-ID": str(last)})
        )
        self.answer = self._connection.getresponse()

    def next(self) -> Event:
        """The next event; waits for it."""
        fields: dict[str, str] = {}
        while line := self.answer.readline().decode():
            name, _, value = line.rstrip("\n").partition(": ")
            if name:
                fields[name] = value
            elif "event" in fields:
                return Event(fields["event"], int(fields.get("id", 0)), json.loads(fields["data"]))
            else:
                fields = {}
        raise EOFError

    def until_beat(self) -> list[Event]:
        """What comes before the next sign of life, without news of the outside."""
        found = []
        while (event := self.next()).name != "beat":
            found.append(event)
        return [one for one in found if one.name != "outlook"]

    def close(self) -> None:
        """Go away as a browser does: without a word."""
        self.answer.close()
        self._connection.close()


def session(house: House, login: str) -> str:
    """The cookie of somebody who signed in."""
    with requests.Session() as made:
        made.post(
            f"{house.url}/sign-in",
            data={"login": login, "password": house.password},
            headers={"Origin": house.url},
            timeout=10,
        ).raise_for_status()
        return "; ".join(f"{one.name}={one.value}" for one in made.cookies)


def listening(house: House) -> int:
    """How many streams the server says that it serves."""
    text = requests.get(f"{house.url}/metrics", timeout=10).text
    return int(float(next(line for line in text.splitlines() if line.startswith("stage4_live_streams ")).split()[1]))
