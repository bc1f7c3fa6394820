"""What the tests of a log share: filled logs, and what they hold."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import NamedTuple

from ledger.store.contract import Log, Transaction
from ledger.store.values import Line, Receipt

from .places import LogPlace

ORIGIN = "stage4-ledger.invalid/stage4/0123456789abcdef"
OTHER_ORIGIN = "stage4-ledger.invalid/stage4/another"
THREE = (b"one", b"two", b"three")
PATIENCE = 20.0
"""Seconds within which whatever must happen has happened."""
MOMENT = 0.05
"""Seconds that are waited for what must not happen."""


class Everything(NamedTuple):
    """What a log holds, as its readers see it."""

    lines: list[bytes]
    checkpoints: list[tuple[int, bytes]]
    receipts: list[Receipt]


def everything(log: Log) -> Everything:
    return Everything(list(log.lines()), list(log.checkpoints()), log.receipts("r-"))


def receipt(first: int, last: int | None = None) -> Receipt:
    return Receipt(f"r-{first}", "digest", first, first if last is None else last)


def append_in(writing: Transaction, first: int, *lines: bytes) -> None:
    """Append lines from a sequence on, with a checkpoint and a receipt as the ledger does."""
    numbered = [Line(first + n, "status", line) for n, line in enumerate(lines)]
    last = numbered[-1].sequence
    writing.append(ORIGIN, numbered, (last, b"note %d" % last), receipt(first, last))


def append(log: Log, *lines: bytes, after: int | None = None) -> None:
    """Append lines in one transaction."""
    first = (log.size() if after is None else after) + 1
    with log.transaction() as writing:
        append_in(writing, first, *lines)


@contextlib.contextmanager
def opened(place: LogPlace, *lines: bytes) -> Iterator[Log]:
    """A new log, each line in a transaction of its own."""
    with contextlib.closing(place.open(create=True)) as log:
        for number, line in enumerate(lines):
            append(log, line, after=number)
        yield log
