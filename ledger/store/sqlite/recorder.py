"""eventsourcing's SQLite recorder, with the checkpoint and the receipt in the same transaction as the entries.

The library's class paths are not used: ``topic`` is the status, ``state`` the line, and nothing read from the database
decides what Python imports.
"""

from __future__ import annotations

import sqlite3

from eventsourcing.persistence import InterfaceError
from eventsourcing.sqlite import (
    SQLiteApplicationRecorder,
    SQLiteConnection,
    SQLiteConnectionPool,
    SQLiteDatastore,
)

from ledger.store.sqlite.schema import TABLES, TRIGGERS

BUSY = 5
"""Seconds that SQLite waits for a stranger's lock; our own writers queue before that."""


def connect(db_name: str, timeout: float) -> sqlite3.Connection:
    """A connection that flushes every commit, and waits up to ``timeout`` seconds for strangers' locks.

    The library's own connections cache one prepared statement; ours prepare each statement once.
    """
    plain = sqlite3.connect(db_name, uri=True, check_same_thread=False, isolation_level=None, timeout=timeout)
    plain.row_factory = sqlite3.Row
    plain.execute("PRAGMA journal_mode=WAL")
    plain.execute("PRAGMA synchronous=FULL")  # WAL's own default may lose the last commits at a power cut
    plain.execute("PRAGMA trusted_schema=OFF")
    return plain


class _Pool(SQLiteConnectionPool):
    def _create_connection(self) -> SQLiteConnection:
        try:
            return SQLiteConnection(connect(self.db_name, self.lock_timeout or 0), self.max_age)
        except sqlite3.Error as error:
            raise InterfaceError(error) from error


class Datastore(SQLiteDatastore):
    """The library's datastore over connections that flush every commit."""

    def __init__(self, db_name: str, lock_timeout: int) -> None:
        super().__init__(db_name, lock_timeout=lock_timeout)
        self.pool.close()
        self.pool = _Pool(db_name=db_name, lock_timeout=lock_timeout)


class LedgerRecorder(SQLiteApplicationRecorder):
    """Inserts entries together with ``checkpoint=(size, note)`` and ``receipt=Receipt``; reads back what it wrote."""

    def construct_create_table_statements(self) -> list[str]:
        """The library's table, ours, and the triggers that guard them all."""
        return [*super().construct_create_table_statements(), *TABLES, *TRIGGERS]
