"""A log in a file of its own, and a plain connection to that file, as an intruder or a careless admin has it."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.store.log import Line, Log
from ledger.store.recorder import Receipt

ORIGIN = "stage4-ledger.invalid/stage4/0123456789abcdef"


def append(log: Log, *lines: bytes, after: int | None = None) -> None:
    """Append lines in one transaction, with a checkpoint and a receipt as the ledger does."""
    first = (log.size() if after is None else after) + 1
    numbered = [Line(first + n, "status", line) for n, line in enumerate(lines)]
    last = numbered[-1].sequence
    with log.writing() as writing:
        writing.insert(ORIGIN, numbered, (last, b"note %d" % last), Receipt(f"r-{first}", "digest", first, last))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger" / "stage4.sqlite"


@pytest.fixture
def log(path: Path) -> Iterator[Log]:
    with contextlib.closing(Log(path, create=True)) as made:
        yield made


@pytest.fixture
def three(log: Log) -> Log:
    """A log of three lines, each with its checkpoint and receipt."""
    for line in (b"one", b"two", b"three"):
        append(log, line)
    return log


@pytest.fixture
def plain(log: Log) -> Iterator[sqlite3.Connection]:
    """A connection that knows nothing of us."""
    with contextlib.closing(sqlite3.connect(log.path, isolation_level=None)) as connection:
        yield connection
