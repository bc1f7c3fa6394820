"""Twenty thousand alerts of ours fire: pages and previews name some, say how many there are, and stay quick."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner

from ledger.app.press import Press
from ledger.app.reading.outlook import MOST_ALERTS
from ledger.app.steps.stop import stop
from ledger.cli.root import stage4
from ledger.domain.asked import fit
from ledger.domain.facts import AlertCount, AlertSeen, Matcher, SilenceSeen
from tests.adapters.neighbours import Handler, odd

from .conftest import person

MANY = 20_000
AT = datetime(2026, 11, 23, 5, 27, tzinfo=UTC)
NAME = "MultiStrategySchedulerLatencyCritical"
SLOWEST = 1.0
"""Seconds of a page on two shared cores; it is some tenths alone."""


def labels(number: int) -> tuple[tuple[str, str], ...]:
    return (("alertname", NAME), ("schedule", f"schedule-{number:05d}"), ("severity", "critical"))


def alert(number: int, by: tuple[str, ...] = ()) -> AlertSeen:
    return AlertSeen(NAME, labels(number), "firing", AT, by)


def silence(number: int) -> SilenceSeen:
    """One of another team's: it mutes none of ours."""
    matchers = (Matcher("team", "other"), Matcher("host", f"node-{number}.*", is_regex=True))
    return SilenceSeen(f"s-{number}", "active", matchers, AT, AT + timedelta(hours=9), "You", "theirs", AT)


@pytest.fixture
def stopped(installation):
    return stop(installation, Press(person("l2_ops")), fit(reason="latency", ticket="INC-1")).rollback


@pytest.fixture
def storm(site, stopped):
    site.lookout.outlook = replace(
        site.lookout.outlook,
        muted=tuple(alert(number) for number in range(MANY)),
        silences=tuple(silence(number) for number in range(200)),
        counts=(AlertCount(NAME, "critical", "firing", MANY),),
        at=dict.fromkeys(("alertmanager", "prometheus"), site.installation.clock()),
        version=1,
    )
    return site


@pytest.mark.parametrize("page", ["/rollbacks/INC-1", "/", "/rollbacks/INC-1/review", "/no"])
def test_every_page_stays_quick(storm, browser, page):
    client = browser("observability")
    client.get(page)
    storm.lookout.outlook = replace(storm.lookout.outlook, version=2)
    started = time.monotonic()
    client.get(page)
    assert time.monotonic() - started < SLOWEST


def test_the_preview_names_some_and_says_how_many_there_are(storm, browser):
    text = browser("observability").get("/rollbacks/INC-1").text
    assert "It mutes 20000 alerts that fire now" in text
    assert text.count("{schedule-") == 20
    assert "and 19980 more alerts" in text
    assert len(text) < 200_000


def test_the_first_page_counts_them(storm, browser):
    assert ">20000<" in browser("noc").get("/").text.replace(" ", "").replace("\n", "")


def _many(handler: Handler) -> None:
    if handler.path.startswith("/api/v2/alerts"):
        status = {"state": "active", "silencedBy": [], "inhibitedBy": []}
        rows = [{"labels": dict(labels(n)), "startsAt": AT.isoformat(), "status": status} for n in range(MANY)]
        handler.say(200, json.dumps(rows).encode())
    else:
        handler.say(200, b"[]")


def test_the_terminals_preview_is_bounded_too(installation, stopped, monkeypatch):
    with odd(_many) as server:
        monkeypatch.setenv("STAGE4_ALERTMANAGER_URL", server.url)
        started = time.monotonic()
        done = CliRunner().invoke(stage4, ["--home", str(installation.home.root), "rollback", "silence", "--preview"])
        took = time.monotonic() - started
    assert done.exit_code == 0, done.output
    assert took < 5
    assert len(done.output.splitlines()) < 60
    assert "mutes     … (+19950)" in done.output


def test_the_lookout_asks_for_single_alerts_only_where_they_are_few(site, monkeypatch):
    asked = []
    counts = (AlertCount(NAME, "critical", "firing", MOST_ALERTS + 1),)

    class Prometheus:
        def counts(self):
            return counts

        def alerts(self):
            asked.append(1)
            return (alert(1),)

    monkeypatch.setattr(type(site.installation), "prometheus", property(lambda _: Prometheus()))
    site.lookout.look()
    assert site.lookout.outlook.counts == counts
    assert (site.lookout.outlook.alerts, asked) == (None, [])
    counts = (AlertCount(NAME, "critical", "firing", MOST_ALERTS),)
    site.lookout.look()
    assert (site.lookout.outlook.alerts, asked) == ((alert(1),), [1])
