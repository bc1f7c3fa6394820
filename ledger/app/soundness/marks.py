"""Whether single rows hold, as whoever reads a timeline reads them: form, place, chain to the row before, both HMACs.

A page of fifty rows asks for fifty rows and the one before each; nothing else is read, and nothing is concluded about
the rest of the ledger.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from ledger.app.installation import Installation
from ledger.domain.record import Recorded, parse_body
from ledger.errors import Corrupt
from ledger.proof.entry import GENESIS, Entry, link, parse_entry
from ledger.said import Said


class Judged(NamedTuple):
    """A row as it stands, and what is wrong with it."""

    sequence: int
    """The row's place; what its line claims is part of the judgement."""
    line: bytes
    record: Recorded | None
    """What the entry says; None where it cannot be read."""
    why: str
    """Why it does not hold; ``""`` where it does."""


def judge(line: bytes, place: int, before: bytes | None, check: Callable[[bytes], None]) -> tuple[Recorded | None, str]:
    """What a line says, and why it does not hold in its place after the line ``before`` (None: that row is missing).

    ``check`` raises ``Corrupt`` where the line's HMACs are not the ledger's.
    """
    try:
        entry = parse_entry(line)
        record = parse_body(entry.sequence, entry.timestamp, entry.body)
    except (Corrupt, RecursionError) as error:
        if isinstance(error, RecursionError):
            return None, "it cannot be read as an entry: nested too deeply"
        return None, Said("it cannot be read as an entry: {}", error)
    return record, _why_not(entry, line, place, before, check)


def _why_not(entry: Entry, line: bytes, place: int, before: bytes | None, check: Callable[[bytes], None]) -> str:
    try:
        check(line)
    except Corrupt:
        return "it is not what was signed: its HMACs are not this ledger's"
    if entry.sequence != place:
        return Said("it stands in the place of entry {} and is entry {}", place, entry.sequence)
    if place > 1 and before is None:
        return Said("entry {}, which it follows, is missing", place - 1)
    if entry.previous != (link(before) if before is not None and place > 1 else GENESIS):
        return Said("it does not name the bytes of entry {} as they stand: one of the two was changed", place - 1)
    return ""


def judged(installation: Installation, sequences: Sequence[int]) -> dict[int, Judged]:
    """These rows, judged; those that the store has not are left out."""
    ledger = installation.ledger
    wanted = sorted({number for sequence in sequences for number in (sequence - 1, sequence) if number > 0})
    lines = dict(ledger.log.numbered(wanted))
    rows = {}
    for sequence in sequences:
        if sequence in lines:
            line = lines[sequence]
            record, why = judge(line, sequence, lines.get(sequence - 1), ledger.check)
            rows[sequence] = Judged(sequence, line, record, why)
    return rows


def following(installation: Installation, after: int) -> Iterator[Judged]:
    """All rows after a sequence, judged, in order. A row that is missing shows in the one after it."""
    ledger = installation.ledger
    before: tuple[int, bytes | None] = (max(0, after - 1), None)
    for previous, (sequence, line) in pairwise(_with_first(before, ledger.log.numbered_after(max(0, after - 1)))):
        if sequence <= after:
            continue
        known = previous[1] if previous[0] == sequence - 1 else None
        record, why = judge(line or b"", sequence, known, ledger.check)
        yield Judged(sequence, line or b"", record, why)


def _with_first(
    first: tuple[int, bytes | None], rest: Iterator[tuple[int, bytes]]
) -> Iterator[tuple[int, bytes | None]]:
    yield first
    yield from rest
