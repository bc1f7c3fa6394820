"""What a calendar's events mean: recurrences, exceptions, time zones; and what is not understood is never a name."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest

from ledger.adapters.ical_shifts import read, shifts_of
from ledger.errors import Unreachable
from ledger.lab.standins.ics import calendar

DAY = timedelta(days=1)
WARSAW = "DTSTART;TZID=Europe/Warsaw:{}\nDTEND;TZID=Europe/Warsaw:{}\nSUMMARY:{}"


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def shifts(content: bytes, since: str, days: int = 8, zone: str = "") -> list[tuple[str, str, str]]:
    """Name, start and end in UTC, in the order of their starts."""
    start = moment(since)
    found = read(content, start, start + days * DAY, zone)["shifts"]
    utc = [(name, *(datetime.fromisoformat(at).astimezone(UTC) for at in (a, b))) for name, _, a, b in found]
    return [(name, f"{a:%m-%d %H:%M}", f"{b:%m-%d %H:%M}") for name, a, b in sorted(utc, key=lambda one: one[1])]


def test_a_rotation_of_weeks_alternates() -> None:
    week = "DTSTART:2026{0}T070000Z\nDTEND:2026{1}T070000Z\nRRULE:FREQ=WEEKLY;INTERVAL=2\nSUMMARY:{2}"
    content = calendar(week.format("1102", "1109", "Ola"), week.format("1109", "1116", "Jan"))
    assert shifts(content, "2026-11-18") == [
        ("Ola", "11-16 07:00", "11-23 07:00"),
        ("Jan", "11-23 07:00", "11-30 07:00"),
    ]


def test_an_exception_is_left_out() -> None:
    content = calendar(
        "DTSTART:20261101T080000Z\nDTEND:20261101T160000Z\nRRULE:FREQ=DAILY\nEXDATE:20261102T080000Z\nSUMMARY:Ola"
    )
    assert [start for _, start, _ in shifts(content, "2026-11-01", 3)] == ["11-01 08:00", "11-03 08:00"]


def test_an_override_takes_the_place_of_one_recurrence() -> None:
    content = calendar(
        "UID:rota@x\nDTSTART:20261101T080000Z\nDTEND:20261101T160000Z\nRRULE:FREQ=DAILY\nSUMMARY:Ola",
        "UID:rota@x\nRECURRENCE-ID:20261102T080000Z\nDTSTART:20261102T100000Z\nDTEND:20261102T160000Z\nSUMMARY:Jan",
        "UID:rota@x\nRECURRENCE-ID:20261103T080000Z\nDTSTART:20261103T080000Z\nDTEND:20261103T160000Z\n"
        "STATUS:CANCELLED\nSUMMARY:Ola",
    )
    assert shifts(content, "2026-11-01", 4) == [
        ("Ola", "11-01 08:00", "11-01 16:00"),
        ("Jan", "11-02 10:00", "11-02 16:00"),
        ("Ola", "11-04 08:00", "11-04 16:00"),
    ]


def test_a_shift_in_warsaw_keeps_its_hour_when_summer_time_ends_and_begins() -> None:
    daily = WARSAW.format("20261020T080000", "20261020T200000", "Ola") + "\nRRULE:FREQ=DAILY"
    assert [start for _, start, _ in shifts(calendar(daily), "2026-10-24", 2)] == ["10-24 06:00", "10-25 07:00"]
    night = WARSAW.format("20270326T200000", "20270327T080000", "Jan") + "\nRRULE:FREQ=DAILY"
    assert shifts(calendar(night), "2027-03-27T12:00", 1) == [("Jan", "03-27 19:00", "03-28 06:00")], "an hour shorter"


def test_a_time_zone_of_the_calendar_s_own_counts() -> None:
    zone = (
        "BEGIN:VTIMEZONE\nTZID:Headquarters\nBEGIN:STANDARD\nDTSTART:19701025T030000\nTZOFFSETFROM:+0200\n"
        "TZOFFSETTO:+0100\nRRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU\nEND:STANDARD\nBEGIN:DAYLIGHT\n"
        "DTSTART:19700329T020000\nTZOFFSETFROM:+0100\nTZOFFSETTO:+0200\nRRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU\n"
        "END:DAYLIGHT\nEND:VTIMEZONE"
    )
    event = "DTSTART;TZID=Headquarters:20261101T080000\nDTEND;TZID=Headquarters:20261101T160000\nSUMMARY:Ola"
    assert shifts(calendar(event, more=zone), "2026-11-01") == [("Ola", "11-01 07:00", "11-01 15:00")]


def test_a_time_zone_that_nobody_knows_makes_nothing_of_the_calendar_known() -> None:
    lost = "DTSTART;TZID=Nowhere/Town:20261101T080000\nDTEND;TZID=Nowhere/Town:20261101T160000\nSUMMARY:Ola"
    with pytest.raises(Unreachable, match="names the time zone Nowhere/Town, which neither it nor this machine knows"):
        shifts(calendar(lost), "2026-11-01", zone="Europe/Warsaw")
    assert shifts(calendar(lost), "2027-11-01", zone="Europe/Warsaw") == [], "an old event is no reason"


def test_whole_days_are_days_where_the_schedule_is() -> None:
    days = calendar("DTSTART;VALUE=DATE:20261101\nDTEND;VALUE=DATE:20261103\nSUMMARY:Ola")
    assert shifts(days, "2026-11-01", zone="Europe/Warsaw") == [("Ola", "10-31 23:00", "11-02 23:00")]
    own = calendar("DTSTART;VALUE=DATE:20261101\nSUMMARY:Ola", more="X-WR-TIMEZONE:Europe/Warsaw")
    assert shifts(own, "2026-11-01") == [("Ola", "10-31 23:00", "11-01 23:00")]
    with pytest.raises(Unreachable, match="events without a time zone: set time_zone"):
        shifts(days, "2026-11-01")


def test_who_declined_and_what_is_no_person_is_not_on_duty() -> None:
    content = calendar(
        "DTSTART:20261101T080000Z\nDTEND:20261101T160000Z\nSUMMARY:Duty\n"
        "ATTENDEE;CN=Ola Nowak;PARTSTAT=ACCEPTED:mailto:Ola@example.net\n"
        "ATTENDEE;CN=Jan;PARTSTAT=DECLINED:mailto:jan@example.net\n"
        "ATTENDEE;CUTYPE=ROOM:mailto:room@example.net"
    )
    found = read(content, moment("2026-11-01"), moment("2026-11-02"), "")["shifts"]
    assert [(name, known_as) for name, known_as, *_ in found] == [("Ola Nowak", ["ola@example.net", "ola nowak"])]


def test_an_event_that_leaves_one_free_puts_nobody_on_duty_and_is_counted() -> None:
    content = calendar("DTSTART:20261101T080000Z\nDTEND:20261101T160000Z\nTRANSP:TRANSPARENT\nSUMMARY:Ola")
    assert read(content, moment("2026-11-01"), moment("2026-11-02"), "") == {"shifts": [], "free": 1}


@pytest.mark.parametrize(
    ("event", "why"),
    [
        ("DTSTART:20261101\nDTEND:20261101T160000Z\nSUMMARY:Ola", "ends before it starts"),
        ("DTSTART:20261101T160000Z\nDTEND:20261101T080000Z\nSUMMARY:Ola", "ends before it starts"),
        ("DTSTART:yesterday\nDTEND:20261101T080000Z\nSUMMARY:Ola", "DTSTART cannot be understood"),
        ("DTEND:20261101T080000Z\nSUMMARY:Ola", "without a start"),
        ("DTSTART:20261101T080000Z\nDURATION:PT8H\nRRULE:FREQ=NOW\nSUMMARY:Ola", "RRULE cannot be understood"),
        ("DTSTART:20261101T080000Z\nDURATION:PT8H", "names nobody"),
    ],
)
def test_what_is_not_understood_is_said(event: str, why: str) -> None:
    with pytest.raises(Unreachable, match=why):
        shifts(calendar(event), "2026-11-01")


@pytest.mark.parametrize("content", [b"", b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n", calendar() + calendar()])
def test_half_a_calendar_or_two_are_none(content: bytes) -> None:
    with pytest.raises(Unreachable, match="cannot be understood"):
        shifts(content, "2026-11-01")


@pytest.mark.parametrize("rule", ["FREQ=SECONDLY", "FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30"])
def test_a_rule_without_end_costs_a_bounded_time(rule: str) -> None:
    bomb = calendar(f"DTSTART:19700101T000000Z\nDURATION:PT1S\nRRULE:{rule}\nSUMMARY:Ola")
    began, since = time.monotonic(), moment("2026-11-01")
    with pytest.raises(Unreachable, match="took too long to read"):
        shifts_of(bomb, since, since + 8 * DAY, patience=1.0)
    assert time.monotonic() - began < 5


def test_a_process_of_its_own_reads_the_same() -> None:
    since = moment("2026-11-01")
    event = "DTSTART:20261101T080000Z\nDTEND:20261101T160000Z\nSUMMARY:Ola Żółć \\, Jan"
    (shift,) = shifts_of(calendar(event), since, since + DAY).shifts
    assert (shift.name, shift.known_as) == ("Ola Żółć , Jan", ("ola żółć , jan",))
    assert (shift.start, shift.end) == (moment("2026-11-01T08:00"), moment("2026-11-01T16:00"))
    with pytest.raises(Unreachable, match="no time zone has the name Mars/Base"):
        shifts_of(calendar(event), since, since + DAY, "Mars/Base")
