"""Keeps the timeline's read model in step with the ledger: a few entries at once, a big build by a thread."""

from __future__ import annotations

import itertools
import logging
import os
import shutil
import tempfile
import threading
import weakref
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ledger.app.installation import Installation
from ledger.app.reading.grouping import REACH, Grouping, press_of
from ledger.app.reading.queries import sentence
from ledger.app.reading.searching import folded, search_text
from ledger.app.soundness.marks import Judged, judged
from ledger.domain.duties.events import Corrected
from ledger.domain.event import Event
from ledger.domain.record import Recorded, parse_body
from ledger.errors import Corrupt, LedgerError, Unreachable
from ledger.proof.entry import GENESIS, format_time, link, parse_entry
from ledger.said import Said
from ledger.store.contract import NotWritable
from ledger.store.open import open_timeline
from ledger.store.values import Head, Row

logger = logging.getLogger("stage4.timeline")
AT_ONCE = 2_000
"""Entries that a page waits for; more are read in the background."""
_BATCH = 1_000
_SHOWN = 200
"""Bytes of a line that is no entry, as a page shows it."""


class Progress(NamedTuple):
    """How far the read model is."""

    done: int
    size: int
    """Entries of the ledger."""

    @property
    def ready(self) -> bool:
        """Whether pages can be shown."""
        return self.done >= self.size


class Timeline:
    """One installation's timeline. Thread-safe."""

    def __init__(self, installation: Installation, translated: Callable[[str], str] | None = None) -> None:
        """``translated`` says a sentence in the other language in which entries are searched."""
        self._ledger = installation.ledger
        self._translated = translated
        self._path = installation.home.timeline
        self.store = open_timeline(self._path, self._ledger.origin, GENESIS)
        self._guard = threading.Lock()
        self._builder: threading.Thread | None = None
        self._elsewhere = ""

    def catch_up(self) -> Progress:
        """Read what is new. Where that is much, a thread does it and the answer says how far it is.

        ``Corrupt`` where the ledger is not what was signed, ``Unreachable`` where a file cannot be had.
        """
        size = self._ledger.view().size
        try:
            return self._catch_up(size)
        except NotWritable:
            if self._elsewhere:
                raise
            self._move()
        return self._catch_up(size)

    def _move(self) -> None:
        """Reading needs no write here: where the home takes none, the file is made in memory or among temporary ones.

        It is gone with this object.
        """
        memory = Path("/dev/shm")  # noqa: S108 (a folder of our own in it, mode 700)
        folder = str(memory) if os.access(memory, os.W_OK) else None
        try:
            self._elsewhere = tempfile.mkdtemp(prefix="stage4-timeline-", dir=folder)
        except OSError as error:
            raise Unreachable(Said("the timeline's file cannot be made anywhere: {}", error.strerror)) from error
        weakref.finalize(self, shutil.rmtree, self._elsewhere, ignore_errors=True)
        self._path = Path(self._elsewhere) / self._path.name
        self.store = open_timeline(self._path, self._ledger.origin, GENESIS)

    def _catch_up(self, size: int) -> Progress:
        with self._guard:
            head = self._fitting()
            if size - head.size <= AT_ONCE:
                return Progress(self._read(head, size).size, size)
            if self._builder is None or not self._builder.is_alive():
                self._builder = threading.Thread(target=self._build, name="timeline", daemon=True)
                self._builder.start()
            return Progress(head.size, size)

    def wait(self, seconds: float | None = None) -> Progress:
        """Catch up and wait for the thread, if there is one, at most ``seconds``."""
        progress = self.catch_up()
        if not progress.ready and self._builder is not None:
            self._builder.join(seconds)
            progress = self.catch_up()
        return progress

    def check(self) -> None:
        """Compare all of the file with the ledger, and make it anew where it says anything else.

        Quick enough for the background only. What cannot be read now is looked at the next time.
        """
        if self._builder is not None and self._builder.is_alive():
            return  # it is being made from the ledger
        try:
            if not self._agrees():
                logger.warning("the timeline did not say what the entries say; it is made anew")
                self.renew()
        except (LedgerError, RecursionError) as error:
            logger.warning("the timeline could not be compared: %s", error)

    def renew(self) -> Progress:
        """Throw the file away, and read the ledger anew."""
        with self._guard:
            self.store.make()
        return self.catch_up()

    def _agrees(self) -> bool:
        head = self.store.head()
        if head is None:
            return True  # there is nothing yet, or the next page makes it anew
        if not self._fits(head) or not self.store.is_as_made():
            return False
        grouping = Grouping()
        for start in range(0, head.size, _BATCH):
            end = min(start + _BATCH, head.size)
            lines = list(self._ledger.log.lines(start, end))
            rows = list(self._rows(start, lines, grouping))
            if rows != self.store.stored(start, end):
                return False
        return True

    def _build(self) -> None:
        try:
            while True:
                head, size = self._fitting(), self._ledger.view().size
                if head.size >= size:
                    return
                self._read(head, min(size, head.size + _BATCH))
        except LedgerError as error:
            logger.warning("the timeline is not built: %s", error)  # the next page tries again

    def _fitting(self) -> Head:
        """How far the file is; one that does not fit the ledger is made anew."""
        head = self.store.head()
        if head is None or not self._fits(head):
            self.store.make()
            head = self.store.head()
            assert head is not None
        return head

    def _fits(self, head: Head) -> bool:
        if head.size == 0:
            return True
        line = self._ledger.log.line(head.size)
        return line is not None and link(line) == head.head

    def _read(self, head: Head, size: int) -> Head:
        """Append the entries up to ``size``, unless another process just did."""
        while head.size < size:
            lines = list(itertools.islice(self._ledger.log.lines(head.size, size), _BATCH))
            if not lines:
                break
            self.store.add(head, list(self._rows(head.size, lines, self._grouping(head))), link(lines[-1]))
            head = self.store.head() or head
        return head

    def _grouping(self, head: Head) -> Grouping:
        return Grouping(row for row, _ in self.store.stored(max(0, head.size - REACH), head.size))

    def _rows(self, after: int, lines: Sequence[bytes], grouping: Grouping) -> Iterator[tuple[Row, str]]:
        """The rows of the lines after a sequence, each with its leader, and their texts."""
        for place, line in enumerate(lines, after + 1):
            row, text, event = _row_at(place, line, self._translated)
            yield grouping.led(row, event), text


