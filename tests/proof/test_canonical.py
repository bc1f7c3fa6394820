"""One value, one sequence of bytes: everything else is corrupt, and nothing crashes the reader."""

from __future__ import annotations

import contextlib
import json
from collections import OrderedDict
from datetime import UTC, datetime

import orjson
import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import Corrupt
from ledger.proof.canonical import format_canonical, parse_canonical

LARGEST = 2**53 - 1
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
KEYS = st.text(st.characters(max_codepoint=127), max_size=10)
SCALARS = st.none() | st.booleans() | st.integers(-LARGEST, LARGEST) | TEXTS
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=20
)


@given(VALUES)
def test_the_form_is_that_of_rfc_8785(value):
    assert format_canonical(value) == rfc8785.dumps(value)


@given(VALUES)
def test_the_form_is_what_pythons_own_json_gives(value):
    own = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    assert format_canonical(value) == own.encode()


@given(VALUES)
def test_what_was_formatted_is_parsed_back(value):
    assert parse_canonical(format_canonical(value)) == value


@given(st.binary(max_size=60) | TEXTS.map(str.encode))
def test_bytes_are_canonical_or_corrupt_and_nothing_else(data):
    try:
        value = parse_canonical(data)
    except Corrupt:
        return
    assert json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode() == data


@given(VALUES, st.data())
def test_no_white_space_can_be_added_unseen(value, data):
    line = format_canonical(value)
    at = data.draw(st.integers(0, len(line)))
    changed = line[:at] + data.draw(st.sampled_from([b" ", b"\n", b"\t", b"\r"])) + line[at:]
    with contextlib.suppress(Corrupt):
        assert parse_canonical(changed) != value  # it fell inside a text, which is then another text


LOOK_ALIKES = {
    "duplicate keys": b'{"a":1,"a":1}',
    "duplicate keys, other values": b'{"a":1,"a":2}',
    "unsorted keys": b'{"b":1,"a":1}',
    "float": b'{"a":1.5}',
    "whole float": b"1.0",
    "exponent": b"1e2",
    "capital exponent": b"1E2",
    "huge exponent": b"1e400",
    "minus zero": b"-0",
    "leading zero": b"01",
    "plus": b"+1",
    "NaN": b"NaN",
    "Infinity": b"Infinity",
    "minus Infinity": b"[-Infinity]",
    "2^53": b"9007199254740992",
    "-2^53": b"-9007199254740992",
    "2^64": b"18446744073709551616",
    "lone surrogate, escaped": b'"\\ud800"',
    "lone low surrogate, escaped": b'"\\udc00"',
    "lone surrogate, raw": b'"\xed\xa0\x80"',
    "surrogate pair, escaped": b'"\\ud83d\\ude00"',
    "letter escaped": b'"\\u0041"',
    "slash escaped": b'"\\/"',
    "newline escaped the long way": b'"\\u000a"',
    "control escaped in capitals": b'"\\u001F"',
    "delete escaped": b'"\\u007f"',
    "raw control character": b'"\x01"',
    "not UTF-8": b'"\xff"',
    "overlong": b'"\xc0\xaf"',
    "BOM": b"\xef\xbb\xbf{}",
    "UTF-16": '{"a":1}'.encode("utf-16"),
    "trailing space": b"{} ",
    "trailing newline": b"{}\n",
    "leading space": b" {}",
    "space after colon": b'{"a": 1}',
    "two values": b"{}{}",
    "trailing comma": b"[1,]",
    "comment": b"{}//",
    "key not ASCII": '{"ą":1}'.encode(),
    "key not ASCII, inside": '[{"a":{"ą":1}}]'.encode(),
    "key escaped": b'{"\\u0061":1}',
    "single quotes": b"{'a':1}",
    "nothing": b"",
    "NUL": b"\x00",
    "cut": b'{"a":',
}


@pytest.mark.parametrize("data", LOOK_ALIKES.values(), ids=LOOK_ALIKES.keys())
def test_a_look_alike_is_corrupt(data):
    with pytest.raises(Corrupt):
        parse_canonical(data)


@pytest.mark.parametrize("pair", ["[]", '{"a":}'])
@pytest.mark.parametrize("depth", [200, 254, 255, 700, 1_000, 1_020, 5_000, 100_000])
def test_no_depth_crashes_the_reader(pair, depth):
    data = (pair[:-1] * depth + "1" + pair[-1] * depth).encode()
    try:
        parse_canonical(data)
    except Corrupt:
        return
    assert depth <= 254


@pytest.mark.parametrize("opening", [b"[", b'{"a":', b'[{"a":'])
def test_a_hundred_thousand_open_brackets_are_corrupt(opening):
    with pytest.raises(Corrupt):
        parse_canonical(opening * 100_000)


@pytest.mark.parametrize("depth", [900, 2_000, 100_000])
def test_a_value_too_deep_to_write_is_corrupt(depth):
    value = []
    for _ in range(depth):
        value = [value]
    with pytest.raises(Corrupt):
        format_canonical(value)


UNWRITABLE = {
    "float": 1.5,
    "whole float": 1.0,
    "NaN": float("nan"),
    "float in a list": [1, [1.5]],
    "float in a tuple": (1.5,),
    "float in an ordered dict": OrderedDict(a=1.5),
    "2^53": 2**53,
    "-2^53": -(2**53),
    "bytes": b"a",
    "set": {1},
    "moment": datetime(2026, 1, 1, tzinfo=UTC),
    "lone surrogate": "\ud800",
    "lone surrogate in a key": {"\ud800": 1},
    "key not ASCII": {"ą": 1},
    "number as key": {1: 1},
}


@pytest.mark.parametrize("value", UNWRITABLE.values(), ids=UNWRITABLE.keys())
def test_a_value_without_canonical_form_is_corrupt(value):
    with pytest.raises(Corrupt):
        format_canonical(value)


def test_the_sentence_names_the_place_and_both_forms():
    with pytest.raises(Corrupt, match=r"at byte 5: expected b'1.*found b' 1"):
        parse_canonical(b'{"a": 1}')


FLOATS = st.recursive(
    SCALARS | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)


@given(FLOATS)
def test_a_reader_takes_exactly_what_the_writer_gives(value):
    """Floats and keys beyond ASCII are found wherever they stand, by the reader as by the writer."""
    data = orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    try:
        expected = format_canonical(value)
    except Corrupt:
        expected = None
    try:
        found = format_canonical(parse_canonical(data))
    except Corrupt:
        found = None
    assert found == expected
