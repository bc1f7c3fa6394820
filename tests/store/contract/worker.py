"""What the contract's tests run in processes of their own: says a line, waits for a word, goes on.

Places and what else a job is given come pickled. Nothing of pytest is imported: a process is there in no time.
"""

from __future__ import annotations

import base64
import pickle
import sys
from collections.abc import Sequence
from contextlib import closing

from ledger.errors import LedgerError, Unreachable
from ledger.store.contract import LockName
from ledger.store.values import Account, Filter, Head, Row, SessionRow

from .common import append_in
from .places import AccountsPlace, LocksPlace, LogPlace, SnapshotsPlace, TimelinePlace


def say(what: object) -> None:
    print(what, flush=True)


def say_and_wait(what: object) -> None:
    say(what)
    sys.stdin.readline()


def write(place: LogPlace, line: bytes, timeout: float) -> None:
    """One append, with a stop at each step."""
    with closing(place.open()) as log:
        say_and_wait("open")
        try:
            with log.transaction(timeout) as writing:
                size = len(writing.lines_after(0))
                say_and_wait(f"inside, after {size}")
                append_in(writing, size + 1, line)
                say_and_wait("appended")
            say_and_wait("done")
        except Unreachable:
            say_and_wait("unreachable")


def write_many(place: LogPlace, name: bytes, count: int) -> None:
    """Many appends, one transaction each."""
    with closing(place.open()) as log:
        say_and_wait("open")
        for number in range(count):
            with log.transaction() as writing:
                append_in(writing, len(writing.lines_after(0)) + 1, b"%s %d" % (name, number))
        say("done")


def size(place: LogPlace) -> None:
    """How many entries another process sees."""
    with closing(place.open()) as log:
        say_and_wait(log.size())


def hold(place: LocksPlace, name: LockName, timeout: float) -> None:
    """Hold a lock until told otherwise."""
    locks = place.open()
    say_and_wait("open")
    try:
        with locks.hold(name, timeout):
            say_and_wait("held")
        say_and_wait("let go")
    except Unreachable:
        say_and_wait("unreachable")


def add(place: TimelinePlace, before: Head, rows: Sequence[tuple[Row, str]], head: str) -> None:
    """Append rows to a timeline."""
    store = place.open(before.origin, before.head)
    say_and_wait("open")
    say(store.add(before, rows, head))


def attempt(place: AccountsPlace, key: str, times: int, limit: int) -> None:
    """Count tries; says how many were let through."""
    store = place.open()
    say_and_wait("open")
    say(sum(store.attempt(key, 10.0, 0.0, limit) for _ in range(times)))


def named(error: LedgerError) -> str:
    return type(error).__name__


def write_without_writes(place: LogPlace, line: bytes) -> None:
    """What becomes of an append, and of a look, while the place takes no writes."""
    with closing(place.open()) as log:
        known = log.size()
        place.deny_writes()
        try:
            with log.transaction() as writing:
                append_in(writing, known + 1, line)
            say("written")
        except LedgerError as error:
            say(named(error))
        place.allow_writes()
        say(log.size())


def read_without_writes(place: LogPlace) -> None:
    """What is read by a log that is opened while the place takes no writes."""
    place.deny_writes()
    with closing(place.open()) as log:
        say(list(log.lines()))
        say(log.source.name)


def make_without_writes(place: TimelinePlace, origin: str) -> None:
    """What becomes of adding to a timeline and of making one while its place takes no writes."""
    store = place.open(origin, "sha384:genesis")
    before = store.head()
    assert before is not None
    row = Row(1, "", "noted", "raw", "", None, "p-1", "noc", "", None, "x", "", "", 1)
    place.deny_writes()
    for act in (lambda: store.add(before, [(row, "x")], "sha384:1"), store.make):
        try:
            say(act())
        except LedgerError as error:
            say(named(error))
    place.allow_writes()
    say(store.count(Filter()) if store.head() else 0)


def save_without_writes(place: SnapshotsPlace, snapshot: bytes) -> None:
    """What becomes of saving a snapshot while its place takes no writes, and of the one before."""
    store = place.open()
    place.deny_writes()
    try:
        store.save(snapshot, {})
        say("saved")
    except LedgerError as error:
        say(named(error))
    say(store.newest())


def sign_in_without_writes(place: AccountsPlace, account: Account, old: SessionRow, new: SessionRow) -> None:
    """Somebody signs in and somebody else out while the place takes no writes; then it takes them again."""
    store = place.open()
    place.deny_writes()
    store.open(new)
    store.end(old.token)
    say((store.account(account.login), store.session(new.token), store.session(old.token)) == (account, new, None))
    say(store.attempt("key", 10.0, 0.0, 1) and not store.attempt("key", 10.0, 0.0, 1))
    for act in (lambda: store.put(account), lambda: store.remove(account.person)):
        try:
            act()
            say("changed")
        except LedgerError as error:
            say(isinstance(error, Unreachable))
    place.allow_writes()
    say_and_wait("allowed")
    while True:  # until it is back where others see it: who waits for that has an end
        say_and_wait(store.session(new.token) == new)


JOBS = (
    write,
    write_many,
    size,
    hold,
    add,
    attempt,
    write_without_writes,
    read_without_writes,
    make_without_writes,
    save_without_writes,
    sign_in_without_writes,
)

if __name__ == "__main__":
    chosen, packed = sys.argv[1:]
    where, given = pickle.loads(base64.b64decode(packed))
    {job.__name__: job for job in JOBS}[chosen](where, *given)
