"""What was made quick says exactly what the slow way says."""

from __future__ import annotations

import sys
import unicodedata
from datetime import datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ledger.domain.event import parse_time as parse_own
from ledger.domain.state import Override, Rollback, State
from ledger.domain.text import check_text
from ledger.errors import Corrupt, Refused
from ledger.proof.entry import parse_time

NEARLY = st.one_of(
    st.from_regex(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}[.,][0-9]{6}\+00:00", fullmatch=True),
    st.from_regex(r"[0-9]{4}-?W[0-9]{2}-?[1-7]T[0-9:]{8}\.[0-9]{3,9}(Z|[+-][0-9]{2}:?[0-9]{2})", fullmatch=True),
    st.builds(
        lambda moment, at, mark: (text := moment.isoformat() + "+00:00")[:at] + mark + text[at + 1 :],
        st.datetimes(),
        st.integers(0, 31),
        st.sampled_from("0129-:.,TtZ +W/٤"),
    ),
)


def by_formatting_again(text):
    try:
        moment = datetime.fromisoformat(text)
        if moment.utcoffset() is None or moment.utcoffset().total_seconds():
            return None
        return moment if moment.isoformat(timespec="microseconds") == text else None
    except ValueError:
        return None


@given(NEARLY)
@example("2026-01-01T24:00:00.000000+00:00")
@example("2026-11-23T05:27:01.123456+00:00")
@example("2026-W48-1T05:27:01.123456+00:00")
@example("2026-11-23T05:27:01,123456+00:00")
@pytest.mark.parametrize("parse", [parse_time, parse_own], ids=["entry", "event"])
def test_the_marks_of_a_time_decide_as_formatting_again_does(parse, text):
    try:
        found = parse(text)
    except (Corrupt, ValueError):
        found = None
    assert found == by_formatting_again(text)


def test_each_character_is_printable_or_not_by_its_category():
    for point in range(sys.maxunicode + 1):
        character = chr(point)
        kind = unicodedata.category(character)
        if kind not in ("Cc", "Cs") and point % 17:
            continue
        bad = kind == "Cs" or (kind == "Cc" and character not in "\n\t")
        try:
            check_text("it", f"a{character}b")
        except Refused:
            assert bad, hex(point)
        else:
            assert not bad, hex(point)


@pytest.mark.parametrize("kind", [Override, State, Rollback])
def test_replacing_changes_what_is_named_and_nothing_else(kind):
    before = kind._make(range(len(kind._fields)))
    for name in kind._fields:
        after = before._replace(**{name: "new"})
        assert type(after) is kind
        assert after._asdict() == before._asdict() | {name: "new"}
    with pytest.raises(KeyError):
        before._replace(nothing=1)


def test_moving_on_changes_five_fields_and_takes_the_others_over():
    before = State._make(range(len(State._fields)))
    after = before.moved_on("sequence", "timestamp", "at", "open", "closed")
    assert type(after) is State
    assert after == before._replace(sequence="sequence", timestamp="timestamp", at="at", open="open", closed="closed")
