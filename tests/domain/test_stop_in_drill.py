"""A stop that is pressed while a drill holds the scheduler: the drill's end must not undo it."""

from __future__ import annotations

import pytest

from ledger.domain.duties.commands import Waive
from ledger.domain.restoring.commands import EndIncident
from ledger.errors import Standing

from . import facts
from .builders import INC, Story
from .road import ROAD, opening, removing, stopping
from .test_stop import standing_file, statuses, taken


def drilling() -> Story:
    """A drill that stopped trading in its order."""
    story = Story()
    story.do("im", opening(story, purpose="drill"), "")
    for name in ("confirmed", "asked", "disabled"):
        ROAD[name](story)
    return story


def ended(story: Story) -> None:
    """The drill is over; its file is still there."""
    for number in (2, 4):
        story.do("im", Waive(number=number, reason="a drill"))
    ROAD["checked"](story)
    story.do("im", EndIncident())


def assert_the_drills_end_undoes_nothing(story: Story) -> None:
    own = next(one for one in story.state.holders if one.id != INC)
    ended(story)
    (released,) = story.do("ops", removing(story))
    assert released.status == "hold_released" and [one.id for one in story.state.holders] == [own.id]


@pytest.mark.parametrize("ticket", ["", "INC-9", INC])
def test_a_stop_in_a_drill_holds_by_itself_so_that_the_drills_end_does_not_undo_it(ticket):
    story = drilling()
    events = story.do("noc", stopping(story, ticket, file=standing_file(story, INC)), "")
    assert statuses(events) == ["rollback_opened", "emergency_declared", "hold_joined"]
    own = next(one for one in story.state.holders if one.id != INC)
    assert own.purpose == "incident" and own.emergency and events[2].joined == (INC,)
    assert_the_drills_end_undoes_nothing(story)


def test_a_second_stop_in_a_drill_is_told_that_it_stands():
    story = drilling()
    story.do("noc", stopping(story, "INC-9", file=standing_file(story, INC)), "")
    with pytest.raises(Standing, match="already stopped by"):
        story.do("ops", stopping(story, "INC-9", file=standing_file(story, INC)), "")


def test_a_stop_while_a_drill_is_about_to_remove_its_file_keeps_the_file():
    story = drilling()
    ended(story)
    story.do("ops", removing(story))
    events = story.do("noc", stopping(story, "INC-9", file=standing_file(story, INC)), "")
    assert "effect_cancelled" in statuses(events) and "hold_joined" in statuses(events)
    assert not story.of(INC).effects and "INC-9" in [one.id for one in story.state.holders]


@pytest.mark.parametrize("changed", [{"kind": "absent"}, {"mode": "0644"}])
def test_a_drill_whose_file_stops_nothing_is_stopped_by_a_file_of_its_own(changed):
    story = drilling()
    seen = facts.absent() if "kind" in changed else standing_file(story, INC, **changed)
    assert {"put_back_requested", "override_requested"} & set(
        statuses(story.do("noc", stopping(story, "", file=seen), ""))
    )


def test_a_stop_taken_in_from_the_spool_is_one_of_its_own_beside_a_drill():
    story = drilling()
    there = standing_file(story, INC)
    events = story.do("system", taken(story, file=there, standing=True), "")
    assert statuses(events) == ["rollback_opened", "emergency_declared", "stop_taken_in"]
    own = next(one for one in story.state.holders if one.id != INC)
    assert own.purpose == "incident" and own.override.sha384 == there.sha384
    assert_the_drills_end_undoes_nothing(story)


def test_a_press_without_the_ledger_that_found_it_stopped_for_good_makes_no_emergency_of_it():
    story = Story()
    for name in ("opened", "confirmed", "asked", "disabled"):
        ROAD[name](story)
    events = story.do("system", taken(story, file=standing_file(story, INC), standing=True), "")
    assert statuses(events) == ["stop_taken_in"] and not story.of(INC).emergency


def test_a_stop_taken_in_while_a_drill_is_about_to_remove_its_file_keeps_the_file():
    story = drilling()
    ended(story)
    story.do("ops", removing(story))
    events = story.do("system", taken(story, file=standing_file(story, INC), standing=True), "")
    assert "effect_cancelled" in statuses(events) and not story.of(INC).effects
    assert [one.purpose for one in story.state.holders] == ["drill", "incident"]
