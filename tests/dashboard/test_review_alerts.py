"""How long a post-mortem says that alerts fired: as far as somebody saw, open where no end was seen."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import timedelta

import pytest

from ledger.app.observer.alerts import PATIENCE, Alerts
from ledger.app.observer.desk import Desk
from ledger.app.review.as_json import review_json
from tests.domain import facts
from tests.domain.road import opening, silence_check, stopping, watch_finish, watch_start
from web.gantt import gantt
from web.review_words import lasted

from .stories import walk
from .story import INC, Kept

PNL, DELAY = "MultiStrategyPnlDrawdown", "MultiStrategySecondaryDelay"


@pytest.fixture
def story(installation):
    return Kept(installation)


def row(name, active_at, **more):
    labels = {"alertname": name, "schedule": "mean_reversion", "severity": "critical"}
    return {"name": name, "labels": labels | more.pop("labels", {}), "active_at": active_at.isoformat(), **more}


def opened(story, *rows):
    """A rollback at whose opening these fired."""
    firing = story.installation.keep(json.dumps(rows))
    story.do("im", opening(story, firing=(), firing_sha384=firing), "")
    walk(story, "confirmed", "disabled")


def checked(story, *rows, heard=True):
    """Step 2, with what the one member lists."""
    walk(story, "silenced", "silenced")
    page = [{"member": "http://am-1", "unread": [], "alerts": list(rows) if heard else None}]
    story.do("obs", silence_check(story, alerts_sha384=story.installation.keep(json.dumps(page))))


def watched(story, *rows, whole=True, minutes=15):
    """Step 4, with what the history says; ``rows`` are made from the window's start."""
    walk(story, "checked", "checked")
    story.do("noc", watch_start(story))
    start = story.rollback.watch.started.starts_at
    end = start + timedelta(minutes=minutes)
    story.wait(minutes=minutes)
    seen = [row(name, start + a, last_seen=(start + b).isoformat()) for name, a, b in rows]
    coverage = {"expected_samples": 901, "up_samples": 901, "evaluated_samples": 901 if whole else 900}
    page = {"window": {"start": start.isoformat(), "end": end.isoformat()}, "coverage": coverage, "all_alerts": seen}
    story.do("noc", watch_finish(story, report_sha384=story.installation.keep(json.dumps(page))))


def bars(story):
    return [one for one in story.review().spans if one.lane == "alert"]


def page_of(browser, kind="review", language="en"):
    noc = browser("noc")
    noc.set_cookie("lang", language)
    return re.sub(r"<[^>]+>|\\", "", noc.get(f"/rollbacks/{INC}/{kind}").text)


def test_what_fired_at_the_opening_is_not_said_to_have_ended_there(browser, story):
    since = story.now - timedelta(seconds=3)
    opened(story, row(PNL, since))
    (bar,) = bars(story)
    entry = story.review().rollback.opened_entry
    assert (bar.start.at, bar.end.entry, bar.ended, bar.gone) == (since, entry, False, None)
    lane = next(one for one in gantt(story.review()).lanes if one.code == "alert")
    assert lane.bars[0].x + lane.bars[0].width + lane.bars[0].tail == pytest.approx(100, abs=0.1)
    assert lasted(lane) == "≥ 3 s"
    assert f"last seen firing at {bar.end.at:%Y-%m-%d %H:%M:%S} UTC, its end was not seen" in page_of(browser)
    assert "its end was not seen" in page_of(browser, "review.md")
    assert "końca nie zaobserwowano" in page_of(browser, language="pl")


def test_what_was_seen_once_is_a_moment_without_a_length(browser, story):
    opened(story, row(PNL, story.now))
    lane = next(one for one in gantt(story.review()).lanes if one.code == "alert")
    assert lane.bars[0].moment and lasted(lane) == "–"
    assert 'class="bar-bad moment"' in browser("noc").get(f"/rollbacks/{INC}/review").text


