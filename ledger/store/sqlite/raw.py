"""A store as it stands at one moment, read by a connection of its own that changes nothing, not even a file beside it.

Everything is read as it is found, also what our own code never wrote: rows of another owner, other types, no key.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

from ledger.errors import Corrupt, LedgerError, Unreachable
from ledger.said import Said
from ledger.store.sqlite.apart import look, read_copy
from ledger.store.sqlite.made import Made, differences
from ledger.store.sqlite.reading import takes_no_writes
from ledger.store.sqlite.recorder import BUSY
from ledger.store.values import Difference, Receipt, StoredRow

T = TypeVar("T")
_BATCH = 500
_ROW = "SELECT originator_id, originator_version, topic, typeof(state), CAST(state AS BLOB) FROM stored_events"
_OURS = f"{_ROW} WHERE originator_id = ? AND originator_version"
_DAMAGED = ("malformed", "not a database", "no such table", "no such column", "utf-8", "corrupt")


class SQLiteRawLog:
    """One read transaction over a store. Valid inside :func:`read_raw` alone."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def first_owner(self) -> str:
        """The owner of the first row, by which the ledger finds all others; ``""`` where there is no row."""
        row = self._connection.execute("SELECT originator_id FROM stored_events ORDER BY rowid LIMIT 1").fetchone()
        return _text(row[0]) if row else ""

    def count(self, owner: str, after: int = 0) -> int:
        """How many rows the owner has after a sequence."""
        statement = "SELECT COUNT(*) FROM stored_events WHERE originator_id = ? AND originator_version > ?"
        return int(self._connection.execute(statement, (owner, after)).fetchone()[0])

    def rows(self, owner: str, after: int = 0) -> Iterator[StoredRow]:
        """An owner's rows after a sequence, in the order of the sequence."""
        yield from map(_row, self._each(f"{_OURS} > ? ORDER BY originator_version", (owner, after)))

    def row(self, owner: str, sequence: int) -> StoredRow | None:
        """One row."""
        row = self._connection.execute(f"{_OURS} = ?", (owner, sequence)).fetchone()
        return _row(row) if row else None

    def others(self, owner: str) -> tuple[int, str]:
        """How many rows belong to somebody else or to no place at all, and whose the first one is."""
        statement = (
            "SELECT COUNT(*), MIN(COALESCE(originator_id, '')) FROM stored_events "
            "WHERE originator_id IS NOT ? OR typeof(originator_version) IS NOT 'integer' OR originator_version < 1"
        )
        number, name = self._connection.execute(statement, (owner,)).fetchone()
        return int(number), _text(name)

    def of_status(self, owner: str, status: str) -> Iterator[StoredRow]:
        """An owner's rows of one status, in no order."""
        yield from map(_row, self._each(f"{_OURS} > 0 AND topic = ?", (owner, status)))

    def checkpoints(self, after: int = 0) -> Iterator[tuple[int, bytes]]:
        """The checkpoints of more than ``after`` entries, smallest first: the row's own size, and the note.

        Those of no entries and of fewer come too, before all others: there are none of ours.
        """
        statement = "SELECT size, CAST(note AS BLOB) FROM checkpoints WHERE size > ? OR size < 1 ORDER BY size"
        for size, note in self._each(statement, (after,)):
            yield _number(size), note if isinstance(note, bytes) else b""

    def newest_checkpoint(self) -> bytes | None:
        """The note of the largest checkpoint."""
        cursor = self._connection.execute("SELECT CAST(note AS BLOB) FROM checkpoints ORDER BY size DESC LIMIT 1")
        row = cursor.fetchone()
        return bytes(row[0] or b"") if row else None

    def receipts(self, after: int = 0) -> Iterator[Receipt]:
        """The receipts of requests whose first entry comes after a sequence, in the order of their entries.

        Those whose first entry can be none come too, before all others.
        """
        statement = "SELECT id, digest, first, last FROM requests WHERE first > ? OR first < 1 ORDER BY first, last, id"
        for name, digest, first, last in self._each(statement, (after,)):
            yield Receipt(_text(name), _text(digest), _number(first), _number(last))

    def is_blank(self) -> bool:
        """Whether there is nothing at all, not even a table."""
        return not self._made()

    def differences(self) -> Iterator[Difference]:
        """What of its tables, triggers, indices and views is missing, changed or nothing of ours."""
        return differences(self._made())

    def _made(self) -> list[Made]:
        rows = self._connection.execute("SELECT type, name, sql FROM sqlite_schema").fetchall()
        return [Made(*map(_text, row)) for row in rows]

    def damage(self, most: int = 5) -> list[str]:
        """What SQLite itself finds wrong with the file's structure: pages, keys, order."""
        rows = self._connection.execute(f"PRAGMA integrity_check({most})").fetchall()
        return [text for (text,) in ((_text(row[0]),) for row in rows) if text != "ok"]

    def _each(self, statement: str, parameters: Sequence[object]) -> Iterator[tuple[Any, ...]]:
        cursor = self._connection.execute(statement, parameters)
        while batch := cursor.fetchmany(_BATCH):
            yield from batch


