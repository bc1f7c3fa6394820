"""The alerts since the stop on a rollback's page: what is new first, and unknown never as nothing."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace

import pytest

from ledger.app.press import Press
from ledger.app.reading.coverage import Coverage, so_far
from ledger.app.reading.outlook import Missing, gist
from ledger.app.steps import opening, stopping, watching
from ledger.domain.facts import AlertCount, AlertSeen, WatchSeen

from .conftest import person
from .test_stop import press

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
        return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", found[0].replace("<wbr>", ""))) if found else ""

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


# --- coverage of the watch --------------------------------------------------------------------------------------------


@pytest.fixture
def begun(browser, installation):
    """A watch of an hour that runs, of an emergency stop."""
    press(browser("l2_ops"))
    (rollback,) = installation.state.open.values()
    return watching.start(installation, Press(person("noc")), rollback, 3600).watch


@pytest.fixture
def line(browser, site, begun):
    """``line(seen, due, gaps)``: the line of the coverage."""
    client, entry = browser("noc"), begun.entry
    (name,) = site.installation.state.open

    def shown(*counts: int, language: str = "en", at=None) -> str:
        seen = tuple(Coverage(entry, had, due, 240, gaps) for had, due, gaps in [counts] if counts)
        now = dict.fromkeys(("prometheus", "watch"), site.installation.clock()) if at is None else at
        site.lookout.outlook = replace(
            site.lookout.outlook, at=now, missing={}, coverage=seen, version=site.lookout.outlook.version + 1
        )
        client.set_cookie("lang", language)
        alone, whole = (client.get(f"/rollbacks/{name}{end}").text for end in ("/coverage", ""))
        assert alone.strip() in whole
        return " ".join(re.sub(r"<[^>]+>", " ", alone.replace("<wbr>", "")).split())

    return shown


def test_the_coverage_so_far_is_told_in_the_words_of_the_verdict(line):
    assert line(12, 12, 0) == "✓ Coverage complete so far: 12 of 12 samples; 240 in the whole window."
    told = "▲ Coverage is not complete: 10 of 12 samples so far, 1 gap. As it is, the verdict will be inconclusive."
    assert line(10, 12, 1) == told
    assert line(12, 12, 1).startswith("▲"), "a gap is a gap, whatever the count"
    assert line(10, 12, 2, language="pl").startswith("▲ Pokrycie niepełne: dotąd 10 z 12 próbek, 2 przerwy.")


def test_coverage_that_nobody_can_tell_is_no_full_one(line, installation):
    now = installation.clock()
    assert line(0, 0, 0).startswith("○ Coverage: the first samples are awaited.")
    told = "? Coverage so far is not known: Prometheus does not answer."
    assert line(12, 12, 0, at={}) == told
    assert line(12, 12, 0, at={"prometheus": now}) == told, "what was counted before is not the present"


def test_a_sample_that_is_missing_moves_the_picture(site):
    had, lost = (replace(site.lookout.outlook, coverage=(Coverage(9, n, 12, 240, 0),)) for n in (12, 11))
    assert gist(had) != gist(lost)
    assert gist(had) == gist(replace(had, coverage=(Coverage(9, 13, 13, 240, 0),)))


def test_only_samples_whose_time_has_come_are_due_and_the_worse_count_is_told(installation, begun, monkeypatch):
    asked = []

    def watch(start, end, rules, step, stopped):
        asked.append((start, end))
        return WatchSeen(start, end, step, 12, 12, 11, ((start, end),), (), (), (), ())

    monkeypatch.setattr(type(installation), "prometheus", SimpleNamespace(watch=watch))
    (early,) = so_far(installation)
    assert (early.due, asked) == (0, []), "the newest two samples may still be on their way"
    later = begun.started.starts_at + timedelta(seconds=600)
    monkeypatch.setattr(installation, "clock", lambda: later)
    step = installation.step_seconds
    assert so_far(installation) == (Coverage(begun.entry, 11, 12, 3600 // step + 1, 1),)
    assert asked == [(begun.started.starts_at, later - timedelta(seconds=2 * step))]
