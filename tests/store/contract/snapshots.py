"""What every store of snapshots promises."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from ledger.errors import Unreachable

from .common import PATIENCE
from .places import SnapshotsPlace
from .process import Process

ONE, TWO = {b"1" * 32: b"one"}, {b"2" * 32: b"two"}


class SnapshotsContract:
    """:class:`ledger.store.contract.SnapshotStore`."""

    @pytest.fixture
    def place(self) -> SnapshotsPlace:
        raise NotImplementedError

    def test_there_is_none_at_first_and_asking_makes_none(self, place: SnapshotsPlace) -> None:
        assert place.open().newest() is None and place.open().rollback(b"1" * 32) is None
        assert place.open().newest() is None

    @pytest.mark.parametrize("data", [b"", b"\x00\xff\n", b"x" * 200_000], ids=["nothing", "any bytes", "many"])
    def test_what_was_saved_comes_back_byte_for_byte_also_to_others(self, place: SnapshotsPlace, data: bytes) -> None:
        place.open().save(data, {b"1" * 32: data})
        assert place.open().newest() == place.open().rollback(b"1" * 32) == data

    def test_the_last_one_stands_in_the_place_of_the_one_before(self, place: SnapshotsPlace) -> None:
        store = place.open()
        store.save(b"first", ONE)
        store.save(b"second", TWO)
        assert store.newest() == b"second"

    def test_rollbacks_that_were_saved_before_stay(self, place: SnapshotsPlace) -> None:
        store = place.open()
        store.save(b"first", ONE)
        store.save(b"second", TWO)
        store.save(b"third", ONE)
        assert [store.rollback(digest * 32) for digest in (b"1", b"2", b"3")] == [b"one", b"two", None]

    def test_many_threads_save_and_read_at_once(self, place: SnapshotsPlace) -> None:
        begin, store = threading.Barrier(4), place.open()

        def save(number: int) -> None:
            begin.wait(PATIENCE)
            for turn in range(5):
                name = b"%d-%d" % (number, turn)
                store.save(name, {name: name})
                found = store.newest()
                assert found is not None and store.rollback(found) == found

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(save, range(4)))
        assert all(store.rollback(b"%d-%d" % (number, turn)) for number in range(4) for turn in range(5))

    def test_nobody_else_reads_it(self, place: SnapshotsPlace) -> None:
        place.open().save(b"first", ONE)
        assert place.is_for_its_owner_alone()

    def test_a_place_that_takes_no_writes_says_so_and_is_read(self, place: SnapshotsPlace) -> None:
        place.open().save(b"first", ONE)
        with Process("save_without_writes", place, b"second" * 10_000) as other:
            assert [other.said(), other.said()] == ["NotWritable", "b'first'"]

    def test_one_that_is_damaged_is_unreachable_and_is_made_anew_by_the_next(self, place: SnapshotsPlace) -> None:
        store = place.open()
        store.save(b"first", ONE)
        place.stranger_ruins()
        with pytest.raises(Unreachable):
            store.newest()
        store.save(b"second", TWO)
        assert store.newest() == b"second" and store.rollback(b"1" * 32) is None
