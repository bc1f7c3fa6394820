"""One member of an Alertmanager cluster, asked over its API v2: what it says counts for itself alone.

It may be another vendor's that speaks the same API: any 2xx with an id is success (Grafana answers 202), and a 404 that
says in words that a silence is not known is an answer, not an outage.
"""

from __future__ import annotations

import contextlib
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
from ledger.domain.matching import accepts
from ledger.domain.runbook import ALERT_PATTERN
from ledger.errors import LedgerError, Refused, Unreachable
from ledger.masking import excerpt
from ledger.mistakes import mistake
from ledger.said import Said, joined

WHO = "Alertmanager"
_SEEN_WITHIN = 2.0
_PAUSE = 0.05
_REMEMBERED = 30.0
_SHORT = 1.0
_DATE_RESOLUTION = 1.5
_OUT_OF_REASON = 24 * 3600.0
"""Seconds by which no clock differs: a Date header that does says nothing of the member's clock."""
_BACK_OFF = (0.1, 0.2, 0.4, 0.8)
_MOST_BY_ID = 20
"""Silences that mute and are not in the list, and that are asked for one by one."""
_SURE = 5.0
"""Seconds by which a silence contradicts a Date header: what lies between two questions is less."""
_REFUSED = (HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY)
_NO_ID = re.compile(r"uuid|silence_?id", re.IGNORECASE)
_LIMITED = re.compile(r"limit of concurrent", re.IGNORECASE)
_UNKNOWN_SILENCE = re.compile(
    r"silence\b.{0,80}\b(?:not found|unknown|does not exist|no such)|(?:not found|unknown|no such)\b.{0,20}\bsilence",
    re.IGNORECASE | re.DOTALL,
)

Params = Mapping[str, str | list[str]]


class NotAsAsked(Unreachable):
    """A member took a change, and what it says afterwards is something else."""

    def __init__(self, message: str, silence: SilenceSeen | None) -> None:
        super().__init__(message)
        self.silence = silence
        """As it was read last; None where it is not there."""


