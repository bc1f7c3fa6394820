"""Moments as other systems give them, and as people read them."""

from __future__ import annotations

import math
from datetime import UTC, datetime


def unix(seconds: float) -> datetime:
    """Unix seconds as aware UTC, to the millisecond (what Prometheus keeps)."""
    if not math.isfinite(seconds):
        raise ValueError("a time that is no number")
    return datetime.fromtimestamp(round(seconds, 3), UTC)


def clock_or_day(moment: datetime, seen_from: datetime, *, seconds: bool = False) -> str:
    """``18:00`` of UTC; with its date where that is not the day on which it is said."""
    here, there = moment.astimezone(UTC), seen_from.astimezone(UTC)
    clock = f"{here:%H:%M:%S}" if seconds else f"{here:%H:%M}"
    return clock if here.date() == there.date() else f"{here:%Y-%m-%d} {clock}"
