"""What an alert is to the watch: new, expected, carried over, or none of its business. Verdict and page go by this."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Literal

Kind = Literal["new", "expected", "carried_over", "other"]


def since_the_stop(written_at: datetime) -> datetime:
    """From when on an alert is new: the second of ``override_written``, as Prometheus keeps ``activeAt`` in seconds."""
    return written_at.replace(microsecond=0)


def kind(name: str, severity: str, since: datetime, stopped: datetime, expected: Collection[str]) -> Kind:
    """``carried_over`` where it was active before the stop; else a critical one is ``expected`` by name, or ``new``."""
    if since < stopped:
        return "carried_over"
    if severity != "critical":
        return "other"
    return "expected" if name in expected else "new"
