"""The first page's sentence and tiles say what was seen, and "not known" where nobody said anything."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from ledger.app.press import Press
from ledger.app.reading.outlook import Missing, Outlook
from ledger.app.steps import opening
from ledger.domain.facts import AlertSeen, Matcher, MemberSeen, Muting, SchedulerSeen, SilenceSeen
from ledger.domain.moments import clock_or_day
from tests.app.settings import changed
from tests.domain import facts

from .conftest import person
from .test_stop import press

LATENCY = "MultiStrategySchedulerLatencyCritical"


def sentence(browser, role: str = "noc", path: str = "/") -> str:
    found = re.search(r'id="sentence"[^>]*>([^<]*)<', browser(role).get(path).text)
    assert found
    return found[1]


def tile(browser, source: str) -> str:
    """What a tile says, without its markup."""
    page = browser("noc").get("/").text
    found = re.search(rf'<article class="tile [^"]*" data-source="{source}">(.*?)</article>', page, re.DOTALL)
    assert found
    return " ".join(re.sub(r"<[^>]*>", " ", found[1]).split())


def seen(site, **fields: object) -> Outlook:
    """The outlook as if every source that is given had just been had."""
    at = site.installation.clock()
    names = {"members": "alertmanager", "scheduler": "scheduler", "file": "override", "counts": "prometheus"}
    had = {names[name]: at for name in fields if name in names}
    missing = {name: one for name, one in site.lookout.outlook.missing.items() if name not in had}
    site.lookout.outlook = replace(
        site.lookout.outlook, **fields, at={**site.lookout.outlook.at, **had}, missing=missing
    )
    return site.lookout.outlook


def alert(site, *by: str) -> AlertSeen:
    labels = {"alertname": LATENCY, "severity": "critical"} | {one.name: one.value for one in site.installation.labels}
    return AlertSeen(LATENCY, tuple(sorted(labels.items())), "firing", site.installation.clock(), by)


def mallory(site, **span: float) -> SilenceSeen:
    at = site.installation.clock()
    return SilenceSeen("d0759ea2", "active", (Matcher("team", "ops"),), at, at + timedelta(**span), "mallory", "", at)


@pytest.fixture
def opened(installation):
    return opening.open_rollback(
        installation, Press(person("incident_manager")), ticket="INC-7", reason="latency"
    ).rollback


def muted_by_mallory(site) -> SilenceSeen:
    theirs = mallory(site, hours=9)
    member = MemberSeen("http://am", site.installation.clock(), (theirs,), (alert(site, theirs.id),))
    seen(site, members=(member,), silences=(theirs,), muting=(Muting(theirs, ("http://am",), (LATENCY,)),))
    return theirs


def test_an_alert_that_somebody_else_silenced_is_called_muted_until_their_end(browser, site, opened):
    theirs = muted_by_mallory(site)
    said = sentence(browser)
    assert "not muted" not in said
    until = clock_or_day(theirs.ends_at, site.installation.clock())
    assert f"{until} UTC (mallory)" in said
    assert f"{until} UTC" in tile(browser, "alertmanager")


def test_it_is_said_also_where_no_rollback_is_open(browser, site):
    muted_by_mallory(site)
    assert "(mallory)" in sentence(browser)


def test_where_no_alertmanager_is_configured_it_is_not_known(browser, site, opened):
    site.lookout.look()
    said = sentence(browser)
    assert "Whether alerts are muted is not known: no alertmanager.url is configured" in said
    assert "Alerts are not muted" not in said


def test_where_a_member_does_not_answer_it_is_not_known(browser, site, opened):
    at = site.installation.clock()
    seen(site, members=(MemberSeen("http://one", at, (), ()), MemberSeen("http://two", at, error="http://two refused")))
    said = sentence(browser)
    assert "Whether alerts are muted is not known of http://two. Elsewhere: Alerts are not muted." in said
    assert "not known" in tile(browser, "alertmanager")


def test_it_is_said_in_polish(browser, site, opened):
    theirs = muted_by_mallory(site)
    client = browser("noc")
    client.set_cookie("lang", "pl")
    until = clock_or_day(theirs.ends_at, site.installation.clock())
    assert f"Alerty wyciszone do {until} UTC (mallory)." in client.get("/").text


def test_a_stop_without_a_scheduler_to_ask_is_not_called_stopped(browser, site):
    press(browser("l2_ops"))
    site.lookout.look()
    said = sentence(browser)
    assert re.search(r"The override stands since \d\d:\d\d \(.*\); whether trading obeys is not known", said), said
    assert "no scheduler is configured" in said
    assert "stopped" not in said.lower()


def test_a_scheduler_that_does_not_answer_is_not_called_stopped(browser, site):
    press(browser("l2_ops"))
    site.lookout.look()
    missing = {"scheduler": Missing(site.installation.clock(), "the scheduler at http://s refused")}
    site.lookout.outlook = replace(site.lookout.outlook, missing=missing)
    assert "whether trading obeys is not known: the scheduler does not answer." in sentence(browser)


def test_only_a_scheduler_that_was_just_seen_disabled_is_called_stopped(browser, site):
    press(browser("l2_ops"))
    site.lookout.look()
    at = site.installation.clock()
    seen(site, scheduler=SchedulerSeen("disabled", at, "http://s"))
    assert "Trading STOPPED since" in sentence(browser)
    old = {**site.lookout.outlook.at, "scheduler": at - timedelta(seconds=30)}
    site.lookout.outlook = replace(site.lookout.outlook, at=old, version=99)
    assert "the scheduler was not asked for a while" in sentence(browser)


def test_a_fresh_home_without_servers_shows_no_number_that_nobody_gave(browser, site):
    site.lookout.look()
    assert "Whether trading runs is not known: no scheduler is configured." in sentence(browser)
    alerts = tile(browser, "prometheus")
    assert "none" not in alerts and "0" not in alerts and alerts.count("not known") == 3
    assert "observed not known" in tile(browser, "alertmanager")
    assert "observed not known" in tile(browser, "scheduler")


def test_who_was_not_asked_is_not_said_to_be_silent(browser, site):
    site.lookout.look()
    page = browser("noc").get("/").text
    assert "No scheduler.url is configured in stage4.toml." in tile(browser, "scheduler")
    assert "does not answer" not in page


def test_what_nobody_configured_is_no_discrepancy(browser, site):
    site.lookout.look()
    assert 'data-count="0"' in browser("noc").get("/").text


def test_the_page_of_silences_says_what_to_configure(browser, site):
    site.lookout.look()
    page = browser("noc").get("/silences").text
    assert "Who mutes Stage4 alerts is not known" in page and "[alertmanager]" in page
    assert "Nobody mutes" not in page


@pytest.mark.parametrize("status", ["enabled", "disabled", "unknown"])
def test_every_page_warns_of_an_override_that_nobody_declared(site, browser, status):
    at = site.installation.clock()
    seen(site, scheduler=facts.scheduler(status, at), file=facts.file_of(b"{}", at))
    for path in ("/", "/rollbacks", "/timeline"):
        banner = browser("noc").get(path).text.partition('id="drift"')[2].partition("</ul>")[0]
        assert "The override path holds a file that no rollback declared." in banner, path


@pytest.mark.parametrize(("status", "told"), [("disabled", 1), ("unknown", 0)])
def test_a_scheduler_that_stands_without_cause_is_warned_of_and_an_unknown_one_is_said_once(
    site, browser, status, told
):
    at = site.installation.clock()
    seen(site, scheduler=facts.scheduler(status, at), file=facts.absent(at))
    banner = browser("noc").get("/").text.partition('id="drift"')[2].partition("</ul>")[0]
    assert banner.count("The scheduler is disabled although nothing holds it.") == told
    assert "status is not known" not in banner


def test_the_first_page_leads_to_the_servers_whose_word_it_is_and_shows_no_secret(browser, site, installation):
    def links(**servers):
        installation.config = changed(installation.config, **servers)
        return re.findall(r'<a href="(http[^"]+)" rel="noreferrer">(\w+)', browser("noc").get(f"/?{servers}").text)

    open_ones = {"prometheus": {"url": "http://p.example:9090/"}, "alertmanager": {"url": "http://a.example,http://b"}}
    assert links(**open_ones) == [
        ("http://p.example:9090/alerts", "Prometheus"),
        ("http://a.example/#/alerts", "Alertmanager"),
    ]
    secret = {"prometheus": {"url": "http://u:hunter2@p.example"}, "alertmanager": {"url": ""}}
    assert links(**secret) == []


def test_in_an_emergency_the_first_page_asks_for_what_is_urgent_and_not_for_the_confirmation(browser, site):
    press(browser("l2_ops"))
    site.lookout.look()
    page = browser("noc").get("/").text
    turns = re.findall(r'<p class="turn(?: later)?">([^<]*)</p>', page)
    assert [one.partition(" (")[0].rstrip(".") for one in turns] == [
        "Waiting for Observability to silence the alerts",
        "Waiting for L2 Ops to check that it stopped",
        "Waiting for NOC to watch the metrics",
        "Waiting for a product owner to confirm",
    ], turns
    assert "Waiting for Observability to silence the alerts." in sentence(browser)
