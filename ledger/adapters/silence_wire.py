"""Alertmanager's API v2 on the wire: JSON to facts and back (api/v2/openapi.yaml of the project, 0.25 to 0.34)."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

from ledger.adapters.shapes import labels, line, listing, table, text, truth, when
from ledger.domain.facts import AlertSeen, Matcher, SilenceSeen, Unread
from ledger.domain.runbook import ALERT_PATTERN

T = TypeVar("T")


def parse_silences(value: object, at: datetime) -> tuple[tuple[SilenceSeen, ...], tuple[Unread, ...]]:
    """A list of gettableSilences: those that can be read, and those that cannot. ``TypeError`` where it is no list."""
    return _parse_each(value, lambda item: parse_silence(item, at), _unread_silence)


def parse_alerts(value: object, pattern: str = ALERT_PATTERN) -> tuple[tuple[AlertSeen, ...], tuple[Unread, ...]]:
    """A list of gettableAlerts in the same way; ``pattern`` names the runbook's."""
    return _parse_each(value, parse_alert, lambda page, why: _unread_alert(page, why, pattern))


def _parse_each(
    value: object, parse: Callable[[object], T], unread: Callable[[dict[str, Any], str], Unread]
) -> tuple[tuple[T, ...], tuple[Unread, ...]]:
    good: list[T] = []
    bad: list[Unread] = []
    for item in listing(value):
        page = table(item)
        try:
            good.append(parse(page))
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            bad.append(unread(page, f"no {error}" if isinstance(error, KeyError) else line(str(error), 120)))
    return tuple(good), tuple(bad)


def _unread_silence(page: dict[str, Any], why: str) -> Unread:
    """A silence that cannot be read mutes nothing where it surely has expired; else that is not known."""
    status, name, comment = page.get("status"), page.get("id"), page.get("comment")
    expired = isinstance(status, dict) and status.get("state") == "expired"
    named = f"the silence {line(name, 80)}" if isinstance(name, str) else "a silence without an id"
    return Unread(named, not expired, text(comment) if isinstance(comment, str) else "", why)


def _unread_alert(page: dict[str, Any], why: str, pattern: str) -> Unread:
    """An alert that cannot be read is one of ours unless its name says otherwise."""
    found = page.get("labels")
    name = found.get("alertname") if isinstance(found, dict) else None
    named = f"the alert {line(name, 80)}" if isinstance(name, str) else "an alert without a name"
    return Unread(named, not isinstance(name, str) or bool(re.fullmatch(pattern, name, re.ASCII)), "", why)


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
