"""What every log's write transaction refuses to append, and what a mark says of what was appended."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing, suppress

import pytest

from ledger.errors import Corrupt, LedgerError
from ledger.store.contract import Log, Transaction
from ledger.store.values import Line, Mark, Receipt

from .common import ORIGIN, OTHER_ORIGIN, THREE, append, append_in, everything, opened, receipt
from .places import LogPlace
from .process import Process

LINES = {
    "a gap": [5],
    "the last one again": [3],
    "the first one again": [1],
    "none at all": [0],
    "a gap after the next one": [4, 6],
    "the next one twice": [4, 4],
    "the next ones the other way round": [5, 4],
}
REFUSED: dict[str, Callable[[Transaction], None]] = {
    **{
        name: lambda writing, numbers=numbers: writing.append(
            ORIGIN, [Line(n, "status", b"x") for n in numbers], (9, b"note 9"), receipt(9)
        )
        for name, numbers in LINES.items()
    },
    "another origin": lambda writing: writing.append(
        OTHER_ORIGIN, [Line(4, "status", b"x")], (4, b"note 4"), receipt(4)
    ),
    "another origin from its first entry on": lambda writing: writing.append(
        OTHER_ORIGIN, [Line(1, "status", b"x")], (4, b"note 4"), receipt(4)
    ),
    "the newest checkpoint again": lambda writing: writing.append(
        ORIGIN, [Line(4, "status", b"x")], (3, b"note 3"), receipt(4)
    ),
    "a checkpoint of before": lambda writing: writing.append(
        ORIGIN, [Line(4, "status", b"x")], (2, b"other"), receipt(4)
    ),
    "a request that has a receipt": lambda writing: writing.append(
        ORIGIN, [Line(4, "status", b"x")], (4, b"note 4"), Receipt("r-1", "another digest", 4, 4)
    ),
    "the same receipt again": lambda writing: writing.append(
        ORIGIN, [Line(4, "status", b"x")], (4, b"note 4"), receipt(1)
    ),
}


def left_by(log: Log) -> Mark:
    """The mark of a transaction that has been committed, as a writer takes it."""
    with log.transaction() as writing:
        writing.continues(None)
    return writing.mark


def raised_by(act: Callable[[Transaction], None], writing: Transaction) -> type[Exception] | None:
    try:
        act(writing)
    except Exception as error:
        return type(error)
    return None


class Appending:
    """The half of ``TransactionContract`` that is about ``append``, ``mark`` and ``continues``."""

    # --- marks ------------------------------------------------------------------------------------------------------

    def test_there_is_no_going_on_from_no_mark(self, place: LogPlace) -> None:
        with opened(place, *THREE) as log, log.transaction() as writing:
            assert writing.continues(None) is False

    @pytest.mark.parametrize("who", ["this log", "another log object", "another process", "a stranger"])
    def test_a_mark_ends_with_the_next_commit_whoever_makes_it(self, place: LogPlace, who: str) -> None:
        with opened(place, *THREE) as log, closing(place.open()) as other:
            mark = left_by(log)
            if who == "this log":
                append(log, b"four")
            elif who == "another log object":
                append(other, b"four")
            elif who == "another process":
                with Process("write_many", place, b"x", 1) as writer:
                    assert [writer.said(), writer.go_and_hear()] == ["open", "done"]
            else:
                place.stranger_commits()
            for _ in range(2):
                with log.transaction() as writing:
                    assert not writing.continues(mark)

    def test_a_mark_of_before_an_append_ends_with_that_append(self, place: LogPlace) -> None:
        with opened(place, *THREE) as log:
            with log.transaction() as writing:
                writing.continues(None)
                before = writing.mark
                append_in(writing, 4, b"four")
            with log.transaction() as writing:
                assert not writing.continues(before)

    def test_a_mark_that_is_asked_for_late_holds_nothing_that_came_after_its_transaction(self, place: LogPlace) -> None:
        with opened(place, *THREE) as log:
            with log.transaction() as first:
                first.continues(None)
            append(log, b"four")
            with log.transaction() as writing:
                assert not writing.continues(first.mark)

    def test_a_mark_of_another_log_object_ends_with_the_next_commit_too(self, place: LogPlace) -> None:
        with opened(place, *THREE), closing(place.open()) as log, closing(place.open()) as other:
            mark = left_by(log)
            append(other, b"four")
            with other.transaction() as writing:
                assert not writing.continues(mark)

    def test_a_mark_can_be_had_inside_without_asking_anything_first(self, place: LogPlace) -> None:
        with opened(place, *THREE) as log:
            with log.transaction() as writing:
                before = getattr(writing, "mark", None)
                assert before is not None
                append_in(writing, 4, b"four")
            with log.transaction() as writing:
                assert not writing.continues(before)

    # --- what is refused --------------------------------------------------------------------------------------------

    @pytest.mark.parametrize("what", REFUSED)
    def test_what_is_refused_is_corrupt_and_nothing_of_it_is_committed(self, place: LogPlace, what: str) -> None:
        with opened(place, *THREE) as log:
            before = everything(log)
            with pytest.raises(Corrupt), log.transaction() as writing:
                REFUSED[what](writing)
            assert everything(log) == before
            append(log, b"four")
            assert log.line(4) == b"four"

    def test_the_append_itself_says_that_it_is_refused(self, place: LogPlace) -> None:
        with opened(place, *THREE) as log:
            for what, append_wrongly in REFUSED.items():
                with suppress(LedgerError), log.transaction() as writing:
                    said = raised_by(append_wrongly, writing)
                    assert said is Corrupt, what
                    raise Corrupt(what)

    def test_nothing_of_it_is_committed_even_if_the_block_goes_on(self, place: LogPlace) -> None:
        with opened(place, *THREE) as log:
            before = everything(log)
            for what, append_wrongly in REFUSED.items():
                with suppress(LedgerError), log.transaction() as writing, suppress(Exception):
                    append_wrongly(writing)
                assert everything(log) == before, what

    def test_a_first_entry_has_the_sequence_one(self, place: LogPlace) -> None:
        with opened(place) as log:
            for number in (0, 2):
                with pytest.raises(Corrupt), log.transaction() as writing:
                    append_in(writing, number, b"x")
            append(log, b"one")
            assert list(log.lines()) == [b"one"]

    def test_bytes_that_are_not_kept_as_they_were_given_are_corrupt(self, place: LogPlace) -> None:
        with opened(place, *THREE) as log:
            before = everything(log)
            place.stranger_falsifies_appends()
            with pytest.raises(Corrupt):
                append(log, b"four")
            assert everything(log) == before
