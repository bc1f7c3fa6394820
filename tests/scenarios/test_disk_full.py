"""Walk 12: the same night with the disk full from the first minute to the tenth."""

from __future__ import annotations

import contextlib
import os
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ledger.domain.state import Rollback
from ledger.lab.scenarios import Stage, night, stage

from .walk import REAL_SERVERS, finish, soon

pytestmark = REAL_SERVERS
PROJECT = Path(__file__).resolve().parents[2]
SIZE = "8m"


def test_the_night_with_a_full_disk(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with small_disks(home / "var" / "ledger", home / "var" / "artefacts") as mounted:
        if not mounted:
            pytest.skip("mounting is not allowed here; see the next test")
        with stage(home, print, print) as on:
            with full(home / "var" / "ledger", home / "var" / "artefacts"):
                stopped_by_the_script(on)
                on.rounds(3)
                assert on.installation.scheduler().status == "disabled"
            night.go_on(on, taken_in(on))
            finish(on)


def test_the_night_with_a_script_that_may_write_no_large_file(tmp_path: Path) -> None:
    """The database cannot grow, the override and the spool are small enough: RLIMIT_FSIZE of 2,000 bytes."""
    with stage(tmp_path / "home", print, print) as on:
        stopped_by_the_script(on, lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, 2_000)))
        night.go_on(on, taken_in(on))
        finish(on)


def stopped_by_the_script(on: Stage, limit: Callable[[], None] | None = None) -> None:
    """One line stops the scheduler, whatever the disk says, and says what it did."""
    home = on.installation.home.root
    script = [sys.executable, str(PROJECT / "scripts" / "disable_multi_strategy.py"), "--reason", night.REASON]
    environment = {**os.environ, "STAGE4_HOME": str(home), "STAGE4_AS": "lab-l2-ops"}
    done = subprocess.run(
        script, env=environment, capture_output=True, text=True, timeout=60, check=False, preexec_fn=limit
    )
    path = on.installation.override_path()
    assert path.is_file(), done.stdout + done.stderr
    assert str(path) in done.stdout + done.stderr
    assert "passed over" in done.stderr, "the ledger could be written after all"
    assert soon(on, lambda: on.installation.scheduler().status == "disabled")


def taken_in(on: Stage) -> Rollback:
    """There is space again: the observer takes the stop in, marked."""
    assert soon(on, lambda: on.installation.state.holder), "the stop was not taken in"
    rollback = on.installation.state.holder
    assert rollback
    spool = on.installation.home.spool
    assert soon(on, lambda: not list(spool.glob("stop-*.json"))), "the stop is still in the spool"
    return rollback


@contextlib.contextmanager
def small_disks(*folders: Path) -> Iterator[bool]:
    """Small file systems mounted on these folders; False where that is not allowed."""
    with contextlib.ExitStack() as stack:
        for folder in folders:
            folder.mkdir(parents=True)
            command = ["mount", "-t", "tmpfs", "-o", f"size={SIZE},mode=700", "none", str(folder)]
            if subprocess.run(command, capture_output=True, check=False).returncode:
                yield False
                return
            stack.callback(subprocess.run, ["umount", "-l", str(folder)], check=False)
        yield True


@contextlib.contextmanager
def full(*folders: Path) -> Iterator[None]:
    """No byte is left on these file systems."""
    fillers = [folder / "filler" for folder in folders]
    for filler in fillers:
        with filler.open("wb", buffering=0) as stream, contextlib.suppress(OSError):
            while True:
                stream.write(b"\0" * 4096)
    try:
        yield
    finally:
        for filler in fillers:
            filler.unlink()