def test_a_later_look_that_found_it_makes_the_bar_longer(story):
    since = story.now - timedelta(seconds=3)
    opened(story, row(PNL, since))
    story.wait(minutes=5)
    checked(story, row(PNL, since + timedelta(seconds=2), labels={"env": "prod"}))
    (bar,) = bars(story)
    at = {record.sequence: record.status for record in story.records}
    assert at[bar.end.entry] == "silence_checked" and not bar.ended
    assert bar.end.at - bar.start.at > timedelta(minutes=5)


def test_a_look_that_did_not_find_it_any_more_bounds_its_end(browser, story):
    opened(story, row(PNL, story.now - timedelta(seconds=3)))
    story.wait(minutes=5)
    checked(story, row(DELAY, story.now - timedelta(minutes=1)))
    bar = bars(story)[0]
    at = {record.sequence: record.status for record in story.records}
    assert (bar.ended, at[bar.gone.entry]) == (False, "silence_checked")
    story.wait(minutes=30)
    lane = next(one for one in gantt(story.review()).lanes if one.label.startswith(PNL))
    assert lane.bars[0].x + lane.bars[0].width + lane.bars[0].tail < 30, "it is not drawn up to now"
    assert f"not seen any more at {bar.gone.at:%Y-%m-%d %H:%M:%S} UTC" in page_of(browser)


def test_a_member_that_did_not_say_what_fires_bounds_nothing(story):
    opened(story, row(PNL, story.now - timedelta(seconds=3)))
    checked(story, heard=False)
    assert bars(story)[0].gone is None


@pytest.mark.parametrize(("whole", "ended"), [(True, True), (False, False)])
def test_the_history_of_a_watch_shows_an_end_only_where_it_is_whole(story, whole, ended):
    walk(story, end="disabled")
    checked(story)
    span = (timedelta(minutes=2), timedelta(minutes=4))
    watched(story, (PNL, *span), (DELAY, timedelta(minutes=-9), timedelta(minutes=15)), whole=whole)
    delay, pnl = bars(story)
    assert (pnl.ended, delay.ended) == (ended, False), "one that fired to the window's end has none that was seen"
    told = [one for one in review_json(story.review())["spans"] if one["lane"] == "alert"]
    assert [one["end_seen"] for one in told] == [False, ended]


def test_an_alert_that_was_seen_anew_is_a_second_bar_and_the_first_ended_before_it(story):
    opened(story, row(PNL, story.now - timedelta(seconds=3)))
    checked(story)
    watched(story, (PNL, timedelta(minutes=2), timedelta(minutes=4)))
    first, second = bars(story)
    assert (first.ended, second.ended) == (False, True)
    assert first.end.at < first.gone.at < second.start.at


def member(story, *alerts):
    return facts.member(None, alerts, story.now)


def fired(story, since):
    return facts.alert(PNL, "lab", (), active_at=since)


def seen_again(story):
    return [one for one in story.records if one.status == "critical_alerts_seen"]


def test_critical_alerts_after_the_restore_are_told_once_and_said_by_the_post_mortem(browser, story):
    walk(story, end="summarised")
    observer = Alerts(Desk(story.installation, lambda _: None))
    again = fired(story, story.now)
    for _ in range(4):
        observer.look(story.state, [member(story, again)])
        story.wait(seconds=2)
    (entry,) = seen_again(story)
    assert story.rollback.fired_again == entry.sequence
    walk(story, "completed", "completed")
    assert [one.code for one in story.review().deviations] == ["critical_alerts_seen"]
    for kind in ("review", "review.md"):
        assert f"critical alerts were seen firing: entry {entry.sequence}." in page_of(browser, kind)
        assert PNL in page_of(browser, kind)
    assert f"Po przywróceniu handlu zaobserwowano aktywne alerty krytyczne: wpis {entry.sequence}." in page_of(
        browser, language="pl"
    )
    (bar,) = bars(story)
    assert (bar.start.at, bar.end.entry, bar.ended) == (again.active_at, entry.sequence, False)


def test_a_reading_that_was_had_once_and_a_warning_are_not_told(story):
    walk(story, end="summarised")
    observer = Alerts(Desk(story.installation, lambda _: None))
    again = fired(story, story.now)
    mild = facts.alert(DELAY, "lab", (), active_at=story.now, labels=(("alertname", DELAY), ("severity", "warning")))
    for alerts in ((again,), (), (mild,), (mild,)):
        observer.look(story.state, [member(story, *alerts)])
    observer.look(story.state, [replace(facts.member(None, (), story.now), firing=None)])
    assert seen_again(story) == []


