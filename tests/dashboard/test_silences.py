"""The page Silences and what step 5 will do, by what the members of Alertmanager said last."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ledger.app.press import Press
from ledger.app.steps import opening
from ledger.app.steps.stop import stop
from ledger.domain.asked import fit
from ledger.domain.facts import Matcher, MemberSeen, Muting, SilenceSeen, Unlisted

from .conftest import person

HIDDEN = Unlisted("5884-06", ("http://am-1",), ("MultiStrategyPnlDrawdown critical",))


@pytest.fixture
def outlook(site):
    at = site.installation.clock()
    member = MemberSeen("http://am-1", at, silences=(), firing=())
    site.lookout.outlook = replace(
        site.lookout.outlook, members=(member,), unlisted=(HIDDEN,), at={"alertmanager": at}, version=1
    )
    return site


def test_what_mutes_and_is_not_listed_is_on_the_page(outlook, browser):
    page = browser("noc").get("/silences").text
    assert "5884-06" in page and "Until when is not known" in page
    assert "Nobody mutes Stage4 alerts" not in page
    assert "by others" in browser("noc").get("/").text


def test_step_5_says_beforehand_that_it_will_withhold_the_all_clear(outlook, browser, installation):
    rollback = stop(installation, Press(person("l2_ops")), fit(reason="latency", ticket="INC-1")).rollback
    opening.abort(installation, Press(person("incident_manager")), rollback, "a mistake")
    outlook.lookout.outlook = replace(outlook.lookout.outlook, file=installation.look(rollback.override.path))
    page = browser("l2_ops").get("/rollbacks/INC-1").text
    assert "Withholds the all-clear" in page and "by the silence 5884-06 and does not list it" in page


def test_what_is_inhibited_is_on_the_page(outlook, browser):
    one = Unlisted("", ("http://am-1",), ("MultiStrategyPnlDrawdown critical",), "inhibited by the alert 3f2a")
    outlook.lookout.outlook = replace(outlook.lookout.outlook, unlisted=(one,))
    page = browser("noc").get("/silences").text
    assert "No silence mutes these" in page and "inhibited by the alert 3f2a" in page
    assert "Nobody mutes Stage4 alerts" not in page and "does not list it" not in page


def test_what_begins_later_is_on_the_page_with_its_start(outlook, browser):
    at = outlook.installation.clock()
    later = SilenceSeen("s-9", "pending", (Matcher("env", "lab"),), at, at, "deploybot", "a release", at)
    outlook.lookout.outlook = replace(outlook.lookout.outlook, muting=(Muting(later, ("http://am-1",)),))
    page = browser("noc").get("/silences").text
    assert "<h2>From " in page and "it has not begun" in page
