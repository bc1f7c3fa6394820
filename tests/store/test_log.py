"""The log: what is written is there, whole, in order and flushed; what failed left nothing."""

from __future__ import annotations

import contextlib
import sqlite3
import stat
import threading
from pathlib import Path

import pytest

from ledger.errors import Corrupt, LedgerError, Unreachable
from ledger.store.log import Line, Log, Mark
from ledger.store.recorder import Receipt

from .conftest import ORIGIN, append

FULL = 2


def pragmas(log: Log) -> set[tuple[object, ...]]:
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


def test_every_pooled_connection_flushes_each_commit_in_wal_mode(log: Log) -> None:
    assert pragmas(log) == {(FULL, "wal", 0)}


def test_so_does_every_connection_of_a_log_opened_again(three: Log) -> None:
    with contextlib.closing(Log(three.path)) as again:
        assert pragmas(again) == {(FULL, "wal", 0)}


def test_so_does_the_connection_that_writes(log: Log) -> None:
    with log.writing() as writing:
        writing._cursor.execute("PRAGMA synchronous")
        assert writing._cursor.fetchone()[0] == FULL


def test_the_database_is_for_its_owner_alone(log: Log) -> None:
    assert stat.S_IMODE(log.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(log.path.parent.stat().st_mode) == 0o700


def test_a_new_log_is_empty(log: Log) -> None:
    assert (log.size(), list(log.lines()), log.line(1), log.newest_checkpoint()) == (0, [], None, None)
    assert list(log.checkpoints()) == []


@pytest.mark.parametrize("batch", [1, 2, 3, 7, 10, 2_000])
def test_lines_come_whole_and_in_order_whatever_the_batch(log: Log, batch: int) -> None:
    written = [b"line %d" % n for n in range(1, 11)]
    append(log, *written)
    assert list(log.lines(batch=batch)) == written
    assert list(log.lines(after=3, to=8, batch=batch)) == written[3:8]
    assert list(log.lines(after=10, batch=batch)) == []


def test_reading_line_by_line_gives_the_same_as_reading_all(log: Log) -> None:
    append(log, b"a", b"b")
    append(log, b"c")
    assert [log.line(n) for n in range(5)] == [None, b"a", b"b", b"c", None]
    assert log.size() == 3


@pytest.mark.parametrize("batch", [1, 2, 500])
def test_chosen_lines_come_in_order_and_what_is_not_there_is_left_out(log: Log, batch: int) -> None:
    for number in range(1, 8):
        append(log, b"line %d" % number)
    assert list(log.chosen([2, 3, 7, 9], batch)) == [b"line 2", b"line 3", b"line 7"]
    assert list(log.chosen([])) == []


def test_any_bytes_come_back_as_they_were(log: Log) -> None:
    line = bytes(range(256)) * 255
    append(log, line)
    assert log.line(1) == line


def test_lines_that_come_while_somebody_reads_do_not_disturb_him(log: Log) -> None:
    append(log, b"a", b"b", b"c")
    reading = log.lines(batch=2)
    assert next(reading) == b"a"
    append(log, b"d")
    assert list(reading) == [b"b", b"c", b"d"]


def test_all_checkpoints_are_kept_and_found_by_size(three: Log) -> None:
    append(three, b"four", b"five")
    assert list(three.checkpoints()) == [(1, b"note 1"), (2, b"note 2"), (3, b"note 3"), (5, b"note 5")]
    assert three.newest_checkpoint() == b"note 5"
    assert three.newest_checkpoint(to=4) == b"note 3"
    assert three.newest_checkpoint(to=0) is None


def test_a_block_that_raises_commits_nothing(three: Log) -> None:
    with pytest.raises(KeyError), three.writing() as writing:
        writing.insert(ORIGIN, [Line(4, "s", b"four")], (4, b"note 4"), Receipt("r-4", "d", 4, 4))
        assert writing.lines_after(3) == [b"four"]
        raise KeyError
    assert three.size() == 3
    assert three.newest_checkpoint() == b"note 3"
    with three.writing() as writing:
        assert writing.receipt("r-4") is None


def test_a_block_that_raises_leaves_the_log_free_for_the_next(three: Log) -> None:
    with pytest.raises(KeyError), three.writing():
        raise KeyError
    append(three, b"four")
    assert three.size() == 4


@pytest.mark.parametrize(
    ("line", "checkpoint", "receipt"),
    [(5, 5, "r-9"), (3, 9, "r-9"), (4, 3, "r-9"), (4, 4, "r-1")],
    ids=["gap", "same sequence", "old checkpoint", "old request"],
)
def test_what_the_database_refuses_is_corrupt_and_all_or_nothing(
    three: Log, line: int, checkpoint: int, receipt: str
) -> None:
    with pytest.raises(Corrupt), three.writing() as writing:
        writing.insert(ORIGIN, [Line(line, "s", b"x")], (checkpoint, b"note"), Receipt(receipt, "d", line, line))
    assert list(three.lines()) == [b"one", b"two", b"three"]
    assert len(list(three.checkpoints())) == 3


def test_another_origin_cannot_continue_the_ledger(three: Log) -> None:
    with pytest.raises(LedgerError), three.writing() as writing:
        writing.insert("stage4-ledger.invalid/stage4/other", [Line(4, "s", b"x")], (4, b"n"), Receipt("r", "d", 4, 4))
    assert three.size() == 3


def test_the_receipt_of_a_request_comes_back(three: Log) -> None:
    with three.writing() as writing:
        assert writing.receipt("r-2") == Receipt("r-2", "digest", 2, 2)
        assert writing.receipt("r-99") is None


def test_writers_wait_for_one_another(three: Log) -> None:
    order: list[str] = []
    inside = threading.Event()

    def second() -> None:
        inside.wait(5)
        with three.writing() as writing:
            order.append(f"second saw {len(writing.lines_after(0))}")

    thread = threading.Thread(target=second)
    thread.start()
    with three.writing() as writing:
        inside.set()
        writing.insert(ORIGIN, [Line(4, "s", b"four")], (4, b"note 4"), Receipt("r-4", "d", 4, 4))
        order.append("first wrote")
    thread.join(10)
    assert order == ["first wrote", "second saw 4"]


def test_a_writer_that_waits_too_long_is_told_who_holds_the_lock(three: Log) -> None:
    with (
        contextlib.closing(Log(three.path)) as other,
        three.writing(),
        pytest.raises(Unreachable, match=r"stage4\.lock is held"),
        other.writing(timeout=0.05),
    ):
        pytest.fail("two writers at once")


def test_readers_do_not_wait_for_a_writer(three: Log) -> None:
    with three.writing() as writing:
        writing.insert(ORIGIN, [Line(4, "s", b"four")], (4, b"note 4"), Receipt("r-4", "d", 4, 4))
        assert three.size() == 3
    assert three.size() == 4


def test_making_a_log_again_keeps_what_it_holds(three: Log) -> None:
    with contextlib.closing(Log(three.path, create=True)) as again:
        assert again.size() == 3


def test_what_is_inserted_is_compared_with_what_the_database_then_holds(three: Log, plain: sqlite3.Connection) -> None:
    """A trigger planted by somebody changes the row on its way in."""
    plain.execute("DROP TRIGGER stored_events_no_update")
    plain.execute(
        "CREATE TRIGGER planted AFTER INSERT ON stored_events "
        "BEGIN UPDATE stored_events SET state = x'00' WHERE originator_version = NEW.originator_version; END"
    )
    with pytest.raises(Corrupt, match="as they were written"):
        append(three, b"four")
    assert three.size() == 3


def test_a_log_is_never_made_by_opening_it(tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match="stage4 init"):
        Log(tmp_path / "none" / "stage4.sqlite")
    assert list(tmp_path.iterdir()) == []


def left_by(log: Log) -> Mark:
    """The mark of a transaction that has been committed."""
    with log.writing() as writing:
        writing.continues(None)
    return writing.mark


def test_a_mark_holds_as_long_as_nobody_commits(three: Log) -> None:
    mark = left_by(three)
    with pytest.raises(KeyError), three.writing() as writing:
        raise KeyError
    assert three.size() == 3
    with three.writing() as writing:
        assert writing.continues(mark) and not writing.continues(None)


@pytest.mark.parametrize("who", ["this log", "another log", "a stranger", "a connection made anew"])
def test_a_mark_ends_with_the_next_commit_whoever_makes_it(three: Log, plain: sqlite3.Connection, who: str) -> None:
    mark = left_by(three)
    if who == "this log":
        append(three, b"four")
    elif who == "another log":
        with contextlib.closing(Log(three.path)) as other:
            append(other, b"four")
    elif who == "a stranger":
        plain.execute("CREATE TABLE stranger (x)")
    else:
        three._drop_writer()
    with three.writing() as writing:
        assert not writing.continues(mark)


def test_the_writer_is_as_patient_as_it_is_asked_to_be(log: Log) -> None:
    for seconds, found in ((None, 5000), (0.2, 200), (0.2, 200), (None, 5000)):
        with log.writing(timeout=seconds) as writing:
            assert writing._cursor.execute("PRAGMA busy_timeout").fetchone()[0] == found


def test_a_refusal_keeps_the_writers_connection_and_an_error_of_the_database_does_not(three: Log) -> None:
    append(three, b"four")
    first = three._writer
    with pytest.raises(KeyError), three.writing():
        raise KeyError
    assert three._writer is first
    with pytest.raises(Unreachable), three.writing() as writing:
        writing._cursor.execute("SELECT no_such_column")
    assert three._writer is None
    append(three, b"five")
    assert three.size() == 5
