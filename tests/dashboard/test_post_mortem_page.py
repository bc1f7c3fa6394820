"""The post-mortem as a document: told in sentences, compared with the plan, written on and signed where it is read."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from ledger.app.review.plan import planned
from ledger.domain.learning.commands import AddFollowUp
from ledger.domain.opening.commands import DeclareEmergency
from ledger.errors import Refused
from tests.app.settings import changed
from tests.domain.road import opening

from .conftest import PASSWORD
from .stories import STORIES, walk
from .story import INC, Kept

REVIEW = f"/rollbacks/{INC}/review"


@pytest.fixture
def story(installation):
    return Kept(installation)


def text(page):
    return " ".join(re.sub(r"<[^>]+>", " ", page.text).split())


def deviated(story):
    story.do("im", opening(story), "")
    story.do("ops", DeclareEmergency(reason="it burns"))
    walk(story, "asked")


def form(page, name):
    found = re.search(rf'<form id="act-{name}".*?</form>', page.text, re.DOTALL)
    return found and dict(re.findall(r'name="(request_id|decided_on)" value="([^"]*)"', found[0]))


def test_what_happened_stands_in_sentences_beside_their_entries(browser, story):
    walk(story)
    page = text(browser("noc").get(REVIEW))
    told = page.split("What happened")[1].split("Made from the entries")[0]
    assert "ops had the scheduler stopped at" in told and "and it was seen disabled at" in told
    assert re.search(r"15 min 1\d s after the stop", told) and "No deviation from the runbook; nothing is owed." in told
    entries = {int(one) for pair in re.findall(r"\[ ([\d ,]+) \]", told) for one in pair.split(" , ")}
    assert entries <= {record.sequence for record in story.records} and len(entries) > 3


def test_a_rollback_that_was_never_stopped_is_not_said_to_have_been(browser, story):
    STORIES["early_abort"](story)
    page = text(browser("noc").get(REVIEW))
    assert "The scheduler was not stopped." in page and "had the scheduler stopped" not in page


def test_the_first_page_stands_before_the_evidence(browser, story):
    STORIES["emergency"](story)
    page = browser("noc").get(REVIEW).text
    heads = re.findall(r'<h2 id="([a-z-]+)"', page)
    assert heads[:7] == ["summary", "key-times", "highlights", "impact", "ended", "deviations", "debts"]
    assert heads.index("reviewed") < heads.index("durations") < heads.index("appendix") < heads.index("sign")


@pytest.mark.parametrize("name", STORIES)
def test_the_short_time_line_is_short_and_in_order(story, name):
    STORIES[name](story)
    lines = story.review().told.highlights
    assert 1 <= len(lines) <= 12
    assert [one.point.at for one in lines] == sorted(one.point.at for one in lines)


def test_a_step_is_compared_with_what_was_planned(browser, story):
    story.installation.config = changed(story.installation.config, rollback={"planned": {"0": "10m", "4": "5m"}})
    walk(story)
    rows = browser("noc").get(REVIEW).text.split('class="step-table')[1].split("</table>")[0]
    cells = [[text_of(cell) for cell in re.findall(r"<td.*?</td>", row)] for row in rows.split("<tr>")[2:]]
    assert cells[0][5:7] == ["10 min", "−9 min 59 s"]
    assert cells[4][4:7] == ["15 min 1 s", "5 min", "+10 min 1 s"]
    assert cells[1][5:7] == ["–", "–"], "nobody planned it"
    assert cells[7][5] == "2 h", "the window of the opening"


def text_of(cell):
    return re.sub(r"<[^>]+>", "", cell)


def test_the_runbook_itself_names_a_time_for_step_4_alone():
    assert planned({}) == {4: 900}
    for wrong in ({"7": "5m"}, {"4": "soon"}):
        with pytest.raises(Refused):
            planned(wrong)


def test_it_is_signed_where_it_is_read(browser, story):
    deviated(story)
    owner = browser("product_owner")
    page = owner.get(REVIEW)
    assert form(page, "review") and not form(owner.get(f"/rollbacks/{INC}"), "review")
    wrong = owner.post(f"/rollbacks/{INC}/review", data=form(page, "review") | {"text": "fine", "password": "no"})
    assert wrong.status_code == 422 and 'id="act-review"' in wrong.text and ">fine</textarea>" in wrong.text
    sent = form(wrong, "review") | {"text": "The emergency was right", "password": PASSWORD}
    answer = owner.post(f"/rollbacks/{INC}/review", data=sent)
    assert (answer.status_code, answer.headers["Location"]) == (303, REVIEW)
    page = text(owner.get(REVIEW))
    assert "Read and signed The emergency was right" in page and re.search(r"Reviewed by \w+", page)


def test_follow_ups_and_lessons_are_written_in_the_page_and_shown_by_it(browser, story):
    walk(story)
    noc = browser("noc")
    due = (story.now + timedelta(days=3)).strftime("%Y-%m-%dT%H:%M")
    finding = {
        "finding": "contributing factor",
        "text": "one limit for all hosts",
        "about": str(story.rollback.opened_entry),
    }
    task = {"text": "a limit for each host", "assignee": "lab-l2-ops", "due": due, "about": ""}
    for name, values in (("add-finding", finding), ("add-follow-up", task)):
        sent = form(noc.get(REVIEW), name) | values
        assert noc.post(f"/rollbacks/{INC}/{name}", data=sent).headers["Location"] == REVIEW, name
    page = text(noc.get(REVIEW))
    assert "Contributing factor : one limit for all hosts" in page and f"about {story.rollback.opened_entry}" in page
    assert "a limit for each host" in page and "to be done" in page
    (entry,) = story.rollback.follow_ups
    sent = form(noc.get(REVIEW), "finish-follow-up") | {"follow_up": str(entry), "text": "done with the hosts"}
    noc.post(f"/rollbacks/{INC}/finish-follow-up", data=sent)
    assert "finished done with the hosts" in text(noc.get(REVIEW))
    markdown = noc.get(f"{REVIEW}.md").text
    assert "one limit for all hosts" in markdown and "done with the hosts" in markdown


def test_a_follow_up_that_nobody_finished_in_time_is_overdue(browser, story):
    walk(story)
    story.do("im", AddFollowUp(text="raise it", assignee="ops", due=story.now + timedelta(days=1)))
    assert "to be done" in text(browser("noc").get(REVIEW))
    story.wait(days=2)
    assert "overdue" in text(browser("l2_ops").get(REVIEW))


def test_what_was_too_long_for_an_entry_stands_there_in_full(browser, story):
    walk(story)
    noc, long = browser("noc"), "one limit for all hosts; " * 40 + "and no word of it"
    sent = form(noc.get(REVIEW), "add-finding") | {"finding": "lesson", "text": long, "about": ""}
    noc.post(f"/rollbacks/{INC}/add-finding", data=sent)
    assert "and no word of it" not in story.records[-1].event.text, "its entry has the beginning alone"
    page = noc.get(REVIEW)
    assert long in text(page) and ">Whole text</a>" in page.text and long in noc.get(f"{REVIEW}.md").text


def test_of_more_than_a_page_has_room_for_it_says_how_many(browser, story, monkeypatch):
    deviated(story)
    noc = browser("noc")
    rows = noc.get(REVIEW).text.split('id="evidence"')[1].split("</table>")[0].count("<tr>") - 1
    monkeypatch.setattr("web.review_words.MOST_LISTED", 1)
    page = text(noc.get(f"{REVIEW}?again"))
    assert rows > 2 and page.count(f"{rows - 1} more are not listed here: the Markdown has all.") == 1
    assert page.count("not listed here: the Markdown") == 1, "the one deviation is"


def test_who_only_reads_is_offered_nothing(browser, story):
    walk(story)
    page = browser("auditor").get(REVIEW)
    assert 'id="act-' not in page.text and "nothing is yours to do" in page.text


def test_markdown_begins_with_what_happened_and_has_its_tables_after(browser, story):
    deviated(story)
    page = browser("noc").get(f"{REVIEW}.md").text
    first = page.split("\n## ")[0]
    assert f"# Post-mortem of {INC}" in first and "had the scheduler stopped" in first and "|" not in first
    assert "\\-" not in page and "INC\\" not in page
