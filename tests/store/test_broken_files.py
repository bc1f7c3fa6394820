"""What is wrong with the database's file is said in our words: Corrupt where bytes lie, Unreachable where none are."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ledger.errors import Corrupt, LedgerError, Unreachable
from ledger.store.sqlite.log import SQLiteLog

from .contract.common import append

PAGE = 4096


def refuses_plainly(kind: type[LedgerError], path: Path, read: Callable[[], object]) -> str:
    """The sentence, which names the file."""
    with pytest.raises(kind) as caught:
        read()
    assert str(path) in str(caught.value)
    return str(caught.value)


def test_no_file_is_unreachable(path: Path) -> None:
    refuses_plainly(Unreachable, path, lambda: SQLiteLog(path))


def test_a_folder_in_its_place_is_unreachable(path: Path) -> None:
    path.mkdir(parents=True)
    refuses_plainly(Unreachable, path, lambda: SQLiteLog(path))


@pytest.mark.parametrize("read", [SQLiteLog.size, lambda log: list(log.lines()), lambda log: log.line(1)])
def test_a_file_that_is_no_database_is_corrupt(path: Path, read: Callable[[SQLiteLog], object]) -> None:
    path.parent.mkdir()
    path.write_bytes(b"decision log\n" * 1000)
    with contextlib.closing(SQLiteLog(path)) as log:
        refuses_plainly(Corrupt, path, lambda: read(log))


def test_writing_to_a_file_that_is_no_database_is_corrupt(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"decision log\n" * 1000)
    with contextlib.closing(SQLiteLog(path)) as log, pytest.raises(Corrupt), log.transaction():
        pytest.fail("no transaction begins on such a file")
    assert path.read_bytes() == b"decision log\n" * 1000


def test_a_database_without_our_tables_is_an_error_of_ours(path: Path) -> None:
    path.parent.mkdir()
    path.touch()
    with contextlib.closing(SQLiteLog(path)) as log:
        refuses_plainly(LedgerError, path, log.size)


@pytest.fixture
def damaged(log: SQLiteLog, path: Path) -> Iterator[SQLiteLog]:
    """A log of a hundred long lines; its pages in the middle are overwritten while it is closed."""
    append(log, *(b"%04d" % n * 500 for n in range(100)))
    log.close()
    size = path.stat().st_size
    assert size > 40 * PAGE
    with path.open("r+b") as stream:
        stream.seek(20 * PAGE)
        stream.write(b"\xff" * 10 * PAGE)
    with contextlib.closing(SQLiteLog(path)) as again:
        yield again


def test_reading_a_damaged_page_is_corrupt(damaged: SQLiteLog, path: Path) -> None:
    refuses_plainly(Corrupt, path, lambda: list(damaged.lines()))


def test_a_writer_that_reads_a_damaged_page_is_told_so(damaged: SQLiteLog) -> None:
    with pytest.raises(Corrupt, match="damaged"), damaged.transaction() as writing:
        writing.lines_after(0)


def test_a_damaged_head_of_the_file_is_corrupt(log: SQLiteLog, path: Path) -> None:
    append(log, b"one")
    log.close()
    with path.open("r+b") as stream:
        stream.seek(100)
        stream.write(b"\xff" * (PAGE - 100))
    with contextlib.closing(SQLiteLog(path)) as again:
        refuses_plainly(Corrupt, path, again.size)


@pytest.mark.parametrize("value", ["CAST(state AS TEXT)", "replace(state, 'two', 'two')", "NULL", "5", "5.5"])
def test_a_line_that_is_no_longer_bytes_is_corrupt(three: SQLiteLog, plain: sqlite3.Connection, value: str) -> None:
    """SQLite has no column types: an edit by hand leaves text where bytes stood."""
    plain.execute("DROP TRIGGER stored_events_no_update")
    plain.execute(f"UPDATE stored_events SET state = {value} WHERE originator_version = 2")
    for read in (lambda: list(three.lines()), lambda: three.line(2)):
        try:
            found = read()
        except Corrupt:
            continue
        assert found in ([b"one", b"two", b"three"], b"two")  # the same bytes as text are the same bytes


@pytest.fixture(scope="module")
def locked_out(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, BaseException | None, float, int]:
    """Another program holds the database's own lock; how a writer with a second of patience fares."""
    path = tmp_path_factory.mktemp("locked") / "stage4.sqlite"
    error: BaseException | None = None
    with (
        contextlib.closing(SQLiteLog(path, create=True)) as log,
        contextlib.closing(sqlite3.connect(path, isolation_level=None)) as foreign,
    ):
        append(log, b"one")
        foreign.execute("BEGIN EXCLUSIVE")
        began = time.monotonic()
        try:
            with log.transaction(timeout=1.0):
                pass
        except Exception as caught:
            error = caught
        elapsed = time.monotonic() - began
        size_while_locked = log.size()
        foreign.execute("ROLLBACK")
        append(log, b"two")
    return path, error, elapsed, size_while_locked


