"""The alerts since the stop on a rollback's page: what is new first, and unknown never as nothing."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from ledger.app.press import Press
from ledger.app.reading.outlook import Missing
from ledger.app.steps import opening, stopping
from ledger.domain.facts import AlertCount, AlertSeen

from .conftest import person

LATENCY, PNL = "MultiStrategySchedulerLatencyCritical", "MultiStrategyPnlDrawdown"


@pytest.fixture
def stopped(installation):
    """The moment at which the scheduler was stopped for INC-1."""
    opening.open_rollback(installation, Press(person("incident_manager")), ticket="INC-1", reason="r")
    opening.confirm(installation, Press(person("product_owner")), installation.rollback("INC-1"))
    stopping.disable(installation, Press(person("l2_ops")), installation.rollback("INC-1"), requested_by="L2")
    return installation.rollback("INC-1").override.written_at


@pytest.fixture
def page(browser, site, stopped):
    """``page(alerts=…)``: the section of the alerts with this outlook, as NOC sees it."""
    client = browser("noc")

    def shown(**outlook):
        at = {"prometheus": site.installation.clock()}
        given = {"at": at, "missing": {}, "counts": (), "version": site.lookout.outlook.version + 1} | outlook
        site.lookout.outlook = replace(site.lookout.outlook, **given)
        found = re.search(r'<section class="watched".*?</section>', client.get("/rollbacks/INC-1").text, re.DOTALL)
        return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", found[0])) if found else ""

    return shown


def alert(name, at, severity="critical", schedule="mean_reversion"):
    labels = (("alertname", name), ("schedule", schedule), ("severity", severity))
    return AlertSeen(name, labels, "firing", at)


def test_new_critical_alerts_are_counted_and_come_first(page, stopped):
    before, after = stopped - timedelta(minutes=2), stopped + timedelta(seconds=9)
    text = page(alerts=(alert(PNL, before), alert(LATENCY, after), alert(LATENCY, after, schedule="arbitrage")))
    assert "✕ 2 new critical alerts" in text
    assert re.search(rf"✕ new {LATENCY} × 2 arbitrage, mean_reversion .* carried over {PNL} mean_reversion", text)


def test_no_new_one_is_said_of_now_alone(page, stopped):
    text = page(alerts=(alert(PNL, stopped - timedelta(minutes=2)),))
    assert "✓ No new critical alert is active now." in text
    assert "an alert that ended counts, too" in text


def test_a_prometheus_that_does_not_answer_is_no_calm(page, stopped):
    missing = {"prometheus": Missing(stopped, "refused")}
    text = page(alerts=(alert(PNL, stopped),), missing=missing)
    assert "? Not known now" in text and "No new" not in text and PNL in text
    assert "Not known: Prometheus has not answered yet." in page(alerts=None, counts=None, at={}, missing=missing)


def test_too_many_to_sort_are_told_as_a_number(page):
    text = page(alerts=None, counts=(AlertCount(PNL, "critical", "firing", 4_321),))
    assert "4321 alerts are active, too many to sort one by one." in text and "No new" not in text


def test_before_the_stop_there_is_no_such_list(browser, installation):
    opening.open_rollback(installation, Press(person("incident_manager")), ticket="INC-1", reason="r")
    assert 'class="watched"' not in browser("noc").get("/rollbacks/INC-1").text
