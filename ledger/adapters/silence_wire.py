"""Alertmanager's API v2 on the wire: JSON to facts and back (api/v2/openapi.yaml of the project, 0.25 to 0.34)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from ledger.adapters.shapes import labels, listing, table, text, truth, when
from ledger.domain.facts import AlertSeen, Matcher, SilenceSeen


def parse_silence(value: object, at: datetime) -> SilenceSeen:
    """A gettableSilence; raises ``KeyError``, ``TypeError`` or ``ValueError`` on another shape."""
    page = table(value)
    state = text(table(page["status"])["state"])
    if state not in ("active", "pending", "expired"):
        raise ValueError(f"silence state {state!r}")
    return SilenceSeen(
        id=text(page["id"]),
        state="active" if state == "active" else "pending" if state == "pending" else "expired",
        matchers=tuple(parse_matcher(matcher) for matcher in listing(page["matchers"])),
        starts_at=when(page["startsAt"]),
        ends_at=when(page["endsAt"]),
        created_by=text(page["createdBy"]),
        comment=text(page["comment"]),
        at=at,
    )


def parse_matcher(value: object) -> Matcher:
    """A matcher; ``isEqual`` is true where an old server leaves it out."""
    page = table(value)
    return Matcher(text(page["name"]), text(page["value"]), truth(page["isRegex"]), truth(page.get("isEqual", True)))


def parse_alert(value: object) -> AlertSeen:
    """A gettableAlert: Alertmanager holds only firing ones, and says which silences suppress each."""
    page = table(value)
    found = labels(page["labels"])
    return AlertSeen(
        name=dict(found).get("alertname", ""),
        labels=found,
        state="firing",
        active_at=when(page["startsAt"]),
        silenced_by=tuple(text(one) for one in listing(table(page["status"])["silencedBy"])),
    )


def format_silence(
    matchers: Sequence[Matcher],
    starts_at: datetime,
    ends_at: datetime,
    created_by: str,
    comment: str,
    silence: str = "",
) -> dict[str, Any]:
    """A postableSilence; with ``silence`` (an id) it changes that one."""
    page = {
        "matchers": [
            {"name": one.name, "value": one.value, "isRegex": one.is_regex, "isEqual": one.is_equal} for one in matchers
        ],
        "startsAt": format_time(starts_at),
        "endsAt": format_time(ends_at),
        "createdBy": created_by,
        "comment": comment,
    }
    return {"id": silence, **page} if silence else page


def format_time(moment: datetime) -> str:
    """RFC 3339 in UTC with milliseconds, which is what Alertmanager gives back."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def format_filter(matcher: Matcher) -> str:
    """A matcher as ``filter=`` of /alerts takes it: quotes, backslashes and line breaks escaped."""
    value = matcher.value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return str(matcher._replace(value=value))
