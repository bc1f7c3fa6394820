"""One member of an Alertmanager cluster, asked over its API v2: what it says counts for itself alone.

It may be another vendor's that speaks the same API: any 2xx with an id is success (Grafana answers 202), and a 404 that
says in words that a silence is not known is an answer, not an outage.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import requests

from ledger.adapters.http import Clock, Exchange, Server, ask, bounded_json, masked
from ledger.adapters.shapes import reading, table, text
from ledger.adapters.silence_wire import format_filter, format_time, parse_alerts, parse_silence, parse_silences
from ledger.domain.facts import AlertSeen, Matcher, MemberSeen, SilenceSeen, Unread
from ledger.domain.masking import excerpt
from ledger.domain.matching import accepts
from ledger.domain.runbook import ALERT_PATTERN
from ledger.errors import Refused, Unreachable

WHO = "Alertmanager"
_SEEN_WITHIN = 2.0
_PAUSE = 0.05
_REMEMBERED = 30.0
_SHORT = 1.0
_DATE_RESOLUTION = 1.5
_BACK_OFF = (0.1, 0.2, 0.4, 0.8)
_LIMITED = re.compile(r"limit of concurrent", re.IGNORECASE)
_UNKNOWN_SILENCE = re.compile(
    r"silence\b.{0,80}\b(?:not found|unknown|does not exist|no such)|(?:not found|unknown|no such)\b.{0,20}\bsilence",
    re.IGNORECASE | re.DOTALL,
)

Params = Mapping[str, str | list[str]]


class Memory:
    """What one process remembers of the members from one question to the next; nothing is lost with it.

    Who has just not answered is given a second only, so that nobody waits twice for a machine that hangs.
    """

    def __init__(self) -> None:
        self._missed: dict[str, float] = {}
        self._ahead: dict[str, float] = {}

    def heard(self, url: str, ahead: float | None) -> None:
        """The member answered, and its clock was so many seconds ahead of ours (None: it did not say)."""
        self._missed.pop(url, None)
        if ahead is not None:
            self._ahead[url] = ahead

    def missed(self, url: str) -> None:
        """The member did not answer."""
        self._missed[url] = time.monotonic()

    def is_silent(self, url: str) -> bool:
        """Whether it did not answer within the last half minute, and not since."""
        return time.monotonic() - self._missed.get(url, float("-inf")) < _REMEMBERED

    def ahead(self, url: str) -> float:
        """Seconds by which its clock was ahead of ours, last."""
        return self._ahead.get(url, 0.0)


class Member:
    """One member. ``memory`` outlives it; ``pattern`` names the runbook's alerts."""

    def __init__(self, server: Server, clock: Clock, memory: Memory, pattern: str = ALERT_PATTERN) -> None:
        self._server = server
        self._clock = clock
        self._memory = memory
        self._pattern = pattern
        self.name = masked(server.url)

    @property
    def is_silent(self) -> bool:
        """Whether it has just not answered."""
        return self._memory.is_silent(self._server.url)

    @property
    def ahead(self) -> timedelta:
        """How far its clock is ahead of ours, by its last answer."""
        return timedelta(seconds=self._memory.ahead(self._server.url))

    def version(self) -> str:
        """The version that /status reports, e.g. ``0.25.0``."""
        page = self._read("/api/v2/status")
        with reading(f"{WHO} at {self.name}"):
            return text(table(table(page)["versionInfo"])["version"])

    def look(self) -> MemberSeen:
        """Its silences and the runbook's alerts; what it does not say is said in ``error`` and never raised."""
        silences: tuple[SilenceSeen, ...] | None = None
        firing: tuple[AlertSeen, ...] | None = None
        unread: tuple[Unread, ...] = ()
        errors: list[str] = []
        try:
            silences, unread = self.silences()
        except Unreachable as error:
            errors.append(str(error))
        if not errors or not self.is_silent:
            try:
                firing, odd = self.alerts((Matcher("alertname", self._pattern, is_regex=True),))
                unread += odd
            except Unreachable as error:
                errors.append(str(error))
        return MemberSeen(
            name=self.name,
            at=self._clock(),
            silences=silences,
            firing=firing,
            unread=unread,
            ahead=self._memory.ahead(self._server.url),
            error="; ".join(errors),
            pattern=self._pattern,
        )

    def alerts(self, matchers: Sequence[Matcher]) -> tuple[tuple[AlertSeen, ...], tuple[Unread, ...]]:
        """The alerts that fire there and that all ``matchers`` accept, and those that cannot be read."""
        page = self._read("/api/v2/alerts", {"filter": [format_filter(matcher) for matcher in matchers]})
        with reading(f"{WHO} at {self.name}"):
            found, unread = parse_alerts(page, self._pattern)
        return tuple(alert for alert in found if accepts(matchers, alert)), unread

    def silences(self, log: list[Exchange] | None = None) -> tuple[tuple[SilenceSeen, ...], tuple[Unread, ...]]:
        """All silences that it knows, expired ones for 120 h, and those that cannot be read."""
        page = self._read("/api/v2/silences", log=log)
        with reading(f"{WHO} at {self.name}"):
            return parse_silences(page, self._clock())

    def silence(self, silence_id: str, log: list[Exchange] | None = None) -> SilenceSeen | None:
        """The silence with this id; None where this member says that it knows none."""
        answer = self._get(_path(silence_id), log=log)
        if answer.status_code == HTTPStatus.NOT_FOUND and _says_unknown(answer.content):
            return None
        page = bounded_json(answer, WHO)
        with reading(f"{WHO} at {self.name}"):
            return parse_silence(page, self._clock())

    def living(self, marker: str, log: list[Exchange]) -> tuple[SilenceSeen, ...]:
        """The silences with ``marker`` that have not expired, the one that holds longest first.

        Raises ``Unreachable`` also where one with it cannot be read: it may be active.
        """
        found, unread = self.silences(log)
        for one in unread:
            if one.active and marker in one.comment:
                raise Unreachable(f"{WHO} at {self.name} has our silence, but {one}")
        ours = [one for one in found if marker in one.comment and one.state != "expired"]
        return tuple(sorted(ours, key=lambda one: (one.state != "active", -one.ends_at.timestamp())))

    def post(self, page: Mapping[str, Any], log: list[Exchange]) -> str:
        """Create or change a silence; its id. ``Refused`` where the member rejects it or knows no such id."""
        answer = self._ask("POST", "/api/v2/silences", body=page, log=log)
        if answer.status_code in (HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY):
            raise Refused(f"Alertmanager rejects the silence: {excerpt(answer.content)}")
        if answer.status_code == HTTPStatus.NOT_FOUND and answer.content.strip() and _says_unknown(answer.content):
            raise Refused(f"Alertmanager at {self.name} does not know the silence any more: {excerpt(answer.content)}")
        given = _success(answer)
        with reading(f"{WHO} at {self.name}"):
            return text(table(given)["silenceID"])

    def delete(self, silence_id: str, log: list[Exchange]) -> None:
        """Ask for a silence's end. What counts is what is read afterwards."""
        self._ask("DELETE", _path(silence_id), log=log)

    def until(self, silence_id: str, good: Callable[[SilenceSeen], bool], log: list[Exchange]) -> SilenceSeen:
        """Read a silence until it is as wanted; ``Unreachable`` where it is not within two seconds."""
        end = time.monotonic() + _SEEN_WITHIN
        while True:
            last: list[Exchange] = []
            silence = self.silence(silence_id, last)
            if (silence and good(silence)) or time.monotonic() > end:
                break
            time.sleep(_PAUSE)
        log += last
        if silence and good(silence):
            return silence
        seen = f"is {silence.state} until {format_time(silence.ends_at)}" if silence else "is not there"
        raise Unreachable(
            f"Alertmanager at {self.name} took the change of silence {silence_id}, but read again it {seen}: "
            "check its log and the clocks of both machines"
        )

    def _read(self, path: str, params: Params | None = None, log: list[Exchange] | None = None) -> Any:
        return bounded_json(self._get(path, params, log), WHO)

    def _get(self, path: str, params: Params | None = None, log: list[Exchange] | None = None) -> requests.Response:
        """One question, put again where the member only says that too many are asked at once (its GET concurrency)."""
        for pause in _BACK_OFF:
            answer = self._ask("GET", path, params=params, log=log)
            if not _is_limited(answer):
                return answer
            time.sleep(pause)
        answer = self._ask("GET", path, params=params, log=log)
        if _is_limited(answer):
            raise Unreachable(f"{WHO} at {self.name} is asked by too many at once: try again, or raise its limit")
        return answer

    def _ask(
        self,
        method: str,
        path: str,
        params: Params | None = None,
        body: object = None,
        log: list[Exchange] | None = None,
    ) -> requests.Response:
        server, memory = self._server, self._memory
        if memory.is_silent(server.url):
            short = min(server.read_timeout, _SHORT)
            server = replace(server, connect_timeout=min(server.connect_timeout, short), read_timeout=short)
        try:
            answer = ask(server, WHO, method, path, params=params, body=body, clock=self._clock, log=log)
        except Unreachable:
            memory.missed(server.url)
            raise
        memory.heard(server.url, _ahead(answer, self._clock()))
        return answer


