"""The bar of every page: its colour is what trading does, by what is seen, and the stop in it is one press."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from ledger.app.press import Press
from ledger.app.reading.outlook import Missing, gist
from ledger.app.steps import opening, restoring, stopping, watching
from ledger.domain.asked import NO_REASON
from ledger.domain.command import SYSTEM
from ledger.domain.facts import AlertCount, SchedulerSeen
from ledger.domain.observing.commands import Record
from ledger.domain.observing.events import SchedulerObserved

from .conftest import person
from .test_now import LATENCY, seen
from .test_stop import press

PLACES = (
    "/",
    "/rollbacks",
    "/rollbacks/new",
    "/timeline",
    "/audit",
    "/silences",
    "/entries/3",
    "/password",
    "/nowhere",
)


def bar(browser, path: str = "/", role: str = "noc", language: str = "en") -> tuple[str, str]:
    """The bar's kind, and what it says without its markup."""
    client = browser(role)
    client.set_cookie("lang", language)
    page = client.get(path).text
    found = re.search(r'<section id="truth" class="truth (\w+)"(.*?)</section>', page, re.DOTALL)
    assert found, page[:3000]
    return found[1], " ".join(re.sub(r"<[^>]*>", " ", found[2].partition(">")[2]).split())


def scheduler(site, status: str, late: float = 0.0) -> None:
    """The scheduler said this just now, and the file was looked at."""
    site.lookout.look()
    at = site.installation.clock()
    said = SchedulerSeen(status, at + timedelta(seconds=late), "http://s")
    seen(site, scheduler=said, scheduler_last=said)


def counts(site, **number: int) -> None:
    """Critical alerts by state."""
    seen(site, counts=tuple(AlertCount(LATENCY, "critical", state, many) for state, many in number.items()))


def test_a_scheduler_that_says_enabled_runs(browser, site):
    scheduler(site, "enabled")
    kind, said = bar(browser)
    assert kind == "runs" and "Trading runs" in said and "seen enabled" in said


def test_stopped_is_said_only_of_a_scheduler_that_says_so(browser, site):
    press(browser("l2_ops"))
    scheduler(site, "enabled")
    kind, said = bar(browser)
    assert kind == "stopping" and "has not been seen stopped yet" in said and "STOPPED" not in said
    scheduler(site, "disabled")
    kind, said = bar(browser, "/?later")
    assert kind == "stopped" and "TRADING STOPPED" in said
    assert re.search(r"since \d\d:\d\d UTC, Ola Lis \( STOP-\d+ \)\s?; seen disabled", said), said


def test_a_scheduler_that_runs_on_after_ten_seconds_is_a_mismatch(browser, site):
    press(browser("l2_ops"))
    scheduler(site, "enabled", late=11)
    kind, said = bar(browser)
    assert kind == "mismatch" and "TRADING RUNS ON" in said and "Stop again" in said
    assert "although Ola Lis stopped it" in said


def test_a_look_from_before_the_override_was_written_says_nothing_of_it(browser, site):
    site.lookout.look()  # the file is absent
    press(browser("l2_ops"))
    at = site.installation.clock()
    seen(site, scheduler=SchedulerSeen("enabled", at, "http://s"))
    page = browser("noc").get("/").text
    kind, said = bar(browser)
    assert kind == "stopping" and "written and read back" in said
    assert "it has not been seen stopped yet" in page and "RUNNING" not in page and "stops nothing" not in page


@pytest.mark.parametrize("language", ["en", "pl"])
def test_right_after_the_stop_no_banner_says_that_its_file_is_gone(browser, site, language):
    site.lookout.look()  # the file is absent
    press(browser("l2_ops"))
    seen(site, scheduler=SchedulerSeen("enabled", site.installation.clock(), "http://s"))
    client = browser("noc")
    client.set_cookie("lang", language)
    found = re.search(r'<div id="drift"[^>]*>', client.get("/").text)
    assert found and "hidden" in found[0] and 'data-count="0"' in found[0]
    (rollback,) = site.installation.state.open.values()
    Path(rollback.override.path).unlink()
    scheduler(site, "enabled")
    assert 'data-count="2"' in client.get("/?later").text, "it was looked at since, and is gone"


