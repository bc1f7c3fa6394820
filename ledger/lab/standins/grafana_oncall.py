"""The HTTP API of Grafana IRM (OnCall), as far as a schedule's shifts go.

Grafana Cloud documentation, "IRM, OnCall API reference": "Schedules HTTP API" (export a schedule's final shifts) and
"HTTP API reference" (authentication by a service account's token and ``X-Grafana-URL``; pages).
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Any, ClassVar, NamedTuple

from ledger.lab.standins.server import Answer, Request, StandIn, Wrong, route


class FinalShift(NamedTuple):
    """A shift: whose (login), from when until when (aware)."""

    login: str
    start: datetime
    end: datetime


class GrafanaOnCallApi(StandIn):
    """``schedules`` has the final shifts of each; ``page_size`` how many there are in an answer."""

    NAME = "grafana-oncall"
    TOKEN: ClassVar[str] = "glsa_hunter2-the-secret"  # noqa: S105
    STACK: ClassVar[str] = "https://your-stack.grafana.net"

    def __init__(self, port: int = 0) -> None:
        super().__init__(port)
        self.schedules: dict[str, list[FinalShift]] = {"SBM7DV7BKFUYU": []}
        self.page_size = 50

    def allow(self, request: Request) -> None:
        """Who asks, and of which stack."""
        if request.headers.get("authorization") != f"Bearer {self.TOKEN}":
            raise Wrong(self.wrong(401, "Invalid token."))
        if request.headers.get("x-grafana-url") != self.STACK:
            raise Wrong(self.wrong(403, "Invalid Grafana URL"))

    def wrong(self, status: int, why: str) -> Answer:
        """An error as the API words it."""
        return Answer(status, {"detail": why})

    @route("GET", "/api/v1/schedules/{schedule}/final_shifts")
    def final_shifts(self, request: Request, schedule: str) -> Answer:
        """The shifts of whole days; both are required, the last one is at most 365 days after the first."""
        if schedule not in self.schedules:
            return self.wrong(404, "Not found.")
        try:
            first, last = (date.fromisoformat(request.one(name)) for name in ("start_date", "end_date"))
            number = int(request.one("page", "1"))
        except ValueError:
            return self.wrong(400, "Date has wrong format.")
        if not 0 <= (last - first).days <= 365 or set(request.query) - {"start_date", "end_date", "page"}:
            return self.wrong(400, "end_date must be greater than or equal to start_date")
        began, ends = (datetime.combine(day, time(), UTC) for day in (first, last))
        found = [shift for shift in self.schedules[schedule] if shift.start < ends and began < shift.end]
        return Answer(200, self._page([_entry(shift) for shift in found], request, number))

    def _page(self, found: list[Any], request: Request, number: int) -> dict[str, Any]:
        size, last = self.page_size, max(1, -(-len(found) // self.page_size))
        link = f"{self.url}{request.path}?page={number + 1}"
        return {
            "count": len(found),
            "next": link if number < last else None,
            "previous": None,
            "results": found[size * (number - 1) : size * number],
            "current_page_number": number,
            "page_size": size,
            "total_pages": last,
        }


def _entry(shift: FinalShift) -> dict[str, str]:
    return {
        "user_pk": f"U{shift.login.upper()}",
        "user_email": f"{shift.login}@example.net",
        "user_username": shift.login,
        "shift_start": shift.start.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "shift_end": shift.end.astimezone(UTC).isoformat().replace("+00:00", "Z"),
    }
