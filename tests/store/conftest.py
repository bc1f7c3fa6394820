"""A log in a file of its own, and a plain connection to that file, as an intruder or a careless admin has it."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.store.sqlite.log import SQLiteLog

from .contract.common import append


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger" / "stage4.sqlite"


@pytest.fixture
def log(path: Path) -> Iterator[SQLiteLog]:
    with contextlib.closing(SQLiteLog(path, create=True)) as made:
        yield made


@pytest.fixture
def three(log: SQLiteLog) -> SQLiteLog:
    """A log of three lines, each with its checkpoint and receipt."""
    for line in (b"one", b"two", b"three"):
        append(log, line)
    return log


@pytest.fixture
def plain(log: SQLiteLog) -> Iterator[sqlite3.Connection]:
    """A connection that knows nothing of us."""
    with contextlib.closing(sqlite3.connect(log.path, isolation_level=None)) as connection:
        yield connection
