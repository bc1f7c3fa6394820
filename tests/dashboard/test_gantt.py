"""Where bars, flags and ticks stand: in the axis, in order, as long as they lasted, never over another's text."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.app.review.parts import Mark, Point, Review, Span
from ledger.domain.state import Rollback
from web.gantt import CLOSE, LEAST, NARROWEST, flags, gantt

T0 = datetime(2026, 11, 23, 3, 14, 7, tzinfo=UTC)
SECONDS = st.integers(0, 3 * 86_400)
LENGTHS = [20, 95, 3600, 3 * 86_400, 400 * 86_400]


def at(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)


def span(lane: str, start: float, end: float | None, label: str = "") -> Span:
    return Span(lane, label, Point(1, "timestamp", at(start)), None if end is None else Point(2, "timestamp", at(end)))


def made(spans=(), marks=(), length: float = 20) -> Review:
    names = {"id": "INC-1", "ticket": "INC-1", "purpose": "incident", "reason": "", "component": "", "channel": ""}
    times = {"window_start": T0, "window_end": T0, "opened_by": "im", "opened_at": T0, "opened_entry": 1}
    points = tuple(Mark("note", Point(number, "timestamp", at(one))) for number, one in enumerate(marks))
    rollback = Rollback(**names, **times)
    return Review(rollback, at(length), 0, (), (), tuple(spans), points, (), (), (), (), ())


@pytest.mark.parametrize("length", LENGTHS)
def test_bars_are_as_long_as_they_lasted_and_stand_where_they_began(length):
    tenths = [(0.0, 0.1), (0.1, 0.3), (0.3, 0.9), (0.9, 1.0)]
    chart = gantt(made([span(f"step_{n}", length * a, length * b) for n, (a, b) in enumerate(tenths)], length=length))
    assert [lane.code for lane in chart.lanes] == ["step_0", "step_1", "step_2", "step_3"]
    for lane, (a, b) in zip(chart.lanes, tenths, strict=True):
        (bar,) = lane.bars
        assert bar.x == pytest.approx(100 * a, abs=0.02) and bar.width == pytest.approx(100 * (b - a), abs=0.02)


@given(st.lists(st.tuples(SECONDS, SECONDS), min_size=1, max_size=8), st.sampled_from(LENGTHS))
def test_every_bar_is_in_the_axis_in_order_and_can_be_seen(pairs, length):
    spans = [span("alerts_silenced", min(pair), max(pair)) for pair in pairs]
    for lane in gantt(made(spans, length=length)).lanes:
        assert [bar.x for bar in lane.bars] == sorted(bar.x for bar in lane.bars)
        for bar in lane.bars:
            assert bar.x >= 0 and bar.x + bar.width <= 100.01 and bar.width >= LEAST
            assert bar.cut == (bar.span.end.at > at(length))


def test_a_bar_that_lasted_no_time_is_seen_at_both_ends_of_the_axis():
    chart = gantt(made([span("step_0", 0, 0), span("step_6", 20, 20)]))
    first, last = (lane.bars[0] for lane in chart.lanes)
    assert (first.x, first.width) == (0, LEAST) and last.x + last.width == pytest.approx(100)
    assert LEAST / 100 * NARROWEST + 1.5 > 3, "pixels, with its line"


def test_alerts_and_silences_are_on_the_same_axis_which_begins_before_the_opening_for_them():
    chart = gantt(made([span("alert", -20, 10, "A"), span("alerts_silenced", 5, None)], length=60))
    assert chart.begin == at(-20)
    alert, silenced = (lane for lane in sorted(chart.lanes, key=lambda lane: lane.code))
    assert (alert.label, alert.bars[0].x, alert.bars[0].width) == ("A", 0, 37.5)
    assert (silenced.bars[0].x, silenced.bars[0].width) == (31.25, 68.75)


def test_an_alert_of_long_ago_does_not_squeeze_the_rollback():
    chart = gantt(made([span("alert", -90 * 86_400, 10, "A")], length=3600))
    assert chart.begin == at(-900) and chart.lanes[0].bars[0].x == 0


def test_many_alerts_do_not_make_the_page_endless():
    spans = [span("alert", number, number + 1, f"A{number}") for number in range(40)]
    chart = gantt(made([*spans, span("step_0", 0, 5)], length=60))
    assert (len(chart.lanes), chart.more_alerts) == (13, 28)


@given(st.lists(st.floats(0, 100), max_size=40).map(sorted))
def test_no_two_flags_touch_however_narrow_the_screen(places):
    found = list(flags(places))
    edges = [
        (one.row, one.x / 100 * width - one.pixels / 2, one.x / 100 * width + one.pixels / 2)
        for one in found
        for width in (NARROWEST,)
    ]
    for row in {one[0] for one in edges}:
        for (_, _, right), (_, left, _) in pairwise(edge for edge in edges if edge[0] == row):
            assert right < left
    assert max((one.row for one in found), default=0) < 8


@given(st.lists(st.floats(0, 100), max_size=40).map(sorted))
def test_every_mark_has_its_number_on_one_flag(places):
    numbers = []
    for one in flags(places):
        first, _, last = one.text.partition("–")
        numbers += range(int(first), int(last or first) + 1)
        assert all(abs(places[number - 1] - one.x) <= CLOSE for number in range(int(first), int(last or first) + 1))
    assert numbers == list(range(1, len(places) + 1))


def test_marks_are_numbered_in_order_of_time_also_where_a_note_tells_of_before():
    chart = gantt(made(marks=[5, 12, 3]))
    assert [one.point.entry for one in chart.marks] == [2, 0, 1]


@pytest.mark.parametrize("length", LENGTHS)
def test_ticks_are_round_times_that_do_not_touch(length):
    ticks = gantt(made(length=length)).ticks
    assert 2 <= len(ticks) <= 7
    steps = {b.at - a.at for a, b in pairwise(ticks)}
    assert len(steps) == 1
    for shown, width in ((ticks, 560), ([one for one in ticks if not one.minor], NARROWEST)):
        for a, b in pairwise(shown):
            assert (b.x - a.x) / 100 * width > 52, "hh:mm:ss in 11 px"
    assert all(0 <= one.x <= 100 for one in ticks)


def test_a_new_day_is_named_where_the_axis_has_several():
    ticks = gantt(made(length=3 * 86_400)).ticks
    for shown in (ticks, [one for one in ticks if not one.minor]):
        days = [f"{one.at:%m-%d}" for one in shown]
        assert set(days) == {one.date for one in shown if one.date}
        assert all(one.date for one, before in zip(shown[1:], days, strict=False) if f"{one.at:%m-%d}" != before)
    assert not any(one.date for one in gantt(made(length=3600)).ticks)


def test_many_notes_leave_the_axis_its_other_marks():
    found = made(marks=range(100), length=120)
    last = Mark("closed", Point(200, "timestamp", at(110)))
    chart = gantt(replace(found, marks=(*found.marks, last)))
    assert (len(chart.marks), chart.more_notes, chart.marks[-1]) == (41, 60, last)
