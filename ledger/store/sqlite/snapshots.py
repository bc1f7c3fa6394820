"""The snapshot of one ledger's state in an SQLite file of mode 600 beside it. Disposable."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ledger.errors import Unreachable
from ledger.files import make_folder
from ledger.store.contract import NotWritable
from ledger.store.sqlite.reading import takes_no_writes

_TABLES = """
CREATE TABLE IF NOT EXISTS snapshot (id INTEGER PRIMARY KEY CHECK (id = 1), bytes BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS rollbacks (digest BLOB PRIMARY KEY, bytes BLOB NOT NULL) STRICT, WITHOUT ROWID;
"""
_PATIENCE = 0.5
"""Seconds that somebody else's lock is waited for: without a snapshot it only takes longer."""
_DAMAGED = ("malformed", "not a database", "no such table", "no such column")


class SQLiteSnapshots:
    """The file: :class:`ledger.store.contract.SnapshotStore` says what it promises.

    Its journal is a rollback journal, so that it can be read where nothing can be written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def newest(self) -> bytes | None:
        """The snapshot that was saved last."""
        return self._one("SELECT bytes FROM snapshot")

    def rollback(self, digest: bytes) -> bytes | None:
        """A closed rollback."""
        return self._one("SELECT bytes FROM rollbacks WHERE digest = ?", (digest,))

    def save(self, snapshot: bytes, rollbacks: Mapping[bytes, bytes]) -> None:
        """One transaction; a file that is damaged is made anew first."""
        try:
            self._save(snapshot, rollbacks)
        except sqlite3.Error as error:
            if not any(words in str(error) for words in _DAMAGED):
                raise self._ours(error) from error
            try:
                self.path.unlink(missing_ok=True)
                self._save(snapshot, rollbacks)
            except (sqlite3.Error, OSError) as failed:
                raise self._ours(failed) from failed
        except OSError as error:
            raise self._ours(error) from error

    def _save(self, snapshot: bytes, rollbacks: Mapping[bytes, bytes]) -> None:
        make_folder(self.path.parent)
        os.close(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600))
        with self._connected("rw") as connection:
            connection.execute("PRAGMA synchronous = OFF")
            for statement in _TABLES.split(";"):
                connection.execute(statement)
            connection.executemany("INSERT OR IGNORE INTO rollbacks VALUES (?, ?)", rollbacks.items())
            connection.execute("INSERT OR REPLACE INTO snapshot VALUES (1, ?)", (snapshot,))

    def _one(self, statement: str, parameters: Sequence[object] = ()) -> bytes | None:
        if not self.path.is_file():
            return None
        try:
            with self._connected("ro") as connection:
                row: Any = connection.execute(statement, parameters).fetchone()
        except sqlite3.Error as error:
            raise self._ours(error) from error
        return row[0] if row and isinstance(row[0], bytes) else None

    @contextlib.contextmanager
    def _connected(self, mode: str) -> Iterator[sqlite3.Connection]:
        address = f"{self.path.absolute().as_uri()}?mode={mode}"
        with contextlib.closing(sqlite3.connect(address, uri=True, timeout=_PATIENCE)) as connection, connection:
            connection.execute("PRAGMA trusted_schema = OFF")
            yield connection

    def _ours(self, error: Exception) -> Unreachable:
        kind = NotWritable if isinstance(error, OSError) or takes_no_writes(error) else Unreachable
        return kind(f"the snapshot in {self.path} cannot be had: {error}")
