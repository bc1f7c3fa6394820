"""Planned work: opened ahead, begun in its window, its overrun told, its expected alerts shown as expected."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ledger.domain.closing.commands import Abort
from ledger.domain.decide import decide
from ledger.domain.duties.commands import ExtendWindow
from ledger.domain.duties.events import WindowOverrun
from ledger.domain.opening.commands import Confirm, DeclareEmergency
from ledger.domain.runbook import EXPECTED_RULES
from ledger.errors import Corrupt, Refused

from . import facts
from .builders import INC, Story, digest
from .road import ROAD, debts, disabling, opening, silencing, stopping, watch_finish, watch_start

PLANNED = ["maintenance", "load_test", "drill"]
DAY = timedelta(days=1)


def planned(purpose: str = "maintenance", **changes: object) -> Story:
    """Work of an hour, confirmed, for tomorrow."""
    story = Story()
    span = {"window_start": story.now + DAY, "window_end": story.now + DAY + timedelta(hours=1)}
    story.do("im", opening(story, purpose=purpose, **span | changes), "")
    story.do("owner", Confirm(confirms=digest("line")))
    return story


def begin(story: Story) -> None:
    story.now = story.rollback.window_start


@pytest.mark.parametrize("purpose", PLANNED)
def test_step_1_does_not_begin_before_the_window(purpose):
    story = planned(purpose)
    story.now = story.rollback.window_start - timedelta(microseconds=1)
    with pytest.raises(Refused, match="the window of INC-2042 starts at .*until then only the stop is taken"):
        story.do("ops", disabling())
    begin(story)
    assert story.do("ops", disabling())


@pytest.mark.parametrize("purpose", PLANNED)
def test_step_2_does_not_begin_before_the_window_even_after_a_stop(purpose):
    story = planned(purpose)
    story.do("noc", stopping(story), "")
    ROAD["disabled"](story)
    with pytest.raises(Refused, match="the window of INC-2042 starts at"):
        story.do("obs", silencing(story))
    begin(story)
    assert story.do("obs", silencing(story))


def test_an_emergency_does_not_move_the_window():
    story = planned()
    story.do("im", DeclareEmergency(reason="fire"))
    with pytest.raises(Refused, match="starts at"):
        story.do("ops", disabling())


def test_an_incident_does_not_wait_for_a_window():
    story = Story()
    story.do("im", opening(story, window_start=story.now + DAY, window_end=story.now + 2 * DAY), "")
    story.do("owner", Confirm(confirms=digest("line")))
    assert story.do("ops", disabling())


@pytest.mark.parametrize("purpose", PLANNED)
def test_the_stop_never_waits_for_a_window(purpose):
    story = planned(purpose)
    assert [event.status for event in story.do("ops", stopping(story), "")] == ["override_requested"]


# --- overrun and extension -------------------------------------------------------------------------------------------


def overrun(story: Story) -> WindowOverrun:
    return WindowOverrun(window_end=story.rollback.window_end)


def longer(story: Story, **span: float) -> ExtendWindow:
    end = story.rollback.window_end + timedelta(**span or {"hours": 1})
    return ExtendWindow(window_end=end, reason="slow", announcement_sha384=digest("longer"))


def test_an_overrun_is_told_once_for_each_end():
    story = planned()
    story.now = story.rollback.window_end
    story.saw(overrun(story))
    with pytest.raises(Corrupt, match="told before"):
        story.saw(overrun(story))
    story.do("im", longer(story))
    story.now = story.rollback.window_end
    assert story.saw(overrun(story))


def test_an_overrun_is_of_the_end_that_the_window_has():
    story = planned()
    early = overrun(story)
    story.do("im", longer(story))
    with pytest.raises(Corrupt):
        story.saw(early)


def test_an_extension_asks_for_a_confirmation_and_revokes_nothing():
    story = planned()
    story.do("im", longer(story))
    assert debts(story) == ["confirmation of the longer window"] and story.rollback.steps[0].passed
    begin(story)
    assert story.do("ops", disabling())
    (event,) = story.do("owner", Confirm(confirms=digest("line")))
    assert event.status == "extension_confirmed" and debts(story) == []


def test_an_extension_of_what_was_not_confirmed_is_confirmed_after_it():
    story = Story()
    story.do("im", opening(story), "")
    story.do("im", longer(story))
    events = [story.do("owner", Confirm(confirms=digest("line")))[0].status for _ in range(2)]
    assert events == ["rollback_confirmed", "extension_confirmed"] and debts(story) == []


@pytest.mark.parametrize("minutes", [0, -1])
def test_a_window_is_not_shortened(minutes):
    story = planned()
    with pytest.raises(Refused, match="lasts until .* already"):
        story.do("im", longer(story, minutes=minutes))


def test_nobody_confirms_their_own_extension():
    story = planned()
    story.do("boss", longer(story))
    with pytest.raises(Refused, match="four eyes"):
        story.do("boss", Confirm(confirms=digest("line")))


def test_an_extension_can_still_be_confirmed_after_closing():
    story = planned()
    story.do("im", longer(story))
    story.do("im", Abort(reason="not today"))
    request = story.request("owner", Confirm(confirms=digest("line")))
    assert decide(story.state, request)
    story.do("owner", Confirm(confirms=digest("line")))
    assert debts(story) == []


# --- expected alerts -------------------------------------------------------------------------------------------------

PNL, LATENCY = "MultiStrategyPnlDrawdown", "MultiStrategySchedulerLatencyCritical"


def watched(expected: tuple[str, ...], *raised: str):
    story = planned("load_test", expected=expected)
    begin(story)
    for place in ("asked", "disabled", "silenced", "checked"):
        ROAD[place](story)
    story.do("noc", watch_start(story))
    start = story.rollback.watch.started.starts_at
    story.wait(minutes=15)
    episodes = tuple(facts.episode(start + timedelta(minutes=1), name) for name in raised)
    (event,) = story.do("noc", watch_finish(story, watch=facts.watch(start, episodes=episodes)))
    return event


def test_an_expected_alert_does_not_fail_the_watch_and_is_counted_as_expected():
    event = watched((PNL,), PNL)
    assert (event.verdict, event.new, event.expected_alerts) == ("pass", 0, 1)


@pytest.mark.parametrize("expected", [(), (LATENCY,)])
def test_an_unexpected_alert_fails_the_watch(expected):
    event = watched(expected, PNL)
    assert (event.verdict, event.new, event.expected_alerts) == ("fail", 1, 0) and PNL in event.reasons[0]


def test_an_unexpected_alert_beside_an_expected_one_fails_the_watch():
    event = watched((PNL,), PNL, LATENCY)
    assert (event.verdict, event.new, event.expected_alerts) == ("fail", 1, 1) and PNL not in event.reasons[0]


@pytest.mark.parametrize("purpose", ["incident", "maintenance", "drill"])
def test_only_a_load_test_expects_alerts(purpose):
    story = Story()
    with pytest.raises(Refused, match="load_test only"):
        story.do("im", opening(story, purpose=purpose, expected=EXPECTED_RULES[:1]), "")


def test_planned_work_is_named_and_closed_like_any_other():
    story = planned()
    begin(story)
    for place in list(ROAD)[2:]:
        ROAD[place](story)
    assert story.rollback.id == INC and story.rollback.phase == "completed"
