"""The times that count from the first critical alert, and what ended it."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from ledger.domain.restoring.commands import EndIncident
from tests.domain.road import opening

from .stories import STORIES, walk
from .story import INC, Kept


@pytest.fixture
def story(installation):
    return Kept(installation)


def times(story):
    return {one.code: (one.state, one.seconds) for one in story.review().key_times}


def test_they_count_from_the_first_critical_alert_each_between_two_entries(story):
    rows = [
        {"name": name, "labels": {"severity": severity}, "active_at": (story.now - timedelta(seconds=ago)).isoformat()}
        for name, severity, ago in (("Mild", "warning", 600), ("A", "critical", 90), ("B", "critical", 30))
    ]
    firing = story.installation.keep(json.dumps(rows))
    story.do("im", opening(story, firing_sha384=firing), "")
    walk(story, "confirmed")
    assert times(story) == {
        "detected": ("done", 90),
        "decided": ("done", 91),
        "stopped": ("done", 93),
        "confirmed": ("done", 97),
        "restored": ("done", 1003),
    }
    at = {record.sequence: record.status for record in story.records}
    ends = [at[one.end.entry] for one in story.review().key_times]
    assert ends == ["rollback_opened", "rollback_confirmed", "override_written", "stop_checked", "restart_checked"]


def test_without_a_critical_alert_before_it_they_count_from_the_opening(story):
    STORIES["straight"](story)
    found = story.review().key_times
    assert [one.code for one in found] == ["decided", "stopped", "confirmed", "restored"]
    assert {one.start.entry for one in found} == {story.review().rollback.opened_entry}


def test_what_did_not_happen_is_never_a_zero(story):
    STORIES["early_abort"](story)
    assert times(story)["stopped"] == ("never", None)
    story.do("im", opening(story, ticket="INC-1"), "")
    running = {one.code: one.state for one in story.review("INC-1").key_times}
    assert running["stopped"] == "running"


@pytest.mark.parametrize(("language", "told"), [("en", "ended the incident: "), ("pl", "zakończono incydent: ")])
def test_what_ended_it_is_said_in_the_timeline_the_rollback_and_the_review(browser, story, language, told):
    walk(story, end="watched")
    story.do("im", EndIncident(note="Deployment 14:20 reverted"))
    noc = browser("noc")
    noc.set_cookie("lang", language)
    for page in (f"/rollbacks/{INC}", f"/rollbacks/{INC}/review", f"/rollbacks/{INC}/review.md", "/timeline"):
        assert told + "Deployment 14:20 reverted" in noc.get(page).text, page


def test_an_end_without_a_word_has_no_colon(browser, story):
    walk(story, end="ended")
    assert "ended the incident:" not in browser("noc").get("/timeline").text
