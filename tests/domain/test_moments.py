"""Moments as people read them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from ledger.domain.moments import clock_or_day

AT = datetime(2026, 11, 29, 10, 14, tzinfo=UTC)


def test_an_end_on_another_day_has_its_date() -> None:
    assert clock_or_day(AT + timedelta(hours=2), AT) == "12:14"
    assert clock_or_day(datetime(2027, 11, 29, 18, 0, tzinfo=UTC), AT) == "2027-11-29 18:00"
    assert clock_or_day(datetime(2027, 11, 29, 18, 0, tzinfo=UTC), AT, seconds=True) == "2027-11-29 18:00:00"


def test_a_day_is_one_of_utc() -> None:
    warsaw = timezone(timedelta(hours=1))
    assert clock_or_day(datetime(2026, 11, 30, 0, 30, tzinfo=warsaw), AT) == "23:30"
