"""The access ledger, newest first, a page at a time; of everybody or of one person."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Final, NamedTuple

from ledger.app.installation import Installation
from ledger.domain.record import Recorded

PIECE: Final = 2_000
"""Entries that are read at a time, from the end backwards."""
FURTHEST: Final = 20_000
"""Entries that one page looks through for a person's; the next page goes on."""
_NAMES: Final = ("person", "by")


class Page(NamedTuple):
    """Entries, the newest first."""

    rows: tuple[tuple[Recorded, bytes], ...]
    more: int
    """Up to which entry older ones follow; 0 where none do."""
    size: int
    """Entries of the ledger."""


def page(access: Installation, to: int | None, person: str, number: int) -> Page:
    """At most ``number`` entries up to the entry ``to`` that are about a person or done by them; of all for ``""``."""
    size = access.ledger.view().size
    last = size if to is None else min(to, size)
    found: list[tuple[Recorded, bytes]] = []
    reached = last
    for record, line in _backwards(access, last):
        reached = record.sequence - 1
        if not person or _concerns(record, person):
            found.append((record, line))
        if len(found) == number or last - reached >= FURTHEST:
            break
    return Page(tuple(found), reached, size)


def _concerns(record: Recorded, person: str) -> bool:
    return any(getattr(record.event, name, "") == person for name in _NAMES)


def _backwards(access: Installation, last: int) -> Iterator[tuple[Recorded, bytes]]:
    for end in range(last, 0, -PIECE):
        start = max(0, end - PIECE)
        yield from reversed(list(islice(access.ledger.records(start), end - start)))
