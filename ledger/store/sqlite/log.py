"""The append-only log of one stage in an SQLite file: lines by sequence, checkpoints by size, receipts by request.

Writers queue: reading the tail, deciding and appending are one write transaction under a file lock and ``BEGIN
IMMEDIATE``. (Racing optimistically starves: measured, 16 processes gave up 81 of 4,622 commands; queued, none.)
"""

from __future__ import annotations

import errno
import math
import os
import sqlite3
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from eventsourcing.persistence import PersistenceError

from ledger.errors import Corrupt, LedgerError, Unreachable
from ledger.files import lock, locked, make_folder
from ledger.said import Said
from ledger.store.contract import NotWritable
from ledger.store.sqlite.failures import ours, translated
from ledger.store.sqlite.reading import ReadOnly, takes_no_writes
from ledger.store.sqlite.recorder import BUSY, Datastore, LedgerRecorder, connect
from ledger.store.values import Line, Mark, Receipt, Source, owner_of

# One ledger, one owner: the first row's. Naming it lets the primary key's index find a sequence.
_OWNER = "(SELECT originator_id FROM stored_events ORDER BY rowid LIMIT 1)"
_SELECT = (
    f"SELECT originator_version, state FROM stored_events WHERE originator_id = {_OWNER} "  # noqa: S608 (a constant)
    "AND originator_version > ? AND originator_version <= ? ORDER BY originator_version"
)
_NUMBERED = (
    "SELECT originator_version, CASE WHEN typeof(state) = 'blob' THEN state ELSE x'' END FROM stored_events "  # noqa: S608
    f"WHERE originator_id = {_OWNER} AND originator_version {{}} ORDER BY originator_version"
)
_WRITTEN = (
    "SELECT state FROM stored_events WHERE originator_id = ? AND originator_version BETWEEN ? AND ? "
    "ORDER BY originator_version"
)
_SIZE = f"SELECT COALESCE(MAX(originator_version), 0) FROM stored_events WHERE originator_id = {_OWNER}"  # noqa: S608
_END = 2**62


class _Mark(NamedTuple):
    """A state of the store as one connection knows it."""

    log: object
    """The log object whose connection it is: another one's counts are others."""
    connection: int
    version: int
    """SQLite's ``data_version``: another number after every commit of anybody but this connection."""
    commits: int
    """This connection's own."""


