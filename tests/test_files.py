"""Files that survive a crash, a strange umask and another process."""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ledger.errors import Corrupt, Unreachable
from ledger.files import (
    digest_file,
    locked,
    make_folder,
    place_exclusive,
    read_bounded,
    replace,
    sync_folder,
    write_once,
)

PROJECT = Path(__file__).resolve().parents[1]


@contextmanager
def umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


def mode(path: Path) -> str:
    return f"{path.stat().st_mode & 0o7777:04o}"


@contextmanager
def child(program: str, *arguments: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that says one line when it is where it should be, and lives until it is let go."""
    head = "import os, signal, sys; from pathlib import Path; from ledger.files import *; p = Path(sys.argv[1])\n"
    process = subprocess.Popen(
        [sys.executable, "-c", head + program, *arguments],
        cwd=PROJECT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("write", [replace, place_exclusive, write_once])
@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077, 0o777])
@pytest.mark.parametrize("wanted", [0o600, 0o644])
def test_a_file_has_the_mode_asked_for_whatever_the_umask(tmp_path, write, mask, wanted):
    with umask(mask):
        write(tmp_path / "f", b"data", wanted)
    assert ((tmp_path / "f").read_bytes(), mode(tmp_path / "f")) == (b"data", f"{wanted:04o}")


@pytest.mark.parametrize("write", [place_exclusive, write_once])
def test_what_is_written_once_is_readable_by_its_owner_alone(tmp_path, write):
    with umask(0):
        write(tmp_path / "f", b"data")
    assert mode(tmp_path / "f") == "0600"


@pytest.mark.parametrize("flush", [True, False])
def test_replace_puts_the_new_bytes_and_leaves_nothing_else(tmp_path, flush):
    for data in (b"old", b"", b"new" * 100_000):
        replace(tmp_path / "f", data, flush=flush)
        assert (tmp_path / "f").read_bytes() == data
    assert [path.name for path in tmp_path.iterdir()] == ["f"]


def test_a_reader_keeps_the_old_bytes_while_they_are_replaced(tmp_path):
    replace(tmp_path / "f", b"old")
    with (tmp_path / "f").open("rb") as stream:
        replace(tmp_path / "f", b"new")
        assert stream.read() == b"old"


def test_replace_replaces_a_link_and_not_what_it_points_to(tmp_path):
    (tmp_path / "target").write_bytes(b"precious")
    (tmp_path / "f").symlink_to(tmp_path / "target")
    replace(tmp_path / "f", b"new")
    assert (tmp_path / "target").read_bytes() == b"precious" and not (tmp_path / "f").is_symlink()


def test_a_replace_that_fails_leaves_the_old_bytes_and_no_leftover(tmp_path):
    (tmp_path / "f").mkdir()
    with pytest.raises(OSError):
        replace(tmp_path / "f", b"new")
    assert [path.name for path in tmp_path.iterdir()] == ["f"]


def test_nothing_is_made_where_the_folder_is_missing(tmp_path):
    for write in (replace, place_exclusive, write_once):
        with pytest.raises(FileNotFoundError):
            write(tmp_path / "missing" / "f", b"data")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", ["file", "folder", "link", "dangling link"])
def test_whatever_has_the_name_already_is_left_alone(tmp_path, kind):
    path, target = tmp_path / "f", tmp_path / "target"
    target.write_bytes(b"precious")
    make = {
        "file": lambda: path.write_bytes(b"precious"),
        "folder": path.mkdir,
        "link": lambda: path.symlink_to(target),
        "dangling link": lambda: path.symlink_to(tmp_path / "nowhere"),
    }
    make[kind]()
    with pytest.raises(FileExistsError):
        place_exclusive(path, b"data")
    assert target.read_bytes() == b"precious" and not (tmp_path / "nowhere").exists()
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["f", "target"]


def test_write_once_takes_the_same_bytes_again_and_no_others(tmp_path):
    write_once(tmp_path / "f", b"data")
    write_once(tmp_path / "f", b"data")
    with pytest.raises(Corrupt, match="already holds other bytes"):
        write_once(tmp_path / "f", b"other")
    assert (tmp_path / "f").read_bytes() == b"data"


@pytest.mark.parametrize("kind", ["folder", "dangling link"])
def test_write_once_says_in_a_sentence_what_stands_in_its_way(tmp_path, kind):
    path = tmp_path / "f"
    path.mkdir() if kind == "folder" else path.symlink_to(tmp_path / "nowhere")
    with pytest.raises((Corrupt, Unreachable)):
        write_once(path, b"data")


LEFTOVER = """
real = os.fsync
def dies(descriptor):
    real(descriptor)
    os.kill(os.getpid(), signal.SIGKILL)
os.fsync = dies
"""


@pytest.mark.parametrize("write", ["replace", "place_exclusive", "write_once"])
def test_a_crash_before_the_name_is_given_leaves_the_old_state(tmp_path, write):
    path = tmp_path / "f"
    if write == "replace":
        path.write_bytes(b"old")
    with child(f"{LEFTOVER}{write}(p, b'new')", path) as process:
        assert process.wait(20) == -signal.SIGKILL
    assert path.read_bytes() == b"old" if write == "replace" else not path.exists()
    leftovers = [entry.name for entry in tmp_path.iterdir() if entry != path]
    assert len(leftovers) == 1 and leftovers[0].startswith(".f.") and leftovers[0].endswith(".tmp")
    {"replace": replace, "place_exclusive": place_exclusive, "write_once": write_once}[write](path, b"new")
    assert path.read_bytes() == b"new"


@pytest.mark.parametrize("data", [b"", b"12345"])
def test_a_bounded_read_gives_up_to_the_limit(tmp_path, data):
    (tmp_path / "f").write_bytes(data)
    assert read_bounded(tmp_path / "f", 5) == data


@pytest.mark.parametrize("kind", ["missing", "folder", "too long", "endless"])
def test_what_cannot_be_read_within_the_limit_is_unreachable(tmp_path, kind):
    path = {"folder": tmp_path, "endless": Path("/dev/zero")}.get(kind, tmp_path / "f")
    if kind == "too long":
        path.write_bytes(b"123456")
    with pytest.raises(Unreachable, match=str(path)):
        read_bounded(path, 5)


def test_the_digest_of_a_file_is_that_of_its_bytes(tmp_path):
    (tmp_path / "f").write_bytes(b"abc")
    assert digest_file(tmp_path / "f", "sha256").startswith("sha256:ba7816bf8f01cfea")
    assert digest_file(tmp_path / "f").startswith("sha384:cb00753f45a35e8b")
    with pytest.raises(Unreachable):
        digest_file(tmp_path / "missing")


@pytest.mark.parametrize("mask", [0o000, 0o077])
def test_folders_are_made_for_their_owner_alone_and_existing_ones_stay(tmp_path, mask):
    tmp_path.chmod(0o755)
    with umask(mask):
        assert make_folder(tmp_path / "a" / "b") == make_folder(tmp_path / "a" / "b")
    assert [mode(tmp_path / "a" / "b"), mode(tmp_path / "a"), mode(tmp_path)] == ["0700", "0700", "0755"]
    sync_folder(tmp_path / "a")


HOLD = "with locked(p):\n    print('held', flush=True); sys.stdin.readline()"


def test_another_process_waits_for_the_lock_and_gives_up_in_time(tmp_path):
    path = tmp_path / "lock"
    with child(HOLD, path) as process:
        assert process.stdout.readline() == "held\n"
        with pytest.raises(Unreachable, match=r"is held by another process for over 0\.05 s"), locked(path, 0.05):
            pass
        process.stdin.write("\n")
        process.stdin.flush()
        with locked(path, 20):
            assert mode(path) == "0600"


def test_the_lock_of_a_killed_process_is_free(tmp_path):
    with child(HOLD, tmp_path / "lock") as process:
        assert process.stdout.readline() == "held\n"
        process.kill()
        process.wait(20)
        with locked(tmp_path / "lock", 5):
            pass


def test_a_lock_is_free_again_after_an_error(tmp_path):
    with pytest.raises(ZeroDivisionError), locked(tmp_path / "lock"):
        raise ZeroDivisionError
    with locked(tmp_path / "lock", 0):
        pass


def test_a_lock_file_is_no_link(tmp_path):
    (tmp_path / "lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Unreachable), locked(tmp_path / "lock", 0):
        pass
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.EIO, errno.EOPNOTSUPP])
def test_a_file_system_without_locks_is_said(tmp_path, monkeypatch, number):
    def refuse(descriptor, operation):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", refuse)
    wanted = rf"lock cannot be locked: {os.strerror(number)}\. Without file locks .* local disk"
    with pytest.raises(Unreachable, match=wanted), locked(tmp_path / "lock", 0):
        pass
