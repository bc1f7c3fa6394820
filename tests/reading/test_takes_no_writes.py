"""The terminal on a disk that is full or read-only, and in a folder that belongs to somebody else: reading works."""

from __future__ import annotations

import json
import os
import sqlite3
import stat
from pathlib import Path

import pytest

from ledger.app.press import Press
from ledger.verify import open_log, verify

from .conftest import Reader
from .disks import Disk
from .runner import run

Still = tuple[Path, Reader]
READ_ONLY = "what is shown was read from it read-only"


def entries(home: Path) -> list[bytes]:
    return (home / "audit/decision_logs/stage4.jsonl").read_bytes().splitlines()


def tree(home: Path) -> dict[str, tuple[int, int, bytes]]:
    """Everything that stands in a home, but for what SQLite leaves beside a database that it has only read."""
    found = {}
    for path in sorted(home.rglob("*")):
        if path.is_file() and not path.name.endswith(("-wal", "-shm")):
            status = path.stat()
            found[str(path)] = (stat.S_IMODE(status.st_mode), status.st_mtime_ns, path.read_bytes())
    return found


def test_status_says_the_truth_and_where_it_was_read(still: Still) -> None:
    home, read = still
    done = read("--json", "status")
    assert done.status == 0, done
    assert done.page["entries"] == len(entries(home))
    assert done.page["read_from"]["name"] == "store, read-only"
    assert [one["rollback"] for one in done.page["rollbacks"]] == ["INC-7"]
    assert READ_ONLY in done.err


def test_the_log_is_whole(still: Still) -> None:
    home, read = still
    done = read("--json", "log")
    assert done.status == 0, done
    assert [json.loads(line)["sequence"] for line in done.out.splitlines()] == [*range(1, len(entries(home)) + 1)]
    assert READ_ONLY in done.err


def test_the_home_is_verified(still: Still) -> None:
    _, read = still
    done = read("verify")
    assert done.status == 0, done
    assert "VERIFIED" in done.out


def test_the_evidence_is_exported_and_verifies(still: Still, room: Path) -> None:
    home, read = still
    room.chmod(0o777)
    done = read("--json", "export", "--out", room / "x.jsonl")
    assert done.status == 0, done
    assert (room / "x.jsonl").read_bytes().splitlines() == entries(home)
    note = (room / "x.checkpoint").read_bytes()
    with open_log(str(room / "x.jsonl")) as lines:
        assert verify(lines, checkpoint=note).entries == len(entries(home))
    assert done.page["read_from"]["name"] == "store, read-only"


def test_doctor_looks_and_says_so(still: Still) -> None:
    _, read = still
    done = read("--json", "doctor")
    checks = {check["name"]: check for check in done.page}
    assert checks["store"]["state"] == "ok"
    assert checks["published"]["state"] == "ok"
    assert checks["reading"]["state"] == "warning"
    assert done.status == 1  # no scheduler answers here: a cross, and with a cross never 0


@pytest.mark.parametrize(
    "command", [("rollback", "show"), ("rollback", "list"), ("people", "list"), ("config", "show")]
)
def test_other_readers_read(command: tuple[str, ...], still: Still) -> None:
    _, read = still
    done = read(*command)
    assert done.status == 0, done
    assert done.out


@pytest.mark.parametrize(
    "command",
    [
        ("rollback", "open", "--ticket", "INC-8", "--reason", "x"),
        ("rollback", "note", "INC-7", "a note"),
        ("rollback", "abort", "INC-7", "--reason", "x"),
    ],
)
def test_what_would_write_says_one_sentence_and_3(command: tuple[str, ...], still: Still) -> None:
    home, read = still
    before = entries(home)
    done = read("--as", "lab-incident-manager", *command)
    assert done.status == 3, done
    said = [line for line in done.err.splitlines() if READ_ONLY not in line]
    assert len(said) == 1, done.err
    assert entries(home) == before