def test_an_alert_from_before_has_a_minute_to_end(story):
    walk(story, end="summarised")
    observer = Alerts(Desk(story.installation, lambda _: None))
    old = fired(story, story.rollback.restarted_at - timedelta(minutes=9))
    for _ in range(2):
        observer.look(story.state, [member(story, old)])
    assert seen_again(story) == []
    story.wait(seconds=PATIENCE.total_seconds())
    for _ in range(2):
        observer.look(story.state, [member(story, old)])
    assert len(seen_again(story)) == 1


def test_while_the_rollback_still_holds_alerts_are_no_news(story):
    walk(story, end="ended")
    observer = Alerts(Desk(story.installation, lambda _: None))
    for _ in range(3):
        observer.look(story.state, [member(story, fired(story, story.now))])
    assert seen_again(story) == []


def told_at_the_stop(story):
    return [one for one in story.records if one.status == "alerts_seen"]


def test_an_emergency_stop_keeps_the_alerts_that_were_seen_last_before_it(story):
    observer = Alerts(Desk(story.installation, lambda _: None))
    before = fired(story, story.now - timedelta(minutes=2))
    observer.look(story.state, [member(story, before)])
    looked = story.now
    story.wait(seconds=1)
    story.do("ops", stopping(story), "")
    story.wait(seconds=1)
    for _ in range(3):
        observer.look(story.state, [member(story)])
    (entry,) = told_at_the_stop(story)
    assert entry.event.seen_at == looked < story.rollback.opened_at
    (bar,) = bars(story)
    assert (bar.start.at, bar.end.at, bar.critical) == (before.active_at, looked, True)
    stopped = {one.code: one for one in story.review().key_times}["stopped"]
    assert (stopped.start.entry, stopped.start.at) == (entry.sequence, before.active_at)


def test_where_nobody_looked_before_the_stop_the_first_look_after_it_counts(story):
    story.do("ops", stopping(story), "")
    observer = Alerts(Desk(story.installation, lambda _: None))
    observer.look(story.state, [replace(facts.member(None, (), story.now), firing=None)])
    observer.look(story.state, [member(story)])
    assert told_at_the_stop(story) == [], "nothing seen is nothing told"
    observer.look(story.state, [member(story, fired(story, story.now - timedelta(minutes=5)))])
    assert [one.event.seen_at for one in told_at_the_stop(story)] == [one.at for one in told_at_the_stop(story)]


def test_an_opening_that_asked_is_not_asked_again(story):
    opened(story, row(PNL, story.now - timedelta(seconds=3)))
    Alerts(Desk(story.installation, lambda _: None)).look(story.state, [member(story, fired(story, story.now))])
    assert told_at_the_stop(story) == []


def test_what_is_told_of_thousands_of_alerts_is_bounded_and_says_how_many_are_left_out(app, browser, story):
    since = story.now - timedelta(minutes=1)
    many = [row(DELAY, since, labels={"node": str(n), "severity": "warning"}) for n in range(2000)]
    opened(story, *many, row(PNL, story.now - timedelta(seconds=3)))
    chart = gantt(story.review())
    assert sum(len(lane.bars) for lane in chart.lanes if lane.code == "alert") + chart.more_alerts == 2001
    page = browser("noc").get(f"/rollbacks/{INC}/review")
    assert len(page.data) < 100_000 and f"{chart.more_alerts} more alerts are not drawn." in page.text
    for kind in ("review", "review.md"):
        told = page_of(browser, kind)
        assert "1901 more alerts are not listed here: the JSON has all." in told and PNL in told
    assert "Nie wymieniono tu jeszcze 1901 alertów" in page_of(browser, language="pl")
    spans = browser("noc").get(f"/rollbacks/{INC}/review.json").json["spans"]
    assert sum(one["lane"] == "alert" for one in spans) == 2001
