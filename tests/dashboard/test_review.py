"""The post-mortem: numbers that name their entries, for open rollbacks too, and text that stays text."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from ledger.app.review import review
from ledger.app.review_text import escape, review_json, review_markdown
from ledger.app.steps import opening
from ledger.domain.commands import DeclareEmergency

from .conftest import person

NASTY = "<script>alert(1)</script> | [x](http://evil) `code`"


@pytest.fixture
def rollback(installation):
    opened = opening.open_rollback(installation, person("incident_manager"), ticket="INC-7", reason=NASTY).rollback
    return opening.confirm(installation, person("product_owner"), opened).rollback


def test_each_duration_is_the_difference_of_the_entries_that_it_names(installation, rollback):
    found = review(installation, rollback)
    at = {record.sequence: record.at for record, _ in installation.ledger.records()}
    confirm = next(one for one in found.durations if one.name == "to confirm")
    assert confirm.seconds == round((at[confirm.last] - at[confirm.first]).total_seconds())
    disable = next(one for one in found.durations if one.name == "to disable")
    assert disable.last == 0 and disable.end == found.at


def test_an_emergency_is_a_deviation_and_a_review_is_owed(installation, rollback):
    text = "it burns"
    installation.submit(DeclareEmergency(reason=text), person("incident_manager"), "INC-7")
    found = review(installation, installation.rollback("INC-7"))
    assert [one.what for one in found.deviations] == ["emergency"]
    assert any(one.what == "review of: emergency" and not one.paid for one in found.debts)


def test_a_missing_artefact_is_said_to_be_missing(installation, rollback):
    installation.artefacts.path(rollback.evidence[0].sha384).unlink()
    assert review(installation, rollback).evidence[0].found == "missing"


def test_a_note_stands_where_it_is_claimed_to_have_happened(installation, rollback):
    when = rollback.opened_at - timedelta(minutes=3)
    opening.note(installation, person("noc"), rollback, "first signs", when)
    found = review(installation, installation.rollback("INC-7"))
    assert [(one.at, one.claimed) for one in found.marks if one.label == "note"] == [(when, True)]


def test_markdown_keeps_free_text_as_text(installation, rollback):
    page = review_markdown(review(installation, rollback), {})
    assert "<script>" not in page and "](http" not in page
    assert "\\<script\\>" in page and escape("a|b\nc") == "a\\|b c"
    table = [line for line in page.splitlines() if line.startswith("| ")]
    assert all(len(re.findall(r"(?<!\\)\|", line)) in (5, 6, 8) for line in table)


def test_json_has_no_floats(installation, rollback):
    def walk(value):
        assert not isinstance(value, float)
        for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
            walk(item)

    walk(review_json(review(installation, rollback)))


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
