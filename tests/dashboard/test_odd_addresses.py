"""Addresses that no page of ours has: an answer that says so, never an unforeseen error."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ledger.app.acts import ACTS
from ledger.app.durations import parse_moment
from ledger.app.parsing import in_utc, whole
from ledger.app.press import Press
from ledger.app.steps import opening
from ledger.errors import Refused
from web.live import _events

from .conftest import person

NUMBERS = ("-1", "0", "1.5", "٤٢", "²", "9" * 15, "9" * 20, "9" * 5000, "1e9", "0x10", " 1", "\x00", "%00", "\ud800")
TIMES = ("0001-01-01T00:00+14:00", "9999-12-31T23:59-14:00", "2026-02-30", "24:00", "2026-W01-1", "9" * 300, "\x00")
ADDRESSES = (
    "/rollbacks?before={}",
    "/timeline?beyond={}",
    "/timeline/fresh?after={}",
    "/access?to={}",
    "/live/poll?after={}",
    "/entries/{}",
)


def test_no_number_in_an_address_is_an_unforeseen_error(browser):
    client = browser("auditor")
    for address in ADDRESSES:
        for number in NUMBERS:
            if not (address.startswith("/entries") and len(number) > 4000):  # the server takes no line as long
                text = address.format(number.encode("utf-8", "surrogatepass").decode("latin-1"))
                assert client.get(text).status_code in (200, 303, 308, 404), text


def test_no_filter_of_the_timeline_is_an_unforeseen_error(browser):
    client = browser("auditor")
    for name in ("since", "until", "q", "step", "rollback", "person", "status", "verdict", "order", "beyond"):
        for value in (*TIMES, *NUMBERS[:-1], "%", "_", "'", '"', "\\", "* OR 1=1", "a" * 3000):
            assert client.get("/timeline", query_string={name: value}).status_code == 200, (name, value)


@pytest.mark.parametrize("time", TIMES)
def test_a_time_that_is_none_is_refused_and_stays_in_the_form(browser, installation, time):
    opening.open_rollback(installation, Press(person("incident_manager")), ticket="INC-1", reason="latency")
    form = {"request_id": "a" * 32, "text": "what I typed", "occurred_at": time}
    answer = browser("noc").post("/rollbacks/INC-1/note", data=form)
    assert answer.status_code in (303, 422), answer.text
    assert answer.status_code == 303 or "what I typed" in answer.text


def test_where_a_stream_goes_on_may_be_any_text(site):
    for last in NUMBERS:
        stream = _events(site, "", whole(last))
        assert next(stream).startswith("retry")
        stream.close()


def test_numbers_and_times_are_what_a_page_sends():
    assert [whole(one) for one in ("0", "42", "٤٢", "4_2", "-1", "", "1" * 16)] == [0, 42, None, None, None, None, None]
    assert in_utc("2026-11-23T03:14") == datetime(2026, 11, 23, 3, 14, tzinfo=UTC)
    assert in_utc("2026-11-23T03:14+02:00") == datetime(2026, 11, 23, 1, 14, tzinfo=UTC)
    with pytest.raises(ValueError, match="0001"):
        in_utc("0001-01-01T00:00+14:00")


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-02-30"])
def test_a_moment_that_has_no_utc_is_refused(text):
    with pytest.raises(Refused):
        parse_moment(text)


def test_a_window_that_ends_on_a_leap_day_can_be_extended(browser, installation):
    start = datetime(2028, 2, 29, 3, tzinfo=UTC)
    manager = person("incident_manager")
    opening.open_rollback(
        installation,
        Press(manager),
        ticket="INC-1",
        reason="maintenance",
        purpose="maintenance",
        start=start,
        window="2h",
    )
    assert browser("incident_manager").get("/rollbacks/INC-1").status_code == 200
    assert ACTS["extend-window"].label in browser("incident_manager").get("/rollbacks/INC-1").text
