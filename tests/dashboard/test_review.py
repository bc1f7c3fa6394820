"""The post-mortem: numbers that name their entries, for open rollbacks too, and text that stays text."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from ledger.app.press import Press
from ledger.app.review.post_mortem import review
from ledger.app.steps import opening
from ledger.domain.opening.commands import DeclareEmergency
from ledger.domain.watching.commands import StartWatch
from tests.domain.road import watch_finish
from tools.texts import page_texts
from web.catalogue import catalogue
from web.review_markdown import escape
from web.review_words import duration
from web.sentences import translate

from .conftest import person
from .stories import STORIES, walk
from .story import INC, Kept

NASTY = "<script>alert(1)</script> | [x](http://evil) `code`"


@pytest.fixture
def rollback(installation):
    opened = opening.open_rollback(
        installation, Press(person("incident_manager")), ticket="INC-7", reason=NASTY
    ).rollback
    return opening.confirm(installation, Press(person("product_owner")), opened).rollback


def test_each_duration_is_the_difference_of_the_entries_that_it_names(installation, rollback):
    found = review(installation, rollback)
    at = {record.sequence: record.at for record, _ in installation.ledger.records()}
    confirm = next(one for one in found.durations if one.code == "to_confirm")
    assert confirm.seconds == round((at[confirm.end.entry] - at[confirm.start.entry]).total_seconds())
    disable = next(one for one in found.durations if one.code == "to_disable")
    assert (disable.state, disable.end) == ("running", None)


def test_an_emergency_is_a_deviation_and_a_review_is_owed(installation, rollback):
    text = "it burns"
    installation.submit(DeclareEmergency(reason=text), Press(person("incident_manager")), "INC-7")
    found = review(installation, installation.rollback("INC-7"))
    assert [one.what for one in found.deviations] == [f"declared an emergency: {text}"]
    assert any(one.code == "review" and not one.paid for one in found.debts)


def test_a_missing_artefact_is_said_to_be_missing(installation, rollback):
    installation.artefacts.path(rollback.evidence[0].sha384).unlink()
    assert review(installation, rollback).evidence[0].found == "missing"


def test_a_watch_without_a_picture_says_so_in_both_languages(browser, installation):
    story = Kept(installation)
    walk(story, end="checked")
    story.do("noc", StartWatch(starts_at=story.now, duration_seconds=60))
    story.wait(minutes=2)
    story.do("noc", watch_finish(story, picture_sha384="", picture_source=""))
    entry, noc = installation.rollback(INC).steps[4].entry, browser("noc")
    for language, said in (("en", "No picture was drawn for entry"), ("pl", "Dla wpisu {} nie narysowano zrzutu")):
        page = noc.get(f"/rollbacks/{INC}/review", headers={"Accept-Language": language}).text
        assert said.format(entry) in page


@pytest.mark.parametrize("kind", ["review", "review.md"])
def test_a_time_in_which_the_file_was_gone_is_not_said_to_be_time_of_a_stop(browser, installation, kind):
    story = Kept(installation)
    STORIES["drift"](story)
    noc = browser("noc")
    for language, whole, held in (
        ("en", "from the first stop until trading was enabled again", "override in place"),
        ("pl", r"od pierwszego zatrzymania, aż scheduler znów był włączony \(enabled\)", "plik override na miejscu"),
    ):
        noc.set_cookie("lang", language)
        page = noc.get(f"/rollbacks/{INC}/{kind}").text
        figures = re.sub(r"<[^>]+>|\\|\|", " ", page)
        assert re.search(rf"{whole}\s+17 min 46 s", figures), "the runbook's duration"
        assert re.search(rf"{held}\s+15 min 42 s", figures), "35 s and 907 s, without the hole"
        assert "trading stopped" not in page and "handel zatrzymany" not in page
        assert "scheduler held" not in page and "scheduler zatrzymany" not in page


def test_a_hold_that_was_released_is_not_said_to_have_enabled_trading(app, installation):
    story = Kept(installation)
    walk(story)
    found = story.review()
    stopped = next(one for one in found.durations if one.code == "stopped")
    beside = found.rollback._replace(override=found.rollback.override._replace(held_by=("INC-9",)))
    with app.test_request_context():
        assert duration(stopped, found) == "from the first stop until trading was enabled again"
        assert duration(stopped, replace(found, rollback=beside)) == "from the first stop until its hold was released"


def test_a_note_stands_where_it_is_claimed_to_have_happened(installation, rollback):
    when = rollback.opened_at - timedelta(minutes=3)
    opening.note(installation, Press(person("noc")), rollback, "first signs", when)
    found = review(installation, installation.rollback("INC-7"))
    assert [(one.point.at, one.claimed) for one in found.marks if one.code == "note"] == [(when, True)]


def test_markdown_keeps_free_text_as_text(browser, rollback):
    page = browser("noc").get("/rollbacks/INC-7/review.md").text
    assert "<script>" not in page and "](http" not in page
    assert "\\<script\\>" in page and escape("a|b\nc") == "a\\|b c"
    for table in page.split("\n## ")[1:]:
        rows = [line for line in table.splitlines() if line.startswith("|")]
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in rows}) <= 1, table


@pytest.mark.parametrize("name", STORIES)
def test_markdown_is_in_the_pages_language(browser, installation, name):
    story = Kept(installation)
    STORIES[name](story)
    noc = browser("noc")
    english = noc.get(f"/rollbacks/{INC}/review.md")
    noc.set_cookie("lang", "pl")
    polish = noc.get(f"/rollbacks/{INC}/review.md")
    assert (english.headers["Content-Language"], polish.headers["Content-Language"]) == ("en", "pl")
    assert polish.text.count("\n") == english.text.count("\n")
    assert english.text.startswith("# Post-mortem of ") and polish.text.startswith("# Raport po incydencie ")
    translated = {one for one, _ in page_texts()} - {one.string for one in catalogue() if one.context is None} - RAW
    for table in polish.text.split("\n## ")[1:]:
        assert table.split("\n")[0] not in translated
        cells = {cell.strip().replace("\\", "") for line in table.splitlines() for cell in line.split(" | ")}
        assert not {cell.strip("| ") for cell in cells} & translated
    for one in story.review().attempts:
        assert all(translate(why, "pl") != why for why in one.reasons)
        assert all(escape(translate(why, "pl")) in polish.text for why in one.reasons)
    numbers = [re.findall(r"\d+", one.text) for one in (english, polish)]
    assert numbers[0] == numbers[1], "the same figures in the same order"


RAW = {"disabled", "enabled", "override", "alert", "rollback"}
"""Words that are the same in both, and names of artefacts."""


@pytest.mark.parametrize("language", ["en", "pl"])
@pytest.mark.parametrize("name", STORIES)
def test_the_page_of_every_story_is_whole(browser, installation, name, language):
    story = Kept(installation)
    STORIES[name](story)
    noc = browser("noc")
    noc.set_cookie("lang", language)
    page = noc.get(f"/rollbacks/{INC}/review")
    assert page.status_code == 200
    found = story.review()
    assert page.text.count('class="mark-number"') == len(found.marks)
    assert " style=" not in page.text and "None" not in re.sub("None[.:]", "", page.text)


def test_the_page_shows_an_open_rollback_without_inline_style_or_script(browser, rollback):
    page = browser("auditor").get("/rollbacks/INC-7/review")
    assert page.status_code == 200
    assert "<svg" in page.text and "So far" in page.text
    assert " style=" not in page.text and "<script>alert" not in page.text


@pytest.mark.parametrize("kind", ["md", "json"])
def test_downloads_are_attachments(browser, rollback, kind):
    answer = browser("noc").get(f"/rollbacks/INC-7/review.{kind}")
    assert answer.status_code == 200
    assert answer.headers["Content-Disposition"] == f"attachment; filename=INC-7-review.{kind}"


def test_it_knows_no_other_rollback(browser):
    assert browser("noc").get("/rollbacks/INC-8/review").status_code == 404


@pytest.mark.parametrize(
    "text", ["2026-11-29 07:26:02 UTC", "multi_strategy", "3 min 37 s", "0 · Announce", "INC-2042.2"]
)
def test_markdown_has_no_backslash_where_nothing_is_markup(text):
    assert escape(text) == text


@pytest.mark.parametrize("text", ["_em_", "*b*", "# head", "1. item", "https://evil", "- item", "`x`", "<b>", "a@b.c"])
def test_markdown_escapes_what_would_be_markup(text):
    assert "\\" in escape(text)


def test_the_timeline_says_a_verdict_once(browser, installation):
    walk(Kept(installation))
    rows = browser("noc").get("/timeline").text.split('class="card tl"')[1].split("</ol>")[0]
    text = re.sub(r"<[^>]+>", "", rows)
    assert " — pass" not in text and "✓ pass" in text