def _path(silence_id: str) -> str:
    return f"/api/v2/silence/{quote(silence_id, safe='')}"


def _is_limited(answer: requests.Response) -> bool:
    busy = answer.status_code == HTTPStatus.SERVICE_UNAVAILABLE
    return busy and bool(_LIMITED.search(answer.content[:400].decode("utf-8", "replace")))


def _says_unknown(body: bytes) -> bool:
    """Whether a 404 is the API's own word: Alertmanager's has no body, others say it; a proxy's is about the path."""
    said = body[:400].decode("utf-8", "replace")
    return not said.strip() or bool(_UNKNOWN_SILENCE.search(said))


def _success(answer: requests.Response) -> Any:
    """The JSON of any 2xx; other answers and no JSON raise as ``bounded_json`` does."""
    if HTTPStatus.OK <= answer.status_code < HTTPStatus.MULTIPLE_CHOICES:
        try:
            return json.loads(answer.content)
        except (ValueError, RecursionError) as error:
            where = masked(answer.url)
            raise Unreachable(f"{WHO} at {where} answered without a silence's id: check the server's log") from error
    return bounded_json(answer, WHO)


def _ahead(answer: requests.Response, now: datetime) -> float | None:
    """Seconds by which the member's clock is ahead (RFC 9110, 6.6.1: whole seconds, cut); 0 within what that tells."""
    try:
        ahead = (parsedate_to_datetime(answer.headers.get("Date", "")) - now).total_seconds() + 0.5
    except (TypeError, ValueError):
        return None
    return ahead if abs(ahead) > _DATE_RESOLUTION else 0.0
