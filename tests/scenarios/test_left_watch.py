"""A watch whose starter is gone is finished by the observer, also by one that was started later."""

from __future__ import annotations

from pathlib import Path

from ledger.app.installation import open_home
from ledger.app.observer import Observer
from ledger.app.press import Press
from ledger.app.steps import watching
from ledger.lab.scenarios import stage

from .walk import REAL_SERVERS, finish, newest, records, soon, through_step_2

pytestmark = REAL_SERVERS


def test_the_observer_finishes_a_watch_that_was_left(tmp_path: Path) -> None:
    with stage(tmp_path / "home", print, print, observed=False) as on:
        rollback = through_step_2(on, "INC-2042")
        on.stopped(rollback)
        assert soon(on, on.covered)
        noc = on.person("noc")
        started = watching.start(on.installation, Press(noc), on.now(rollback), 3)
        on.installation.ledger.log.close()
        on.installation = open_home(on.installation.home.root)
        observer = Observer(on.installation)

        def finished() -> bool:
            observer.look()
            return bool(records(on, "watch_finished"))

        assert soon(on, finished, 30)
        assert on.now(rollback).steps[4].by == noc.person
        size, verdict = on.installation.state.sequence, newest(on, "watch_finished").verdict
        for outcome in (
            watching.finish(on.installation, Press(noc), started),
            watching.finish(on.installation, Press(noc), on.now(rollback)),
        ):
            assert outcome.verdict == verdict
        assert on.installation.state.sequence == size, "who comes later is told what it came to"
        on.watched(rollback)
        on.ended(rollback)
        on.restored(rollback)
        on.closed(rollback)
        finish(on)
        on.installation.ledger.log.close()