def test_a_stop_that_is_not_obeyed_in_time_moves_the_picture(site, browser):
    press(browser("l2_ops"))
    scheduler(site, "enabled")
    before = gist(site.lookout.outlook)
    scheduler(site, "enabled", late=11)
    assert gist(site.lookout.outlook) != before


def test_a_ledger_that_cannot_be_read_does_not_blind_the_look_at_the_file(site, monkeypatch):
    from ledger.errors import Unreachable

    def unreachable(_self):
        raise Unreachable("the store cannot be had")

    monkeypatch.setattr(type(site.installation), "state", property(unreachable))
    site.lookout.look()
    assert site.lookout.outlook.file is not None and site.lookout.outlook.file.kind == "absent"


def test_an_open_page_of_another_build_is_loaded_anew(browser):
    client = browser("noc")
    looks = {"HX-Request": "true", "HX-Trigger": "main"}
    build = re.search(r'X-Stage4-Build": "(\w+)"', client.get("/").text)
    assert build
    assert client.get("/", headers=looks).headers["HX-Refresh"] == "true"
    again = client.get("/", headers={**looks, "X-Stage4-Build": build[1]})
    assert again.status_code == 200 and "HX-Refresh" not in again.headers


def test_whoever_must_choose_a_password_first_sees_what_trading_does(app, site):
    client = app.test_client()
    client.post("/sign-in", data={"login": "noc", "password": site.accounts.reset("lab-noc")})
    scheduler(site, "enabled")
    assert 'class="truth runs"' in client.get("/top").text
    assert "every 3s" in client.get("/password").text


def test_an_override_that_is_gone_is_a_mismatch_at_once(browser, site):
    press(browser("l2_ops"))
    (rollback,) = site.installation.state.open.values()
    Path(rollback.override.path).unlink()
    scheduler(site, "enabled")
    kind, said = bar(browser)
    assert kind == "mismatch" and "the override stops nothing" in said


def test_what_is_not_known_says_what_was_seen_last(browser, site):
    scheduler(site, "enabled")
    at = site.installation.clock()
    missing = {**site.lookout.outlook.missing, "scheduler": Missing(at, "no answer")}
    nothing = SchedulerSeen("unknown", at, "http://s", error="no answer")
    site.lookout.outlook = replace(site.lookout.outlook, missing=missing, scheduler=nothing)
    kind, said = bar(browser)
    assert kind == "unknown" and "the scheduler does not answer; last seen enabled at" in said


def restored(browser, site) -> str:
    """A stop whose override was removed; the rollback's id."""
    press(browser("l2_ops"))
    (rollback,) = site.installation.state.open.values()
    manager = Press(person("incident_manager"))
    given_up = opening.abort(site.installation, manager, rollback, "a false alarm").rollback
    return restoring.remove(site.installation, Press(person("l2_ops")), given_up).id


def test_after_the_restore_trading_is_on_its_way_back_and_nobody_is_alarmed(browser, site):
    name = restored(browser, site)
    scheduler(site, "disabled")
    kind, said = bar(browser)
    assert kind == "restoring" and "Restored" in said and "has not been seen enabled yet" in said and name in said
    page = browser("noc").get("/?later").text
    assert "Restored at" in page and "no rollback holds it" not in page and "nothing holds it" not in page


def test_a_scheduler_that_stays_off_ten_seconds_after_the_restore_is_a_mismatch(browser, site):
    restored(browser, site)
    scheduler(site, "disabled", late=11)
    kind, said = bar(browser)
    assert kind == "stopped" and "seen disabled; no rollback holds it" in said
    page = browser("noc").get("/?later").text
    assert "Trading is STOPPED, and no rollback holds it." in page and "nothing holds it" in page


