"""Alertmanager's silences and alerts over API v2 (docs: https://prometheus.io/docs/alerting/latest/clients/).

Creating is not idempotent there and its 200 is not durable. So: a silence carries a marker in its comment, a lost
answer is looked up by that marker before anything is sent again, and what was done is read again before it counts.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any, TypeVar
from urllib.parse import quote

from ledger.adapters.http import Clock, Exchange, Server, Unsent, ask, bounded_json, masked, transcript
from ledger.adapters.masking import excerpt
from ledger.adapters.matching import accepts, affected, check, matches
from ledger.adapters.shapes import listing, reading, table, text, when
from ledger.adapters.silence_wire import format_filter, format_silence, format_time, parse_alert, parse_silence
from ledger.domain.facts import AlertSeen, Matcher, SilenceSeen
from ledger.errors import Refused, Unreachable

__all__ = ["Alertmanager", "Created", "Ended", "Extended", "affected", "matches"]

_WHO = "Alertmanager"
_SEEN_WITHIN = 2.0
_PAUSE = 0.05
_PREFERENCE = {"active": 0, "pending": 1, "expired": 2}

Params = Mapping[str, str | list[str]]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Created:
    """A silence as read back, whether it was there already (nothing was sent then), and the exchange as evidence."""

    silence: SilenceSeen
    transcript: bytes
    found: bool = False


@dataclass(frozen=True, slots=True)
class Extended:
    """A silence after its end was moved. ``replaced`` is the old id where Alertmanager made a new silence of it."""

    silence: SilenceSeen
    transcript: bytes
    replaced: str = ""


@dataclass(frozen=True, slots=True)
class Ended:
    """A silence seen expired; None where no member knows its id (lost, or past its retention): it mutes nothing."""

    silence: SilenceSeen | None
    transcript: bytes


class Alertmanager:
    """One Alertmanager or the members of one cluster, asked in their order until one answers."""

    def __init__(self, servers: Sequence[Server], clock: Clock) -> None:
        self._servers = tuple(servers)
        self._clock = clock

    def version(self) -> str:
        """The version that /status reports, e.g. ``0.25.0``; ``Unreachable`` where no member answers."""
        page = self._first(lambda server: self._read(server, "/api/v2/status"))
        with reading(_WHO):
            return text(table(table(page)["versionInfo"])["version"])

    def firing(self, matchers: Sequence[Matcher] = ()) -> tuple[AlertSeen, ...]:
        """The alerts that are firing now, muted ones too (``silenced_by``), that all ``matchers`` accept.

        Raises ``Refused`` for a regex that would be read differently, ``Unreachable`` where no member answers.
        """
        check(matchers)
        params = {"filter": [format_filter(matcher) for matcher in matchers]}
        alerts = self._first(lambda server: self._alerts(server, params))
        return tuple(alert for alert in alerts if accepts(matchers, alert))

    def silences(self) -> tuple[SilenceSeen, ...]:
        """All silences that a member still knows, expired ones for 120 h. A 500 is ``Unreachable``, never "none"."""
        return self._first(self._silences)

    def silence(self, silence_id: str) -> SilenceSeen | None:
        """The silence with this id; None where every member that answers says that it knows none."""
        return self._holder(silence_id)[1]

    def find(self, marker: str) -> SilenceSeen | None:
        """The silence with ``marker`` in its comment: an active one, else a pending, else the one that ended last."""
        return _pick(self.silences(), marker)

    def create(
        self,
        matchers: Sequence[Matcher],
        starts_at: datetime,
        ends_at: datetime,
        created_by: str,
        comment: str,
        marker: str,
    ) -> Created:
        """Create a silence once, and read it back active (or pending, where ``starts_at`` is still to come).

        One that holds ``marker`` and has not expired is given back instead. Raises ``Refused`` where Alertmanager
        rejects it, ``Unreachable`` where no member answers or it is not known whether it exists: calling again is safe.
        """
        check(matchers)
        if not marker or marker not in comment:
            raise Refused("a silence needs a marker inside its comment, or it could not be found again")
        log: list[Exchange] = []
        existing = self._first(lambda server: self._living(server, marker, log))
        if existing:
            return Created(existing, transcript(log), found=True)
        page = format_silence(matchers, starts_at, ends_at, created_by, comment)
        silence = self._first(lambda server: self._create_on(server, page, marker, log), Unsent)
        return Created(silence, transcript(log))

    def extend(self, silence_id: str, ends_at: datetime) -> Extended:
        """Move the end of an active or pending silence, all else as stored; the id normally stays.

        Raises ``Refused`` where it has expired or is unknown: an expired one would come back under a new id.
        """
        log: list[Exchange] = []
        server, stored = self._holder(silence_id, log)
        if stored is None or stored.state == "expired":
            state = "has expired" if stored else "is not known"
            raise Refused(f"the silence {silence_id} {state} at Alertmanager and cannot be extended: create a new one")
        page = format_silence(stored.matchers, stored.starts_at, ends_at, stored.created_by, stored.comment, silence_id)
        given = self._change(server, page, log)
        silence = self._until(server, given, lambda one: format_time(one.ends_at) == page["endsAt"], log)
        return Extended(silence, transcript(log), replaced="" if given == silence_id else silence_id)

    def expire(self, silence_id: str) -> Ended:
        """End a silence and read it until it is seen expired; one that has expired or is unknown is left alone."""
        log: list[Exchange] = []
        server, stored = self._holder(silence_id, log)
        if stored is None or stored.state == "expired":
            return Ended(stored, transcript(log))
        with contextlib.suppress(Unreachable):  # ending twice does no harm: what counts is what is read afterwards
            ask(server, _WHO, "DELETE", _path(silence_id), clock=self._clock, log=log)
        return Ended(self._until(server, silence_id, lambda one: one.state == "expired", log), transcript(log))

    def _first(self, question: Callable[[Server], T], passing: type[Unreachable] = Unreachable) -> T:
        """The first member's answer; a failure of the kind ``passing`` goes on to the next member."""
        failures: list[Unreachable] = []
        for server in self._servers:
            try:
                return question(server)
            except passing as error:
                failures.append(error)
        raise _none_answered(failures)

    def _holder(self, silence_id: str, log: list[Exchange] | None = None) -> tuple[Server, SilenceSeen | None]:
        """The first member that knows the silence; else the first that answered, with None."""
        failures: list[Unreachable] = []
        without: Server | None = None
        for server in self._servers:
            try:
                silence = self._silence(server, silence_id, log)
            except Unreachable as error:
                failures.append(error)
                continue
            if silence:
                return server, silence
            without = without or server
        if without:
            return without, None
        raise _none_answered(failures)

    def _read(self, server: Server, path: str, params: Params | None = None, log: list[Exchange] | None = None) -> Any:
        return bounded_json(ask(server, _WHO, "GET", path, params=params, clock=self._clock, log=log), _WHO)

    def _alerts(self, server: Server, params: Params) -> tuple[AlertSeen, ...]:
        page = self._read(server, "/api/v2/alerts", params)
        with reading(f"{_WHO} at {masked(server.url)}"):
            return tuple(parse_alert(alert) for alert in listing(page))

    def _silences(self, server: Server, log: list[Exchange] | None = None) -> tuple[SilenceSeen, ...]:
        page = self._read(server, "/api/v2/silences", log=log)
        with reading(f"{_WHO} at {masked(server.url)}"):
            return tuple(parse_silence(silence, self._clock()) for silence in listing(page))

    def _silence(self, server: Server, silence_id: str, log: list[Exchange] | None = None) -> SilenceSeen | None:
        answer = ask(server, _WHO, "GET", _path(silence_id), clock=self._clock, log=log)
        if answer.status_code == HTTPStatus.NOT_FOUND and not answer.content.strip():
            return None  # with a body it is some proxy that does not know the path
        page = bounded_json(answer, _WHO)
        with reading(f"{_WHO} at {masked(server.url)}"):
            return parse_silence(page, self._clock())

    def _living(self, server: Server, marker: str, log: list[Exchange]) -> SilenceSeen | None:
        silence = _pick(self._silences(server, log), marker)
        return silence if silence and silence.state != "expired" else None

    def _post(self, server: Server, page: Mapping[str, Any], log: list[Exchange]) -> str:
        answer = ask(server, _WHO, "POST", "/api/v2/silences", body=page, clock=self._clock, log=log)
        if answer.status_code in (HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY):
            raise Refused(f"Alertmanager rejects the silence: {excerpt(answer.content)}")
        given = bounded_json(answer, _WHO)
        with reading(f"{_WHO} at {masked(server.url)}"):
            return text(table(given)["silenceID"])

    def _create_on(self, server: Server, page: Mapping[str, Any], marker: str, log: list[Exchange]) -> SilenceSeen:
        try:
            given = self._post(server, page, log)
        except Unsent:
            raise
        except Unreachable as lost:
            given = self._settle(server, page, marker, log, lost)
        wanted = {"active", "pending"} if when(page["startsAt"]) > self._clock() else {"active"}
        return self._until(server, given, lambda one: one.state in wanted, log)

    def _settle(
        self, server: Server, page: Mapping[str, Any], marker: str, log: list[Exchange], lost: Unreachable
    ) -> str:
        """The id after a lost answer: looked up on the same member, and sent once more only where it is not there."""
        try:
            found = self._living(server, marker, log)
            given = found.id if found else self._post(server, page, log)
        except Unreachable as error:
            raise Unreachable(f"whether the silence was created is not known ({lost}; {error})") from error
        if not found:
            self._drop_surplus(server, marker, given, log)
        return given

    def _drop_surplus(self, server: Server, marker: str, kept: str, log: list[Exchange]) -> None:
        """End the others with our marker: a slow proxy may deliver the request whose answer was lost after all."""
        for silence in self._silences(server, log):
            if marker in silence.comment and silence.state != "expired" and silence.id != kept:
                ask(server, _WHO, "DELETE", _path(silence.id), clock=self._clock, log=log)

    def _change(self, server: Server, page: Mapping[str, Any], log: list[Exchange]) -> str:
        """Sent twice at most: with its id in it, the same change again changes nothing."""
        try:
            return self._post(server, page, log)
        except Unreachable:
            return self._post(server, page, log)

    def _until(
        self, server: Server, silence_id: str, good: Callable[[SilenceSeen], bool], log: list[Exchange]
    ) -> SilenceSeen:
        """Read a silence until it is as wanted; ``Unreachable`` where it is not within two seconds."""
        end = time.monotonic() + _SEEN_WITHIN
        while True:
            last: list[Exchange] = []
            silence = self._silence(server, silence_id, last)
            if (silence and good(silence)) or time.monotonic() > end:
                break
            time.sleep(_PAUSE)
        log += last
        if silence and good(silence):
            return silence
        seen = f"is {silence.state} until {format_time(silence.ends_at)}" if silence else "is not there"
        raise Unreachable(
            f"Alertmanager at {masked(server.url)} took the change of silence {silence_id}, but read again it {seen}: "
            "check its log and the clocks of both machines"
        )


def _path(silence_id: str) -> str:
    return f"/api/v2/silence/{quote(silence_id, safe='')}"


def _pick(silences: Sequence[SilenceSeen], marker: str) -> SilenceSeen | None:
    ours = [silence for silence in silences if marker in silence.comment]
    return min(ours, key=lambda one: (_PREFERENCE[one.state], -one.ends_at.timestamp()), default=None)


def _none_answered(failures: Sequence[Unreachable]) -> Unreachable:
    if not failures:
        return Unreachable("no Alertmanager is configured: give its address")
    if len(failures) == 1:
        return failures[0]
    return Unreachable(f"no member of the Alertmanager cluster answers: {'; '.join(map(str, failures))}")
