"""Homes that an earlier build left are gone on with: what was there stays as it was, and all of it verifies."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from ledger.app.accounts import Accounts
from ledger.app.home import Home
from ledger.app.installation import Installation, opened
from ledger.app.spool import take_in
from ledger.app.steps import opening, restoring
from ledger.domain.closing.commands import Abort
from ledger.domain.restoring.commands import EndIncident
from ledger.lab.rehearsal import Heard, lab_home
from ledger.lab.scenarios import Stage, stage
from ledger.lab.tools import Tools, fetch
from tests.app.builders import lines_of
from tests.dashboard.conftest import PASSWORD, QUICK
from tests.dashboard.stories import walk
from tests.domain.road import ROAD
from tests.scenarios.walk import finish, from_step_3, through_step_2

from .archive import unpack
from .continued import Continued
from .test_kept import lines, run, verified
from .told import told

PROJECT = Path(__file__).parents[2]
LEFT = {"begun": "asked"}
"""Kept home -> where the road goes on for the rollback that was left open there."""


@contextmanager
def grown(home: Home, by: int = 1) -> Iterator[None]:
    """At least so many entries come, after the old ones, whose bytes stay; then the home verifies as a whole."""
    stored, published = lines_of(home), lines(home)
    yield
    assert (lines_of(home)[: len(stored)], lines(home)[: len(published)]) == (stored, published)
    assert len(lines(home)) >= len(published) + by
    assert verified(home, home.var / "keys" / "hmac.key")["entries"] == len(lines_of(home))
    done = run("--home", home.root, "verify")
    assert done.exit_code == 0, done.output


@pytest.fixture
def home(request: pytest.FixtureRequest, tmp_path: Path) -> Home:
    """The kept home that the test names."""
    return Home(unpack(request.param, tmp_path / request.param))


@pytest.fixture
def tools() -> Tools:
    return fetch(PROJECT / "var" / "lab" / "tools", print)


def test_a_whole_new_rollback_is_run_and_all_of_it_verifies(copied: Home) -> None:
    with grown(copied, len(ROAD)), opened(copied.root) as installation:
        before = told(installation)
        story = Continued(installation)
        story.begin("INC-2042")
        walk(story, "opened", "ended" if installation.state.holders else "completed")
        assert story.rollback.id not in before["rollbacks"]
        installation.publish()
        after = told(installation)
        assert after["statuses"][: before["entries"]] == before["statuses"]
        closed = before["closed"]
        assert [after["rollbacks"][one] for one in closed] == [before["rollbacks"][one] for one in closed]


@pytest.mark.parametrize("home", ["begun"], indirect=True)
def test_a_rollback_that_was_begun_is_finished(home: Home) -> None:
    with grown(home, len(ROAD)), opened(home.root) as installation:
        story = Continued(installation)
        story.go_on("INC-2042")
        walk(story, "asked")
        story.do("im", Abort(reason="it was the feed"), "INC-2051")
        assert not installation.state.open
        assert installation.rollback("INC-2042").phase == "completed"
        installation.publish()


@pytest.mark.parametrize("home", ["waiting"], indirect=True)
def test_a_stop_that_waits_in_the_spool_is_taken_in(home: Home) -> None:
    with grown(home), opened(home.root) as installation:
        (name,) = take_in(installation)
        assert installation.rollback(name).emergency
        assert not list(home.spool.glob("stop-*.json")) and take_in(installation) == []
        assert "unsigned" not in lines(home)[-1].decode()


@pytest.mark.parametrize("home", ["people"], indirect=True)
def test_who_had_an_account_signs_in(home: Home) -> None:
    with opened(home.root) as installation:
        accounts = Accounts(home, installation.clock, QUICK)
        _, who = accounts.sign_in("one", PASSWORD, "127.0.0.1", "a browser")
        assert installation.state.people[who.person] == {"l2_ops", "incident_manager"}


@pytest.mark.enable_socket
@pytest.mark.timeout(120)
@pytest.mark.parametrize("home", ["alertmanager-down"], indirect=True)
def test_a_whole_new_rollback_is_run_on_real_servers(home: Home, tools: Tools) -> None:
    with grown(home, len(ROAD)), stage(home.root, print, print) as on:
        from_step_3(on, through_step_2(on, "INC-2051"))
        assert on.rollbacks == ["INC-2051.2"]
        finish(on)


@pytest.mark.enable_socket
@pytest.mark.timeout(120)
@pytest.mark.parametrize("home", ["held"], indirect=True)
def test_a_home_that_moved_while_it_held_the_scheduler_is_brought_to_its_end(home: Home, tools: Tools) -> None:
    """Nothing stands at the path of its entries: the observer sees the override gone, and it is adopted."""
    heard = Heard()
    with grown(home, 5), lab_home(home.root, print, heard) as (installation, lab):
        on = Stage(installation, lab, print, print, heard)
        rollback = on.now("INC-2042")
        on.expect_soon("the override is seen to be gone", lambda: on.now(rollback).override.removed_outside)
        on.expect_soon("the silence is seen to be lost", lambda: on.now(rollback).silence.state == "lost")
        opening.abort(installation, on.person("incident_manager"), on.now(rollback), "the home was moved")
        restoring.adopt_removal(installation, on.person("l2_ops"), on.now(rollback), "the home was moved")
        on.restored(rollback)
        on.closed(rollback, phase="aborted")
        finish(on)


__all__ = ["LEFT", "EndIncident", "Installation", "json", "timedelta"]
