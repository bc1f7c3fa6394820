"""What the timeline's read model of every store promises; filters are compared with plain Python on random rows."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.errors import LedgerError, Unreachable
from ledger.store.contract import TimelineStore
from ledger.store.values import Filter, Head, Row

from .common import ORIGIN, OTHER_ORIGIN, PATIENCE
from .places import TimelinePlace
from .process import Process
from .timeline_rows import CHOSEN, FILTERS, ROWS, SIX, passes, rows_of

GENESIS = "sha384:genesis"
EMPTY = Head(ORIGIN, 0, GENESIS)
_random = settings(
    deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.differing_executors]
)


def filled(place: TimelinePlace, drawn: list[tuple[Any, ...]]) -> tuple[TimelineStore, list[tuple[Row, str]]]:
    rows = rows_of(drawn)
    store = place.open(ORIGIN, GENESIS)
    store.make()
    assert store.add(EMPTY, rows, "sha384:head")
    return store, rows


def pages_of(store: TimelineStore, chosen: Filter, limit: int, *, newest_first: bool) -> Iterator[list[Row]]:
    """Page after page, each beyond the last row of the one before."""
    beyond = None
    while page := store.page(chosen, beyond, limit, newest_first=newest_first):
        yield page
        beyond = page[-1].sequence


class TimelineContract:
    """:class:`ledger.store.contract.TimelineStore`."""

    @pytest.fixture
    def place(self) -> TimelinePlace:
        raise NotImplementedError

    # --- head, make, add --------------------------------------------------------------------------------------------

    def test_there_is_no_head_where_nothing_was_made(self, place: TimelinePlace) -> None:
        assert place.open(ORIGIN, GENESIS).head() is None

    def test_a_new_one_is_empty(self, place: TimelinePlace) -> None:
        store = place.open(ORIGIN, GENESIS)
        store.make()
        assert store.head() == EMPTY and store.page(Filter(), None, 9, newest_first=False) == []
        assert (store.count(Filter()), store.sequences(Filter(), 9), store.rollbacks()) == (0, [], [])
        assert store.neighbours("INC-1", 1) == (None, None) and store.corrections(1) == []

    def test_one_of_another_ledger_is_not_taken_for_ours(self, place: TimelinePlace) -> None:
        filled(place, SIX)
        assert place.open(OTHER_ORIGIN, GENESIS).head() is None
        assert place.open(ORIGIN, GENESIS).head() == Head(ORIGIN, 6, "sha384:head")

    def test_one_of_another_form_is_not_taken_for_ours(self, place: TimelinePlace) -> None:
        store, _ = filled(place, SIX)
        place.leave_other_form()
        assert store.head() is None

    @pytest.mark.parametrize("what", ["a filled one", "one of another ledger", "one of another form", "a damaged one"])
    def test_an_empty_one_takes_the_place_of(self, place: TimelinePlace, what: str) -> None:
        store, rows = filled(place, SIX)
        if what == "one of another ledger":
            place.open(OTHER_ORIGIN, GENESIS).make()
        elif what == "one of another form":
            place.leave_other_form()
        elif what == "a damaged one":
            place.stranger_ruins()
        store.make()
        assert store.head() == EMPTY and store.count(Filter()) == 0
        assert store.add(EMPTY, rows, "sha384:head") and store.count(Filter()) == 6

    def test_rows_are_added_behind_one_another(self, place: TimelinePlace) -> None:
        rows = rows_of(SIX)
        store = place.open(ORIGIN, GENESIS)
        store.make()
        assert store.add(EMPTY, rows[:2], "sha384:2")
        assert store.head() == Head(ORIGIN, 2, "sha384:2")
        assert place.open(ORIGIN, GENESIS).add(Head(ORIGIN, 2, "sha384:2"), rows[2:], "sha384:6")
        assert store.head() == Head(ORIGIN, 6, "sha384:6")
        assert store.page(Filter(), None, 9, newest_first=False) == [row for row, _ in rows]

    @pytest.mark.parametrize(
        "before",
        [EMPTY, Head(ORIGIN, 3, "sha384:other"), Head(ORIGIN, 2, "sha384:head"), Head(OTHER_ORIGIN, 3, "sha384:head")],
        ids=["the beginning", "another head", "another size", "another ledger"],
    )
    def test_nothing_is_added_where_somebody_else_was_quicker(self, place: TimelinePlace, before: Head) -> None:
        rows = rows_of(SIX)
        store, _ = filled(place, SIX[:3])
        assert store.add(before, rows[3:], "sha384:6") is False
        assert store.head() == Head(ORIGIN, 3, "sha384:head") and store.count(Filter()) == 3

    def test_rows_are_added_all_or_none(self, place: TimelinePlace) -> None:
        rows = rows_of(SIX)
        store, _ = filled(place, SIX[:3])
        before = Head(ORIGIN, 3, "sha384:head")
        with pytest.raises(LedgerError):
            store.add(before, [rows[3], rows[4], rows[4]], "sha384:6")
        assert store.head() == before and store.sequences(Filter(), 9) == [1, 2, 3]
        assert store.add(before, rows[3:], "sha384:6") and store.count(Filter()) == 6

    def test_of_many_threads_one_adds(self, place: TimelinePlace) -> None:
        rows, together = rows_of(SIX), threading.Barrier(8)
        store = place.open(ORIGIN, GENESIS)
        store.make()

        def add(number: int) -> bool:
            own = store if number % 2 else place.open(ORIGIN, GENESIS)
            together.wait(PATIENCE)
            return own.add(EMPTY, rows, "sha384:6")

        with ThreadPoolExecutor(8) as pool:
            assert sorted(pool.map(add, range(8))) == [False] * 7 + [True]
        assert store.sequences(Filter(), 9) == [1, 2, 3, 4, 5, 6]

    def test_of_two_processes_one_adds(self, place: TimelinePlace) -> None:
        store = place.open(ORIGIN, GENESIS)
        store.make()
        given = (place, EMPTY, rows_of(SIX), "sha384:6")
        with Process("add", *given) as one, Process("add", *given) as other:
            assert (one.said(), other.said()) == ("open", "open")
            one.go()
            other.go()
            assert sorted((one.said(), other.said())) == ["False", "True"]
        assert store.head() == Head(ORIGIN, 6, "sha384:6") and store.count(Filter()) == 6

    # --- the place --------------------------------------------------------------------------------------------------

    def test_only_its_owner_may_read_it(self, place: TimelinePlace) -> None:
        filled(place, SIX)
        assert place.is_for_its_owner_alone()

    def test_a_damaged_one_is_thrown_away_and_says_so(self, place: TimelinePlace) -> None:
        store, _ = filled(place, SIX)
        place.stranger_ruins()
        with pytest.raises(Unreachable):
            store.count(Filter())
        assert store.head() is None
        store.make()
        assert store.head() == EMPTY

    def test_a_place_that_takes_no_writes_is_not_writable(self, place: TimelinePlace) -> None:
        place.open(ORIGIN, GENESIS).make()
        with Process("make_without_writes", place, ORIGIN) as other:
            assert [other.said(), other.said(), other.said()] == ["NotWritable", "NotWritable", "0"]

    # --- what is asked ----------------------------------------------------------------------------------------------

    @pytest.mark.parametrize("name", CHOSEN)
    def test_a_filter_lets_through_exactly(self, place: TimelinePlace, name: str) -> None:
        chosen, wanted = CHOSEN[name]
        store, rows = filled(place, SIX)
        assert store.sequences(chosen, 9) == wanted and store.count(chosen) == len(wanted)
        found = store.page(chosen, None, 9, newest_first=False)
        assert found == [row for row, _ in rows if row.sequence in wanted]
        assert store.page(chosen, None, 9, newest_first=True) == found[::-1]

    @settings(_random, max_examples=20)
    @given(drawn=ROWS, filters=st.lists(FILTERS, min_size=6, max_size=6), limit=st.integers(1, 5))
    def test_pages_together_are_exactly_the_entries_that_match_in_order(
        self, place: TimelinePlace, drawn: list[tuple[Any, ...]], filters: list[Filter], limit: int
    ) -> None:
        store, rows = filled(place, drawn)
        for chosen in filters:
            wanted = [row for row, text in rows if passes(row, text, chosen)]
            for newest_first in (False, True):
                pages = list(pages_of(store, chosen, limit, newest_first=newest_first))
                assert all(len(page) <= limit for page in pages)
                assert [row for page in pages for row in page] == (wanted[::-1] if newest_first else wanted)
            assert store.sequences(chosen, limit) == [row.sequence for row in wanted][:limit]
            assert store.count(chosen) == len(wanted)
            assert store.count(chosen, after=3) == len([row for row in wanted if row.sequence > 3])

    @settings(_random, max_examples=15)
    @given(drawn=ROWS, chosen=FILTERS, limit=st.integers(1, 4))
    def test_leaders_are_those_of_the_entries_that_match_each_once_and_lead_all_their_members(
        self, place: TimelinePlace, drawn: list[tuple[Any, ...]], chosen: Filter, limit: int
    ) -> None:
        store, pairs = filled(place, drawn)
        wanted = sorted(Counter(row.leader for row, text in pairs if passes(row, text, chosen)).items())
        for newest_first in (False, True):
            found: list[tuple[int, int]] = []
            while page := store.leaders(chosen, found[-1][0] if found else None, limit, newest_first=newest_first):
                assert len(page) <= limit
                found += page
            assert found == (wanted[::-1] if newest_first else wanted)
        leaders = [leader for leader, _ in wanted]
        assert store.members(leaders) == [row for row, _ in pairs if row.leader in leaders]
        assert store.members([]) == []

    @settings(_random, max_examples=15)
    @given(drawn=ROWS)
    def test_neighbours_corrections_and_rollbacks_are_those_of_the_rows(
        self, place: TimelinePlace, drawn: list[tuple[Any, ...]]
    ) -> None:
        store, pairs = filled(place, drawn)
        rows = [row for row, _ in pairs]
        own = [row.sequence for row in rows if row.rollback == "INC-1"]
        for sequence in range(1, 14):
            before, after = [one for one in own if one < sequence], [one for one in own if one > sequence]
            assert store.neighbours("INC-1", sequence) == (max(before, default=None), min(after, default=None))
        assert store.corrections(1) == [row for row in rows if row.corrects == 1] and store.corrections(2) == []
        newest_first = list(dict.fromkeys(row.rollback for row in rows if row.rollback))[::-1]
        assert store.rollbacks() == store.rollbacks(-7) == newest_first
        assert [store.rollbacks(number) for number in range(3)] == [newest_first[:number] for number in range(3)]
