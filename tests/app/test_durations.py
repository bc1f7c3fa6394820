"""Durations as people type them and as they are shown."""

from __future__ import annotations

import pytest

from ledger.app.durations import format_duration, parse_duration
from ledger.errors import Refused


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1s", 1),
        ("20s", 20),
        ("15m", 900),
        ("2h", 7200),
        ("1h30m", 5400),
        ("1h30m5s", 5405),
        ("1h5s", 3605),
        ("90m", 5400),
        ("00m10s", 10),
        (" 15m\n", 900),
    ],
)
def test_a_duration_is(text: str, seconds: int) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    "text",
    ["", " ", "0s", "0h0m", "15", "15 m", "m", "-5m", "+5m", "1.5h", "1d", "30m1h", "5M", "1e3s", "9999999s", "1h\x00"],
)
def test_no_duration_is(text: str) -> None:
    with pytest.raises(Refused, match="write 20s, 15m, 2h or 1h30m"):
        parse_duration(text)


def test_a_refused_duration_is_not_repeated_without_end() -> None:
    with pytest.raises(Refused) as caught:
        parse_duration("9" * 10_000_000)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (7, "7 s"),
        (59.6, "1 min"),
        (250, "4 min 10 s"),
        (5400, "1 h 30 min"),
        (3600, "1 h"),
        (7261, "2 h 1 min"),
    ],
)
def test_a_duration_is_shown_as(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text
