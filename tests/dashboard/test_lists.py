"""Long lists: a page at a time, found by a word, the open ones first."""

from __future__ import annotations

import re

import pytest

from ledger.app.press import Press
from ledger.domain.closing.commands import Abort
from tests.app.builders import opening
from web.pages import rollbacks as page

from .conftest import person


@pytest.fixture
def seven(installation):
    """INC-1 to INC-7, of which INC-7 stays open."""
    for number in range(1, 8):
        installation.submit(opening(installation, f"INC-{number}"), Press(person("incident_manager")))
        if number < 7:
            installation.submit(Abort(reason="a false alarm"), Press(person("incident_manager")), f"INC-{number}")
    return installation


def listed(client, query: str = "") -> list[str]:
    answer = client.get(f"/rollbacks{query}")
    assert answer.status_code == 200
    return re.findall(r"<strong>(INC-\d+)</strong>", answer.text)


def test_closed_rollbacks_come_a_page_at_a_time(seven, browser, monkeypatch):
    monkeypatch.setattr(page, "PAGE", 2)
    client = browser("noc")
    seen, query = listed(client), ""
    assert seen == ["INC-7", "INC-6", "INC-5"]
    while older := re.search(r'href="/rollbacks(\?before=\d+)"', client.get(f"/rollbacks{query}").text):
        query = older[1]
        seen += listed(client, query)
    assert seen == [f"INC-{number}" for number in range(7, 0, -1)]


@pytest.mark.parametrize("query", ["?q=inc-3", "?q=%20INC-3%20"])
def test_a_rollback_is_found_by_its_ticket(seven, browser, query):
    assert listed(browser("noc"), query) == ["INC-3"]


def test_what_is_not_found_says_what_was_searched(seven, browser):
    text = browser("noc").get("/rollbacks?q=<b>nothing").text
    assert "No rollback matches" in text and "<b>nothing" not in text


@pytest.mark.parametrize("query", ["?before=x", "?before=-1", "?before=%C2%B2"])
def test_a_place_that_is_none_is_the_beginning(seven, browser, query):
    assert listed(browser("noc"), query)[0] == "INC-7"
