"""Opens the stores of a home: the one place that says which database keeps them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from ledger.store.contract import AccountStore, Locks, Log, RawLog, SnapshotStore, TimelineStore
from ledger.store.sqlite import raw
from ledger.store.sqlite.accounts import SQLiteAccounts
from ledger.store.sqlite.locks import FileLocks
from ledger.store.sqlite.log import SQLiteLog
from ledger.store.sqlite.published import PublishedLog
from ledger.store.sqlite.snapshots import SQLiteSnapshots
from ledger.store.sqlite.timeline import SQLiteTimeline

T = TypeVar("T")


def open_log(path: Path, *, create: bool = False, lock_timeout: float = 10.0) -> Log:
    """The log of one ledger; ``Unreachable`` where there is none and it is not to be created."""
    return SQLiteLog(path, create=create, lock_timeout=lock_timeout)


def open_published(path: Path, lines: Sequence[bytes], checkpoint: tuple[int, bytes] | None, why: str) -> Log:
    """Published lines in the place of the log at ``path``, which cannot be read (``why``); it takes no writes.

    Whoever opens it has verified the lines. Its source is ``published lines``.
    """
    return PublishedLog(path, lines, checkpoint, why)


def open_timeline(path: Path, origin: str, genesis: str) -> TimelineStore:
    """The timeline's read model of the ledger with an origin; ``genesis`` is the head of an empty one."""
    return SQLiteTimeline(path, origin, genesis)


def open_snapshots(path: Path) -> SnapshotStore:
    """The snapshots of one ledger's state."""
    return SQLiteSnapshots(path)


def open_accounts(path: Path) -> AccountStore:
    """The accounts of a home, made where there are none."""
    return SQLiteAccounts(path)


def open_locks(folder: Path) -> Locks:
    """The locks of a ledger of a home."""
    return FileLocks(folder)


def read_raw(path: Path, read: Callable[[RawLog], T], *, live: bool = False) -> T:
    """What ``read`` makes of one moment of a log; it may be called again, and then its last answer alone counts.

    Nothing is changed, not even beside it. ``live``: this process has it open anyway. ``Unreachable`` where there is
    none or it cannot be opened, ``Corrupt`` where the database cannot read it.
    """
    return raw.read_raw(path, read, live=live)
