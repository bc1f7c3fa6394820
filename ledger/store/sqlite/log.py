"""The append-only log of one stage in an SQLite file: lines by sequence, checkpoints by size, receipts by request.

Writers queue: reading the tail, deciding and appending are one write transaction under a file lock and ``BEGIN
IMMEDIATE``. (Racing optimistically starves: measured, 16 processes gave up 81 of 4,622 commands; queued, none.)
"""

from __future__ import annotations

import contextlib
import errno
import functools
import os
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple
from uuid import NAMESPACE_URL, UUID, uuid5

from eventsourcing.persistence import IntegrityError, PersistenceError, StoredEvent
from eventsourcing.sqlite import SQLiteCursor

from ledger.errors import Corrupt, LedgerError, Unreachable
from ledger.files import lock, locked, make_folder
from ledger.store.reading import ReadOnly, Source, takes_no_writes
from ledger.store.recorder import BUSY, Datastore, LedgerRecorder, Receipt, connect

# One ledger, one owner: the first row's. Naming it lets the primary key's index find a sequence.
_OWNER = "(SELECT originator_id FROM stored_events ORDER BY rowid LIMIT 1)"
_SELECT = (
    f"SELECT state FROM stored_events WHERE originator_id = {_OWNER} "  # noqa: S608 (a constant)
    "AND originator_version > ? AND originator_version <= ? ORDER BY originator_version"
)
_CHOSEN = (
    f"SELECT state FROM stored_events WHERE originator_id = {_OWNER} "  # noqa: S608 (a constant)
    "AND originator_version IN ({}) ORDER BY originator_version"
)
_NUMBERED = (
    "SELECT originator_version, CAST(state AS BLOB) FROM stored_events "  # noqa: S608 (a constant)
    f"WHERE originator_id = {_OWNER} AND originator_version {{}} ORDER BY originator_version"
)
_SIZE = f"SELECT COALESCE(MAX(originator_version), 0) FROM stored_events WHERE originator_id = {_OWNER}"  # noqa: S608
_END = 2**62


class Line(NamedTuple):
    """One entry to be written."""

    sequence: int
    status: str
    data: bytes


class Mark(NamedTuple):
    """A state of the store as one connection knows it."""

    connection: int
    version: int
    """SQLite's ``data_version``: another number after every commit of anybody but this connection."""
    commits: int
    """This connection's own."""


