"""Walk 9: killed between "remove" asked and done, and started an hour later."""

from __future__ import annotations

import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

from ledger.app.installation import Installation, now, open_home
from ledger.app.observer import Observer
from ledger.app.reading.queries import next_actions
from ledger.domain.state import Rollback
from ledger.files import locked, make_folder
from ledger.lab.scenarios import Stage, stage

from .walk import REAL_SERVERS, finish, newest, soon, through_step_2

pytestmark = REAL_SERVERS


def test_a_removal_that_is_an_hour_late_asks_a_person_again(tmp_path: Path) -> None:
    with stage(tmp_path / "home", print, print, observed=False) as on:
        rollback = through_step_2(on, "INC-2042")
        on.stopped(rollback)
        on.watched(rollback)
        on.ended(rollback)
        killed_before_it_is_done(on, rollback)
        on.installation = started_an_hour_later(on)
        still_stopped_and_somebody_is_asked(on, rollback)
        on.restored(rollback)
        on.closed(rollback)
        finish(on)
        on.installation.ledger.log.close()


def killed_before_it_is_done(on: Stage, rollback: Rollback) -> None:
    """The removal is asked for by another process, which waits for its turn to deliver and is killed meanwhile."""
    home = on.installation.home
    program = Path(sys.executable).with_name("stage4")
    command = [str(program), "--home", str(home.root), "--as", "lab-l2-ops", "rollback", "restore", rollback.id]
    make_folder(home.locks)
    with locked(home.locks / "deliver.lock"):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            assert soon(on, lambda: on.now(rollback).effects), "nothing was asked for"
        finally:
            process.kill()
            process.wait()
    assert [effect.kind for effect in on.now(rollback).effects] == ["removal"]
    assert on.installation.look(rollback.override.path).kind == "file"


def started_an_hour_later(on: Stage) -> Installation:
    late = open_home(on.installation.home.root)
    late.clock = late.ledger.clock = an_hour_later
    return late


def an_hour_later() -> datetime:
    return now() + timedelta(hours=1)


def still_stopped_and_somebody_is_asked(on: Stage, rollback: Rollback) -> None:
    observer = Observer(on.installation)
    for _ in range(4):
        observer.look()
    assert newest(on, "effect_expired").effect == "removal"
    assert not on.now(rollback).effects
    assert on.installation.look(rollback.override.path).kind == "file"
    assert on.installation.scheduler().status == "disabled"
    assert any("rollback restore" in line for line in next_actions(on.now(rollback)))
