"""What every log promises to its readers, and to whoever opens one."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.errors import Corrupt, Unreachable
from ledger.store.contract import Log, Unmade
from ledger.store.values import Line, Receipt, Source

from .common import ORIGIN, THREE, append, everything, opened, receipt
from .places import LogPlace, Value
from .process import Process

MANY = 4_500
"""Lines enough that no store reads them all at once."""
NO_BYTES = [None, "text", 5]
_SAME_PLACE = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.differing_executors],
)


def append_with_ids(log: Log, *ids: str) -> None:
    """One entry for each request id."""
    for sequence, name in enumerate(ids, log.size() + 1):
        with log.transaction() as writing:
            lines, checkpoint = [Line(sequence, "status", b"x")], (sequence, b"note")
            writing.append(ORIGIN, lines, checkpoint, Receipt(name, "digest", sequence, sequence))


class LogContract:
    """:class:`ledger.store.contract.Log`."""

    @pytest.fixture
    def place(self) -> LogPlace:
        raise NotImplementedError

    # --- opening ----------------------------------------------------------------------------------------------------

    def test_opening_makes_nothing_where_there_is_none(self, place: LogPlace) -> None:
        before = place.kept()
        with pytest.raises(Unreachable):
            place.open()
        assert place.kept() == before
        with pytest.raises(Unreachable):
            place.open()

    def test_a_new_log_is_empty(self, place: LogPlace) -> None:
        with opened(place) as log:
            assert everything(log) == ([], [], [])
            assert (log.size(), log.line(1), log.newest_checkpoint()) == (0, None, None)
            assert (log.newest_checkpoints(9), list(log.numbered_after(0))) == ([], [])

    def test_creating_one_that_exists_keeps_what_it_holds(self, place: LogPlace) -> None:
        with opened(place, *THREE) as log:
            before = everything(log)
            with closing(place.open(create=True)) as again:
                assert everything(again) == before
                append(again, b"four")
            assert log.line(4) == b"four"

    def test_what_was_written_is_there_when_it_is_opened_again(self, place: LogPlace) -> None:
        with opened(place, *THREE) as log:
            before = everything(log)
        with closing(place.open()) as again:
            assert everything(again) == before

    def test_only_its_owner_may_read_it(self, place: LogPlace) -> None:
        before = os.umask(0)
        try:
            with opened(place, *THREE):
                assert place.is_for_its_owner_alone()
            assert place.is_for_its_owner_alone()
        finally:
            os.umask(before)

    def test_one_that_was_never_finished_is_unmade(self, place: LogPlace) -> None:
        place.leave_half_made()
        with pytest.raises(Unmade), closing(place.open()) as log:
            log.size()

    @pytest.mark.parametrize("read", [lambda log: log.size(), lambda log: list(log.lines()), lambda log: log.line(1)])
    def test_one_that_is_damaged_is_corrupt(self, place: LogPlace, read: Callable[[Log], object]) -> None:
        with opened(place, *THREE):
            pass
        place.stranger_ruins()
        with pytest.raises(Corrupt), closing(place.open()) as log:
            read(log)

    def test_it_says_that_it_was_read_as_usual(self, place: LogPlace) -> None:
        with opened(place, *THREE) as log:
            assert log.line(1) and log.source == Source("store", "")

    def test_it_is_read_where_the_place_takes_no_writes_and_says_so(self, place: LogPlace) -> None:
        with opened(place, *THREE):
            pass
        with Process("read_without_writes", place) as reader:
            assert (reader.said(), reader.said()) == (str(list(THREE)), "store, read-only")

    # --- lines ------------------------------------------------------------------------------------------------------

    @_SAME_PLACE
    @given(lines=st.lists(st.binary(max_size=300), min_size=1, max_size=6))
    def test_any_lines_come_back_byte_for_byte(self, place: LogPlace, lines: list[bytes]) -> None:
        with closing(place.open(create=True)) as log:
            before = log.size()
            append(log, *lines)
            assert list(log.lines(before)) == lines
            assert [log.line(before + n) for n, _ in enumerate(lines, 1)] == lines

    def test_a_long_line_of_every_byte_comes_back_as_it_was(self, place: LogPlace) -> None:
        line = bytes(range(256)) * 4_000
        with opened(place, line) as log:
            assert log.line(1) == line

    def test_lines_are_those_after_one_and_up_to_another(self, place: LogPlace) -> None:
        lines = [b"%d" % n for n in range(1, 8)]
        with opened(place) as log:
            append(log, *lines)
            for after in range(10):
                assert list(log.lines(after)) == lines[after:]
                for to in range(10):
                    assert list(log.lines(after, to)) == lines[after:to]

    def test_a_line_beyond_the_end_is_none(self, place: LogPlace) -> None:
        with opened(place, *THREE) as log:
            assert [log.line(n) for n in range(-1, 6)] == [None, None, *THREE, None, None]

    def test_many_lines_come_whole_and_in_order(self, place: LogPlace) -> None:
        lines = [b"line %d" % n for n in range(MANY)]
        with opened(place) as log:
            append(log, *lines)
            assert list(log.lines()) == lines and list(log.lines(7, MANY - 7)) == lines[7:-7]
            assert list(log.numbered_after(0)) == list(enumerate(lines, 1))

    def test_lines_that_are_committed_while_a_long_log_is_read_come_too(self, place: LogPlace) -> None:
        with opened(place) as log:
            append(log, *(b"line" for _ in range(MANY)))
            reading = log.lines()
            next(reading)
            append(log, b"new")
            assert list(reading) == [b"line"] * (MANY - 1) + [b"new"]

    def test_lines_that_are_committed_while_a_short_log_is_read_come_too(self, place: LogPlace) -> None:
        with opened(place, *THREE) as log:
            reading = log.lines()
            assert next(reading) == b"one"
            append(log, b"four")
            assert list(reading) == [b"two", b"three", b"four"]

    def test_no_line_comes_twice_where_one_is_missing(self, place: LogPlace) -> None:
        with opened(place) as log:
            append(log, *(b"%d" % n for n in range(1, MANY + 1)))
            place.stranger_removes_line(10)
            found = list(log.lines())
            assert len(found) == len(set(found))

    @pytest.mark.parametrize("value", NO_BYTES)
    def test_a_line_that_is_no_bytes_any_more_is_corrupt(self, place: LogPlace, value: Value) -> None:
        with opened(place, *THREE) as log:
            place.stranger_changes_line(2, value)
            for read in (lambda: list(log.lines()), lambda: log.line(2)):
                with pytest.raises(Corrupt):
                    read()

    def test_chosen_lines_come_in_order_and_what_is_not_there_is_left_out(self, place: LogPlace) -> None:
        with opened(place, *THREE) as log:
            assert list(log.numbered([])) == list(log.numbered([7, 9])) == []
            assert list(log.numbered([0, 1, 3, 4])) == [(1, b"one"), (3, b"three")]
            place.stranger_removes_line(2)
            assert list(log.numbered([1, 2, 3])) == [(1, b"one"), (3, b"three")]

    def test_thousands_can_be_chosen(self, place: LogPlace) -> None:
        with opened(place) as log:
            append(log, *(b"%d" % n for n in range(1, MANY + 1)))
            odd = range(1, MANY + 100, 2)
            assert list(log.numbered(odd)) == [(n, b"%d" % n) for n in range(1, MANY + 1, 2)]

    def test_a_number_is_its_rows_own_whatever_the_line_claims(self, place: LogPlace) -> None:
        with opened(place, *THREE) as log:
            place.stranger_changes_line(2, b'{"sequence":9}')
            place.stranger_removes_line(1)
            assert list(log.numbered([1, 2, 3, 9])) == [(2, b'{"sequence":9}'), (3, b"three")]
            assert list(log.numbered_after(0)) == [(2, b'{"sequence":9}'), (3, b"three")]

    def test_numbered_lines_go_on_where_rows_are_missing(self, place: LogPlace) -> None:
        with opened(place) as log:
            append(log, *(b"%d" % n for n in range(1, MANY + 1)))
            for gone in (1, 10, MANY - 1):
                place.stranger_removes_line(gone)
            wanted = [(n, b"%d" % n) for n in range(1, MANY + 1) if n not in (1, 10, MANY - 1)]
            assert list(log.numbered_after(0)) == wanted
            assert list(log.numbered_after(2)) == wanted[1:] and list(log.numbered_after(MANY)) == []

    def test_a_numbered_line_that_is_nothing_is_empty(self, place: LogPlace) -> None:
        with opened(place, *THREE) as log:
            place.stranger_changes_line(2, None)
            assert list(log.numbered([2, 3])) == list(log.numbered_after(1)) == [(2, b""), (3, b"three")]

    @pytest.mark.parametrize("value", ["text", 5])
    def test_a_numbered_line_that_is_no_bytes_is_empty(self, place: LogPlace, value: Value) -> None:
        with opened(place, *THREE) as log:
            place.stranger_changes_line(2, value)
            assert list(log.numbered([2, 3])) == list(log.numbered_after(1)) == [(2, b""), (3, b"three")]

    # --- size, checkpoints, receipts --------------------------------------------------------------------------------

    def test_the_size_is_that_of_all_entries(self, place: LogPlace) -> None:
        with opened(place, b"one") as log:
            append(log, b"two", b"three")
            assert log.size() == 3

    def test_all_checkpoints_are_kept_and_found_by_size(self, place: LogPlace) -> None:
        with opened(place, *THREE) as log:
            append(log, b"four", b"five")
            kept = [(1, b"note 1"), (2, b"note 2"), (3, b"note 3"), (5, b"note 5")]
            assert list(log.checkpoints()) == kept
            notes = {0: None, 1: b"note 1", 3: b"note 3", 4: b"note 3", 5: b"note 5", 99: b"note 5"}
            assert {to: log.newest_checkpoint(to) for to in notes} == notes and log.newest_checkpoint() == b"note 5"
            assert log.newest_checkpoints(3) == kept[:0:-1] and log.newest_checkpoints(9) == kept[::-1]
            assert log.newest_checkpoints(0) == []

    @_SAME_PLACE
    @given(note=st.binary(max_size=300))
    def test_any_note_comes_back_byte_for_byte(self, place: LogPlace, note: bytes) -> None:
        with closing(place.open(create=True)) as log:
            size = log.size() + 1
            with log.transaction() as writing:
                writing.append(ORIGIN, [Line(size, "status", b"x")], (size, note), receipt(size))
                assert writing.newest_checkpoint() == note
            assert log.newest_checkpoint() == note and log.newest_checkpoints(1) == [(size, note)]

    def test_receipts_are_found_by_the_beginning_of_their_ids(self, place: LogPlace) -> None:
        ids = ("a", "a-2", "a-10", "A-1", "a_1", "a%", "aZ", "ab~", "ab\x7f", "b", "z-1")
        with opened(place) as log:
            append_with_ids(log, *ids)
            for start in ("a", "a-", "a-1", "a_", "a%", "A", "ab~", "ab\x7f", "b", "c", "z-1-"):
                found = [one.request_id for one in log.receipts(start)]
                assert found == sorted(one for one in ids if one.startswith(start)), start

    def test_a_receipt_is_whole(self, place: LogPlace) -> None:
        with opened(place, b"one") as log:
            append(log, b"two", b"three")
            assert log.receipts("r-2") == [Receipt("r-2", "digest", 2, 3)]

    # --- others at the same time ------------------------------------------------------------------------------------

    def test_reading_sees_what_is_committed_and_waits_for_no_writer(self, place: LogPlace) -> None:
        with opened(place, *THREE) as log, closing(place.open()) as other, log.transaction() as writing:
            before = everything(other)
            writing.append(ORIGIN, [Line(4, "status", b"four")], (4, b"note 4"), receipt(4))
            assert everything(log) == everything(other) == before
            with Process("size", place) as reader:
                assert reader.said() == "3"
        with closing(place.open()) as again:
            assert again.line(4) == b"four"

    def test_reading_waits_for_no_stranger(self, place: LogPlace) -> None:
        with opened(place, *THREE) as log, place.stranger_holds_writers_up():
            assert list(log.lines()) == list(THREE)

    def test_another_object_and_another_process_see_what_was_committed(self, place: LogPlace) -> None:
        with opened(place, *THREE) as log, closing(place.open()) as other:
            append(log, b"four")
            assert other.line(4) == b"four"
            with Process("size", place) as reader:
                assert reader.said() == "4"

    def test_many_threads_read_while_one_writes(self, place: LogPlace) -> None:
        lines = [b"line %d" % n for n in range(1, 31)]

        def read(_: int) -> bool:
            found = list(log.lines())
            size = log.size()
            return found == lines[: len(found)] and size >= len(found) and log.line(size) == lines[size - 1]

        with opened(place, lines[0]) as log, ThreadPoolExecutor(8) as pool:
            reading = pool.map(read, range(100))
            for line in lines[1:]:
                append(log, line)
            assert all(reading)
