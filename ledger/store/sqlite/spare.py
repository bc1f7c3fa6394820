"""Sessions in memory while their file takes no writes: who knows a password still gets in, to read and to stop.

Only what signing in and out needs; accounts and passwords are never changed here. When the file takes writes again, who
came in meanwhile stays and who left stays out.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from pathlib import Path

_AGAIN = 2.0
"""Seconds between two tries to go back to the file."""


class Spare:
    """A copy of the file in memory. ``sqlite3.Error`` where the file cannot even be read."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.guard = threading.RLock()
        self.connection = sqlite3.connect(":memory:", check_same_thread=False)
        source = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)
        try:
            source.backup(self.connection)
        finally:
            source.close()
        self._before = self._sessions().keys()
        self._until = time.monotonic() + _AGAIN

    def goes_back(self) -> bool:
        """Whether the file takes writes again, and now has what happened meanwhile. Asks every few seconds."""
        with self.guard:
            if time.monotonic() < self._until:
                return False
            self._until = time.monotonic() + _AGAIN
            now = self._sessions()
            ended = [(token,) for token in self._before - now.keys()]
            begun = [row for token, row in now.items() if token not in self._before]
            try:
                file = sqlite3.connect(f"{self._path.as_uri()}?mode=rw", uri=True)  # a lost one is not made here
                try:
                    with file:
                        file.executemany("DELETE FROM sessions WHERE token = ?", ended)
                        file.executemany("INSERT OR IGNORE INTO sessions VALUES (?, ?, ?, ?, ?, ?)", begun)
                        # One write for sure: a file that takes none is not gone back to.
                        file.execute("INSERT INTO failures VALUES ('', 0)")
                        file.execute("DELETE FROM failures WHERE key = ''")
                finally:
                    file.close()
            except sqlite3.Error:
                return False
            return True

    def _sessions(self) -> dict[str, tuple[object, ...]]:
        return {row[0]: row for row in self.connection.execute("SELECT * FROM sessions")}
