"""What the locks of every store promise."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack
from typing import get_args

import pytest

from ledger.errors import Unreachable
from ledger.store.contract import LockName, Locks

from .common import MOMENT, PATIENCE
from .places import LocksPlace
from .process import Process

NAMES: tuple[LockName, ...] = get_args(LockName)


def outcome(locks: Locks, name: LockName, timeout: float = 0.0) -> str:
    try:
        with locks.hold(name, timeout):
            return "held"
    except Unreachable:
        return "unreachable"


class LocksContract:
    """:class:`ledger.store.contract.Locks`."""

    @pytest.fixture
    def place(self) -> LocksPlace:
        raise NotImplementedError

    @pytest.mark.parametrize("timeout", [0.0, MOMENT])
    @pytest.mark.parametrize("whose", ["the same object", "another object"])
    def test_a_name_has_one_holder_over_all_threads(self, place: LocksPlace, whose: str, timeout: float) -> None:
        locks = place.open()
        other = locks if whose == "the same object" else place.open()
        with ThreadPoolExecutor(1) as pool, locks.hold("publish"):
            assert pool.submit(outcome, other, "publish", timeout).result(PATIENCE) == "unreachable"
        assert outcome(other, "publish") == "held"

    def test_a_name_has_one_holder_over_all_processes(self, place: LocksPlace) -> None:
        locks = place.open()
        with Process("hold", place, "deliver", PATIENCE) as other:
            assert [other.said(), other.go_and_hear()] == ["open", "held"]
            assert outcome(locks, "deliver", 0.0) == outcome(locks, "deliver", MOMENT) == "unreachable"
            assert other.go_and_hear() == "let go"
            assert outcome(locks, "deliver") == "held"

    def test_a_process_is_told_when_its_time_is_over(self, place: LocksPlace) -> None:
        with Process("hold", place, "deliver", MOMENT) as other, place.open().hold("deliver"):
            assert [other.said(), other.go_and_hear()] == ["open", "unreachable"]

    def test_who_waits_gets_it_when_it_is_let_go(self, place: LocksPlace) -> None:
        with Process("hold", place, "observer", PATIENCE) as other:
            assert other.said() == "open"
            with place.open().hold("observer"):
                other.go()
                assert other.says_nothing(4 * MOMENT)
            assert other.said() == "held"

    def test_a_thread_that_waits_gets_it_when_it_is_let_go(self, place: LocksPlace) -> None:
        locks, trying = place.open(), threading.Event()
        with ThreadPoolExecutor(1) as pool:
            with locks.hold("observer"):
                second = pool.submit(lambda: (trying.set(), outcome(locks, "observer", PATIENCE))[1])
                assert trying.wait(PATIENCE)
                assert not wait([second], MOMENT).done
            assert second.result(PATIENCE) == "held"

    def test_different_names_do_not_hinder_one_another(self, place: LocksPlace) -> None:
        locks = place.open()
        with ExitStack() as stack:
            for name in NAMES:
                stack.enter_context(locks.hold(name, 0.0))
            assert [outcome(locks, name) for name in NAMES] == ["unreachable"] * len(NAMES)
        assert [outcome(locks, name) for name in NAMES] == ["held"] * len(NAMES)

    def test_no_time_to_wait_is_no_wait_at_all(self, place: LocksPlace) -> None:
        with place.open().hold("publish"):
            began = time.monotonic()
            assert outcome(place.open(), "publish", 0.0) == "unreachable"
            assert time.monotonic() - began < 5.0

    def test_a_holder_that_is_killed_lets_go_at_once(self, place: LocksPlace) -> None:
        with Process("hold", place, "publish", PATIENCE) as other:
            assert [other.said(), other.go_and_hear()] == ["open", "held"]
            other.kill()
            assert outcome(place.open(), "publish", 0.0) == "held"

    def test_it_is_not_reentrant(self, place: LocksPlace) -> None:
        locks = place.open()
        with locks.hold("deliver"):
            assert outcome(locks, "deliver", 0.0) == "unreachable"
            assert outcome(locks, "deliver", 0.0) == "unreachable"

    def test_a_block_that_raises_lets_go(self, place: LocksPlace) -> None:
        locks = place.open()
        with pytest.raises(KeyError), locks.hold("deliver"):
            raise KeyError
        assert outcome(place.open(), "deliver") == "held"

    def test_nothing_is_held_before_the_block_begins(self, place: LocksPlace) -> None:
        locks = place.open()
        hold = locks.hold("deliver", 0.0)
        assert outcome(locks, "deliver") == "held"
        with hold:
            assert outcome(locks, "deliver") == "unreachable"