class Log:
    """The store of one ledger. Thread-safe; any number of processes may have it open."""

    def __init__(self, path: Path, *, create: bool = False, lock_timeout: float = 10.0) -> None:
        if create:
            make_folder(path.parent)
        elif not _is_file(path):
            raise Unreachable(
                f"there is no ledger at {path}; make one with: stage4 init, or say where it is with --home DIR"
            )
        self.path = path
        self._lock = path.with_suffix(".lock")
        self._address = f"file:{path}?mode={'rwc' if create else 'rw'}"
        self._writer: sqlite3.Connection | None = None
        self._patience = 0.0
        self._opened = self._commits = 0
        self._lock_timeout = lock_timeout
        self._read_only = ReadOnly(path)
        self.source = Source()
        """Where the last rows came from."""
        with _translated(path):
            self._recorder = LedgerRecorder(Datastore(self._address, BUSY))
            if create:
                with locked(self._lock, lock_timeout):
                    self._recorder.create_table()
                path.chmod(0o600)
            self._identity = _identity(path)

    def close(self) -> None:
        """Close all connections."""
        self._recorder.datastore.close()
        self._read_only.close()
        self._drop_writer()

    def writing(self, timeout: float | None = None) -> Writing:
        """One write transaction, alone, as a context manager.

        Committed and flushed when the block ends; rolled back when it raises. Waits up to ``timeout`` seconds (the
        log's own by default) for other writers, then raises ``Unreachable``.
        """
        return Writing(self, timeout)

    def _begin(self, timeout: float | None) -> tuple[int, sqlite3.Cursor]:
        """The lock and a transaction. One connection is enough for all threads: the lock lets one at a time in."""
        descriptor = self._locked(self._lock_timeout if timeout is None else timeout)
        try:
            writer = self._connection(BUSY if timeout is None else timeout)
            return descriptor, writer.execute("BEGIN IMMEDIATE")
        except BaseException as error:
            self._end(descriptor, error)
            raise

    def _locked(self, timeout: float) -> int:
        try:
            return lock(self._lock, timeout)
        except Unreachable as error:
            cause = error.__cause__
            if isinstance(cause, OSError) and cause.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
                raise Unreachable(
                    f"the store {self.path} can only be read here, nothing was written: {cause.strerror}"
                ) from error
            raise

    def _connection(self, patience: float) -> sqlite3.Connection:
        """The connection that writes, waiting up to ``patience`` seconds for a stranger's lock."""
        if _identity(self.path) != self._identity:
            raise Unreachable(f"the store {self.path} was removed or exchanged while it was open; start again")
        if self._writer is None:
            self._writer, self._patience = connect(self._address, BUSY), float(BUSY)
            self._opened += 1
        if patience != self._patience:
            self._writer.execute(f"PRAGMA busy_timeout={round(patience * 1000)}")
            self._patience = patience
        return self._writer

    def _end(self, descriptor: int, error: BaseException | None) -> None:
        """Commit, or roll back where there is an ``error``, and let the lock go; the database's errors become ours."""
        try:
            if self._writer is not None and self._writer.in_transaction:
                self._writer.execute("COMMIT" if error is None else "ROLLBACK")
                self._commits += error is None
        except sqlite3.Error as failed:
            error = failed
        finally:
            ours = None if error is None else _ours(self.path, error)
            if ours is not None:
                self._drop_writer()  # what went wrong may be the connection itself
            os.close(descriptor)
        if ours is not None:
            raise ours from error

    def _drop_writer(self) -> None:
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.close()

    def lines(self, after: int = 0, to: int = _END, batch: int = 2_000) -> Iterator[bytes]:
        """The lines with ``after < sequence <= to``, in order; read in batches, so that memory stays bounded."""
        while True:
            found = self._fetch(_SELECT + " LIMIT ?", (after, to, batch))
            yield from (_blob(row) for row in found)
            after += len(found)
            if len(found) < batch:
                return

    def line(self, sequence: int) -> bytes | None:
        """One line, or None where the ledger is shorter."""
        found = self._fetch(_SELECT, (sequence - 1, sequence))
        return _blob(found[0]) if found else None

    def chosen(self, sequences: Sequence[int], batch: int = 500) -> Iterator[bytes]:
        """The lines of these sequences, in the ledger's order; those that are not there are left out."""
        for start in range(0, len(sequences), batch):
            part = sequences[start : start + batch]
            statement = _CHOSEN.format(", ".join("?" * len(part)))
            yield from (_blob(row) for row in self._fetch(statement, part))

    def numbered(self, sequences: Sequence[int], batch: int = 500) -> Iterator[tuple[int, bytes]]:
        """The lines that stand under these sequences, each with its row's own number, whatever the line claims."""
        for start in range(0, len(sequences), batch):
            part = sequences[start : start + batch]
            yield from map(_pair, self._fetch(_NUMBERED.format(f"IN ({', '.join('?' * len(part))})"), part))

    def numbered_after(self, sequence: int, batch: int = 2_000) -> Iterator[tuple[int, bytes]]:
        """All lines after a sequence with their rows' own numbers, in their order, also where rows are missing."""
        while found := self._fetch(_NUMBERED.format("> ?") + " LIMIT ?", (sequence, batch)):
            yield from map(_pair, found)
            sequence = found[-1][0]

    def size(self) -> int:
        """How many entries there are."""
        return int(self._fetch(_SIZE)[0][0])

    def newest_checkpoint(self, to: int = _END) -> bytes | None:
        """The signed note of the largest checkpoint of at most ``to`` entries, or None."""
        found = self._fetch("SELECT note FROM checkpoints WHERE size <= ? ORDER BY size DESC LIMIT 1", (to,))
        return bytes(found[0][0]) if found else None

    def newest_checkpoints(self, number: int) -> list[tuple[int, bytes]]:
        """The newest checkpoints, the largest first."""
        rows = self._fetch("SELECT size, note FROM checkpoints ORDER BY size DESC LIMIT ?", (number,))
        return [(int(size), bytes(note)) for size, note in rows]

    def checkpoints(self) -> Iterator[tuple[int, bytes]]:
        """All checkpoints ever signed, smallest first."""
        for size, note in self._fetch("SELECT size, note FROM checkpoints ORDER BY size"):
            yield int(size), bytes(note)

    def receipt(self, request_id: str) -> Receipt | None:
        """What a request was answered with, or None where it was never taken."""
        found = self._fetch("SELECT id, digest, first, last FROM requests WHERE id = ?", (request_id,))
        return Receipt(*found[0]) if found else None

    def receipts(self, start: str) -> list[Receipt]:
        """The receipts of all requests whose ids begin with ``start`` (ASCII), by id."""
        end = start[:-1] + chr(ord(start[-1]) + 1)
        found = self._fetch(
            "SELECT id, digest, first, last FROM requests WHERE id >= ? AND id < ? ORDER BY id", (start, end)
        )
        return [Receipt(*row) for row in found]

    def _fetch(self, statement: str, parameters: Sequence[object] = ()) -> list[sqlite3.Row]:
        """The rows. Reading needs no write: where the disk takes none, the file is opened read-only."""
        with _translated(self.path):
            if self._read_only.is_due:
                return self._read_only.fetch(statement, parameters)
            try:
                rows = self._fetch_as_usual(statement, parameters)
            except (sqlite3.Error, PersistenceError) as error:
                if not takes_no_writes(error):
                    raise
                return self._fetch_read_only(statement, parameters, error)
            self.source = Source()
            return rows

    def _fetch_as_usual(self, statement: str, parameters: Sequence[object]) -> list[sqlite3.Row]:
        with self._recorder.datastore.transaction(commit=False) as cursor:
            cursor.execute(statement, parameters)
            rows: list[sqlite3.Row] = cursor.fetchall()
            return rows

    def _fetch_read_only(self, statement: str, parameters: Sequence[object], error: Exception) -> list[sqlite3.Row]:
        try:
            rows = self._read_only.fetch(statement, parameters, str(error))
        except sqlite3.Error:
            raise error from None
        self.source = Source("store, read-only", str(error))
        return rows


