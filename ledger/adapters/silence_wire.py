"""Alertmanager's API v2 on the wire: JSON to facts and back (api/v2/openapi.yaml of the project, 0.25 to 0.34)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import Any, TypeVar

from ledger.adapters.shapes import labels, line, listing, table, text, truth, uncut, when
from ledger.domain.facts import AlertSeen, Matcher, SilenceSeen, Unread
from ledger.domain.matching import fullmatch
from ledger.domain.muting import held_by
from ledger.domain.runbook import ALERT_PATTERN

T = TypeVar("T")
_LONGEST_ID = 80
_MARK = "[stage4:"
"""How every mark of a rollback begins in a comment."""
MOST_ITEMS = 50_000
"""Items of a list that are looked at: 10 MB, the longest answer, have fewer silences or alerts."""
MOST_UNREAD = 20
"""Items that cannot be read and are kept one by one, of those that may be active and of the others."""


def parse_silences(value: object, at: datetime) -> tuple[tuple[SilenceSeen, ...], tuple[Unread, ...]]:
    """A list of gettableSilences: those that can be read, and those that cannot. ``TypeError`` where it is no list."""
    return _parse_each(value, lambda item: parse_silence(item, at), _unread_silence)


def parse_alerts(value: object, pattern: str = ALERT_PATTERN) -> tuple[tuple[AlertSeen, ...], tuple[Unread, ...]]:
    """A list of gettableAlerts in the same way; ``pattern`` names the runbook's."""
    return _parse_each(value, parse_alert, lambda page, why: _unread_alert(page, why, pattern))


def _parse_each(
    value: object, parse: Callable[[object], T], unread: Callable[[dict[str, Any], str], Unread]
) -> tuple[tuple[T, ...], tuple[Unread, ...]]:
    """At most ``MOST_ITEMS`` are looked at, and of those that cannot be read ``MOST_UNREAD`` of a kind are kept.

    The others are counted: a list may be megabytes of nothing that anybody understands.
    """
    good: list[T] = []
    kept: dict[bool, list[Unread]] = {True: [], False: []}
    items = listing(value)
    more = {True: max(0, len(items) - MOST_ITEMS), False: 0}
    marked = {True: _MARK if more[True] else "", False: ""}
    for item in islice(items, MOST_ITEMS):
        page = table(item)
        try:
            good.append(parse(page))
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            unreadable = unread(page, f"no {error}" if isinstance(error, KeyError) else line(str(error), 120))
            if len(kept[unreadable.active]) < MOST_UNREAD:
                kept[unreadable.active].append(unreadable)
            else:
                more[unreadable.active] += 1
                marked[unreadable.active] = marked[unreadable.active] or (_MARK if _MARK in unreadable.comment else "")
    rest = (Unread("", active, marked[active], "", number) for active, number in more.items() if number)
    return tuple(good), (*kept[True], *kept[False], *rest)


def _unread_silence(page: dict[str, Any], why: str) -> Unread:
    """A silence that cannot be read mutes nothing where it surely has expired; else that is not known."""
    status, name, comment = page.get("status"), page.get("id"), page.get("comment")
    expired = isinstance(status, dict) and status.get("state") == "expired"
    named = f"the silence {line(name, 80)}" if isinstance(name, str) and name else "a silence without an id"
    return Unread(named, not expired, text(comment) if isinstance(comment, str) else "", why)


def _unread_alert(page: dict[str, Any], why: str, pattern: str) -> Unread:
    """An alert that cannot be read is one of ours unless its name says otherwise."""
    given = page.get("labels")
    name = given.get("alertname") if isinstance(given, dict) else None
    named = f"the alert {line(name, 80)}" if isinstance(name, str) else "an alert without a name"
    return Unread(named, not isinstance(name, str) or fullmatch(pattern, name), "", why)


def parse_silence(value: object, at: datetime) -> SilenceSeen:
    """A gettableSilence; raises ``KeyError``, ``TypeError`` or ``ValueError`` on another shape."""
    page = table(value)
    state = text(table(page["status"])["state"])
    if state not in ("active", "pending", "expired"):
        raise ValueError(f"silence state {state!r}")
    return SilenceSeen(
        id=_id(page["id"]),
        state="active" if state == "active" else "pending" if state == "pending" else "expired",
        matchers=tuple(parse_matcher(matcher) for matcher in listing(page["matchers"])),
        starts_at=when(page["startsAt"]),
        ends_at=when(page["endsAt"]),
        created_by=text(page["createdBy"]),
        comment=text(page["comment"]),
        at=at,
    )


def _id(value: object) -> str:
    """An id by which a silence can be asked for, ended and named in an entry."""
    name = text(value)
    if not 1 <= len(name) <= _LONGEST_ID:
        raise ValueError(f"an id of {len(name)} characters")
    return name


def parse_matcher(value: object) -> Matcher:
    """A matcher, whole: its beginning would mute something else. ``isEqual`` is true where an old server omits it."""
    page = table(value)
    return Matcher(uncut(page["name"]), uncut(page["value"]), truth(page["isRegex"]), truth(page.get("isEqual", True)))


def parse_alert(value: object) -> AlertSeen:
    """A gettableAlert: Alertmanager holds only firing ones, and says what suppresses each."""
    page = table(value)
    pairs, status = labels(page["labels"]), table(page["status"])
    state = text(status["state"])
    if state not in ("active", "suppressed", "unprocessed"):
        raise ValueError(f"alert state {line(state, 40)!r}")
    silenced_by = tuple(text(silence_id) for silence_id in listing(status["silencedBy"]))
    inhibited_by, muted_by = _names(status, "inhibitedBy"), _names(status, "mutedBy")
    return AlertSeen(
        name=dict(pairs).get("alertname", ""),
        labels=pairs,
        state="firing",
        active_at=when(page["startsAt"]),
        silenced_by=silenced_by,
        otherwise=held_by(inhibited_by, muted_by, unsaid=state == "suppressed" and not silenced_by),
    )


def _names(status: dict[str, Any], key: str) -> list[str]:
    """What suppresses an alert beside silences: fingerprints of alerts, and from 0.28 on names of time intervals."""
    return sorted({line(name, _LONGEST_ID) for name in listing(status.get(key) or [])})


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
            {"name": matcher.name, "value": matcher.value, "isRegex": matcher.is_regex, "isEqual": matcher.is_equal}
            for matcher in matchers
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
