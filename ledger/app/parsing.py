"""Numbers and times out of an address or a form: what nobody's own page would send is as good as nothing."""

from __future__ import annotations

from datetime import UTC, datetime


def whole(text: str) -> int | None:
    """ASCII digits, at most 15 of them (what the store can count); None for anything else."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 16 else None


def in_utc(text: str) -> datetime:
    """A typed ISO 8601 time, UTC where it names no other zone; ``ValueError`` where it is none of the years 1 to 9999.

    Near both ends another zone's time has no UTC that could be told.
    """
    moment = datetime.fromisoformat(text)
    try:
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(text) from error