def test_adding_a_person_to_a_read_only_home_adds_no_name_either(on_disk: Path, disk: Disk) -> None:
    disk.remount("ro")
    done = run(on_disk, "people", "add", "Jan", "--uid", "4001", "--role", "noc")
    assert (done.status, done.err.count("\n")) == (3, 2), done.err
    assert "Read-only file system" in done.err


def test_reading_changes_nothing(still: Still) -> None:
    home, read = still
    before = tree(home)
    for command in ("status", "log", "doctor"):
        read(command)
    assert tree(home) == before


def test_a_disk_with_room_is_read_as_usual(on_disk: Path) -> None:
    done = run(on_disk, "--json", "status")
    assert done.page["read_from"] == {"name": "store", "why": ""}
    assert done.err == ""


def test_entries_that_only_the_write_ahead_log_has_are_read(on_disk: Path, disk: Disk) -> None:
    """A server that was killed leaves them there; ``immutable`` would pass them over without a word."""
    leave_a_wal(on_disk)
    wal = on_disk / "var/ledger/stage4.sqlite-wal"
    assert wal.stat().st_size > 0
    disk.remount("ro")
    done = run(on_disk, "--json", "status")
    assert done.status == 0, done
    assert done.page["entries"] == len(entries(on_disk))


def test_where_the_store_cannot_be_read_the_published_lines_are(on_disk: Path, disk: Disk) -> None:
    leave_a_wal(on_disk)
    (on_disk / "var/ledger/stage4.sqlite-shm").unlink(missing_ok=True)
    disk.remount("ro")
    done = run(on_disk, "--json", "status")
    assert done.status == 0, done
    assert done.page["read_from"]["name"] == "published lines"
    assert done.page["entries"] == len(entries(on_disk))
    assert "the published lines" in done.err
    note = run(on_disk, "--as", "lab-incident-manager", "rollback", "note", "INC-7", "x")
    assert note.status == 3
    verified = run(on_disk, "verify")
    assert verified.status == 0, "read through a copy of store and write-ahead log, in a place that takes writes"
    assert f"VERIFIED  {len(entries(on_disk))} entries" in verified.out


def test_what_stands_in_the_write_ahead_log_alone_is_judged_on_a_read_only_disk(on_disk: Path, disk: Disk) -> None:
    store = on_disk / "var/ledger/stage4.sqlite"
    child = os.fork()
    if child == 0:
        connection = sqlite3.connect(store, isolation_level=None)
        connection.execute("DROP TRIGGER requests_no_update")
        connection.execute("UPDATE requests SET last = last + 1 WHERE first = 2")
        os.kill(os.getpid(), 9)
    os.waitpid(child, 0)
    Path(f"{store}-shm").unlink(missing_ok=True)
    disk.remount("ro")
    done = run(on_disk, "--json", "verify")
    assert done.status == 1, done
    assert {one["cause"] for one in done.page["findings"]} == {"made_missing", "receipt_differs"}


@pytest.mark.parametrize("edit", ["a word", "the last line cut"])
def test_published_lines_that_do_not_hold_are_not_read_instead(edit: str, on_disk: Path, disk: Disk) -> None:
    leave_a_wal(on_disk)
    (on_disk / "var/ledger/stage4.sqlite-shm").unlink(missing_ok=True)
    path = on_disk / "audit/decision_logs/stage4.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(
        b"".join(lines[:-1]) if edit == "the last line cut" else path.read_bytes().replace(b"a reason", b"a season")
    )
    disk.remount("ro")
    assert run(on_disk, "status").status in (1, 3)


def leave_a_wal(home: Path) -> None:
    """One more entry by a process that is killed before anything is tidied up."""
    child = os.fork()
    if child == 0:
        from ledger.app.installation import open_home
        from ledger.domain.command import SYSTEM
        from ledger.domain.people.commands import AddPerson

        try:
            open_home(home).submit(AddPerson(person="p-00001", roles=("noc",)), Press(SYSTEM))
        finally:
            os.kill(os.getpid(), 9)
    os.waitpid(child, 0)
