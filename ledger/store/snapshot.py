"""A store as it stands at one moment, read by a connection of its own that changes nothing, not even a file beside it.

Everything is read as it is found, also what our own code never wrote: rows of another owner, other types, no key.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar
from uuid import NAMESPACE_URL, uuid5

from ledger.errors import Corrupt, LedgerError, Unreachable
from ledger.store.recorder import BUSY, Receipt

T = TypeVar("T")
_BATCH = 500
_ROW = "SELECT originator_id, originator_version, topic, typeof(state), CAST(state AS BLOB) FROM stored_events"
_OURS = f"{_ROW} WHERE originator_id = ? AND originator_version"
_DAMAGED = ("malformed", "not a database", "no such table", "no such column", "utf-8", "corrupt")


class StoredRow(NamedTuple):
    """One row of the table of entries, its columns as they stand there."""

    owner: str
    sequence: int | None
    """The key column; None where it holds no number."""
    status: str
    kind: str
    """SQLite's type of the line: ``blob`` in every row that our code wrote."""
    line: bytes


def owner_of(origin: str) -> str:
    """What the column ``originator_id`` holds in every row of the ledger with this origin: 32 hex digits."""
    return uuid5(NAMESPACE_URL, origin).hex


class Snapshot:
    """One read transaction over a store. Valid inside :func:`read_store` alone."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def first_owner(self) -> str:
        """The owner of the first row, by which the ledger finds all others; ``""`` where there is no row."""
        found = self._connection.execute("SELECT originator_id FROM stored_events ORDER BY rowid LIMIT 1").fetchone()
        return _text(found[0]) if found else ""

    def count(self, owner: str, after: int = 0) -> int:
        """How many rows the owner has after a sequence."""
        statement = "SELECT COUNT(*) FROM stored_events WHERE originator_id = ? AND originator_version > ?"
        return int(self._connection.execute(statement, (owner, after)).fetchone()[0])

    def rows(self, owner: str, after: int = 0) -> Iterator[StoredRow]:
        """An owner's rows after a sequence, in the order of the sequence."""
        yield from map(_row, self._each(f"{_OURS} > ? ORDER BY originator_version", (owner, after)))

    def row(self, owner: str, sequence: int) -> StoredRow | None:
        """One row."""
        found = self._connection.execute(f"{_OURS} = ?", (owner, sequence)).fetchone()
        return _row(found) if found else None

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
        """The checkpoints of more than ``after`` entries, smallest first: the row's own size, and the note."""
        statement = "SELECT size, CAST(note AS BLOB) FROM checkpoints WHERE size > ? ORDER BY size"
        for size, note in self._each(statement, (after,)):
            yield int(size), bytes(note)

    def newest_checkpoint(self) -> bytes | None:
        """The note of the largest checkpoint."""
        found = self._connection.execute("SELECT CAST(note AS BLOB) FROM checkpoints ORDER BY size DESC LIMIT 1")
        row = found.fetchone()
        return bytes(row[0]) if row else None

    def receipts(self, after: int = 0) -> Iterator[Receipt]:
        """The receipts of requests whose first entry comes after a sequence, in the order of their entries."""
        statement = "SELECT id, digest, first, last FROM requests WHERE first > ? ORDER BY first, last, id"
        for name, digest, first, last in self._each(statement, (after,)):
            yield Receipt(_text(name), _text(digest), int(first), int(last))

    def damage(self, most: int = 5) -> list[str]:
        """What SQLite itself finds wrong with the file's structure: pages, keys, order."""
        found = self._connection.execute(f"PRAGMA integrity_check({most})").fetchall()
        return [text for (text,) in ((_text(row[0]),) for row in found) if text != "ok"]

    def _each(self, statement: str, parameters: Sequence[object]) -> Iterator[tuple[Any, ...]]:
        cursor = self._connection.execute(statement, parameters)
        while batch := cursor.fetchmany(_BATCH):
            yield from batch


def read_store(path: Path, read: Callable[[Snapshot], T], *, live: bool = False) -> T:
    """What ``read`` makes of one moment of the store; it may be called a second time, and then counts alone.

    ``Unreachable`` where there is no store or it cannot be opened, ``Corrupt`` where SQLite cannot read it. Where the
    write-ahead log is empty the file is read alone, and nothing is made beside it; should somebody write meanwhile, it
    is read again with that log (sqlite.org/wal.html, "Read-Only Databases"). ``live``: this process has it open anyway.
    """
    before = _looks(path)
    if not before[-1] and not live:
        error: LedgerError | None = None
        try:
            found = _read(path, "mode=ro&immutable=1", read)
        except LedgerError as failed:
            error = failed
        if _looks(path) == before:
            if error is not None:
                raise error
            return found
    return _read(path, "mode=ro", read)


def _read(path: Path, way: str, read: Callable[[Snapshot], T]) -> T:
    try:
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?{way}", uri=True, isolation_level=None, timeout=BUSY)
    except sqlite3.Error as error:
        raise _ours(path, error) from error
    try:
        connection.text_factory = bytes
        connection.execute("PRAGMA query_only=ON")
        connection.execute("PRAGMA trusted_schema=OFF")
        connection.execute("BEGIN")
        return read(Snapshot(connection))
    except sqlite3.Error as error:
        raise _ours(path, error) from error
    finally:
        connection.close()


def _looks(path: Path) -> tuple[int, ...]:
    """Inode, size and time of the file, and the size of its write-ahead log."""
    try:
        status = os.stat(path)  # noqa: PTH116
    except OSError as error:
        raise Unreachable(
            f"there is no ledger at {path} ({error.strerror}); make one with: stage4 init, or say where it is with "
            "--home DIR"
        ) from error
    try:
        log = os.stat(f"{path}-wal").st_size  # noqa: PTH116
    except OSError:
        log = 0
    return status.st_ino, status.st_size, status.st_mtime_ns, log


def _ours(path: Path, error: sqlite3.Error) -> LedgerError:
    if any(words in str(error).lower() for words in _DAMAGED):
        return Corrupt(f"the store {path} is damaged: {error}")
    return Unreachable(f"the store {path} cannot be read: {error}")


def _row(found: Sequence[object]) -> StoredRow:
    owner, sequence, status, kind, line = found
    number = sequence if isinstance(sequence, int) else None
    return StoredRow(_text(owner), number, _text(status), _text(kind), line if isinstance(line, bytes) else b"")


def _text(value: object) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return "" if value is None else str(value)
