"""Who is on duty by a schedule of PagerDuty: REST API v2, "List all of the on-calls". Read only.

An on-call is what the escalation policies make of a schedule: the same shift comes once for each policy and level that
uses the schedule, and not at all where none does.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote

from ledger.adapters.connection import require
from ledger.adapters.http import Clock, Exchange, Server, ask, bounded_json
from ledger.adapters.oncall import AHEAD, MOST, Rota, Shift, ahead
from ledger.adapters.shapes import line, listing, reading, table, truth, when
from ledger.errors import Refused, Unreachable
from ledger.said import Said

WHO: Final = "PagerDuty"
ADDRESS: Final = "https://api.pagerduty.com"
_HEADERS: Final = {"Accept": "application/vnd.pagerduty+json;version=2", "Content-Type": "application/json"}
_PAGE: Final = 100


class PagerDuty:
    """One schedule. ``token`` is an API key (``Authorization: Token token=…``); a read-only one is enough."""

    def __init__(
        self, server: Server, token: str, schedule: str, clock: Clock, log: list[Exchange] | None = None
    ) -> None:
        self._server, self._schedule, self._clock, self._log = server, schedule, clock, log
        self._headers = {**_HEADERS, "Authorization": " ".join(("Token", f"token={token}"))}

    def rota(self) -> Rota:
        """See :class:`ledger.adapters.oncall.Schedule`."""
        at = self._clock()
        until = at + AHEAD
        shifts, skew = [], 0.0
        for page, by in self._pages(at, until):
            skew = by
            with reading(WHO):
                shifts += [self._shift(table(entry)) for entry in listing(page["oncalls"])]
        if not shifts:
            self._require_use()
        return Rota(tuple(shifts), at, WHO, until, skew)

    def _pages(self, since: datetime, until: datetime) -> Iterator[tuple[dict[str, Any], float]]:
        """Each page, with the seconds by which its clock was ahead of ours."""
        params: dict[str, str | list[str]] = {
            "schedule_ids[]": self._schedule,
            "include[]": "users",
            "since": since.astimezone(UTC).isoformat(),
            "until": until.astimezone(UTC).isoformat(),
            "time_zone": "UTC",
            "limit": str(_PAGE),
        }
        for offset in range(0, MOST, _PAGE):
            asked = self._clock()
            answer = self._get("/oncalls", params | {"offset": str(offset)})
            skew = ahead(answer, asked, self._clock())
            with reading(WHO):
                page = table(bounded_json(answer, WHO))
                more = truth(page["more"])
                if more and len(listing(page["oncalls"])) != _PAGE:
                    raise ValueError("a page that is not full before the last one")
            yield page, skew
            if not more:
                return
        raise Unreachable(Said("{} has more than {} shifts in a week: that is no schedule", WHO, MOST))

    def _shift(self, entry: dict[str, Any]) -> Shift:
        schedule, user = table(entry["schedule"]), table(entry["user"])
        if schedule["id"] != self._schedule:
            raise ValueError("an on-call of another schedule")
        name = line(user.get("name") or user["summary"])
        words = [user.get("email"), name, user["id"]]
        known_as = tuple(line(word).lower() for word in words if word)
        return Shift(name, known_as, _moment(entry["start"]), _moment(entry["end"]))

    def _require_use(self) -> None:
        """That nobody has duty is only said of a schedule that is there and that an escalation policy uses."""
        answer = self._get(f"/schedules/{quote(self._schedule, safe='')}", {"time_zone": "UTC"})
        page = bounded_json(answer, WHO)
        with reading(WHO):
            used = bool(listing(table(table(page)["schedule"])["escalation_policies"]))
        if not used:
            raise Refused(Said("no escalation policy of {} uses the schedule {}: add it to one", WHO, self._schedule))

    def _get(self, path: str, params: dict[str, str | list[str]]) -> Any:
        answer = ask(
            self._server,
            WHO,
            "GET",
            path,
            params=params,
            headers=self._headers,
            clock=self._clock,
            log=self._log,
        )
        if answer.status_code == HTTPStatus.NOT_FOUND:
            raise Refused(Said("{} has no schedule {} (status 404): check its id and oncall.url", WHO, self._schedule))
        return require(answer, WHO, clock=self._clock)


def _moment(value: object) -> datetime | None:
    return None if value is None else when(value)