class SQLiteLog:
    """The log of one ledger: :class:`ledger.store.contract.Log` says what it promises."""

    def __init__(self, path: Path, *, create: bool = False, lock_timeout: float = 10.0) -> None:
        if create:
            make_folder(path.parent)
            _touch(path)
        elif not _is_file(path):
            raise Unreachable(
                Said("there is no ledger at {}; make one with: stage4 init, or say where it is with --home DIR", path)
            )
        self.path = path
        self._lock = path.with_suffix(".lock")
        self._address = f"file:{path}?mode={'rwc' if create else 'rw'}"
        self._writer: sqlite3.Connection | None = None
        self._patience = 0.0
        self._opened = self._commits = 0
        self._token = object()
        self._lock_timeout = lock_timeout
        self._read_only = ReadOnly(path)
        self.source = Source()
        """Where the last rows came from."""
        with translated(path):
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

    def transaction(self, timeout: float | None = None) -> SQLiteTransaction:
        """One write transaction, alone, as a context manager.

        Committed and flushed when the block ends; rolled back when it raises. Waits up to ``timeout`` seconds (the
        log's own by default) for other writers, then raises ``Unreachable``.
        """
        return SQLiteTransaction(self, timeout)

    def _begin(self, timeout: float | None) -> tuple[int, sqlite3.Cursor]:
        """The lock and a transaction. One connection is enough for all threads: the lock lets one at a time in."""
        timeout = self._lock_timeout if timeout is None else timeout
        begun = time.monotonic()
        descriptor = self._locked(timeout)
        try:
            writer = self._connection(_tenths(timeout - (time.monotonic() - begun)))
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
                raise NotWritable(
                    Said("the store {} can only be read here, nothing was written: {}", self.path, cause.strerror)
                ) from error
            raise

    def _connection(self, patience: float) -> sqlite3.Connection:
        """The connection that writes, waiting up to ``patience`` seconds for a stranger's lock."""
        if _identity(self.path) != self._identity:
            raise Unreachable(Said("the store {} was removed or exchanged while it was open; start again", self.path))
        if self._writer is None:
            self._writer, self._patience = connect(self._address, BUSY), float(BUSY)
            self._opened += 1
        if patience != self._patience:
            self._writer.execute(f"PRAGMA busy_timeout={round(patience * 1000)}")
            self._patience = patience
        return self._writer

    def _end(self, descriptor: int, error: BaseException | None) -> int:
        """Commit, or roll back where there is an ``error``, and let the lock go; the database's errors become ours.

        How many commits the connection has made when it lets go.
        """
        try:
            if self._writer is not None and self._writer.in_transaction:
                self._writer.execute("COMMIT" if error is None else "ROLLBACK")
                self._commits += error is None
        except sqlite3.Error as failed:
            error = failed
        finally:
            failure = None if error is None else ours(self.path, error)
            if failure is not None:
                self._drop_writer()  # what went wrong may be the connection itself
            commits = self._commits
            os.close(descriptor)
        if failure is not None:
            raise failure from error
        return commits

    def _drop_writer(self) -> None:
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.close()

    def lines(self, after: int = 0, to: int = _END, batch: int = 2_000) -> Iterator[bytes]:
        """The lines with ``after < sequence <= to``, in order; read in batches, so that memory stays bounded."""
        while rows := self._fetch(_SELECT + " LIMIT ?", (after, to, batch)):
            yield from (_blob(row[1]) for row in rows)
            after = rows[-1][0]

    def line(self, sequence: int) -> bytes | None:
        """One line, or None where the ledger is shorter."""
        rows = self._fetch(_SELECT, (sequence - 1, sequence))
        return _blob(rows[0][1]) if rows else None

    def numbered(self, sequences: Sequence[int], batch: int = 500) -> Iterator[tuple[int, bytes]]:
        """The lines that stand under these sequences, each with its row's own number, whatever the line claims."""
        for start in range(0, len(sequences), batch):
            part = sequences[start : start + batch]
            yield from map(_pair, self._fetch(_NUMBERED.format(f"IN ({', '.join('?' * len(part))})"), part))

    def numbered_after(self, sequence: int, batch: int = 2_000) -> Iterator[tuple[int, bytes]]:
        """All lines after a sequence with their rows' own numbers, in their order, also where rows are missing."""
        while rows := self._fetch(_NUMBERED.format("> ?") + " LIMIT ?", (sequence, batch)):
            yield from map(_pair, rows)
            sequence = rows[-1][0]

    def size(self) -> int:
        """How many entries there are."""
        return int(self._fetch(_SIZE)[0][0])

    def newest_checkpoint(self, to: int = _END) -> bytes | None:
        """The signed note of the largest checkpoint of at most ``to`` entries, or None."""
        rows = self._fetch("SELECT note FROM checkpoints WHERE size <= ? ORDER BY size DESC LIMIT 1", (to,))
        return bytes(rows[0][0]) if rows else None

    def newest_checkpoints(self, number: int) -> list[tuple[int, bytes]]:
        """The newest checkpoints, the largest first."""
        rows = self._fetch("SELECT size, note FROM checkpoints ORDER BY size DESC LIMIT ?", (number,))
        return [(int(size), bytes(note)) for size, note in rows]

    def checkpoints(self) -> Iterator[tuple[int, bytes]]:
        """All checkpoints ever signed, smallest first."""
        for size, note in self._fetch("SELECT size, note FROM checkpoints ORDER BY size"):
            yield int(size), bytes(note)

    def receipts(self, start: str) -> list[Receipt]:
        """The receipts of all requests whose ids begin with ``start`` (ASCII), by id."""
        end = start[:-1] + chr(ord(start[-1]) + 1)
        rows = self._fetch(
            "SELECT id, digest, first, last FROM requests WHERE id >= ? AND id < ? ORDER BY id", (start, end)
        )
        return [Receipt(*row) for row in rows]

    def _fetch(self, statement: str, parameters: Sequence[object] = ()) -> list[sqlite3.Row]:
        """The rows. Reading needs no write: where the disk takes none, the file is opened read-only."""
        with translated(self.path):
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


