"""The places of the SQLite store, and the hand of a stranger there: a plain connection, or one that edits the file."""

from __future__ import annotations

import contextlib
import resource
import signal
import sqlite3
import stat
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar

from ledger.store.contract import AccountStore, Locks, Log, RawLog, SnapshotStore, TimelineStore
from ledger.store.open import open_accounts, open_locks, open_log, open_snapshots, open_timeline, read_raw
from ledger.store.values import Difference, Receipt

from .contract.places import AccountsPlace, LocksPlace, LogPlace, Place, SnapshotsPlace, TimelinePlace, Value

T = TypeVar("T")
_PAGE = 4096
_OWNER = "(SELECT originator_id FROM stored_events ORDER BY rowid LIMIT 1)"


class _Files(Place):
    """Files of one folder."""

    path: Path

    def files(self) -> list[Path]:
        return sorted(self.path.parent.glob("*")) if self.path.parent.exists() else []

    def is_for_its_owner_alone(self) -> bool:
        """The folder keeps others out; the file itself does too, wherever it is moved."""
        return not any(stat.S_IMODE(one.stat().st_mode) & 0o077 for one in (self.path.parent, self.path))

    def deny_writes(self) -> None:
        """No file grows, wherever it lies: also root is told so."""
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, most))

    def allow_writes(self) -> None:
        _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))

    @contextlib.contextmanager
    def plain(self) -> Iterator[sqlite3.Connection]:
        """A connection that knows nothing of us."""
        with contextlib.closing(sqlite3.connect(self.path, isolation_level=None)) as connection:
            yield connection


@dataclass(frozen=True)
class SQLiteLogPlace(_Files, LogPlace):
    path: Path

    def open(self, *, create: bool = False, lock_timeout: float = 10.0) -> Log:
        return open_log(self.path, create=create, lock_timeout=lock_timeout)

    def look(self, read: Callable[[RawLog], T], *, live: bool = False) -> T:
        return read_raw(self.path, read, live=live)

    def kept(self) -> object:
        """Names and digests; of the memory that processes share while they have it open, the name alone.

        Read by another process: closing the files here would let go of the locks that SQLite has on them.
        """
        names = [str(one) for one in self.files()]
        told = [one for one in names if not one.endswith("-shm")]
        digests = told and subprocess.run(["sha256sum", "--", *told], capture_output=True, check=True).stdout
        return names, digests

    def leave_half_made(self) -> None:
        self.path.parent.mkdir(0o700)
        self.path.touch(0o600)

    @contextlib.contextmanager
    def stranger_holds_writers_up(self) -> Iterator[None]:
        with self.plain() as connection:
            connection.execute("BEGIN IMMEDIATE")
            yield
            connection.execute("ROLLBACK")

    def stranger_commits(self) -> None:
        self._unguarded("CREATE TABLE stranger (x)")

    def stranger_changes_line(self, sequence: int, value: Value) -> None:
        self._unguarded("UPDATE stored_events SET state = ? WHERE originator_version = ?", value, sequence)

    def stranger_removes_line(self, sequence: int) -> None:
        self._unguarded("DELETE FROM stored_events WHERE originator_version = ?", sequence)

    def stranger_adds_row(self, owner: str, sequence: int | None, status: str, line: Value) -> None:
        self._unguarded("INSERT INTO stored_events VALUES (?, ?, ?, ?)", owner, sequence, status, line)

    def stranger_adds_checkpoint(self, size: int, note: bytes) -> None:
        self._unguarded("INSERT INTO checkpoints VALUES (?, ?)", size, note)

    def stranger_adds_receipt(self, receipt: Receipt) -> None:
        self._unguarded("INSERT INTO requests VALUES (?, ?, ?, ?)", *receipt)

    def stranger_falsifies_appends(self) -> None:
        self._unguarded(
            "CREATE TRIGGER planted AFTER INSERT ON stored_events "
            "BEGIN UPDATE stored_events SET state = x'00' WHERE originator_version = NEW.originator_version; END"
        )

    def stranger_alters(self, what: Literal["missing", "changed", "foreign", "unreadable"]) -> Difference:
        with self.plain() as connection:
            if what == "foreign":
                connection.execute("CREATE TABLE stranger (x)")
                return Difference("foreign", "table", "stranger", False)
            if what == "unreadable":
                connection.execute("DROP TABLE requests")
                return Difference("missing", "table", "requests", True)
            connection.execute("DROP TRIGGER checkpoints_grow")
            if what == "changed":
                connection.execute("CREATE TRIGGER checkpoints_grow BEFORE INSERT ON checkpoints BEGIN SELECT 1; END")
            return Difference(what, "trigger", "checkpoints_grow", False)

    def stranger_hurts(self) -> None:
        with self.path.open("r+b") as stream:
            stream.seek(20 * _PAGE)
            stream.write(b"\xff" * 10 * _PAGE)

    def stranger_ruins(self) -> None:
        for file in self.files():
            if file != self.path:
                file.unlink()
        self.path.write_bytes(b"no database at all\n" * 1000)

    def stranger_removes(self) -> None:
        for file in self.path.parent.glob(f"{self.path.name}*"):
            file.unlink()

    def stranger_exchanges(self) -> None:
        copy = self.path.with_name("copy")
        with self.plain() as source, contextlib.closing(sqlite3.connect(copy)) as target:
            source.backup(target)
        self.stranger_removes()
        copy.rename(self.path)

    def _unguarded(self, statement: str, *values: Value) -> None:
        with self.plain() as connection:
            guards = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger' AND name <> 'planted'")
            for (name,) in guards.fetchall():
                connection.execute(f"DROP TRIGGER {name}")
            connection.execute(statement, values)


@dataclass(frozen=True)
class SQLiteLocksPlace(LocksPlace):
    folder: Path

    def open(self) -> Locks:
        return open_locks(self.folder)


@dataclass(frozen=True)
class SQLiteTimelinePlace(_Files, TimelinePlace):
    path: Path

    def open(self, origin: str, genesis: str) -> TimelineStore:
        return open_timeline(self.path, origin, genesis)

    def stranger_ruins(self) -> None:
        self.path.write_bytes(b"no database at all\n" * 1000)

    def leave_other_form(self) -> None:
        with self.plain() as connection:
            connection.execute("UPDATE ledger SET schema = schema + 1")


@dataclass(frozen=True)
class SQLiteSnapshotsPlace(_Files, SnapshotsPlace):
    path: Path

    def open(self) -> SnapshotStore:
        return open_snapshots(self.path)

    def stranger_ruins(self) -> None:
        self.path.write_bytes(b"no database at all\n" * 1000)


@dataclass(frozen=True)
class SQLiteAccountsPlace(_Files, AccountsPlace):
    path: Path

    def open(self) -> AccountStore:
        return open_accounts(self.path)

    def stranger_removes(self) -> None:
        self.path.unlink()
