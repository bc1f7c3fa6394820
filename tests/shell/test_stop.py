"""The stop: one line, on good days and on bad ones, and taken in later."""

from __future__ import annotations

import contextlib
import fcntl
import json
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .commands import PROJECT, assert_verified, entries, run, script, stage4, statuses, until

OVERRIDE = "var/runtime/overrides/multi_strategy_disable.json"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    done = stage4(tmp_path, "init", "--name", "Ola", "--role", "l2_ops", "--role", "incident_manager")
    assert done.returncode == 0, done.stderr
    return tmp_path


def press(home: Path) -> float:
    """Press the stop; the seconds that it took, all of Python's start included."""
    started = time.monotonic()
    done = script(home, "disable_multi_strategy.py", "--reason", "orders look wrong", "--requested-by", "L2")
    took = time.monotonic() - started
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    file = home / OVERRIDE
    assert json.loads(file.read_text())["reason"] == "orders look wrong"
    assert file.stat().st_mode & 0o777 == 0o600
    return took


def test_one_line_opens_declares_and_stops(home: Path) -> None:
    press(home)
    assert statuses(home)[-5:] == [
        "rollback_opened",
        "emergency_declared",
        "override_requested",
        "override_written",
        "log_kept",
    ]
    again = stage4(home, "stop", "--reason", "once more")
    assert again.returncode == 0
    assert "already stopped by Ola at" in again.stdout
    assert statuses(home)[-1] == "log_kept", "a press that found nothing to do enters nothing"


@contextlib.contextmanager
def held_lock(home: Path) -> Iterator[None]:
    with (home / "var/ledger/stage4.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def locked_database(home: Path) -> Iterator[None]:
    with contextlib.closing(sqlite3.connect(home / "var/ledger/stage4.sqlite", isolation_level=None)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        yield
        connection.execute("ROLLBACK")


@contextlib.contextmanager
def damaged_store(home: Path) -> Iterator[None]:
    path = home / "var/ledger/stage4.sqlite"
    shutil.copy(path, home / "whole")
    path.write_bytes(b"\xff" * 8192)
    yield
    for file in path.parent.glob("stage4.sqlite-*"):
        file.unlink()
    shutil.move(home / "whole", path)


@contextlib.contextmanager
def no_key(home: Path) -> Iterator[None]:
    key = home / "var/keys/hmac.key"
    shutil.move(key, home / "kept")
    yield
    shutil.move(home / "kept", key)


@contextlib.contextmanager
def open_key(home: Path) -> Iterator[None]:
    key = home / "var/keys/hmac.key"
    key.chmod(0o644)
    yield
    key.chmod(0o600)


@contextlib.contextmanager
def broken_configuration(home: Path) -> Iterator[None]:
    text = (home / "stage4.toml").read_text()
    (home / "stage4.toml").write_text("[[[")
    yield
    (home / "stage4.toml").write_text(text)


@pytest.mark.parametrize(
    "trouble",
    [held_lock, locked_database, damaged_store, no_key, open_key, broken_configuration],
    ids=lambda f: f.__name__,
)
def test_the_stop_happens_without_the_ledger_and_is_taken_in_later(
    home: Path, trouble: Callable[[Path], contextlib.AbstractContextManager[None]]
) -> None:
    with trouble(home):
        assert press(home) < 5
        assert list((home / "var/spool").glob("stop-*.json"))
    taken = run(home, "timeout", "--signal=TERM", "3", Path(__import__("sys").executable).parent / "stage4", "observe")
    assert "took in a stop" in taken.stdout, taken.stdout + taken.stderr
    entry = next(e for e in entries(home) if e["status"] == "stop_taken_in")
    assert entry["metadata"]["verdict"] == "pass"
    assert ("unsigned" in entry["metadata"]["why"]) == (trouble is no_key)
    assert entry["runtime_flags"]["override.active"]
    assert not list((home / "var/spool").glob("stop-*.json"))
    assert_verified(home)


def test_the_stop_needs_nothing_but_the_standard_library(tmp_path: Path) -> None:
    for name in ("scripts", "ledger"):
        shutil.copytree(PROJECT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    line = ("--reason", "orders look wrong", "--requested-by", "L2")
    done = run(tmp_path, "python3", "-S", tmp_path / "scripts/disable_multi_strategy.py", *line)
    assert done.returncode == 0, done.stderr
    assert "passed over" in done.stderr
    assert (tmp_path / OVERRIDE).stat().st_mode & 0o777 == 0o600


def test_where_no_file_can_be_written_it_says_how_to_stop_by_hand(tmp_path: Path) -> None:
    (tmp_path / "stage4.toml").write_text('[override]\ndirectory = "/proc/overrides"\n')  # nobody makes a folder there
    done = script(tmp_path, "disable_multi_strategy.py", "--reason", "orders look wrong")
    assert done.returncode == 3
    assert "by hand" in done.stderr
    assert "NOTHING WAS STOPPED" in done.stderr
    assert "umask 077\nmkdir -p" in done.stderr


def test_a_folder_that_is_no_home_is_not_told_as_stopped(tmp_path: Path) -> None:
    (tmp_path / "var" / "spool").mkdir(parents=True)
    for done in (
        stage4(tmp_path, "stop", "--reason", "x"),
        script(tmp_path, "disable_multi_strategy.py", "--reason", "x"),
    ):
        assert done.returncode == 3
        assert "NOTHING WAS STOPPED" in done.stderr and "--home DIR" in done.stderr
    assert [path.name for path in tmp_path.rglob("*")] == ["var", "spool"]


def test_nobody_to_read_it_is_no_failure(home: Path) -> None:
    with Path("/dev/full").open("w") as full:
        line = [Path(sys.executable).parent / "stage4", "stop", "--home", home]
        done = subprocess.run(line, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, "Traceback" in done.stderr) == (0, False)
    assert (home / OVERRIDE).is_file()


def test_eight_presses_at_once_are_one_stop(home: Path) -> None:
    line = [Path(sys.executable).parent / "stage4", "stop", "--home", home, "--reason"]
    pressed = [subprocess.Popen([*line, str(number)], stdout=subprocess.DEVNULL) for number in range(8)]
    assert [one.wait(60) for one in pressed] == [0] * 8
    run(home, "timeout", "--signal=TERM", "3", Path(sys.executable).parent / "stage4", "observe")
    assert statuses(home).count("rollback_opened") == 1
    assert json.loads((home / OVERRIDE).read_text())["reason"] in set("01234567")


def test_an_observer_takes_a_stop_in_by_itself(home: Path) -> None:
    with no_key(home):
        press(home)
    status = stage4(home, "doctor")
    assert "1 stops wait" in status.stdout
    until(lambda: "stop_taken_in" in statuses(home) or not stage4(home, "status").returncode, 5, "the home to answer")
