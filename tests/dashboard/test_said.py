"""What the ledger says is translated by its template and values: no page of a new ledger takes English apart."""

from __future__ import annotations

import html

import pytest

from web import sentences
from web.catalogue import LEDGER, texts
from web.sentences import translate

from .stories import STORIES
from .story import INC, Kept

HERE = f"/rollbacks/{INC}"
PAGES = ("/", "/rollbacks", HERE, f"{HERE}/review", "/timeline", "/audit", "/people", "/access")


@pytest.fixture
def taken_apart(monkeypatch):
    """English that came without its values and was understood by a template's form."""
    found = set()
    understand = sentences._said

    def watched(sentence, depth):
        said = understand(sentence, depth)
        if said not in (sentence, texts(LEDGER).get(sentence), texts(None).get(sentence)):
            found.add(sentence)
        return said

    monkeypatch.setattr(sentences, "_said", watched)
    sentences.parsed.cache_clear()
    return found


@pytest.mark.parametrize("name", sorted(STORIES))
def test_pages_of_a_new_ledger_are_said_by_their_values(browser, installation, taken_apart, name):
    STORIES[name](Kept(installation))
    client = browser("noc")
    client.set_cookie("lang", "pl")
    entries = [f"/entries/{number}" for number in range(1, installation.ledger.view().size + 1)]
    for path in (*PAGES, *entries):
        assert client.get(path).status_code in (200, 403, 404), path
    assert taken_apart == set()


def test_an_entrys_reasons_are_read_as_sentences_with_their_codes(browser, installation):
    STORIES["failed"](Kept(installation))
    records = [record for record, _ in installation.ledger.records() if getattr(record.event, "reasons", ())]
    assert records
    client = browser("noc")
    for tongue in ("en", "pl"):
        client.set_cookie("lang", tongue)
        for record in records:
            text = html.unescape(client.get(f"/entries/{record.sequence}").text)
            for reason in record.event.reasons:
                assert f'{translate(reason, tongue)} <span class="mono quiet">{reason.code}</span>' in text