class Memory:
    """What one process remembers of the members from one question to the next; nothing is lost with it.

    Who has just not answered is given a second only, so that nobody waits twice for a machine that hangs.
    """

    def __init__(self) -> None:
        self._missed: dict[str, float] = {}
        self._ahead: dict[str, float | None] = {}

    def heard(self, url: str, header: str | None, now: datetime) -> None:
        """The member answered with this Date header; without one the last counts on."""
        self._missed.pop(url, None)
        if header is not None:
            self._ahead[url] = _ahead(header, now)

    def missed(self, url: str) -> None:
        """The member did not answer."""
        self._missed[url] = time.monotonic()

    def is_silent(self, url: str) -> bool:
        """Whether it did not answer within the last half minute, and not since."""
        return time.monotonic() - self._missed.get(url, float("-inf")) < _REMEMBERED

    def ahead(self, url: str) -> float:
        """Seconds by which its clock was ahead of ours, last; 0 where that is not known."""
        return self._ahead.get(url) or 0.0

    def is_adrift(self, url: str) -> bool:
        """Whether what it said last of its clock is no time, or out of reason: then its clock is not known."""
        return url in self._ahead and self._ahead[url] is None


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
        with reading(Said("Alertmanager at {}", self.name)):
            return text(table(table(page)["versionInfo"])["version"])

    def look(self) -> MemberSeen:
        """The runbook's alerts and its silences; what it does not say is said in ``error`` and never raised.

        The alerts first: a silence that is made in between is in the list, and then what mutes an alert is there too.
        """
        silences: tuple[SilenceSeen, ...] | None = None
        firing: tuple[AlertSeen, ...] | None = None
        unread: tuple[Unread, ...] = ()
        errors: list[str] = []
        try:
            firing, unread = self.alerts((Matcher("alertname", self._pattern, is_regex=True),))
        except LedgerError as error:
            errors.append(str(error))
        except Exception as error:  # noqa: BLE001 (one member never blinds another)
            errors.append(Said("Alertmanager at {}: {}", self.name, mistake(error)))
        if not errors or not self.is_silent:
            try:
                silences, odd = self.silences()
                silences += self._not_listed(firing or (), silences)
                unread += odd
            except LedgerError as error:
                errors.append(str(error))
            except Exception as error:  # noqa: BLE001
                errors.append(Said("Alertmanager at {}: {}", self.name, mistake(error)))
        return MemberSeen(
            name=self.name,
            at=self._clock(),
            silences=silences,
            firing=firing,
            unread=unread,
            ahead=_borne_out(self._memory.ahead(self._server.url), silences or (), self._clock()),
            adrift=self._memory.is_adrift(self._server.url),
            error=joined(errors, "; "),
            pattern=self._pattern,
        )

    def _not_listed(self, firing: Sequence[AlertSeen], listed: Sequence[SilenceSeen]) -> tuple[SilenceSeen, ...]:
        """What mutes alerts and is not in the list, asked for by its id; what is not had so is had by nobody."""
        known = {silence.id for silence in listed}
        missing = sorted({name for alert in firing for name in alert.silenced_by} - known)
        fetched = []
        for name in missing[:_MOST_BY_ID]:
            with contextlib.suppress(Unreachable, Refused):  # an id that is none is in no list either
                fetched.append(self.silence(name))
        return tuple(silence for silence in fetched if silence is not None and silence.id not in known)

    def alerts(self, matchers: Sequence[Matcher]) -> tuple[tuple[AlertSeen, ...], tuple[Unread, ...]]:
        """The alerts that fire there and that all ``matchers`` accept, and those that cannot be read."""
        page = self._read("/api/v2/alerts", {"filter": [format_filter(matcher) for matcher in matchers]})
        with reading(Said("Alertmanager at {}", self.name)):
            alerts, unread = parse_alerts(page, self._pattern)
        return tuple(alert for alert in alerts if accepts(matchers, alert)), unread

    def silences(self, log: list[Exchange] | None = None) -> tuple[tuple[SilenceSeen, ...], tuple[Unread, ...]]:
        """All silences that it knows, expired ones for 120 h, and those that cannot be read."""
        page = self._read("/api/v2/silences", log=log)
        with reading(Said("Alertmanager at {}", self.name)):
            return parse_silences(page, self._clock())

    def silence(self, silence_id: str, log: list[Exchange] | None = None) -> SilenceSeen | None:
        """The silence with this id; None where this member says that it knows none."""
        answer = self._get(_path(silence_id), log=log)
        if answer.status_code == HTTPStatus.NOT_FOUND and _says_unknown(answer.content):
            return None
        if answer.status_code in _REFUSED and _NO_ID.search(answer.content[:400].decode("utf-8", "replace")):
            raise Refused(
                Said("{} is no id of a silence: give the whole id, as stage4 silences shows it", ascii(silence_id[:60]))
            )
        page = bounded_json(answer, WHO)
        with reading(Said("Alertmanager at {}", self.name)):
            return parse_silence(page, self._clock())

    def living(self, marker: str, log: list[Exchange]) -> tuple[SilenceSeen, ...]:
        """The silences with ``marker`` that have not expired, the one that holds longest first.

        Raises ``Unreachable`` also where one with it cannot be read: it may be active.
        """
        silences, unread = self.silences(log)
        for unreadable in unread:
            if unreadable.active and unreadable.may_bear(marker):
                has = "may have" if unreadable.more else "has"
                raise Unreachable(Said(f"{WHO} at {{}} {has} our silence, but {{}}", self.name, unreadable))
        ours = [silence for silence in silences if marker in silence.comment and silence.state != "expired"]
        return tuple(sorted(ours, key=lambda silence: (silence.state != "active", -silence.ends_at.timestamp())))

    def post(self, page: Mapping[str, Any], log: list[Exchange]) -> str:
        """Create or change a silence; its id. ``Refused`` where the member rejects it or knows no such id."""
        answer = self._ask("POST", "/api/v2/silences", body=page, log=log)
        if answer.status_code in _REFUSED:
            raise Refused(Said("Alertmanager rejects the silence: {}", excerpt(answer.content)))
        if answer.status_code == HTTPStatus.NOT_FOUND and answer.content.strip() and _says_unknown(answer.content):
            raise Refused(
                Said("Alertmanager at {} does not know the silence any more: {}", self.name, excerpt(answer.content))
            )
        given = _success(answer)
        with reading(Said("Alertmanager at {}", self.name)):
            return text(table(given)["silenceID"])

    def delete(self, silence_id: str, log: list[Exchange]) -> None:
        """Ask for a silence's end. What counts is what is read afterwards."""
        self._ask("DELETE", _path(silence_id), log=log)

    def until(self, silence_id: str, good: Callable[[SilenceSeen], bool], log: list[Exchange]) -> SilenceSeen:
        """Read a silence until it is as wanted; ``NotAsAsked`` where it is not within two seconds."""
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
        took = "Alertmanager at {} took the change of silence {}, but read again it "
        check = ": check its log and the clocks of both machines"
        if silence is None:
            raise NotAsAsked(Said(took + "is not there" + check, self.name, silence_id), None)
        ends = format_time(silence.ends_at)
        told = took + "is {} until {}" + check
        raise NotAsAsked(Said(told, self.name, silence_id, silence.state, ends), silence)

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
            raise Unreachable(
                Said("Alertmanager at {} is asked by too many at once: try again, or raise its limit", self.name)
            )
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
        memory.heard(server.url, answer.headers.get("Date"), self._clock())
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
            raise Unreachable(
                Said("Alertmanager at {} answered without a silence's id: check the server's log", where)
            ) from error
    return bounded_json(answer, WHO)


def _borne_out(ahead: float, silences: Sequence[SilenceSeen], now: datetime) -> float:
    """``ahead`` unless the states of the silences contradict it: a proxy may have written the Date header.

    By the member's own clock the end of an active one is still to come, and that of an expired one is not.
    """
    by_header = now + timedelta(seconds=ahead)
    for silence in silences:
        left = (silence.ends_at - by_header).total_seconds()
        if (silence.state == "active" and left < -_SURE) or (silence.state == "expired" and left > _SURE):
            return 0.0
    return ahead


def _ahead(header: str, now: datetime) -> float | None:
    """Seconds by which the member's clock is ahead (RFC 9110, 6.6.1: whole seconds, cut); 0 within what that tells.

    None where the header is no time, or more than a day off: nothing is reckoned with it.
    """
    try:
        ahead = (parsedate_to_datetime(header) - now).total_seconds() + 0.5
    except (TypeError, ValueError, OverflowError):
        return None
    if abs(ahead) > _OUT_OF_REASON:
        return None
    return ahead if abs(ahead) > _DATE_RESOLUTION else 0.0
