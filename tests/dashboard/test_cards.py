"""A rollback's cards say what is seen now, as the first page does: a step that passed may not stand any more."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from ledger.app.press import Press
from ledger.app.steps import opening, restoring, stopping
from ledger.domain.facts import AlertCount, MemberSeen, SchedulerSeen
from tests.app.builders import adopting_silence, tell

from .conftest import person
from .test_now import LATENCY, seen, sentence
from .test_stop import press


def text(page: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", page).split())


def card(client, step: int, name: str = "INC-7") -> str:
    """What a step's card says."""
    page = client.get(f"/rollbacks/{name}").text
    found = re.search(rf'<li class="step[^"]*" id="step-{step}">(.*?)\n    </li>', page, re.DOTALL)
    assert found
    return text(found[1])


@pytest.fixture
def stopped(installation, site):
    """Opened, confirmed and stopped; the override is there and was seen."""
    made = opening.open_rollback(
        installation, Press(person("incident_manager")), ticket="INC-7", reason="latency"
    ).rollback
    opening.confirm(installation, Press(person("product_owner")), made)
    done = stopping.disable(
        installation, Press(person("l2_ops")), installation.rollback("INC-7"), requested_by="L2 Ops"
    )
    site.lookout.look()
    return done.rollback


def gone(site, rollback) -> None:
    Path(rollback.override.path).unlink()
    site.lookout.look()


def test_step_1_says_that_its_override_is_gone_before_anybody_recorded_it(browser, site, stopped):
    assert "is gone" not in card(browser("noc"), 1)
    gone(site, stopped)
    said = card(browser("noc"), 1)
    assert "The override is gone, seen at" in said and "stops nothing any more" in said
    assert "Waiting for L2 Ops to stop again, or to put the override back (Ola Lis)." in sentence(browser)
    assert "Waiting for L2 Ops to stop again, or to put the override back (Ola Lis)" in said


def test_what_was_seen_before_the_override_was_written_says_nothing_of_it(browser, site, installation):
    made = opening.open_rollback(
        installation, Press(person("incident_manager")), ticket="INC-7", reason="latency"
    ).rollback
    opening.confirm(installation, Press(person("product_owner")), made)
    site.lookout.look()
    stopping.disable(installation, Press(person("l2_ops")), installation.rollback("INC-7"), requested_by="L2 Ops")
    said = card(browser("noc"), 1)
    assert "pass" in said and "is gone" not in said and "not known" not in said


def test_step_1_says_that_the_scheduler_runs_on(browser, site, stopped):
    at = site.installation.clock()
    file = replace(site.lookout.outlook.file, changed=at.replace(year=at.year - 1))
    seen(site, file=file, scheduler=SchedulerSeen("enabled", at, "http://s"))
    assert "The override stands, and the scheduler runs on." in card(browser("noc"), 1)


def test_the_end_of_the_incident_promises_no_stop(browser, site, installation):
    press(browser("l2_ops"))
    (rollback,) = installation.state.open.values()
    gone(site, rollback)
    seen(site, scheduler=SchedulerSeen("enabled", installation.clock(), "http://s"))
    said = card(browser("incident_manager"), 5, rollback.id)
    assert "Trading stays stopped" not in said
    assert "Trading is RUNNING although" in said


def test_a_removal_that_nobody_observed_is_adopted_in_the_browser(browser, site, installation, stopped):
    opening.abort(installation, Press(person("incident_manager")), installation.rollback("INC-7"), "enough")
    gone(site, stopped)
    ops = browser("l2_ops")
    assert "Adopt the removal that was seen" in card(ops, 5)
    assert "is gone already, removed by somebody else" in card(ops, 5)
    decided_on = installation.rollback("INC-7").entries
    form = {"request_id": "c" * 32, "decided_on": str(decided_on), "reason": "rm, as the runbook says"}
    answer = ops.post("/rollbacks/INC-7/adopt-removal", data=form)
    assert answer.status_code == 303, text(answer.text)
    assert installation.rollback("INC-7").override.removed_at


def test_who_may_not_take_step_1_is_shown_the_stop_that_everybody_may_press(browser, site, installation):
    made = opening.open_rollback(
        installation, Press(person("incident_manager")), ticket="INC-7", reason="latency"
    ).rollback
    opening.confirm(installation, Press(person("product_owner")), made)
    page = browser("noc").get("/rollbacks/INC-7").text
    assert "Waiting for L2 Ops to stop the scheduler" in text(page)
    assert "this needs the role" not in text(page), "whom it waits for, and no code of a role"
    assert "The stop in the bar above asks for no role" in page
    assert "The stop in the bar above" not in browser("l2_ops").get("/rollbacks/INC-7").text
    assert "The stop in the bar above" not in browser("auditor").get("/rollbacks/INC-7").text


def test_the_preview_of_the_restoration_promises_no_silence_of_alerts(browser, site, installation, stopped):
    opening.abort(installation, Press(person("incident_manager")), installation.rollback("INC-7"), "enough")
    silenced(installation)
    at = installation.clock()
    seen(site, members=(MemberSeen("http://am", at, (), ()),))
    said = card(browser("l2_ops"), 5)
    assert "No alert will fire" not in said
    assert "a stopped scheduler gives none, so which will fire is not known" in said


def silenced(installation) -> None:
    """The rollback has a silence, as the ledger knows it."""
    tell(installation, "observability", adopting_silence(installation), "INC-7")


def test_critical_alerts_that_fire_are_in_the_sentence_and_in_step_6(browser, site, installation, stopped):
    counts = (
        AlertCount(LATENCY, "critical", "firing", 2),
        AlertCount("MultiStrategyPnlDrawdown", "critical", "firing", 1),
    )
    seen(site, counts=counts)
    assert "3 critical alerts fire: PnlDrawdown, SchedulerLatencyCritical." in sentence(browser)
    assert "critical alerts fire" not in card(browser("noc"), 6), "before the restart the watch tells of them"
    restarted(installation)
    assert "3 critical alerts fire" in card(browser("incident_manager"), 6)
    site.lookout.outlook = replace(site.lookout.outlook, counts=None, version=98)
    assert "Whether critical alerts fire is not known." in card(browser("incident_manager"), 6)
    assert "Whether critical alerts fire is not known." in sentence(browser)


def restarted(installation) -> None:
    """Step 5 came as far as the restart, which was seen."""
    opening.abort(installation, Press(person("incident_manager")), installation.rollback("INC-7"), "enough")
    after = restoring.remove(installation, Press(person("l2_ops")), installation.rollback("INC-7"))
    at = installation.clock()
    seen_ = SchedulerSeen("enabled", at, "http://s", since=at, cycle=3)
    done = stopping.record_check(installation, Press(person("l2_ops")), after, seen_)
    assert done.verdict == "pass", done.reasons
