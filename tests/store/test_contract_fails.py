"""The contract's tests can fail: a store that breaks one rule is found out by the test of that rule."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest

from ledger.store.contract import RawLog
from ledger.store.sqlite.accounts import SQLiteAccounts
from ledger.store.sqlite.log import SQLiteLog, SQLiteTransaction
from ledger.store.sqlite.timeline import SQLiteTimeline
from ledger.store.values import Filter, Head, Mark, Receipt, Row

from .contract.accounts import AccountsContract
from .contract.locks import LocksContract
from .contract.log import LogContract
from .contract.raw import RawLogContract
from .contract.timeline import TimelineContract
from .contract.transaction import TransactionContract
from .sqlite_places import SQLiteAccountsPlace, SQLiteLocksPlace, SQLiteLogPlace, SQLiteTimelinePlace

T = TypeVar("T")

# --- logs -----------------------------------------------------------------------------------------------------------


class Trusting(SQLiteTransaction):
    def continues(self, mark: Mark | None) -> bool:
        super().continues(mark)
        return mark is not None


class Forgetful(SQLiteTransaction):
    def append(self, origin: str, lines: Any, checkpoint: tuple[int, bytes], receipt: Receipt) -> None:
        super().append(origin, lines, checkpoint, receipt._replace(request_id=f"{receipt.request_id} mislaid"))


class Stubborn(SQLiteTransaction):
    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        super().__exit__(None, None, None)


class Clipped(SQLiteLog):
    def lines(self, *given: int, **named: int) -> Iterator[bytes]:
        return (line[:-1] for line in super().lines(*given, **named))


class Halting(SQLiteLog):
    def numbered_after(self, sequence: int, batch: int = 2_000) -> Iterator[tuple[int, bytes]]:
        for number, line in super().numbered_after(sequence, batch):
            if number != sequence + 1:
                return
            sequence = number
            yield number, line


class Unlocked(SQLiteLog):
    """Every log object has a queue of its own, and begins to write when it first does."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._lock = self.path.with_name(f"{id(self)}.lock")

    def _begin(self, timeout: float | None) -> Any:
        descriptor, cursor = super()._begin(timeout)
        return descriptor, cursor.execute("ROLLBACK").execute("BEGIN")


@dataclass(frozen=True)
class Broken(SQLiteLogPlace):
    """Logs of a class with transactions of another; a look that ``sees`` in its own way."""

    log: type[SQLiteLog] = SQLiteLog
    transaction: type[SQLiteTransaction] = SQLiteTransaction

    def open(self, *, create: bool = False, lock_timeout: float = 10.0) -> SQLiteLog:
        opened = self.log(self.path, create=create, lock_timeout=lock_timeout)
        opened.transaction = lambda timeout=None: self.transaction(opened, timeout)  # type: ignore[method-assign]
        return opened


class Wandering(SQLiteLogPlace):
    """A look that reads each thing when it is asked for."""

    def look(self, read: Callable[[RawLog], T], *, live: bool = False) -> T:
        whole = super().look

        class Look:
            def __getattr__(self, name: str) -> Callable[..., Any]:
                def asked(*given: Any) -> Any:
                    return whole(lambda look: _all(getattr(look, name)(*given)), live=live)

                return asked

        return read(Look())


def _all(found: Any) -> Any:
    return list(found) if isinstance(found, Iterator) else found


# --- the rest -------------------------------------------------------------------------------------------------------


class LooseLocks(SQLiteLocksPlace):
    def open(self) -> Any:
        class Loose:
            def hold(self, name: str, timeout: float = 10.0) -> contextlib.AbstractContextManager[None]:
                return contextlib.nullcontext()

        return Loose()


class HastyTimeline(SQLiteTimelinePlace):
    def open(self, origin: str, genesis: str) -> SQLiteTimeline:
        class Hasty(SQLiteTimeline):
            def add(self, before: Head, rows: Sequence[tuple[Row, str]], head: str) -> bool:
                return super().add(self.head() or before, rows, head)

        return Hasty(self.path, origin, genesis)


