"""Whatever JSON allows comes out fit: storable, printable but for line ends, and bounded."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.adapters.shapes import LARGEST, LONGEST, labels, line, text, whole
from ledger.domain.text import UNSEEN

ANYTHING = st.text(st.characters(exclude_categories=()))


@given(ANYTHING)
def test_a_text_can_always_be_stored_and_keeps_what_is_fit(given: str) -> None:
    made = text(given)
    made.encode()
    assert text(made) == made
    if given.isprintable() and len(given) <= LONGEST:
        assert made == given


@given(ANYTHING)
def test_a_line_is_one_and_shows_all_that_it_has(given: str) -> None:
    made = line(given)
    made.encode()
    assert len(made) <= 200
    assert len(made.splitlines()) <= 1
    assert not UNSEEN.search(made)


def test_every_single_character_is_fit_afterwards() -> None:
    for number in range(0x110000):
        made = text(chr(number))
        assert made == chr(number) or made == f"[U+{number:04X}]"
    for number in (*range(0x20), 0x7F, *range(0x80, 0xA0), *range(0xD800, 0xE000)):
        assert (text(chr(number)) == chr(number)) is (chr(number) in "\t\n")


def test_a_text_without_end_is_cut() -> None:
    assert len(text("x" * 10**7)) == LONGEST
    assert text("x" * 10**7).endswith("…")
    assert text("x" * LONGEST) == "x" * LONGEST


@pytest.mark.parametrize("number", [LARGEST + 1, -LARGEST - 1, 10**30])
def test_a_number_that_json_does_not_keep_is_none(number: int) -> None:
    assert whole(LARGEST) == LARGEST
    with pytest.raises(ValueError, match="2\\^53"):
        whole(number)


def test_labels_are_bounded_in_number_and_fit() -> None:
    assert labels(json.loads('{"b": "\\ud800", "a\\u0000": "1"}')) == (("a[U+0000]", "1"), ("b", "[U+D800]"))
    with pytest.raises(ValueError, match="labels"):
        labels({f"l{number}": "" for number in range(1000)})
