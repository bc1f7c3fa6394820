"""Help: one text for the page and the documentation, in both languages, and every page leads to its section."""

from __future__ import annotations

from typing import get_args

import pytest

from ledger.domain.runbook import STEPS, Verdict
from ledger.errors import Corrupt
from ledger.shipped import HELP
from web.i18n import LANGUAGES
from web.pages import PAGES
from web.pages.help import SECTIONS, page, render
from web.sentences import translate

LEADS = {"/": "stop", "/rollbacks": "rollback", "/timeline": "timeline", "/audit": "verify", "/silences": "silences"}
WITHOUT = {"charts", "health", "help", "spark"}
"""Blueprints that make no page of their own to be helped on."""


def of(language: str):
    return page(HELP / f"{language}.md")


def test_there_is_a_text_for_every_language_with_the_same_sections_and_as_many_rows():
    assert {file.stem for file in HELP.glob("*.md")} == set(LANGUAGES)
    english, polish = of("en"), of("pl")
    assert [one.name for one in english.sections] == [one.name for one in polish.sections]
    assert not any(one.name == "None" for one in english.sections), "every section has a name"
    for tag in ("<tr>", "<li>", "<p>", "<pre>"):
        assert english.body.count(tag) == polish.body.count(tag), tag


def test_every_page_that_names_a_section_names_one_that_is_there():
    assert set(SECTIONS.values()) <= {one.name for one in of("en").sections}


def test_every_page_has_a_section():
    assert {blueprint.name for blueprint in PAGES} - WITHOUT <= set(SECTIONS)


def test_it_names_pages_and_files_and_links_to_none():
    assert [language for language in LANGUAGES if "<a " in of(language).body] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_says_all_verdicts_and_steps_and_kinds_of_the_bar(language):
    text = of(language).body
    said = [translate(word, language) for word in (*get_args(Verdict), "Trading runs", "TRADING STOPPED")]
    said += [translate(word, language) for word in ("Stop written", "TRADING RUNS ON", "Trading: not known")]
    assert [word for word in said if word not in text] == []
    assert text.count("<td>") and all(f"<td>{step.number} " in text for step in STEPS)


def test_nothing_but_our_own_markdown_is_put_out():
    assert render("# T\n\n<!-- #a -->\n## A <b & c\n").body == '<h2 id="a">A &lt;b &amp; c</h2>\n'
    for odd in ("# T\n\n<script>alert(1)</script>\n", "# T\n\na <b>c</b>\n", "# T\n\n<!-- #A b -->\n\n## A\n"):
        with pytest.raises(Corrupt, match="holds HTML"):
            render(odd)


@pytest.mark.parametrize(("address", "section"), LEADS.items())
def test_every_page_leads_to_its_section(browser, address, section):
    text = browser("noc").get(address).text
    assert f'href="/help#{section}"' in text and 'href="/help"' in text


@pytest.mark.parametrize(("language", "word"), [("en", "inconclusive"), ("pl", "nierozstrzygnięte")])
def test_the_page_is_in_the_language_of_who_asks(browser, language, word):
    answer = browser("auditor").get("/help", headers={"Accept-Language": language})
    assert answer.status_code == 200 and word in answer.text and 'id="dark"' in answer.text
    assert len(answer.data) < 100_000


def test_a_stranger_signs_in_first(stranger):
    assert stranger.get("/help").status_code == 303
