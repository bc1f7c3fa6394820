"""PagerDuty's REST API v2, as far as on-call goes.

OpenAPI description "PagerDuty API" 2.0.0 (reference/REST/openapiv3.json, August 2026), operations ``listOnCalls`` and
``getSchedule``: headers ``Accept`` and ``Content-Type`` are required, ``Authorization: Token token=<API_KEY>``.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar, NamedTuple

from ledger.lab.standins.server import Answer, Request, StandIn, Wrong, route

_ACCEPT = "application/vnd.pagerduty+json;version=2"
_FILTERS = ("user_ids[]", "escalation_policy_ids[]", "schedule_ids[]", "include[]", "since", "until", "earliest")
_KNOWN = frozenset(("time_zone", "limit", "offset", "total", *_FILTERS))
_CODES = {400: 2001, 401: 2006, 403: 2010, 404: 2100, 429: 2020, 500: 2000}


class OnCall(NamedTuple):
    """A shift: who, from when until when (aware; None: for good)."""

    user: str
    name: str
    start: datetime | None
    end: datetime | None


class PagerDutyApi(StandIn):
    """``schedules`` has the shifts of each schedule, ``policies`` how many escalation policies use it (one)."""

    NAME = "pagerduty"
    TOKEN: ClassVar[str] = "u+hunter2-the-secret"  # noqa: S105

    def __init__(self, port: int = 0) -> None:
        super().__init__(port)
        self.schedules: dict[str, list[OnCall]] = {"PI7DH85": []}
        self.policies: dict[str, int] = {}

    def allow(self, request: Request) -> None:
        """Who asks, and whether they say which version they speak."""
        if request.headers.get("authorization") != f"Token token={self.TOKEN}":
            raise Wrong(self.wrong(401, "Invalid token"))
        if request.headers.get("accept") != _ACCEPT or request.headers.get("content-type") != "application/json":
            raise Wrong(self.wrong(400, "Accept and Content-Type are required"))

    def wrong(self, status: int, why: str) -> Answer:
        """An error as PagerDuty words it."""
        return Answer(status, {"error": {"message": why, "code": _CODES.get(status, 2000), "errors": [why]}})

    @route("GET", "/oncalls")
    def oncalls(self, request: Request) -> Answer:
        """``listOnCalls``: the shifts that overlap a time, once for each policy, in pages."""
        if odd := sorted(set(request.query) - _KNOWN):
            return self.wrong(400, f"unknown parameters {odd}")
        try:
            since, until = (datetime.fromisoformat(request.one(name)) for name in ("since", "until"))
            offset, limit = int(request.one("offset", "0")), int(request.one("limit", "25"))
        except ValueError:
            return self.wrong(400, "Invalid Input Provided")
        if since.tzinfo is None or until < since or not 1 <= limit <= 100 or request.one("time_zone") != "UTC":
            return self.wrong(400, "Invalid Input Provided")
        wanted = request.query.get("schedule_ids[]", [])
        whole = request.query.get("include[]") == ["users"]
        found = [
            _entry(schedule, shift, policy, whole=whole)
            for schedule in wanted
            for shift in self.schedules.get(schedule, [])
            if (shift.start is None or shift.start <= until) and (shift.end is None or since <= shift.end)
            for policy in range(self.policies.get(schedule, 1))
        ]
        page = found[offset : offset + limit]
        more = offset + limit < len(found)
        return Answer(200, {"oncalls": page, "limit": limit, "offset": offset, "more": more, "total": None})

    @route("GET", "/schedules/{schedule}")
    def schedule(self, request: Request, schedule: str) -> Answer:
        """``getSchedule``."""
        if schedule not in self.schedules:
            return self.wrong(404, "Not Found")
        policies = [_reference("escalation_policy", f"PT20YP{n}") for n in range(self.policies.get(schedule, 1))]
        page = {**_reference("schedule", schedule), "type": "schedule", "name": schedule, "time_zone": "Europe/Warsaw"}
        return Answer(200, {"schedule": {**page, "escalation_policies": policies, "schedule_layers": []}})


def _reference(kind: str, name: str) -> dict[str, Any]:
    place = f"https://api.pagerduty.com/{kind}s/{name}"
    return {"id": name, "type": f"{kind}_reference", "summary": name, "self": place, "html_url": place}


def _entry(schedule: str, shift: OnCall, policy: int, *, whole: bool) -> dict[str, Any]:
    user = {**_reference("user", shift.user), "summary": shift.name}
    if whole:
        mail = f"{shift.name.split()[0].lower()}@example.net"
        user |= {"type": "user", "name": shift.name, "email": mail, "time_zone": "Europe/Warsaw", "role": "user"}
    return {
        "user": user,
        "schedule": _reference("schedule", schedule),
        "escalation_policy": _reference("escalation_policy", f"PT20YP{policy}"),
        "escalation_level": policy + 1,
        "start": shift.start.isoformat() if shift.start else None,
        "end": shift.end.isoformat() if shift.end else None,
    }
