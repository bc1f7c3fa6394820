"""Reading a store on a disk that takes no writes: full, read-only, or somebody else's.

SQLite's write-ahead log wants a shared-memory file even of readers. Where none can be made the file is opened
read-only: ``mode=ro``, which uses what is there, else ``immutable=1``, which looks at nothing but the database file and
is right only while nothing lies beside it: a write-ahead log (sqlite.org/wal.html, "Read-Only Databases"), or the
journal of an unfinished write (sqlite.org/lockingv3.html, "Hot journals").
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
import time
from collections.abc import Sequence
from pathlib import Path

_AGAIN = 1.0
"""Seconds after which the ordinary way is tried again."""
_NO_WRITES = (
    "unable to open database file",
    "disk I/O error",
    "attempt to write a readonly database",
    "database or disk is full",
)


def takes_no_writes(error: BaseException) -> bool:
    """Whether the database's error may mean no more than that nothing can be written."""
    return any(words in str(error) for words in _NO_WRITES)


class ReadOnly:
    """One connection that never writes, opened again whenever the file looks different. Thread-safe."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._guard = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._looked: tuple[int, ...] = ()
        self._until = 0.0
        self.why = ""

    @property
    def is_due(self) -> bool:
        """Whether this is how to read for now: it was needed a moment ago, and the file has not changed since."""
        return self._connection is not None and time.monotonic() < self._until and self._looks() == self._looked

    def fetch(self, statement: str, parameters: Sequence[object], why: str = "") -> list[sqlite3.Row]:
        """The rows; ``why`` says what is wrong with the ordinary way. ``sqlite3.Error`` where this fails too."""
        with self._guard:
            if why or self._connection is None:
                self._open(statement, parameters)
                self._until, self.why = time.monotonic() + _AGAIN, why or self.why
            assert self._connection is not None
            rows: list[sqlite3.Row] = self._connection.execute(statement, parameters).fetchall()
            return rows

    def close(self) -> None:
        """Close the connection."""
        with self._guard:
            self._drop()

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _open(self, statement: str, parameters: Sequence[object]) -> None:
        self._drop()
        self._looked = self._looks()
        ways = ["mode=ro"] if any(self._looked[2:]) else ["mode=ro", "mode=ro&immutable=1"]
        for way in ways:
            connection = sqlite3.connect(f"{self._path.as_uri()}?{way}", uri=True, check_same_thread=False)
            try:
                connection.row_factory = sqlite3.Row
                connection.execute("PRAGMA trusted_schema=OFF")
                connection.execute(statement, parameters).fetchone()
            except sqlite3.Error:
                connection.close()
                if way == ways[-1]:
                    raise
            else:
                self._connection = connection
                return

    def _looks(self) -> tuple[int, ...]:
        """Size and time of the file, and the sizes of its write-ahead log and of an unfinished write's journal."""
        looks = [0, 0, 0, 0]
        with contextlib.suppress(OSError):
            status = os.stat(self._path)  # noqa: PTH116
            looks[:2] = status.st_size, status.st_mtime_ns
        for place, end in ((2, "wal"), (3, "journal")):  # beside the file itself, not beside a link to it
            with contextlib.suppress(OSError):
                looks[place] = os.stat(f"{os.path.realpath(self._path)}-{end}").st_size  # noqa: PTH116
        return tuple(looks)
