"""Strict base64 and decimal: what Python's own parsers let through is corrupt here."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import Corrupt
from ledger.proof.encoding import format_base64, parse_base64, parse_decimal


@given(st.binary(max_size=80))
def test_base64_comes_back(data):
    assert parse_base64(format_base64(data)) == data


@given(st.text(max_size=12))
def test_a_text_is_the_only_base64_of_its_bytes_or_corrupt(text):
    try:
        data = parse_base64(text)
    except Corrupt:
        return
    assert format_base64(data) == text


@pytest.mark.parametrize(
    "text",
    ["QR==", "QQ", "QQ=", "QQ===", " QQ==", "QQ==\n", "Q Q==", "!!AAAA!!", "-_-_", "QQ==QQ==", "=", "ÀÀÀÀ", "\ud800"],
)
def test_a_look_alike_of_base64_is_corrupt(text):
    with pytest.raises(Corrupt):
        parse_base64(text)


@given(st.integers(0, 2**63 - 1))
def test_a_number_comes_back(number):
    assert parse_decimal(str(number)) == number


@pytest.mark.parametrize(
    "text",
    [
        "",
        "00",
        "01",
        "+1",
        "-1",
        "-0",
        " 1",
        "1 ",
        "1\n",
        "4_2",
        "٤٢",
        "４２",
        "²",
        "1.0",
        "1e3",
        "0x10",
        "9223372036854775808",
        "9999999999999999999",
        "1" * 20,
        "1" * 100_000,
    ],
)
def test_a_look_alike_of_a_number_is_corrupt(text):
    with pytest.raises(Corrupt):
        parse_decimal(text)
