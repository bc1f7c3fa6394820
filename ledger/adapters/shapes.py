"""Reading foreign JSON: every function gives the type it names or raises ``TypeError``/``ValueError``.

What JSON allows is more than an entry, a page or a terminal takes. So what comes from outside is made fit here, once:
texts are well-formed, without control characters and not endless, whole numbers are those that JSON keeps exactly.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from ledger.domain.text import UNSEEN, named, shorten
from ledger.errors import Unreachable
from ledger.masking import masked_text
from ledger.said import Said

LONGEST = 10_000
"""Characters of a text that are kept."""
MOST_LABELS = 256
LARGEST = 2**53 - 1
"""The largest whole number that JSON keeps exactly (RFC 8259, section 6), and that an entry takes."""
_UNFIT = re.compile("[\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\ud800-\\udfff]")
"""Controls but for newline and tab, and lone surrogates, which JSON can spell and UTF-8 cannot."""


def table(value: object) -> dict[str, Any]:
    """A JSON object."""
    if not isinstance(value, dict):
        raise TypeError(Said("expected an object, found {}", type(value).__name__))
    return value


def listing(value: object) -> list[Any]:
    """A JSON array."""
    if not isinstance(value, list):
        raise TypeError(Said("expected a list, found {}", type(value).__name__))
    return value


def text(value: object) -> str:
    """A JSON string made fit: what cannot be stored or printed is named as ``[U+001B]``, what is too long is cut."""
    if not isinstance(value, str):
        raise TypeError(Said("expected a text, found {}", type(value).__name__))
    return shorten(_UNFIT.sub(named, value[: LONGEST + 1]), LONGEST)


def uncut(value: object) -> str:
    """The same, of any length: for what something is decided on, where its beginning would be something else."""
    if not isinstance(value, str):
        raise TypeError(Said("expected a text, found {}", type(value).__name__))
    return _UNFIT.sub(named, value)


def line(value: object, longest: int = 200) -> str:
    """A JSON string made fit for one line of a log: line ends and what nobody sees are named too."""
    if isinstance(value, Said):
        return shorten(value.each(lambda text: line(text, longest)), longest)
    plain = " ".join(text(value).splitlines())
    return shorten(UNSEEN.sub(named, plain.replace("\t", " ")), longest)


def truth(value: object) -> bool:
    """A JSON boolean."""
    if not isinstance(value, bool):
        raise TypeError(Said("expected true or false, found {}", type(value).__name__))
    return value


def whole(value: object) -> int:
    """A JSON integer within ±(2^53-1); booleans are none."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(Said("expected a whole number, found {}", type(value).__name__))
    if abs(value) > LARGEST:
        raise ValueError("a whole number beyond ±(2^53-1)")
    return value


def number(value: object) -> float:
    """A JSON number or, as Prometheus sends samples, a number in a string; may be NaN or infinite."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise TypeError(Said("expected a number, found {}", type(value).__name__))
    return float(value)


def labels(value: object) -> tuple[tuple[str, str], ...]:
    """An object of texts as pairs sorted by name; ``ValueError`` for more of them than anybody has."""
    page = table(value)
    if len(page) > MOST_LABELS:
        raise ValueError(Said("more than {} labels", MOST_LABELS))
    return tuple(sorted((text(name), text(content)) for name, content in page.items()))


def when(value: object) -> datetime:
    """An RFC 3339 time with its offset, as aware UTC; digits beyond microseconds are cut."""
    moment = datetime.fromisoformat(text(value))
    if moment.tzinfo is None:
        raise ValueError("a time without an offset")
    return moment.astimezone(UTC)


@contextmanager
def reading(who: str) -> Iterator[None]:
    """Turn what a wrong shape raises inside the block into ``Unreachable`` with a sentence."""
    try:
        yield
    except (KeyError, IndexError, TypeError, ValueError, AttributeError, OverflowError, OSError) as error:
        if isinstance(error, KeyError):
            lacks = Said(
                "{} answered JSON of another shape (no {}): check that the address is the right API", who, error
            )
            raise Unreachable(lacks) from error
        raise Unreachable(
            Said(
                "{} answered JSON of another shape ({}): check that the address is the right API",
                who,
                masked_text(str(error)),
            )
        ) from error
