"""Moments of a rollback that pages count down to."""

from __future__ import annotations

from datetime import datetime, timedelta

from ledger.domain.state import Rollback

AFTER_RESTORE = timedelta(minutes=2)
"""How long after trading was restored the alerts are watched on every page."""


def after_restore(rollback: Rollback, now: datetime) -> datetime | None:
    """Until when the alerts are watched after trading was restored."""
    if rollback.restarted_at is None or now - rollback.restarted_at > AFTER_RESTORE:
        return None
    return rollback.restarted_at + AFTER_RESTORE
