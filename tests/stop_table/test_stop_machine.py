"""A world that others change: after each stop, however it was pressed, an override that stops trading is there."""

from __future__ import annotations

import shutil
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from ledger import override
from ledger.app.installation import open_home
from ledger.app.observer.desk import Desk
from ledger.app.observer.file import look_at_files
from ledger.app.people.directory import os_identity
from ledger.app.press import Press
from ledger.app.record.deliver import deliver
from ledger.app.record.spool import take_in
from ledger.app.steps.stop import stop
from ledger.domain.asked import fit
from ledger.domain.command import Actor
from ledger.domain.standing import why_it_does_not_stop
from ledger.errors import LedgerError
from ledger.stop import stop_without_ledger
from tests.stop_table import world


class Night(RuleBasedStateMachine):
    """Somebody presses, somebody else changes the file, the observer looks, a process dies between asking and doing."""

    prepared: Path

    @initialize(begun=st.sampled_from(["fresh", "held", "asked"]))
    def begin(self, begun: str) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.home = shutil.copytree(self.prepared / begun, self.folder / "home")
        self.installation = open_home(self.home)
        self.installation.publish()
        self.desk = Desk(self.installation, lambda _: None)
        self.pressed = False

    @rule(what=st.sampled_from(world.FILES))
    def somebody_changes_the_file(self, what: str) -> None:
        path = self.home / world.OVERRIDE
        if path.is_dir() and not path.is_symlink():
            path.rmdir()
        world.put_file(self.home, what)
        self.pressed = False

    @rule(who=st.sampled_from(["known", "unknown"]), reason=st.sampled_from(["", "late", "x" * 500]))
    def press(self, who: str, reason: str) -> None:
        person = next(iter(self.installation.state.people)) if who == "known" else "unknown"
        actor, asked = Actor(person=person, auth="os", os=os_identity()), fit(reason=reason)
        try:
            outcome = stop(self.installation, Press(actor), asked)
            assert outcome.verdict == "pass", outcome.reasons
        except LedgerError as error:
            stop_without_ledger(self.home, asked, why=str(error))
        self.pressed = True

    @rule()
    def press_without_the_ledger(self) -> None:
        stop_without_ledger(self.home, fit(reason="the ledger is gone"), why="it is locked")
        self.pressed = True

    @rule()
    def the_observer_looks(self) -> None:
        for _ in range(2):
            take_in(self.installation)
            deliver(self.installation)
            look_at_files(self.desk, self.installation.state)

    @invariant()
    def after_a_press_an_override_stops_trading(self) -> None:
        if getattr(self, "pressed", False):
            now = datetime.now(UTC)
            seen = override.look(self.home / world.OVERRIDE, lambda: now)
            assert why_it_does_not_stop(seen, world.TRADING, now) == ""

    @invariant()
    def one_stop_is_one_rollback(self) -> None:
        if hasattr(self, "installation"):
            assert len(self.installation.state.open) <= 1

    def teardown(self) -> None:
        if hasattr(self, "installation"):
            self.installation.ledger.log.close()
            shutil.rmtree(self.folder, ignore_errors=True)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("prepared")
    world.prepare(folder)
    return folder


def test_whatever_others_do_a_stop_stops(prepared: Path) -> None:
    from hypothesis.stateful import run_state_machine_as_test

    Night.prepared = prepared
    quick = settings(
        max_examples=40, stateful_step_count=12, deadline=None, suppress_health_check=list(HealthCheck), database=None
    )
    run_state_machine_as_test(Night, settings=quick)
