"""Who is on duty by a schedule of Grafana IRM (OnCall): HTTP API, "Export a schedule's final shifts". Read only.

Final shifts are what the rotations and overrides of a schedule come to. The list ``on_call_now`` of the schedule itself
is not asked for: it has neither names nor times, and is a little old.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote

from ledger.adapters.connection import require
from ledger.adapters.http import Clock, Exchange, Server, ask, bounded_json
from ledger.adapters.oncall import AHEAD, Rota, Shift, ahead
from ledger.adapters.shapes import line, listing, reading, table, when, whole
from ledger.errors import Refused, Unreachable
from ledger.said import Said

WHO: Final = "Grafana IRM"
_PAGES: Final = 50
_BEFORE: Final = timedelta(days=1)


class GrafanaSchedule:
    """One schedule. The server has the OnCall API URL and the token of a service account that may view."""

    def __init__(self, server: Server, schedule: str, clock: Clock, log: list[Exchange] | None = None) -> None:
        self._server, self._schedule, self._clock, self._log = server, schedule, clock, log

    def rota(self) -> Rota:
        """See :class:`ledger.adapters.oncall.Schedule`."""
        at = self._clock()
        first, last = (at - _BEFORE).astimezone(UTC).date(), (at + AHEAD).astimezone(UTC).date()
        began, until = (datetime.combine(day, time(), UTC) for day in (first, last))
        shifts, wanted, skew = [], 0, 0.0
        for page, by in self._pages(first.isoformat(), last.isoformat()):
            skew = by
            with reading(WHO):
                wanted = whole(page["count"])
                shifts += [_shift(table(entry), began, until) for entry in listing(page["results"])]
        if len(shifts) != wanted:
            raise Unreachable(Said("{} said {} shifts and gave {}: try again", WHO, wanted, len(shifts)))
        return Rota(tuple(shifts), at, WHO, until, skew)

    def _pages(self, first: str, last: str) -> Iterator[tuple[dict[str, Any], float]]:
        """Each page, with the seconds by which its clock was ahead of ours."""
        path = f"/api/v1/schedules/{quote(self._schedule, safe='')}/final_shifts"
        for number in range(1, _PAGES + 1):
            params = {"start_date": first, "end_date": last} | ({"page": str(number)} if number > 1 else {})
            asked = self._clock()
            answer = ask(self._server, WHO, "GET", path, params=params, clock=self._clock, log=self._log)
            skew = ahead(answer, asked, self._clock())
            if answer.status_code == HTTPStatus.NOT_FOUND:
                known = Said("{} has no schedule {} (status 404): check its id and oncall.url", WHO, self._schedule)
                raise Refused(known)
            page = bounded_json(require(answer, WHO, clock=self._clock), WHO)
            with reading(WHO):
                more = table(page)["next"] is not None
            yield page, skew
            if not more:
                return
        raise Unreachable(Said("{} has more than {} pages of shifts in a week: that is no schedule", WHO, _PAGES))


def _shift(entry: dict[str, Any], began: datetime, until: datetime) -> Shift:
    """One entry; one that begins or ends with what was asked for may be longer."""
    mail, login = entry["user_email"], line(entry["user_username"])
    known_as = tuple(line(word).lower() for word in (mail, login, entry["user_pk"]) if word)
    start, end = when(entry["shift_start"]), when(entry["shift_end"])
    if end < start:
        raise ValueError("a shift that ends before it starts")
    return Shift(login or line(mail), known_as, None if start <= began else start, None if end >= until else end)