def test_a_stop_by_hand_right_after_the_restore_is_no_restore(browser, site, installation):
    restored(browser, site)
    path = installation.override_path()
    path.write_text("{}")
    scheduler(site, "disabled")
    assert bar(browser)[0] == "stopped"


def test_a_scheduler_that_stays_off_moves_the_picture(browser, site):
    restored(browser, site)
    scheduler(site, "disabled")
    before = gist(site.lookout.outlook)
    scheduler(site, "disabled", late=11)
    assert gist(site.lookout.outlook) != before


@pytest.mark.parametrize("path", PLACES)
def test_every_page_has_the_bar_and_the_stop_in_it(browser, site, path):
    scheduler(site, "enabled")
    page = browser("noc").get(path).text
    assert page.index('id="truth"') < page.index('id="stop-now"') < page.index("<main")
    assert bar(browser, path)[0] == "runs"
    assert 'action="/stop"' not in browser("auditor").get(path).text


def test_the_stop_in_the_bar_asks_for_nothing(browser, site):
    page = browser("noc").get("/").text
    form = re.search(r'<form id="stop-now".*?</form>', page, re.DOTALL)
    assert form and "required" not in form[0] and len(re.findall("<input", form[0])) == 1
    number = re.search(r'name="request_id" value="([0-9a-f]{32})"', form[0])
    assert number and browser("noc").post("/stop", data={"request_id": number[1]}).status_code == 303
    (rollback,) = site.installation.state.open.values()
    assert rollback.holds and rollback.reason == NO_REASON


def test_the_reason_is_offered_from_what_fires_and_owed_where_none_was_given(browser, site):
    counts(site, firing=3)
    assert 'name="reason" value="SchedulerLatencyCritical (3)"' in browser("noc").get("/").text
    browser("noc").post("/stop", data={"request_id": "c" * 32})
    (rollback,) = site.installation.state.open.values()
    page = browser("noc").get(f"/rollbacks/{rollback.id}").text
    form = re.search(r'<form id="act-give-reason".*?</form>', page, re.DOTALL)
    assert form and "SchedulerLatencyCritical (3)" in form[0]


def test_the_stop_says_which_rollback_it_joins(browser, site, installation):
    assert "Opens a rollback and declares the emergency" in browser("noc").get("/").text
    opening.open_rollback(installation, Press(person("incident_manager")), ticket="INC-7", reason="latency")
    assert "Stops under INC-7, which is open." in browser("noc").get("/?again").text


def test_what_the_stop_did_is_shown_each_with_its_second(browser, site):
    press(browser("l2_ops"))
    scheduler(site, "enabled")
    (rollback,) = site.installation.state.open.values()
    assert moments(browser, f"/rollbacks/{rollback.id}")[-1] == ("due", "seen disabled")
    scheduler(site, "disabled")
    done = [("done", what) for what in ("asked", "written", "read back", "seen disabled")]
    assert moments(browser, "/?later") == done


def test_that_it_was_seen_disabled_keeps_its_second_when_it_is_seen_again(browser, site, checked):
    scheduler(site, "disabled")
    seen_at = checked.override.written_at + timedelta(seconds=2)
    first = SchedulerObserved(scheduler_status="disabled", source="x", seen_at=seen_at)
    for event in (first, replace(first, seen_at=seen_at + timedelta(seconds=70))):
        site.installation.submit(Record(event=event), Press(SYSTEM), "")
    page = browser("noc").get("/").text
    trail = page[page.index('class="trail"') :].partition("</ol>")[0]
    assert f"{seen_at:%H:%M:%S}" in trail.rpartition("seen disabled")[2]


