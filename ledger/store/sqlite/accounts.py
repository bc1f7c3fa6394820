"""Password hashes and sessions, in an SQLite file of mode 600 beside the ledger. Nothing here is evidence.

People, roles and what they did are entries of the ledger; this file can be thrown away: everybody then needs a new
password.
"""

from __future__ import annotations

import contextlib
import functools
import os
import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple, ParamSpec, TypeVar

from ledger.errors import Unreachable
from ledger.files import make_folder, set_mode
from ledger.said import Said
from ledger.store.contract import NotWritable
from ledger.store.sqlite.reading import takes_no_writes
from ledger.store.sqlite.spare import Spare
from ledger.store.values import Account, SessionRow

P = ParamSpec("P")
T = TypeVar("T")

_TABLES = """
CREATE TABLE IF NOT EXISTS accounts (
  login TEXT PRIMARY KEY, person TEXT NOT NULL UNIQUE, hash TEXT NOT NULL, changed REAL NOT NULL, must_change INTEGER
);
CREATE TABLE IF NOT EXISTS sessions (
  token TEXT PRIMARY KEY, person TEXT NOT NULL, opened REAL NOT NULL, seen REAL NOT NULL, address TEXT, agent TEXT
);
CREATE INDEX IF NOT EXISTS sessions_of ON sessions (person);
CREATE TABLE IF NOT EXISTS failures (key TEXT NOT NULL, at REAL NOT NULL);
CREATE INDEX IF NOT EXISTS failures_of ON failures (key, at);
"""

_KEPT = 8
"""About how many connections wait for the next call."""
_NONE = (0, 0)
"""In place of a file's device and number: there is none, or an empty one."""
_SOON = 0.5
"""Seconds for what every request asks: the stop has two for everything."""


class _Kept(NamedTuple):
    """A connection that waits for the next call: the file that it is open on, and its busy time-out in seconds."""

    file: tuple[int, int]
    connection: sqlite3.Connection
    patience: float


def _also_in_memory(method: Callable[P, T]) -> Callable[P, T]:
    """What signing in and out writes: where the file takes no writes, it goes into a copy in memory."""

    @functools.wraps(method)
    def wrapped(*given: P.args, **named: P.kwargs) -> T:
        try:
            return method(*given, **named)
        except NotWritable:
            store = given[0]
            assert isinstance(store, SQLiteAccounts)
            if not store.has_spare():
                raise
            return method(*given, **named)

    return wrapped


def _account(row: tuple[str, str, str, float, int]) -> Account:
    login, person, hashed, changed, must_change = row
    return Account(login, person, hashed, changed, bool(must_change))


