"""The directory of names: whoever was acknowledged stays in it, whoever else writes at the same time."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher

from ledger.app.installation import Installation, open_home, opened
from ledger.app.people import staff
from ledger.app.people.accounts import Accounts
from ledger.app.people.directory import LAB_PEOPLE, Directory, Person
from ledger.app.press import Press
from ledger.domain.command import Actor
from ledger.errors import Corrupt, LedgerError, Refused, Unreachable
from ledger.files import locked

from .builders import finish, start

THREADS, PUTS = 8, 40
PROCESSES, ADDITIONS = 4, 15
QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@pytest.fixture
def directory(tmp_path: Path) -> Directory:
    return Directory(tmp_path / "var" / "people.json")


def in_threads(job, count: int) -> list[Any]:
    """What each thread came to: an answer, or an error of ours."""

    def run(number: int):
        try:
            return job(number)
        except LedgerError as error:
            return error

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


def test_no_name_is_lost_when_many_threads_put_theirs(directory: Directory) -> None:
    def put(thread: int) -> None:
        for number in range(PUTS):
            Directory(directory.path).put(Person(f"p-{thread}-{number}", f"Name {number}", 100 * thread + number))

    assert in_threads(put, THREADS) == [None] * THREADS
    assert len(directory.people()) == THREADS * PUTS


def test_whom_processes_added_at_once_have_name_and_uid(root: Path) -> None:
    workers = [start("add_people", root, number, ADDITIONS) for number in range(PROCESSES)]
    for worker in workers:
        assert worker.stdout and worker.stdout.readline() == "ready\n"
    for worker in workers:
        assert worker.stdin
        worker.stdin.write("\n")
        worker.stdin.flush()
    added = [one for worker in workers for one in json.loads(finish(worker))]
    assert len(set(added)) == PROCESSES * ADDITIONS
    with opened(root) as installation:
        assert set(added) <= installation.state.people.keys()
        lines = {one.id: one for one in installation.people.people()}
    assert {lines[one].uid for one in added} == {
        10_000 + 100 * process + number for process in range(PROCESSES) for number in range(ADDITIONS)
    }


@pytest.mark.parametrize("same", ["uid", "login", "both"])
def test_one_uid_and_one_login_name_go_to_one_person(root: Path, same: str) -> None:
    def add(number: int) -> str:
        with opened(root) as installation:
            accounts = Accounts(installation.home, installation.clock, QUICK)
            uid = 4001 if same != "login" else 4001 + number
            login = "jan" if same != "uid" else f"jan{number}"
            name = f"Jan {number}" if same != "both" else "Jan"
            admin = Press(_admin(installation))
            return staff.add(installation, accounts, admin, name, ("noc",), uid=uid, login=login)[0]

    came = in_threads(add, 6)
    (added,) = [one for one in came if isinstance(one, str)]
    assert all(isinstance(one, Refused) for one in came if one != added)
    with opened(root) as installation:
        assert Accounts(installation.home, installation.clock).login_of(added).startswith("jan")
        new = [one for one in installation.people.people() if one.id not in LAB_PEOPLE and one.name.startswith("Jan")]
        assert [one.id for one in new] == [added], "whoever was refused left no name"


def _admin(installation: Installation) -> Actor:
    return Actor(person=next(one for one in installation.state.people if one.startswith("p-")), auth="os")


def test_what_is_looked_at_alone_is_what_stands_there_then(directory: Directory) -> None:
    directory.put(Person("p-1", "Ola", 1))
    with directory.alone() as lines:
        assert ("p-1" in lines, "p-2" in lines, list(lines)) == (True, False, [Person("p-1", "Ola", 1)])
        lines.put(Person("p-2", "Jan", 2))
        assert directory.by_uid(2) == Person("p-2", "Jan", 2), "who only reads sees it at once"
        assert (lines.forget("p-1"), lines.forget("p-1")) == (True, False)
    assert directory.people() == [Person("p-2", "Jan", 2)]


def test_who_cannot_have_the_directory_alone_changes_nothing(
    directory: Directory, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory.put(Person("p-1", "Ola", 1))
    monkeypatch.setattr("ledger.app.people.directory.locked", lambda path: locked(path, 0.05))
    with directory.alone(), pytest.raises(Unreachable, match=r"people\.lock is held"):
        Directory(directory.path).put(Person("p-2", "Jan", 2))
    assert directory.people() == [Person("p-1", "Ola", 1)]


def test_a_directory_that_cannot_be_written_is_said_in_one_sentence(tmp_path: Path) -> None:
    longest = tmp_path / f"{'x' * 245}.json"  # the name of the file that is written first is too long
    with pytest.raises(Unreachable, match=r"x\.json cannot be changed: File name too long\. Try the same again"):
        Directory(longest).put(Person("p-1", "Ola", 1))
    assert not longest.exists()


def test_a_broken_directory_is_never_written_over(directory: Directory) -> None:
    directory.put(Person("p-1", "Ola", 1))
    directory.path.write_bytes(b"{")
    with pytest.raises(Corrupt):
        directory.put(Person("p-2", "Jan", 2))
    assert directory.path.read_bytes() == b"{"


def test_a_home_opened_twice_has_one_directory(root: Path) -> None:
    one, other = open_home(root), open_home(root)
    one.people.put(Person("p-1", "Ola", 1))
    other.people.put(Person("p-2", "Jan", 2))
    assert {"p-1", "p-2"} <= {line.id for line in one.people.people()}
    for installation in (one, other):
        installation.ledger.log.close()
