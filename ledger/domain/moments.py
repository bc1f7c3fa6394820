"""Moments as other systems give them."""

from __future__ import annotations

import math
from datetime import UTC, datetime


def unix(seconds: float) -> datetime:
    """Unix seconds as aware UTC, to the millisecond (what Prometheus keeps)."""
    if not math.isfinite(seconds):
        raise ValueError("a time that is no number")
    return datetime.fromtimestamp(round(seconds, 3), UTC)