def moments(browser, path: str) -> list[tuple[str, str]]:
    """The newest stop's trail: done or due, and of what."""
    page = browser("noc").get(path).text
    trail = page[page.index('class="trail"') :].partition("</ol>")[0]
    found = re.findall(r'<li class="(done|due)"><span aria-hidden="true">.</span> ([a-z ]+)', trail)
    return [(kind, what.strip()) for kind, what in found]


@pytest.fixture
def checked(installation):
    made = opening.open_rollback(installation, Press(person("incident_manager")), ticket="INC-7", reason="latency")
    opening.confirm(installation, Press(person("product_owner")), made.rollback)
    done = stopping.disable(installation, Press(person("l2_ops")), installation.rollback("INC-7"), requested_by="L2")
    return done.rollback


def test_a_drill_that_stopped_trading_leaves_the_stop_at_its_place(browser, site, installation):
    who = Press(person("incident_manager"))
    drill = opening.open_rollback(installation, who, ticket="DRILL-1", reason="a drill", purpose="drill").rollback
    opening.confirm(installation, Press(person("product_owner")), drill)
    stopping.disable(installation, Press(person("l2_ops")), installation.rollback("DRILL-1"), requested_by="L2")
    scheduler(site, "disabled")
    page = browser("noc").get("/").text
    assert 'id="stop-now"' in page and "a stop pressed now outlasts it" in page
    assert press(browser("noc")).status_code == 303
    (own,) = [rollback for rollback in site.installation.state.open.values() if rollback.purpose != "drill"]
    assert own.holds
    site.lookout.look()
    assert 'id="stop-now"' not in browser("noc").get("/?again").text


def test_a_watch_that_runs_is_counted_down_in_the_bar_and_nobody_is_asked_to_start_one(browser, site):
    press(browser("l2_ops"))
    (rollback,) = site.installation.state.open.values()
    watching.start(site.installation, Press(person("noc")), rollback, 900)
    scheduler(site, "disabled")
    assert "watch ends in" in bar(browser)[1]
    page = browser("noc").get("/").text
    assert "Watching until" in page and ": watch." not in page


def test_pending_alerts_are_no_calm_zero(browser, site):
    scheduler(site, "enabled")
    counts(site, pending=6)
    assert "none critical, 6 pending" in bar(browser)[1]
    assert '<article class="tile warn" data-source="prometheus">' in browser("noc").get("/").text


def test_alerts_that_nobody_asked_for_are_not_called_none(browser, site):
    scheduler(site, "enabled")
    assert "critical alerts: not known" in bar(browser)[1]


def test_after_the_restoration_the_alerts_are_watched_for_two_minutes(browser, site, checked):
    scheduler(site, "disabled")
    counts(site, firing=1)
    restored = site.installation.rollback("INC-7")._replace(restarted_at=site.installation.clock())
    assert restored.restarted_at is not None
    from web.moments import AFTER_RESTORE, after_restore

    at = restored.restarted_at
    assert after_restore(restored, at) == at + AFTER_RESTORE
    assert after_restore(restored, at + AFTER_RESTORE + timedelta(seconds=1)) is None


def test_the_bar_is_polish_on_a_polish_page(browser, site):
    press(browser("l2_ops"))
    scheduler(site, "disabled")
    said = bar(browser, language="pl")[1]
    assert "HANDEL ZATRZYMANY" in said and "Zatrzymaj ponownie" in said and "widziany jako wyłączony" in said
    assert "seen" not in said and "Stop" not in said.replace("STOP-", "")


def test_a_ledger_that_cannot_be_read_does_not_silence_the_bar(browser, site, monkeypatch):
    from ledger.errors import Unreachable

    client = browser("noc")
    scheduler(site, "enabled")

    def unreachable(_self):
        raise Unreachable("the store cannot be had")

    monkeypatch.setattr(type(site.installation), "state", property(unreachable))
    page = client.get("/nowhere").text
    assert "Trading runs" in page and "the store cannot be had" in page
