"""How a typed word is looked for: without accents, capitals and endings, in letters alone."""

from __future__ import annotations

import pytest

from ledger.app.reading.searching import folded, stem


@pytest.mark.parametrize(
    "word", ["wyciszenie", "wyciszenia", "Wyciszeń", "WYCISZENIEM", "wyciszeniu", "wyciszeniami", "wyciszen"]
)
def test_every_form_of_a_word_has_one_stem(word: str) -> None:
    assert stem(word, "pl") == "wyciszen"


@pytest.mark.parametrize(
    ("word", "language", "looked_for"),
    [
        ("schedulera", "pl", "scheduler"),
        ("kroku", "pl", "krok"),
        ("żal", "pl", "zal"),
        ("oko", "pl", "oko"),
        ("silences", "en", "silence"),
        ("silences", "pl", "silences"),
        ("INC-2042", "pl", "inc-2042"),
        ("de2dbd39-b9da-472f-86cf-8b2310fbc493", "pl", "de2dbd39-b9da-472f-86cf-8b2310fbc493"),
        ("sha384:00ffa", "pl", "sha384:00ffa"),
        ("step_waives", "en", "step_waives"),
    ],
)
def test_a_word_keeps_at_least_four_letters_and_an_id_stays_whole(word: str, language: str, looked_for: str) -> None:
    assert stem(word, language) == looked_for


def test_accents_and_capitals_do_not_count() -> None:
    assert folded("Zażółć GĘŚLĄ jaźń, Łódź – Đỗ Ø") == "zazolc gesla jazn, lodz – do o"
