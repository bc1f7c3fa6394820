"""The timeline's read model: one row an entry in an SQLite file of mode 600 beside the ledger, for filters and search.

Disposable: it is deleted and filled again whenever it does not fit the ledger (another ledger, another schema, another
last entry, rows that are missing) or is damaged. Nothing is decided by it and nothing is proved by it.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ledger.errors import Unreachable
from ledger.files import make_folder
from ledger.said import Said
from ledger.store.contract import NotWritable
from ledger.store.sqlite.reading import takes_no_writes
from ledger.store.sqlite.timeline_filter import condition
from ledger.store.values import Filter, Head, Row

SCHEMA = 3
"""Number of this form of the file; another one is thrown away."""
_TABLES = """
CREATE TABLE entries (
  sequence INTEGER PRIMARY KEY, timestamp TEXT NOT NULL, status TEXT NOT NULL, kind TEXT NOT NULL,
  rollback TEXT NOT NULL, step INTEGER, actor TEXT NOT NULL, role TEXT NOT NULL, verdict TEXT NOT NULL,
  corrects INTEGER, sentence TEXT NOT NULL, at TEXT NOT NULL, press TEXT NOT NULL, leader INTEGER NOT NULL
);
CREATE TABLE texts (sequence INTEGER PRIMARY KEY, text TEXT NOT NULL);
CREATE INDEX by_time ON entries (timestamp);
CREATE INDEX by_rollback ON entries (rollback);
CREATE INDEX by_status ON entries (status);
CREATE INDEX by_kind ON entries (kind);
CREATE INDEX by_step ON entries (step);
CREATE INDEX by_actor ON entries (actor);
CREATE INDEX by_verdict ON entries (verdict);
CREATE INDEX by_leader ON entries (leader);
CREATE INDEX by_corrected ON entries (corrects) WHERE corrects IS NOT NULL;
CREATE TABLE ledger (schema INTEGER NOT NULL, origin TEXT NOT NULL, size INTEGER NOT NULL, head TEXT NOT NULL);
"""
_HEAD = (
    "SELECT schema, origin, size, head, "
    "(SELECT COUNT(*) FROM entries), (SELECT COALESCE(MIN(sequence), 1) FROM entries), "
    "(SELECT COALESCE(MAX(sequence), 0) FROM entries), (SELECT COALESCE(MIN(sequence), 1) FROM texts), "
    "(SELECT COALESCE(MAX(sequence), 0) FROM texts) FROM ledger"
)
_END = 2**62
_DAMAGED = ("malformed", "not a database", "no such table", "no such column")


class SQLiteTimeline:
    """The file: :class:`ledger.store.contract.TimelineStore` says what it promises."""

    def __init__(self, path: Path, origin: str, genesis: str) -> None:
        self.path = path
        self._empty = Head(origin, 0, genesis)
        make_folder(path.parent)

    def head(self) -> Head | None:
        """How far the file is; None where there is none of this schema and origin, or where a row of it is missing."""
        if not self.path.is_file():
            return None
        try:
            with self._connected() as connection:
                row = connection.execute(_HEAD).fetchone()
        except Unreachable:
            if self.path.is_file():
                raise
            return None  # it was damaged
        if not row or row[:2] != (SCHEMA, self._empty.origin):
            return None
        return Head(*row[1:4]) if row[4:] == (row[2], 1, row[2], 1, row[2]) else None

    def is_as_made(self) -> bool:
        """Whether the file has our tables and indices and nothing else, and SQLite finds that they agree."""
        wanted = "SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY name"
        with contextlib.closing(sqlite3.connect(":memory:")) as fresh:
            fresh.executescript(_TABLES)
            made = fresh.execute(wanted).fetchall()
        return self._fetch(wanted) == made and self._fetch("PRAGMA integrity_check") == [("ok",)]

    def stored(self, after: int, to: int) -> list[tuple[Row, str]]:
        """The rows with ``after < sequence <= to`` and their texts, in order, as they stand."""
        names = ", ".join(f"entries.{name}" for name in Row._fields)
        statement = (
            f"SELECT {names}, texts.text FROM entries LEFT JOIN texts USING (sequence) "  # noqa: S608
            "WHERE entries.sequence > ? AND entries.sequence <= ? ORDER BY entries.sequence"
        )
        return [(Row(*row[:-1]), row[-1]) for row in self._fetch(statement, (after, to))]

    def make(self) -> None:
        """Begin an empty file in place of whatever has the name."""
        try:
            for end in ("", "-wal", "-shm"):
                self.path.with_name(self.path.name + end).unlink(missing_ok=True)
            self.path.touch(mode=0o600)
        except OSError as error:
            raise NotWritable(Said("the timeline's file {} cannot be made: {}", self.path, error.strerror)) from error
        self.path.chmod(0o600)
        with self._connected() as connection:
            connection.execute("PRAGMA journal_mode = WAL")  # readers never wait for the build
            connection.executescript(_TABLES)
            connection.execute("INSERT INTO ledger VALUES (?, ?, ?, ?)", (SCHEMA, *self._empty))

    def add(self, before: Head, rows: Sequence[tuple[Row, str]], head: str) -> bool:
        """Append rows, each with the text in which words are searched; ``head`` is the last entry's.

        False where somebody else was quicker: the file no longer stands at ``before``.
        """
        with self._connected() as connection:
            connection.execute("BEGIN IMMEDIATE")
            if connection.execute("SELECT origin, size, head FROM ledger").fetchone() != tuple(before):
                return False
            marks = ", ".join("?" * len(Row._fields))
            connection.executemany(f"INSERT INTO entries VALUES ({marks})", (row for row, _ in rows))  # noqa: S608
            connection.executemany("INSERT INTO texts VALUES (?, ?)", ((row.sequence, text) for row, text in rows))
            connection.execute("UPDATE ledger SET size = size + ?, head = ?", (len(rows), head))
        return True

    def page(self, chosen: Filter, beyond: int | None, limit: int, *, newest_first: bool) -> list[Row]:
        """The next ``limit`` matching rows beyond a sequence, in order; the last page costs as much as the first."""
        where, values = condition(chosen)
        order = "sequence < ? ORDER BY sequence DESC" if newest_first else "sequence > ? ORDER BY sequence"
        edge = (_END if newest_first else 0) if beyond is None else beyond
        return self._entries(f"{where} AND {order} LIMIT ?", (*values, edge, limit))

    def leaders(self, chosen: Filter, beyond: int | None, limit: int, *, newest_first: bool) -> list[tuple[int, int]]:
        """The next ``limit`` leaders beyond one, in order, each with how many of its entries match, one at least."""
        where, values = condition(chosen)
        side, order = ("<", "DESC") if newest_first else (">", "ASC")
        rest = f"leader {side} ? GROUP BY leader ORDER BY leader {order} LIMIT ?"
        statement = f"SELECT leader, COUNT(*) FROM entries WHERE {where} AND {rest}"  # noqa: S608
        given = (_END if newest_first else 0) if beyond is None else beyond
        return [(int(leader), int(number)) for leader, number in self._fetch(statement, (*values, given, limit))]

    def members(self, leaders: Sequence[int]) -> list[Row]:
        """All entries that these lead, in order."""
        return self._entries(f"leader IN ({', '.join('?' * len(leaders))}) ORDER BY sequence", leaders)

    def sequences(self, chosen: Filter, limit: int) -> list[int]:
        """The first ``limit`` matching entries, the oldest first."""
        where, values = condition(chosen)
        statement = f"SELECT sequence FROM entries WHERE {where} ORDER BY sequence LIMIT ?"  # noqa: S608
        return [int(row[0]) for row in self._fetch(statement, (*values, limit))]

    def count(self, chosen: Filter, after: int = 0) -> int:
        """How many entries after a sequence match."""
        where, values = condition(chosen)
        rows = self._fetch(f"SELECT COUNT(*) FROM entries WHERE {where} AND sequence > ?", (*values, after))  # noqa: S608
        return int(rows[0][0])

    def neighbours(self, rollback: str, sequence: int) -> tuple[int | None, int | None]:
        """The entries of the same rollback before and after one."""
        statement = "SELECT {} FROM entries WHERE rollback = ? AND sequence {} ?"
        before = self._fetch(statement.format("MAX(sequence)", "<"), (rollback, sequence))
        after = self._fetch(statement.format("MIN(sequence)", ">"), (rollback, sequence))
        return before[0][0], after[0][0]

    def corrections(self, sequence: int) -> list[Row]:
        """The entries that correct one, in order."""
        return self._entries("corrects = ? ORDER BY sequence", (sequence,))

    def rollbacks(self, number: int = -1) -> list[str]:
        """Names of rollbacks, the newest first; at most ``number`` of them unless it is negative."""
        rows = self._fetch(
            "SELECT rollback FROM entries WHERE rollback != '' GROUP BY rollback ORDER BY MIN(rowid) DESC LIMIT ?",
            (number,),
        )
        return [str(row[0]) for row in rows]

    def _entries(self, rest: str, values: Sequence[object]) -> list[Row]:
        return [Row(*row) for row in self._fetch(f"SELECT {', '.join(Row._fields)} FROM entries WHERE {rest}", values)]  # noqa: S608

    def _fetch(self, statement: str, values: Sequence[object] = ()) -> list[Any]:
        with self._connected() as connection:
            return connection.execute(statement, values).fetchall()

    @contextlib.contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        try:
            with contextlib.closing(sqlite3.connect(self.path, timeout=5)) as connection, connection:
                yield connection
        except sqlite3.Error as error:
            if any(word in str(error) for word in _DAMAGED):
                self.path.unlink(missing_ok=True)
                raise Unreachable(
                    Said("the timeline in {} was damaged and is made anew: ask again", self.path)
                ) from error
            kind = NotWritable if takes_no_writes(error) else Unreachable
            raise kind(Said("the timeline in {} cannot be had: {}", self.path, error)) from error