class LatelessTimeline(SQLiteTimelinePlace):
    def open(self, origin: str, genesis: str) -> SQLiteTimeline:
        class Lateless(SQLiteTimeline):
            def sequences(self, chosen: Filter, limit: int) -> list[int]:
                return super().sequences(chosen._replace(until=""), limit)

        return Lateless(self.path, origin, genesis)


class PatientAccounts(SQLiteAccountsPlace):
    def open(self) -> SQLiteAccounts:
        class Patient(SQLiteAccounts):
            def attempt(self, key: str, at: float, since: float, limit: int) -> bool:
                super().attempt(key, at, since, limit)
                return True

        return Patient(self.path)


LOG, WRITES, LOOK = LogContract(), TransactionContract(), RawLogContract()
LOCKS, TIMELINE, ACCOUNTS = LocksContract(), TimelineContract(), AccountsContract()
BROKEN: dict[str, tuple[Callable[[Path], object], Callable[..., None], dict[str, object]]] = {
    "continues is always true": (
        lambda path: Broken(path, transaction=Trusting),
        WRITES.test_a_mark_ends_with_the_next_commit_whoever_makes_it,
        {"who": "another log object"},
    ),
    "a receipt is mislaid": (
        lambda path: Broken(path, transaction=Forgetful),
        WRITES.test_the_receipt_of_a_request_comes_back,
        {},
    ),
    "a block that raises is committed": (
        lambda path: Broken(path, transaction=Stubborn),
        WRITES.test_a_block_that_raises_commits_nothing,
        {},
    ),
    "writers do not queue": (
        lambda path: Broken(path, log=Unlocked),
        WRITES.test_a_thread_whose_time_is_over_is_told_so,
        {"whose": "another log object", "timeout": 0.0},
    ),
    "lines lose their last byte": (
        lambda path: Broken(path, log=Clipped),
        LOG.test_any_lines_come_back_byte_for_byte,
        {},
    ),
    "numbered lines end at a gap": (
        lambda path: Broken(path, log=Halting),
        LOG.test_numbered_lines_go_on_where_rows_are_missing,
        {},
    ),
    "a look moves on": (
        Wandering,
        LOOK.test_one_look_sees_one_moment_whatever_is_committed_meanwhile,
        {"who": "this process", "live": True},
    ),
    "a lock holds nobody back": (
        LooseLocks,
        LOCKS.test_a_name_has_one_holder_over_all_threads,
        {"whose": "another object", "timeout": 0.0},
    ),
    "rows are added twice": (
        HastyTimeline,
        TIMELINE.test_nothing_is_added_where_somebody_else_was_quicker,
        {"before": Head("stage4-ledger.invalid/stage4/another", 3, "sha384:head")},
    ),
    "a filter passes over a field": (
        LatelessTimeline,
        TIMELINE.test_a_filter_lets_through_exactly,
        {"name": "until, where a clock went back"},
    ),
    "a try is never refused": (
        PatientAccounts,
        ACCOUNTS.test_tries_of_many_threads_are_counted_singly,
        {"limit": 5},
    ),
}
SOUND = {"locks": SQLiteLocksPlace, "timeline": SQLiteTimelinePlace, "accounts": SQLiteAccountsPlace}


def sound_place(test: Callable[..., None], path: Path) -> object:
    """The SQLite store as it is, for the protocol that a test is about."""
    return SOUND.get(test.__module__.rpartition(".")[2], SQLiteLogPlace)(path)


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_store_is_found_out_where(name: str, tmp_path: Path) -> None:
    broken, test, given = BROKEN[name]
    test(place=sound_place(test, tmp_path / "sound" / "store"), **given)
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        test(place=broken(tmp_path / "broken" / "store"), **given)