def read_raw(path: Path, read: Callable[[SQLiteRawLog], T], *, live: bool = False) -> T:
    """What ``read`` makes of one moment of the store; it may be called again, and then its last answer alone counts.

    ``Unreachable`` where there is no store or it cannot be opened, ``Corrupt`` where SQLite cannot read it. What is
    read is what whoever opens it next will read, and nothing beside it is changed: the file alone while nothing lies
    beside it (``immutable``; sqlite.org/wal.html, "Read-Only Databases"), else through what lies there; in a copy where
    that cannot be done without writing. ``live``: this process has it open anyway.
    """
    before = look(path)
    # Beside an empty file there is nothing to be read through: whoever opens it throws that away.
    if not (live or before.log or before.journal) or not before.size:
        answer = _attempt(lambda: _read(before.path, "mode=ro&immutable=1", read, path))
        if look(path) == before:
            return answer()
    if before.log and not live and not os.path.exists(f"{before.path}-shm"):  # noqa: PTH110
        return read_copy(path, lambda copy: _read(copy, "mode=rw", read, path))  # reading it there would make that file
    try:
        return _read(before.path, "mode=ro", read, path)
    except Unreachable as error:
        if error.__cause__ is None or not takes_no_writes(error.__cause__):
            raise
    return read_copy(path, lambda copy: _read(copy, "mode=rw", read, path))


def _attempt(read: Callable[[], T]) -> Callable[[], T]:
    """Its answer or its error, for later: what was read while somebody wrote may be neither."""
    try:
        answer = read()
    except LedgerError as error:
        failed = error

        def fail() -> T:
            raise failed

        return fail
    return lambda: answer


def _read(path: Path, way: str, read: Callable[[SQLiteRawLog], T], told: Path) -> T:
    """``told`` is the path that errors name."""
    try:
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?{way}", uri=True, isolation_level=None, timeout=BUSY)
    except sqlite3.Error as error:
        raise _ours(told, error) from error
    try:
        connection.text_factory = bytes
        connection.execute("PRAGMA query_only=ON")
        connection.execute("PRAGMA trusted_schema=OFF")
        connection.execute("BEGIN")
        return read(SQLiteRawLog(connection))
    except sqlite3.Error as error:
        raise _ours(told, error) from error
    finally:
        connection.close()


def _ours(path: Path, error: sqlite3.Error) -> LedgerError:
    if any(words in str(error).lower() for words in _DAMAGED):
        return Corrupt(Said("the store {} is damaged: {}", path, error))
    return Unreachable(Said("the store {} cannot be read: {}", path, error))


def _row(row: Sequence[object]) -> StoredRow:
    owner, sequence, status, kind, line = row
    number = sequence if isinstance(sequence, int) else None
    return StoredRow(_text(owner), number, _text(status), _text(kind), line if isinstance(line, bytes) else b"")


def _number(value: object) -> int:
    """A number of a column that holds nothing else in every row that our code wrote; else one that no row has."""
    return value if isinstance(value, int) else -1


def _text(value: object) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return "" if value is None else str(value)
