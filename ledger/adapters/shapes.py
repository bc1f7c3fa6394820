"""Reading foreign JSON: every function gives the type it names or raises ``TypeError``/``ValueError``."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from ledger.errors import Unreachable


def table(value: object) -> dict[str, Any]:
    """A JSON object."""
    if not isinstance(value, dict):
        raise TypeError(f"expected an object, found {type(value).__name__}")
    return value


def listing(value: object) -> list[Any]:
    """A JSON array."""
    if not isinstance(value, list):
        raise TypeError(f"expected a list, found {type(value).__name__}")
    return value


def text(value: object) -> str:
    """A JSON string."""
    if not isinstance(value, str):
        raise TypeError(f"expected a text, found {type(value).__name__}")
    return value


def truth(value: object) -> bool:
    """A JSON boolean."""
    if not isinstance(value, bool):
        raise TypeError(f"expected true or false, found {type(value).__name__}")
    return value


def whole(value: object) -> int:
    """A JSON integer; booleans are none."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"expected a whole number, found {type(value).__name__}")
    return value


def number(value: object) -> float:
    """A JSON number or, as Prometheus sends samples, a number in a string; may be NaN or infinite."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise TypeError(f"expected a number, found {type(value).__name__}")
    return float(value)


def labels(value: object) -> tuple[tuple[str, str], ...]:
    """An object of texts as pairs sorted by name."""
    return tuple(sorted((name, text(content)) for name, content in table(value).items()))


def when(value: object) -> datetime:
    """An RFC 3339 time with its offset, as aware UTC; digits beyond microseconds are cut."""
    moment = datetime.fromisoformat(text(value))
    if moment.tzinfo is None:
        raise ValueError("a time without an offset")
    return moment.astimezone(UTC)


def unix(seconds: float) -> datetime:
    """Unix seconds as aware UTC, to the millisecond (what Prometheus keeps)."""
    if not math.isfinite(seconds):
        raise ValueError("a time that is no number")
    return datetime.fromtimestamp(round(seconds, 3), UTC)


@contextmanager
def reading(who: str) -> Iterator[None]:
    """Turn what a wrong shape raises inside the block into ``Unreachable`` with a sentence."""
    try:
        yield
    except (KeyError, IndexError, TypeError, ValueError, AttributeError, OverflowError, OSError) as error:
        detail = f"no {error}" if isinstance(error, KeyError) else str(error)
        raise Unreachable(
            f"{who} answered JSON of another shape ({detail}): check that the address is the right API"
        ) from error
