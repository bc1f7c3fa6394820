"""The published lines in the place of a store that cannot be read: a log in memory that takes no writes."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from ledger.errors import Unreachable
from ledger.said import Said
from ledger.store.sqlite.log import SQLiteLog
from ledger.store.values import Source

_TABLES = """
CREATE TABLE stored_events (originator_id TEXT, originator_version INTEGER PRIMARY KEY, state BLOB);
CREATE TABLE checkpoints (size INTEGER PRIMARY KEY, note BLOB);
CREATE TABLE requests (id TEXT PRIMARY KEY, digest TEXT, first INTEGER, last INTEGER);
"""


class PublishedLog(SQLiteLog):
    """Reads like the log of a store. Whoever makes it has verified the lines."""

    def __init__(self, path: Path, lines: Sequence[bytes], checkpoint: tuple[int, bytes] | None, why: str) -> None:
        """``path`` is the store that cannot be read, ``why`` the reason."""
        self.path = path
        self.source = Source("published lines", why)
        self._guard = threading.Lock()
        self._lines = sqlite3.connect(":memory:", check_same_thread=False)
        self._lines.row_factory = sqlite3.Row
        self._lines.executescript(_TABLES)
        rows = (("published", number, line) for number, line in enumerate(lines, 1))
        self._lines.executemany("INSERT INTO stored_events VALUES (?, ?, ?)", rows)
        if checkpoint is not None:
            self._lines.execute("INSERT INTO checkpoints VALUES (?, ?)", checkpoint)

    def close(self) -> None:
        """Forget the lines."""
        with self._guard:
            self._lines.close()

    def _begin(self, timeout: float | None) -> NoReturn:
        raise Unreachable(Said("the store {} cannot be used ({}). Nothing was written", self.path, self.source.why))

    def _fetch(self, statement: str, parameters: Sequence[object] = ()) -> list[sqlite3.Row]:
        with self._guard:
            return self._lines.execute(statement, parameters).fetchall()
