"""The observer's sign of life: the time of a file that it touches each round, whichever process it is in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from ledger.app.home.folders import Home
from ledger.said import Said

DEAD_AFTER: Final = timedelta(minutes=1)
"""Longer than the longest round, in which every server hangs."""


def sign_of_life(home: Home) -> Path:
    """The file."""
    return home.locks / "observer.alive"


def last_sign(home: Home) -> datetime | None:
    """When an observer gave a sign of life last; None where none ever did, or the file cannot be looked at."""
    try:
        return datetime.fromtimestamp(sign_of_life(home).stat().st_mtime, UTC)
    except OSError:
        return None


def unobserved(home: Home, now: datetime, since: datetime) -> str:
    """That nobody observes, in a sentence; ``""`` while somebody does. ``since`` is when one was to begin."""
    last = max(filter(None, (last_sign(home), since)))
    if now - last <= DEAD_AFTER:
        return ""
    return Said(
        "nobody observes since {} UTC: what changes outside is neither seen nor told; look into "
        "the server's log, and run: stage4 observe",
        f"{last:%Y-%m-%d %H:%M}",
    )
