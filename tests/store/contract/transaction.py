"""What every log's write transaction promises: alone, all or nothing, durable; and what it refuses."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack, closing, suppress

import pytest

from ledger.errors import Unreachable
from ledger.store.contract import Log

from .appending import Appending
from .common import MOMENT, PATIENCE, THREE, append, append_in, everything, opened, receipt
from .places import LogPlace
from .process import Process


def outcome(log: Log, timeout: float | None = None) -> str:
    """What becomes of a transaction that only reads."""
    try:
        with log.transaction(timeout) as writing:
            return f"saw {len(writing.lines_after(0))}"
    except Unreachable:
        return "unreachable"


class TransactionContract(Appending):
    """:class:`ledger.store.contract.Transaction`."""

    @pytest.fixture
    def place(self) -> LogPlace:
        raise NotImplementedError

    # --- alone ------------------------------------------------------------------------------------------------------

    @pytest.mark.parametrize("whose", ["the same log", "another log object"])
    def test_another_thread_waits_and_then_sees_what_the_first_committed(self, place: LogPlace, whose: str) -> None:
        with opened(place, *THREE) as log, closing(place.open()) as other, ThreadPoolExecutor(1) as pool:
            with log.transaction() as writing:
                trying = threading.Event()
                second = pool.submit(lambda: (trying.set(), outcome(log if whose == "the same log" else other))[1])
                assert trying.wait(PATIENCE)
                append_in(writing, 4, b"four")
                assert not wait([second], MOMENT).done
            assert second.result(PATIENCE) == "saw 4"

    def test_another_process_waits_and_then_sees_what_the_first_committed(self, place: LogPlace) -> None:
        with opened(place, *THREE) as log, Process("write", place, b"five", PATIENCE) as second:
            assert second.said() == "open"
            with log.transaction() as writing:
                second.go()
                append_in(writing, 4, b"four")
                assert second.says_nothing(4 * MOMENT)
            assert second.said() == "inside, after 4"
            assert [second.go_and_hear(), second.go_and_hear()] == ["appended", "done"]
            assert log.line(5) == b"five"

    @pytest.mark.parametrize("timeout", [0.0, MOMENT])
    @pytest.mark.parametrize("whose", ["the same log", "another log object"])
    def test_a_thread_whose_time_is_over_is_told_so(self, place: LogPlace, whose: str, timeout: float) -> None:
        with opened(place, *THREE) as log, closing(place.open()) as other, ThreadPoolExecutor(1) as pool:
            with log.transaction():
                second = pool.submit(outcome, log if whose == "the same log" else other, timeout)
                assert second.result(PATIENCE) == "unreachable"
            assert outcome(other, timeout) == "saw 3"

    def test_a_process_whose_time_is_over_is_told_so(self, place: LogPlace) -> None:
        with opened(place, *THREE) as log, Process("write", place, b"four", MOMENT) as second:
            assert second.said() == "open"
            with log.transaction():
                assert second.go_and_hear() == "unreachable"

    def test_a_process_keeps_this_one_waiting_too(self, place: LogPlace) -> None:
        with opened(place, *THREE) as log, Process("write", place, b"four", PATIENCE) as first:
            assert [first.said(), first.go_and_hear(), first.go_and_hear()] == ["open", "inside, after 3", "appended"]
            assert outcome(log, MOMENT) == "unreachable"
            assert first.go_and_hear() == "done"
            assert outcome(log) == "saw 4"

    def test_the_logs_own_time_holds_where_none_is_given(self, place: LogPlace) -> None:
        with opened(place, *THREE) as log, closing(place.open(lock_timeout=MOMENT)) as other, log.transaction():
            assert outcome(other) == "unreachable"

    def test_a_stranger_is_waited_for_no_longer_than_was_asked(self, place: LogPlace) -> None:
        with opened(place, *THREE) as log:
            with place.stranger_holds_writers_up():
                assert outcome(log, MOMENT) == "unreachable"
            assert outcome(log, MOMENT) == "saw 3"

    def test_a_stranger_is_waited_for_no_longer_than_the_logs_own_time(self, place: LogPlace) -> None:
        with opened(place, *THREE), closing(place.open(lock_timeout=MOMENT)) as log, ThreadPoolExecutor(1) as pool:
            ended = threading.Event()
            with place.stranger_holds_writers_up():
                waiting = pool.submit(lambda: (outcome(log), ended.set())[0])
                ended.wait(10 * MOMENT)
            assert waiting.result(PATIENCE) == "unreachable"

    def test_writers_of_many_threads_and_processes_follow_one_another(self, place: LogPlace) -> None:
        def write(name: int) -> None:
            for number in range(5):
                with (log if name % 2 else other).transaction() as writing:
                    append_in(writing, len(writing.lines_after(0)) + 1, b"thread %d %d" % (name, number))

        with ExitStack() as stack:
            log, other = stack.enter_context(opened(place)), stack.enter_context(closing(place.open()))
            workers = [
                stack.enter_context(Process("write_many", place, name, 10)) for name in (b"process 0", b"process 1")
            ]
            assert [worker.said() for worker in workers] == ["open", "open"]
            with ThreadPoolExecutor(4) as pool:
                for worker in workers:
                    worker.go()
                list(pool.map(write, range(4)))
            assert [worker.said() for worker in workers] == ["done", "done"]
            found = everything(log)
        wanted = {b"thread %d %d" % (name, n) for name in range(4) for n in range(5)}
        wanted |= {b"process %d %d" % (name, n) for name in range(2) for n in range(10)}
        assert len(found.lines) == 40 and set(found.lines) == wanted
        assert [size for size, _ in found.checkpoints] == list(range(1, 41)) and len(found.receipts) == 40

    # --- all or nothing, and durable --------------------------------------------------------------------------------

    def test_a_block_that_raises_commits_nothing(self, place: LogPlace) -> None:
        with opened(place, *THREE) as log:
            before = everything(log)
            with pytest.raises(KeyError), log.transaction() as writing:
                append_in(writing, 4, b"four")
                raise KeyError
            assert everything(log) == before
            with log.transaction() as writing:
                assert writing.receipt("r-4") is None and writing.lines_after(3) == []

    def test_a_block_that_raises_leaves_the_log_free_for_the_next(self, place: LogPlace) -> None:
        with opened(place, *THREE) as log, closing(place.open()) as other:
            with pytest.raises(KeyError), log.transaction():
                raise KeyError
            append(other, b"four")
            append(log, b"five")
            assert log.size() == 5

    def test_entries_checkpoint_and_receipt_come_together(self, place: LogPlace) -> None:
        with opened(place, *THREE) as log:
            with log.transaction() as writing:
                append_in(writing, 4, b"four", b"five")
                append_in(writing, 6, b"six")
                assert place.look(lambda seen: seen.count(seen.first_owner()), live=True) == log.size() == 3
            found = everything(log)
            assert found.lines[3:] == [b"four", b"five", b"six"]
            assert found.checkpoints[3:] == [(5, b"note 5"), (6, b"note 6")]
            assert found.receipts[3:] == [receipt(4, 5), receipt(6)]

    @pytest.mark.parametrize("when", ["before it appends", "after it appended"])
    def test_a_writer_that_is_killed_holds_nobody_up_and_leaves_nothing(self, place: LogPlace, when: str) -> None:
        with opened(place, *THREE) as log, Process("write", place, b"lost", PATIENCE) as writer:
            before = everything(log)
            assert [writer.said(), writer.go_and_hear()] == ["open", "inside, after 3"]
            if when == "after it appended":
                assert writer.go_and_hear() == "appended"
            writer.kill()
            with log.transaction(PATIENCE) as writing:
                assert writing.lines_after(3) == [] and writing.receipt("r-4") is None
                append_in(writing, 4, b"four")
            assert everything(log).lines == [*before.lines, b"four"]

    def test_what_was_appended_survives_that_the_process_is_killed(self, place: LogPlace) -> None:
        with opened(place, *THREE):
            pass
        with Process("write", place, b"four", PATIENCE) as writer:
            said = [writer.said(), *(writer.go_and_hear() for _ in range(3))]
            assert said == ["open", "inside, after 3", "appended", "done"]
            writer.kill()
        with closing(place.open()) as log:
            assert everything(log).lines == [*THREE, b"four"]
            assert everything(log).checkpoints[-1] == (4, b"note 4") and log.receipts("r-4") == [receipt(4)]

    def test_a_place_that_takes_no_writes_is_not_writable(self, place: LogPlace) -> None:
        with opened(place, *THREE):
            pass
        with Process("write_without_writes", place, b"four") as writer:
            assert (writer.said(), writer.said()) == ("NotWritable", "3")

    @pytest.mark.parametrize("how", ["removed", "exchanged"])
    def test_a_log_that_was_removed_or_exchanged_takes_no_more(self, place: LogPlace, how: str) -> None:
        with opened(place, *THREE) as log:
            (place.stranger_removes if how == "removed" else place.stranger_exchanges)()
            with pytest.raises(Unreachable):
                append(log, b"four", after=3)
        with suppress(Unreachable), closing(place.open()) as again:
            assert how == "exchanged" and list(again.lines()) == list(THREE)

    # --- reading inside ---------------------------------------------------------------------------------------------

    def test_a_transaction_reads_the_tail_and_its_own_lines(self, place: LogPlace) -> None:
        with opened(place, *THREE) as log, log.transaction() as writing:
            assert [writing.lines_after(n) for n in (0, 2, 3, 9)] == [list(THREE), [b"three"], [], []]
            assert writing.newest_checkpoint() == b"note 3"
            append_in(writing, 4, b"four", b"five")
            assert writing.lines_after(2) == [b"three", b"four", b"five"]
            assert writing.newest_checkpoint() == b"note 5" and writing.receipt("r-4") == receipt(4, 5)

    def test_an_empty_log_has_nothing_to_read(self, place: LogPlace) -> None:
        with opened(place) as log, log.transaction() as writing:
            assert (writing.lines_after(0), writing.newest_checkpoint(), writing.receipt("r-1")) == ([], None, None)

    def test_the_receipt_of_a_request_comes_back(self, place: LogPlace) -> None:
        with opened(place, *THREE) as log, closing(place.open()) as other, other.transaction() as writing:
            assert [writing.receipt(f"r-{n}") for n in (1, 2, 3, 99)] == [receipt(1), receipt(2), receipt(3), None]
            assert writing.receipt("r-") is None and log.receipts("r-2") == [receipt(2)]