class Writing:
    """A write transaction. Nothing is done before the block of :meth:`Log.writing` ends well.

    Written out rather than nested from context managers, which were a tenth of an append.
    """

    def __init__(self, log: Log, timeout: float | None) -> None:
        self._log = log
        self._timeout = timeout

    def __enter__(self) -> Writing:
        self._descriptor, self._cursor = self._log._begin(self._timeout)  # noqa: SLF001
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        self._log._end(self._descriptor, error)  # noqa: SLF001

    def continues(self, mark: Mark | None) -> bool:
        """Whether nobody has committed anything since the transaction that left ``mark``."""
        self._version = self._cursor.execute("PRAGMA data_version").fetchone()[0]
        return mark == self.mark

    @property
    def mark(self) -> Mark:
        """What the store is at now: for :meth:`continues` of a later transaction, asked for after this one's."""
        return Mark(self._log._opened, self._version, self._log._commits)  # noqa: SLF001

    def lines_after(self, sequence: int) -> list[bytes]:
        """All lines after ``sequence``."""
        self._cursor.execute(_SELECT, (sequence, _END))
        return [_blob(row) for row in self._cursor.fetchall()]

    def newest_checkpoint(self) -> bytes | None:
        """The newest signed note as this transaction sees it."""
        self._cursor.execute("SELECT note FROM checkpoints ORDER BY size DESC LIMIT 1")
        row = self._cursor.fetchone()
        return bytes(row[0]) if row else None

    def receipt(self, request_id: str) -> Receipt | None:
        """What the request was answered with before, or None."""
        self._cursor.execute("SELECT id, digest, first, last FROM requests WHERE id = ?", (request_id,))
        row = self._cursor.fetchone()
        return Receipt(*row) if row else None

    def insert(self, origin: str, lines: Sequence[Line], checkpoint: tuple[int, bytes], receipt: Receipt) -> None:
        """Insert entries, their checkpoint and the receipt; what the database then holds is compared with the bytes."""
        owner = _owner(origin)
        events = [StoredEvent(owner, line.sequence, line.status, line.data) for line in lines]
        self._log._recorder._insert_events(SQLiteCursor(self._cursor), events, checkpoint=checkpoint, receipt=receipt)  # noqa: SLF001


@functools.cache
def _owner(origin: str) -> UUID:
    return uuid5(NAMESPACE_URL, origin)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError as error:
        raise Unreachable(f"the store {path} cannot be read: {error.strerror}") from error


def _identity(path: Path) -> tuple[int, int]:
    """Device and inode: what the open connections write into, whatever has the name by now."""
    try:
        status = os.stat(path)  # noqa: PTH116  in every append, and twice as quick
    except OSError:
        return (0, 0)
    return status.st_dev, status.st_ino


def _pair(row: sqlite3.Row) -> tuple[int, bytes]:
    return row[0], row[1] if isinstance(row[1], bytes) else b""


def _blob(row: sqlite3.Row) -> bytes:
    if type(row[0]) is not bytes:
        raise Corrupt(f"a row of the store holds {type(row[0]).__name__} where an entry's bytes should be")
    return row[0]


@contextlib.contextmanager
def _translated(path: Path) -> Iterator[None]:
    """Turn the database's errors into ours: a constraint that spoke is ``Corrupt``, all else ``Unreachable``."""
    try:
        yield
    except (sqlite3.Error, PersistenceError) as error:
        raise _ours(path, error) or error from error


def _ours(path: Path, error: BaseException) -> LedgerError | None:
    """The error of ours that one of the database's means; None for any other."""
    if isinstance(error, (sqlite3.IntegrityError, sqlite3.NotSupportedError, IntegrityError)):
        return Corrupt(f"the store {path} refused: {error}")
    if not isinstance(error, (sqlite3.DatabaseError, PersistenceError)):
        return None
    if "malformed" in str(error) or "not a database" in str(error):
        return Corrupt(
            f"the store {path} is damaged: {error}. Keep the folders var and audit as they are and put back a copy of "
            "the store: see docs/recovery.md"
        )
    if takes_no_writes(error):
        return Unreachable(
            f"the store {path} cannot be used: {error}. Is its disk full, or mounted read-only? Nothing was written"
        )
    if "no such table" in str(error):
        return Unreachable(f"the store {path} has no tables: its init was interrupted. Run it again: stage4 init")
    return Unreachable(f"the store {path} cannot be used: {error}")
