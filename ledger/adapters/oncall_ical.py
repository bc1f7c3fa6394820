"""Who is on duty by a calendar at an address (iCalendar, RFC 5545): what Google, Outlook, Opsgenie and others export.

Whoever knows the address may read the calendar, so all of it behind the host is a secret. The calendar is asked for
each time; where it did not change (its ``ETag``, or its bytes) it is not read again.
"""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha384
from http import HTTPStatus
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from ledger.adapters.connection import require
from ledger.adapters.http import Clock, Exchange, Server, ask
from ledger.adapters.ical_shifts import PATIENCE, Found, shifts_of
from ledger.adapters.oncall import AHEAD, Rota, ahead
from ledger.errors import Unreachable
from ledger.masking import excerpt
from ledger.said import Said

WHO: Final = "the calendar"
_BEFORE: Final = timedelta(days=1)
_SHORTEST: Final = timedelta(days=7)
"""How far ahead what was read is to reach; where it does not any more, the calendar is read again."""


class _Kept(NamedTuple):
    etag: str
    digest: bytes
    found: Found
    until: datetime


class Calendars:
    """What the calendars at some addresses said last, as it was read. Thread-safe."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._kept: dict[tuple[str, str], _Kept] = {}

    def get(self, server: Server, zone: str, now: datetime) -> _Kept | None:
        """What was read of an address, where it reaches far enough ahead."""
        with self._guard:
            kept = self._kept.get((server.url, zone))
        return kept if kept is not None and kept.until - now >= _SHORTEST else None

    def put(self, server: Server, zone: str, kept: _Kept) -> None:
        """Remember what was read of an address."""
        with self._guard:
            self._kept[server.url, zone] = kept


class Calendar:
    """One calendar. ``zone`` is where its events are that name no time zone; ``""``: the zone that it names itself."""

    def __init__(
        self,
        server: Server,
        clock: Clock,
        calendars: Calendars,
        *,
        zone: str = "",
        patience: float = PATIENCE,
        log: list[Exchange] | None = None,
    ) -> None:
        url = server.url.replace("webcal://", "https://", 1) if server.url.startswith("webcal://") else server.url
        self._server = replace(server, url=url, secret_path=True)
        self._clock, self._calendars, self._zone = clock, calendars, zone
        self._patience, self._log = patience, log

    def rota(self) -> Rota:
        """See :class:`ledger.adapters.oncall.Schedule`."""
        at = self._clock()
        kept = self._calendars.get(self._server, self._zone, at)
        headers = {"Accept": "text/calendar"} | ({"If-None-Match": kept.etag} if kept and kept.etag else {})
        answer = ask(self._server, WHO, "GET", headers=headers, clock=self._clock, log=self._log)
        skew = ahead(answer, at, self._clock())
        require(answer, WHO, HTTPStatus.OK, *([HTTPStatus.NOT_MODIFIED] if kept else []), clock=self._clock)
        digest = sha384(answer.content).digest()
        if kept is None or (answer.status_code == HTTPStatus.OK and digest != kept.digest):
            kept = self._read(answer.content, digest, answer.headers.get("ETag", ""), at)
        note = Said("left out, as they are marked as free time: {}", kept.found.free) if kept.found.free else ""
        source = Said("the calendar at {}", urlsplit(self._server.url).hostname or "?")
        return Rota(kept.found.shifts, at, source, kept.until, skew, note)

    def _read(self, content: bytes, digest: bytes, etag: str, at: datetime) -> _Kept:
        if not content.lstrip(b"\xef\xbb\xbf \r\n\t")[:15].upper().startswith(b"BEGIN:VCALENDAR"):
            raise Unreachable(
                Said('{} answered 200 but no iCalendar ("{}"): check that its address is right', WHO, excerpt(content))
            )
        until = at + AHEAD
        found = shifts_of(content, at - _BEFORE, until, self._zone, self._patience)
        kept = _Kept(etag if etag.isascii() and etag.isprintable() else "", digest, found, until)
        self._calendars.put(self._server, self._zone, kept)
        return kept
