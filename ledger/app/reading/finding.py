"""Finds entries by what stands in somebody's hands: a number, a digest, a request's id, a silence's id, a kept head."""

from __future__ import annotations

import re
import threading
from typing import Final, NamedTuple

from ledger.app.installation import Installation
from ledger.app.parsing import whole
from ledger.app.reading.searching import folded
from ledger.app.reading.timeline import Timeline
from ledger.app.soundness.marks import Judged, judged
from ledger.digest import sha384
from ledger.domain.duties.events import TicketLinked
from ledger.domain.state import Rollback
from ledger.errors import Corrupt
from ledger.proof.merkle import root_of
from ledger.store.contract import Log
from ledger.store.values import Filter, Word
from ledger.verify import Head, parse_head

MOST: Final = 50
"""Entries that one search gives."""
_DIGEST: Final = re.compile(r"(?:sha384:)?([0-9a-f]{8,96})")
_WIDTH: Final = 8
"""Bytes of each digest that are remembered."""


class Digests:
    """Which entry has which SHA-384, remembered as far as the lines were read. Disposable, and thread-safe.

    Eight bytes of each, one after the other: where they fit, the line itself is hashed again.
    """

    def __init__(self) -> None:
        self._starts = bytearray()
        self._guard = threading.Lock()

    def read(self, log: Log, size: int) -> None:
        """Read the lines ahead, so that nobody who looks for one waits for it."""
        with self._guard:
            self._read(log, size)

    def _read(self, log: Log, size: int) -> None:
        for line in log.lines(len(self._starts) // _WIDTH, size):
            self._starts += bytes.fromhex(sha384(line).removeprefix("sha384:")[: 2 * _WIDTH])

    def find(self, log: Log, size: int, digits: str) -> list[int]:
        """The entries whose digest begins with these hex digits, at least eight."""
        start = bytes.fromhex(digits[: len(digits) // 2 * 2])[:_WIDTH]
        with self._guard:
            self._read(log, size)
            places = list(_places(self._starts, start))
        return [place for place in places if _digits(log.line(place)).startswith(digits)]


def _places(starts: bytearray, start: bytes) -> list[int]:
    found: list[int] = []
    at = starts.find(start)
    while at >= 0 and len(found) < MOST:
        if at % _WIDTH == 0:
            found.append(at // _WIDTH + 1)
        at = starts.find(start, at + 1)
    return found


def _digits(line: bytes | None) -> str:
    return sha384(line).removeprefix("sha384:") if line is not None else ""


class KeptHead(NamedTuple):
    """A head that somebody kept, beside what this store's lines give."""

    head: Head
    root: bytes
    """Of the first ``head.size`` lines as they stand; empty where the store has fewer."""

    @property
    def agrees(self) -> bool:
        """Whether it is the same ledger up to there."""
        return self.root == self.head.root


class Answer(NamedTuple):
    """What was found: rollbacks by their id or ticket, else entries."""

    entries: tuple[Judged, ...] = ()
    rollbacks: tuple[Rollback, ...] = ()
    head: KeptHead | None = None
    unread: int = 0
    """Entries that the timeline has not read yet, so that they were not searched for their texts."""


def find(installation: Installation, timeline: Timeline, digests: Digests, typed: str) -> Answer:
    """Everything that fits what was typed, the nearest first; nothing typed finds nothing."""
    words = typed.strip()
    if not words:
        return Answer()
    if (head := _head(words)) is not None:
        return Answer(head=_compared(installation, head))
    progress = timeline.catch_up()
    named = installation.state.rollback(words)
    rollbacks = (named,) if named is not None else tuple(of_ticket(installation, timeline, words))
    sequences = [] if rollbacks else _sequences(installation, timeline, digests, words)[:MOST]
    rows = judged(installation, sequences)
    entries = tuple(rows[sequence] for sequence in sequences if sequence in rows)
    return Answer(entries, rollbacks, unread=progress.size - progress.done)


def _head(words: str) -> Head | None:
    try:
        return parse_head(words)
    except Corrupt:
        return None


def _compared(installation: Installation, head: Head) -> KeptHead:
    log = installation.ledger.log
    if not 0 < head.size <= log.size():
        return KeptHead(head, b"")
    return KeptHead(head, root_of(log.lines(0, head.size)))


def _sequences(installation: Installation, timeline: Timeline, digests: Digests, words: str) -> list[int]:
    """By number alone where it is one; else by digest and by request, else by what stands in the entry."""
    log, size = installation.ledger.log, installation.ledger.view().size
    if (number := whole(words)) is not None:
        return [number] if 0 < number <= size else []
    found: list[int] = []
    if (digits := _DIGEST.fullmatch(words.lower())) is not None:
        found += digests.find(log, size, digits[1])
    if words.isascii():
        for receipt in log.receipts(words)[:MOST]:
            found += range(receipt.first, min(receipt.last, receipt.first + MOST) + 1)
    if not found:  # looks through all texts, and a line's own digest stands in no text but a confirmation's
        text = folded(words).removeprefix("sha384:")
        found += timeline.store.sequences(Filter(words=(Word(text),)), MOST)
    return list(dict.fromkeys(found))


def of_ticket(installation: Installation, timeline: Timeline, ticket: str) -> list[Rollback]:
    """The rollbacks that a ticket was linked to afterwards, the newest first: their own ids are others."""
    timeline.catch_up()
    state, chosen = installation.state, Filter(statuses=(TicketLinked.status,), words=(Word(folded(ticket)),))
    rows = timeline.store.page(chosen, None, MOST, newest_first=True)
    found = (state.rollback(name) for name in dict.fromkeys(row.rollback for row in rows))
    return [one for one in found if one is not None and one.ticket.lower() == ticket.lower()]