class SQLiteAccounts:
    """The tables: :class:`ledger.store.contract.AccountStore` says what they promise."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.made = 0
        """How often the tables were made here: more than once where the file was lost under a running server."""
        self._idle: deque[_Kept] = deque()
        self._spare: Spare | None = None
        self._making = threading.Lock()
        with self._connected() as connection:
            connection.executescript(_TABLES)  # what an older version did not have
        set_mode(path, path.stat().st_mode & 0o700)  # nobody else's

    def account(self, login: str) -> Account | None:
        """The account of a login name."""
        return self._one("SELECT * FROM accounts WHERE login = ?", login)

    def account_of(self, person: str) -> Account | None:
        """The account of a person."""
        return self._one("SELECT * FROM accounts WHERE person = ?", person)

    def accounts(self) -> list[Account]:
        """All accounts, by login name."""
        with self._connected() as connection:
            rows = connection.execute("SELECT * FROM accounts ORDER BY login").fetchall()
        return [_account(row) for row in rows]

    def put(self, account: Account) -> None:
        """Add an account or replace the one of the same person."""
        with self._connected(lasting=True) as connection:
            connection.execute("DELETE FROM accounts WHERE person = ?", (account.person,))
            connection.execute("INSERT INTO accounts VALUES (?, ?, ?, ?, ?)", account)

    def remove(self, person: str) -> None:
        """Forget an account and its sessions."""
        with self._connected(lasting=True) as connection:
            connection.execute("DELETE FROM accounts WHERE person = ?", (person,))
            connection.execute("DELETE FROM sessions WHERE person = ?", (person,))

    @_also_in_memory
    def open(self, session: SessionRow) -> None:
        """Remember a new session."""
        with self._connected() as connection:
            connection.execute("INSERT INTO sessions VALUES (?, ?, ?, ?, ?, ?)", session)

    def session(self, token: str) -> SessionRow | None:
        """A session by its token."""
        with self._connected(_SOON) as connection:
            row = connection.execute("SELECT * FROM sessions WHERE token = ?", (token,)).fetchone()
        return SessionRow(*row) if row else None

    def session_of(self, token: str) -> tuple[SessionRow, Account | None] | None:
        """A session by its token and its person's account: what every request asks."""
        statement = (
            "SELECT sessions.*, accounts.* FROM sessions LEFT JOIN accounts ON accounts.person = sessions.person "
            "WHERE sessions.token = ?"
        )
        with self._connected(_SOON) as connection:
            row = connection.execute(statement, (token,)).fetchone()
        if row is None:
            return None
        size = len(SessionRow._fields)
        return SessionRow(*row[:size]), _account(row[size:]) if row[size] is not None else None

    def sessions(self, person: str) -> list[SessionRow]:
        """A person's sessions, newest first."""
        with self._connected() as connection:
            rows = connection.execute("SELECT * FROM sessions WHERE person = ? ORDER BY opened DESC", (person,))
            return [SessionRow(*row) for row in rows.fetchall()]

    def touch(self, token: str, at: float) -> None:
        """The session was used."""
        with self._connected(_SOON) as connection:
            connection.execute("UPDATE sessions SET seen = ? WHERE token = ?", (at, token))

    def rename(self, token: str, fresh: str) -> None:
        """The session goes on under another token."""
        with self._connected(lasting=True) as connection:
            connection.execute("UPDATE sessions SET token = ? WHERE token = ?", (fresh, token))

    @_also_in_memory
    def end(self, token: str) -> None:
        """End one session."""
        with self._connected() as connection:
            connection.execute("DELETE FROM sessions WHERE token = ?", (token,))

    @_also_in_memory
    def end_all(self, person: str, but: str = "") -> int:
        """End a person's sessions, except one; returns how many there were."""
        with self._connected() as connection:
            ended = connection.execute("DELETE FROM sessions WHERE person = ? AND token != ?", (person, but))
            return ended.rowcount

    def seen(self) -> dict[str, float]:
        """Person -> when a session of theirs was used last."""
        with self._connected() as connection:
            return dict(connection.execute("SELECT person, MAX(seen) FROM sessions GROUP BY person").fetchall())

    @_also_in_memory
    def forget_before(self, opened: float) -> None:
        """Drop sessions that were opened before a time, and failures as old."""
        with self._connected() as connection:
            connection.execute("DELETE FROM sessions WHERE opened < ?", (opened,))
            connection.execute("DELETE FROM failures WHERE at < ?", (opened,))

    @_also_in_memory
    def attempt(self, key: str, at: float, since: float, limit: int) -> bool:
        """Count a try under a key, unless there were ``limit`` since a time: then False."""
        with self._connected() as connection:
            connection.execute("BEGIN IMMEDIATE")
            row = connection.execute("SELECT COUNT(*) FROM failures WHERE key = ? AND at > ?", (key, since)).fetchone()
            if int(row[0]) >= limit:
                return False
            connection.execute("INSERT INTO failures VALUES (?, ?)", (key, at))
        return True

    @_also_in_memory
    def forgive(self, key: str, at: float) -> None:
        """Take back one try."""
        with self._connected() as connection:
            connection.execute(
                "DELETE FROM failures WHERE rowid = (SELECT rowid FROM failures WHERE key = ? AND at = ? LIMIT 1)",
                (key, at),
            )

    @_also_in_memory
    def clear(self, key: str) -> None:
        """Forget a key's failures."""
        with self._connected() as connection:
            connection.execute("DELETE FROM failures WHERE key = ?", (key,))

    def clear_ending(self, end: str) -> None:
        """Forget the failures of every key with that end."""
        with self._connected() as connection:
            connection.execute("DELETE FROM failures WHERE substr(key, -length(?)) = ?", (end, end))

    def _one(self, statement: str, value: str) -> Account | None:
        with self._connected(_SOON) as connection:
            row = connection.execute(statement, (value,)).fetchone()
        return _account(row) if row else None

    def has_spare(self) -> bool:
        """Whether there is a copy in memory now, for what the file does not take."""
        with self._making:
            try:
                self._spare = self._spare or Spare(self.path)
            except sqlite3.Error:
                return False
        return True

    @contextlib.contextmanager
    def _connected(self, patience: float = 5.0, *, lasting: bool = False) -> Iterator[sqlite3.Connection]:
        """One transaction on a connection that nobody else uses meanwhile; every request asks, so they are kept.

        ``patience`` is how many seconds somebody else's lock is waited for; ``lasting`` is what only the file may take.
        """
        spare = self._spare
        if spare is not None and spare.goes_back():
            spare = self._spare = None
        if spare is not None and not lasting:
            with spare.guard, spare.connection:
                yield spare.connection
            return
        try:
            kept = self._take()
            try:
                if kept.patience != patience:
                    kept.connection.execute(f"PRAGMA busy_timeout = {round(patience * 1000)}")
                with kept.connection:
                    yield kept.connection
            finally:
                self._put_back(kept._replace(patience=patience))
        except sqlite3.Error as error:
            kind = NotWritable if takes_no_writes(error) else Unreachable
            raise kind(Said("the accounts in {} cannot be had: {}", self.path, error)) from error

    def _take(self) -> _Kept:
        """A kept connection, unless the name is another file's by now; a file that is gone or empty is made anew."""
        file = self._file()
        with contextlib.suppress(IndexError):
            while True:
                kept = self._idle.pop()
                if kept.file == file:
                    return kept
                kept.connection.close()
        if file != _NONE:
            return _Kept(file, sqlite3.connect(self.path, check_same_thread=False), -1.0)
        connection = self._make()
        return _Kept(self._file(), connection, -1.0)

    def _make(self) -> sqlite3.Connection:
        """The file with mode 600 from its first moment, whatever the umask, and its tables: by one thread, once."""
        with self._making:
            lost = self._file() == _NONE
            if lost:
                try:
                    make_folder(self.path.parent)
                    descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
                    os.fchmod(descriptor, 0o600)
                    os.close(descriptor)
                except OSError as error:
                    raise Unreachable(
                        Said("the accounts in {} cannot be had: {}", self.path, error.strerror)
                    ) from error
            connection = sqlite3.connect(self.path, check_same_thread=False)
            if lost:
                connection.executescript(_TABLES)
                self.made += 1
        return connection

    def _put_back(self, kept: _Kept) -> None:
        if len(self._idle) < _KEPT:
            self._idle.append(kept)
        else:
            kept.connection.close()

    def _file(self) -> tuple[int, int]:
        try:
            status = os.stat(self.path)  # noqa: PTH116  (for every request, and twice as quick)
        except FileNotFoundError:
            return _NONE
        except OSError as error:
            raise Unreachable(Said("the accounts in {} cannot be had: {}", self.path, error.strerror)) from error
        return (status.st_dev, status.st_ino) if status.st_size else _NONE
