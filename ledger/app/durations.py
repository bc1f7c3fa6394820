"""Durations and moments as people type them: ``20s``, ``15m``, ``1h30m``; ``2026-11-23``, ``2026-11-23T05:27:01Z``."""

from __future__ import annotations

import contextlib
import re
from datetime import UTC, datetime, timedelta

from ledger.errors import Refused
from ledger.said import Said

_RFC3339 = re.compile(r"\d{4}-\d\d-\d\d(?:[Tt ]\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:[Zz]|[+-]\d\d:\d\d))?")
_FORM = re.compile(r"(?:(\d{1,4})h)?(?:(\d{1,5})m)?(?:(\d{1,6})s)?")


def parse_duration(text: str) -> int:
    """Seconds of ``15m`` and the like; ``Refused`` for other forms and for nothing."""
    match = _FORM.fullmatch(text.strip())
    parts = [int(part or 0) for part in match.groups()] if match else [0, 0, 0]
    seconds = parts[0] * 3600 + parts[1] * 60 + parts[2]
    if not seconds:
        raise Refused(Said("{} is no duration; write 20s, 15m, 2h or 1h30m", ascii(text[:40])))
    return seconds


def format_duration(seconds: float) -> str:
    """``1 h 30 min``, ``4 min 10 s`` or ``7 s``: the two largest units."""
    whole = round(seconds)
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    parts = [f"{n} {unit}" for n, unit in ((hours, "h"), (minutes, "min"), (rest, "s")) if n]
    return " ".join(parts[:2]) or "0 s"


def as_typed(seconds: float) -> str:
    """``1h55m`` as :func:`parse_duration` reads it: whole minutes, never more than it is; seconds below one minute."""
    whole = max(1, int(seconds))
    if whole < 60:
        return f"{whole}s"
    hours, minutes = whole // 3600, whole // 60 % 60
    return (f"{hours}h" if hours else "") + (f"{minutes}m" if minutes else "")


def parse_moment(text: str) -> datetime:
    """An RFC 3339 date-time, or a date, which means its last moment in UTC; ``Refused`` for other forms."""
    text = text.strip()
    with contextlib.suppress(ValueError, OverflowError):  # near the years 1 and 9999 a time may have no UTC
        moment = datetime.fromisoformat(text.upper()) if _RFC3339.fullmatch(text) else None
        if moment is not None and len(text) > len("2026-11-23"):
            return moment.astimezone(UTC)
        if moment is not None:
            return moment.replace(tzinfo=UTC) + timedelta(days=1, microseconds=-1)
    raise Refused(Said("{} is no date; write 2026-11-23 or 2026-11-23T05:27:01+00:00", ascii(text[:40])))
