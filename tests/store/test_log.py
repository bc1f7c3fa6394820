"""What of the log is SQLite's own: its pragmas, its connections, its pieces and its files."""

from __future__ import annotations

import contextlib
import shutil
import stat
from pathlib import Path

import pytest

from ledger.errors import Unreachable
from ledger.store.open import read_raw
from ledger.store.sqlite.log import SQLiteLog

from .contract.appending import left_by
from .contract.common import append

FULL = 2


def pragmas(log: SQLiteLog) -> set[tuple[object, ...]]:
    """What the library's own pooled connections say, three of them at once."""
    found = set()
    with contextlib.ExitStack() as stack:
        for _ in range(3):
            cursor = stack.enter_context(log._recorder.datastore.transaction(commit=False))
            row = []
            for name in ("synchronous", "journal_mode", "trusted_schema"):
                cursor.execute(f"PRAGMA {name}")
                row.append(cursor.fetchone()[0])
            found.add(tuple(row))
    return found


def test_every_pooled_connection_flushes_each_commit_in_wal_mode(log: SQLiteLog) -> None:
    assert pragmas(log) == {(FULL, "wal", 0)}


def test_so_does_every_connection_of_a_log_opened_again(three: SQLiteLog) -> None:
    with contextlib.closing(SQLiteLog(three.path)) as again:
        assert pragmas(again) == {(FULL, "wal", 0)}


def test_so_does_the_connection_that_writes(log: SQLiteLog) -> None:
    with log.transaction() as writing:
        writing._cursor.execute("PRAGMA synchronous")
        assert writing._cursor.fetchone()[0] == FULL


@pytest.mark.parametrize("batch", [1, 2, 3, 7, 10, 2_000])
def test_lines_come_whole_and_in_order_whatever_the_batch(log: SQLiteLog, batch: int) -> None:
    written = [b"line %d" % n for n in range(1, 11)]
    append(log, *written)
    assert list(log.lines(batch=batch)) == written
    assert list(log.lines(after=3, to=8, batch=batch)) == written[3:8]
    assert list(log.lines(after=10, batch=batch)) == []


@pytest.mark.parametrize("batch", [1, 2, 500])
def test_chosen_lines_come_in_order_and_what_is_not_there_is_left_out(log: SQLiteLog, batch: int) -> None:
    for number in range(1, 8):
        append(log, b"line %d" % number)
    assert list(log.numbered([2, 3, 7, 9], batch)) == [(2, b"line 2"), (3, b"line 3"), (7, b"line 7")]
    assert list(log.numbered([])) == []


def test_a_writer_that_waits_too_long_is_told_who_holds_the_lock(three: SQLiteLog) -> None:
    with (
        contextlib.closing(SQLiteLog(three.path)) as other,
        three.transaction(),
        pytest.raises(Unreachable, match=r"stage4\.lock is held"),
        other.transaction(timeout=0.05),
    ):
        pytest.fail("two writers at once")


def test_who_opens_none_is_told_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match="stage4 init"):
        SQLiteLog(tmp_path / "none" / "stage4.sqlite")


def test_nobody_else_reads_what_lies_beside_the_file_in_a_folder_that_others_may_enter(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    with contextlib.closing(SQLiteLog(tmp_path / "stage4.sqlite", create=True)) as log:
        append(log, b"one")
        assert {file.name: stat.S_IMODE(file.stat().st_mode) & 0o077 for file in tmp_path.iterdir()} == {
            f"stage4.{end}": 0 for end in ("lock", "sqlite", "sqlite-shm", "sqlite-wal")
        }


def test_looking_at_a_write_ahead_log_makes_no_shared_memory_beside_it(three: SQLiteLog, tmp_path: Path) -> None:
    (tmp_path / "copy").mkdir()
    for end in ("", "-wal"):
        shutil.copy(f"{three.path}{end}", tmp_path / "copy")
    copy = tmp_path / "copy" / three.path.name
    assert read_raw(copy, lambda look: look.count(look.first_owner())) == 3
    assert {file.name for file in copy.parent.iterdir()} == {copy.name, f"{copy.name}-wal"}


def test_a_mark_holds_as_long_as_nobody_commits(three: SQLiteLog) -> None:
    mark = left_by(three)
    with pytest.raises(KeyError), three.transaction() as writing:
        raise KeyError
    assert three.size() == 3
    with three.transaction() as writing:
        assert writing.continues(mark) and not writing.continues(None)


def test_a_mark_ends_with_the_connection(three: SQLiteLog) -> None:
    mark = left_by(three)
    three._drop_writer()
    with three.transaction() as writing:
        assert not writing.continues(mark)


def test_the_writer_is_as_patient_as_it_is_asked_to_be(log: SQLiteLog) -> None:
    for seconds, found in ((None, 10_000), (0.2, 200), (0.2, 200), (None, 10_000)):
        with log.transaction(timeout=seconds) as writing:
            assert writing._cursor.execute("PRAGMA busy_timeout").fetchone()[0] == found


def test_a_refusal_keeps_the_writers_connection_and_an_error_of_the_database_does_not(three: SQLiteLog) -> None:
    append(three, b"four")
    first = three._writer
    with pytest.raises(KeyError), three.transaction():
        raise KeyError
    assert three._writer is first
    with pytest.raises(Unreachable), three.transaction() as writing:
        writing._cursor.execute("SELECT no_such_column")
    assert three._writer is None
    append(three, b"five")
    assert three.size() == 5