def test_a_foreign_lock_is_unreachable(locked_out: tuple[Path, BaseException | None, float, int]) -> None:
    path, error, _, _ = locked_out
    assert isinstance(error, Unreachable)
    assert str(path) in str(error)


def test_a_foreign_lock_keeps_nobody_from_reading(locked_out: tuple[Path, BaseException | None, float, int]) -> None:
    assert locked_out[3] == 1


def test_a_writer_gives_up_in_the_time_it_was_given(locked_out: tuple[Path, BaseException | None, float, int]) -> None:
    """The stop's whole budget is two seconds (docs/runbook.md): SQLite's own patience counts too."""
    assert locked_out[2] < 2.0


def test_a_writer_gives_up_in_time_also_when_others_read_before_it(three: SQLiteLog, path: Path) -> None:
    """The pool hands out its connections in turn: the patience must be that of the one that writes."""
    with contextlib.ExitStack() as stack:
        for _ in range(4):
            stack.enter_context(three._recorder.datastore.transaction(commit=False))
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as foreign:
        foreign.execute("BEGIN EXCLUSIVE")
        began = time.monotonic()
        with pytest.raises(Unreachable), three.transaction(timeout=0.2):
            pytest.fail("somebody else writes")
        assert time.monotonic() - began < 2.0
        foreign.execute("ROLLBACK")


def test_a_hurried_writer_leaves_the_patience_of_the_others_as_it_was(three: SQLiteLog) -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(4):
            stack.enter_context(three._recorder.datastore.transaction(commit=False))
    with three.transaction(timeout=0.2):
        pass
    with contextlib.ExitStack() as stack:
        for _ in range(4):
            cursor = stack.enter_context(three._recorder.datastore.transaction(commit=False))
            cursor.execute("PRAGMA busy_timeout")
            assert cursor.fetchone()[0] == 5000


def test_a_store_whose_folder_is_gone_is_unreachable(three: SQLiteLog, path: Path) -> None:
    shutil.rmtree(path.parent)
    with pytest.raises(Unreachable), three.transaction():
        pytest.fail("there is nothing to write to")


def test_a_store_that_was_deleted_under_a_running_ledger_takes_no_more(three: SQLiteLog, path: Path) -> None:
    """The open connections would write into a file that has no name any more, and call it done."""
    for file in path.parent.glob("stage4.sqlite*"):
        file.unlink()
    with pytest.raises(LedgerError):
        append(three, b"four", after=3)


def test_a_store_that_was_exchanged_under_a_running_ledger_takes_no_more(three: SQLiteLog, path: Path) -> None:
    """A backup is put back while a server runs: it must not go on in the old file, others in the new."""
    with (
        contextlib.closing(sqlite3.connect(path)) as source,
        contextlib.closing(sqlite3.connect(f"{path}.2")) as target,
    ):
        source.backup(target)
    for file in path.parent.glob("stage4.sqlite-*"):
        file.unlink()
    Path(f"{path}.2").rename(path)
    with contextlib.suppress(LedgerError):
        append(three, b"four", after=3)
        with contextlib.closing(SQLiteLog(path)) as again:
            assert again.line(4) == b"four"