class SQLiteTransaction:
    """A write transaction: :class:`ledger.store.contract.Transaction` says what it promises.

    Written out rather than nested from context managers, which were a tenth of an append.
    """

    def __init__(self, log: SQLiteLog, timeout: float | None) -> None:
        self._log = log
        self._timeout = timeout
        self._version: int | None = None
        self._left: Mark | None = None

    def __enter__(self) -> SQLiteTransaction:
        self._descriptor, self._cursor = self._log._begin(self._timeout)  # noqa: SLF001
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        version = self._version
        commits = self._log._end(self._descriptor, error)  # noqa: SLF001
        if version is not None:
            self._left = self._marked(version, commits)

    def continues(self, mark: Mark | None) -> bool:
        """Whether nobody has committed anything since the transaction that left ``mark``."""
        return mark == self.mark

    @property
    def mark(self) -> Mark:
        """What the store is at: inside the block before its commit, after the block with what it committed."""
        if self._left is not None:
            return self._left
        if self._version is None:
            self._version = int(self._execute("PRAGMA data_version").fetchone()[0])
        return self._marked(self._version, self._log._commits)  # noqa: SLF001

    def _marked(self, version: int, commits: int) -> Mark:
        return Mark(_Mark(self._log._token, self._log._opened, version, commits))  # noqa: SLF001

    def lines_after(self, sequence: int) -> list[bytes]:
        """All lines after ``sequence``."""
        return [_blob(row[1]) for row in self._execute(_SELECT, (sequence, _END)).fetchall()]

    def newest_checkpoint(self) -> bytes | None:
        """The newest signed note as this transaction sees it."""
        row = self._execute("SELECT note FROM checkpoints ORDER BY size DESC LIMIT 1").fetchone()
        return bytes(row[0]) if row else None

    def receipt(self, request_id: str) -> Receipt | None:
        """What the request was answered with before, or None."""
        row = self._execute("SELECT id, digest, first, last FROM requests WHERE id = ?", (request_id,)).fetchone()
        return Receipt(*row) if row else None

    def append(self, origin: str, lines: Sequence[Line], checkpoint: tuple[int, bytes], receipt: Receipt) -> None:
        """Insert entries, their checkpoint and the receipt; what the database then holds is compared with the bytes."""
        self._execute("SAVEPOINT append")
        try:
            self._append(owner_of(origin), lines, checkpoint, receipt)
        except LedgerError:
            self._execute("ROLLBACK TO append")
            raise
        finally:
            self._execute("RELEASE append")

    def _append(self, owner: str, lines: Sequence[Line], checkpoint: tuple[int, bytes], receipt: Receipt) -> None:
        first, last = lines[0].sequence, lines[-1].sequence
        for line in lines:
            row = (owner, line.sequence, line.status, line.data)
            self._execute("INSERT INTO stored_events VALUES (?, ?, ?, ?)", row)
        rows = self._execute(_WRITTEN, (owner, first, last)).fetchall()
        if [bytes(row[0]) for row in rows] != [line.data for line in lines]:
            raise Corrupt(
                Said(
                    "the store does not hold entries {} to {} as they were written; nothing was committed", first, last
                )
            )
        self._execute("INSERT INTO checkpoints VALUES (?, ?)", checkpoint)
        self._execute("INSERT INTO requests VALUES (?, ?, ?, ?)", receipt)

    def _execute(self, statement: str, parameters: Sequence[object] = ()) -> sqlite3.Cursor:
        try:
            return self._cursor.execute(statement, parameters)
        except sqlite3.Error as error:
            raise ours(self._log.path, error) or error from error


def _touch(path: Path) -> None:
    """The file with its mode before anything is in it: what SQLite keeps beside it gets the same."""
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    except OSError as error:
        raise Unreachable(Said("the store {} cannot be made: {}", path, error.strerror)) from error


def _tenths(seconds: float) -> float:
    """A time to wait, the same number for nearly the same time, and never less than nothing."""
    return max(0.0, math.ceil(seconds * 10) / 10)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError as error:
        raise Unreachable(Said("the store {} cannot be read: {}", path, error.strerror)) from error


def _identity(path: Path) -> tuple[int, int]:
    """Device and inode: what the open connections write into, whatever has the name by now."""
    try:
        status = os.stat(path)  # noqa: PTH116  in every append, and twice as quick
    except OSError:
        return (0, 0)
    return status.st_dev, status.st_ino


def _pair(row: sqlite3.Row) -> tuple[int, bytes]:
    return row[0], row[1] if isinstance(row[1], bytes) else b""


def _blob(value: object) -> bytes:
    if type(value) is not bytes:
        raise Corrupt(Said("a row of the store holds {} where an entry's bytes should be", type(value).__name__))
    return value
