"""What an error of the database means to whoever uses the store."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from eventsourcing.persistence import IntegrityError, PersistenceError

from ledger.errors import Corrupt, LedgerError, Unreachable
from ledger.said import Said
from ledger.store.contract import NotWritable, Unmade
from ledger.store.sqlite.reading import takes_no_writes


@contextlib.contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn the database's errors into ours: a constraint that spoke is ``Corrupt``, all else ``Unreachable``."""
    try:
        yield
    except (sqlite3.Error, PersistenceError) as error:
        raise ours(path, error) or error from error


def ours(path: Path, error: BaseException) -> LedgerError | None:
    """The error of ours that one of the database's means; None for any other."""
    if isinstance(error, (sqlite3.IntegrityError, sqlite3.NotSupportedError, IntegrityError)):
        return Corrupt(Said("the store {} refused: {}", path, error))
    if not isinstance(error, (sqlite3.DatabaseError, PersistenceError)):
        return None
    if "malformed" in str(error) or "not a database" in str(error):
        return Corrupt(
            Said(
                "the store {} is damaged: {}. Keep the folders var and audit as they are and put back a "
                "copy of the store: see docs/recovery.md",
                path,
                error,
            )
        )
    if takes_no_writes(error):
        return NotWritable(
            Said(
                "the store {} cannot be used: {}. Is its disk full, or mounted read-only? Nothing was written",
                path,
                error,
            )
        )
    if "no such table" in str(error):
        return Unmade(Said("the store {} has no tables: its init was interrupted. Run it again: stage4 init", path))
    return Unreachable(Said("the store {} cannot be used: {}", path, error))
