"""Homes that an earlier build left are gone on with: what was there stays as it was, and all of it verifies."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ledger.app.home.folders import Home
from ledger.app.installation import opened
from ledger.app.people.accounts import Accounts
from ledger.app.record.spool import take_in
from ledger.domain.closing.commands import Abort
from ledger.lab.scenarios import stage
from ledger.lab.tools import Tools, fetch
from tests.app.builders import lines_of
from tests.dashboard.conftest import PASSWORD, QUICK
from tests.dashboard.stories import walk
from tests.domain.road import ROAD
from tests.scenarios.walk import finish, from_step_3, through_step_2

from .archive import names, unpack
from .continued import Continued
from .test_kept import lines, run, verified
from .told import told

PROJECT = Path(__file__).parents[2]
LEFT = ("begun", "held", "stories")
"""Homes that were left with a rollback open: it is gone on with, or only read."""


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


@pytest.mark.parametrize("home", [name for name in names() if name not in LEFT], indirect=True)
def test_a_whole_new_rollback_is_run_and_all_of_it_verifies(home: Home) -> None:
    with grown(home, len(ROAD)), opened(home.root) as installation:
        before = told(installation)
        story = Continued(installation)
        story.begin("INC-2042")
        walk(story, "opened", "completed")
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