class Shown(NamedTuple):
    """A row of the timeline as a page shows it: read again from the entry, which alone is signed."""

    row: Row
    why: str
    """Why the entry does not hold; ``""`` where it does."""
    told: str
    """Its sentence without the verdict, which stands beside it."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self.row, name)


def as_they_stand(installation: Installation, rows: Sequence[Row]) -> list[Shown]:
    """The rows with what their entries say now, judged each by itself and by the one before it.

    The read model only finds them; where an entry is gone or cannot be read, what it remembers is shown, marked.
    """
    by_sequence = judged(installation, [row.sequence for row in rows])
    return [_as_it_stands(row, by_sequence.get(row.sequence)) for row in rows]


def _as_it_stands(row: Row, entry: Judged | None) -> Shown:
    if entry is None:
        return Shown(row, "the store has no such row any more", row.sentence)
    try:
        read, record, _ = _read(entry.line)
    except (Corrupt, RecursionError):
        return Shown(row, entry.why, row.sentence)
    shown = read._replace(sequence=row.sequence, leader=row.leader)
    return Shown(shown, entry.why, sentence(record, verdict=False))


def row_of(line: bytes, translated: Callable[[str], str] | None = None) -> tuple[Row, str, Event | None]:
    """An entry's row, which leads itself, the text in which it is found, and its event. ``Corrupt`` for no entry."""
    row, record, body = _read(line)
    return row, search_text(record, body, sentence(record), link(line), translated), record.event


def _read(line: bytes) -> tuple[Row, Recorded, dict[str, Any]]:
    entry = parse_entry(line)
    record = parse_body(entry.sequence, entry.timestamp, entry.body)
    row = Row(
        sequence=record.sequence,
        timestamp=format_time(record.timestamp),
        status=record.status,
        kind=entry.body["kind"],
        rollback=record.rollback,
        step=entry.metadata.get("step"),
        actor=record.actor,
        role=record.role,
        verdict=_text(getattr(record.event, "verdict", None)),
        corrects=record.event.entry if isinstance(record.event, Corrected) else None,
        sentence=sentence(record),
        at=format_time(record.at),
        press=press_of(record.request_id),
        leader=record.sequence,
    )
    return row, record, entry.body


def _row_at(place: int, line: bytes, translated: Callable[[str], str] | None) -> tuple[Row, str, Event | None]:
    """The row of a place; a line that is no entry has one too: pages show it, marked (:func:`as_they_stand`)."""
    try:
        row, text, event = row_of(line, translated)
        return row._replace(sequence=place, leader=place), text, event
    except (Corrupt, RecursionError):
        said = line[:_SHOWN].decode("utf-8", "replace")
        return Row(place, "", "", "", "", None, "", "", "", None, said, "", "", place), folded(said), None


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
