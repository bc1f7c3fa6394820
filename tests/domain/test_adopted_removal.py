"""A removal that nobody saw when it happened: it is adopted, and step 5 ends all the same."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from ledger.domain.restoring.events import OverrideRemovedOutside
from ledger.errors import Refused

from .builders import Story
from .road import OTHER, ROAD, removing, scheduler_check, story_at, two_holds
from .test_effects import adopting, removed_outside


def seen_late() -> Story:
    """The file went long before that was seen; the scheduler runs since then."""
    story = removed_outside()
    story.do("ops", adopting(story))
    return story


LONG_AGO = -timedelta(minutes=10)


def test_after_a_removal_that_was_seen_late_a_second_reading_with_more_cycles_ends_step_5():
    story = seen_late()
    since = story.now + LONG_AGO
    (first,) = story.do("ops", scheduler_check(story, "enabled", since=since, cycle=550))
    assert (first.verdict, first.reasons) == ("inconclusive", ("no cycle was seen to finish yet",))
    (again,) = story.do("ops", scheduler_check(story, "enabled", since=since, cycle=550))
    assert again.verdict == "inconclusive"
    (second,) = story.do("ops", scheduler_check(story, "enabled", since=since, cycle=551))
    assert (second.verdict, second.reasons) == ("pass", ())
    for place in ("unsilenced", "cleared", "restored", "summarised", "completed"):
        ROAD[place](story)
    assert story.rollback.phase == "completed"


def test_a_reading_while_it_was_still_stopped_is_counted_from_too():
    story = seen_late()
    story.do("ops", scheduler_check(story, "disabled", since=story.now + LONG_AGO, cycle=550))
    (found,) = story.do("ops", scheduler_check(story, "enabled", cycle=551))
    assert found.verdict == "pass"


def test_a_count_that_began_anew_is_counted_from_anew():
    story = seen_late()
    verdicts = []
    for cycle in (550, 3, 3, 4):
        (found,) = story.do("ops", scheduler_check(story, "enabled", since=None, cycle=cycle))
        verdicts.append(found.verdict)
    assert verdicts == ["inconclusive", "inconclusive", "inconclusive", "pass"]


def test_a_reading_from_before_the_removal_is_not_counted_from():
    story = seen_late()
    early = scheduler_check(story, "enabled", since=None, cycle=550)
    story.do("ops", replace(early, seen=replace(early.seen, at=story.now + LONG_AGO)))
    (found,) = story.do("ops", scheduler_check(story, "enabled", since=None, cycle=551))
    assert found.verdict == "inconclusive"


def test_where_nobody_observed_the_look_of_who_adopts_is_what_saw_the_removal():
    story = story_at("ended")
    command = adopting(story)
    seen, adopted = story.do("ops", command)
    assert isinstance(seen, OverrideRemovedOutside) and seen.seen_at == command.file.at
    assert adopted.adopts == story.records[-2].sequence
    assert not story.rollback.holds and "override.active" not in story.flags


def test_all_who_hold_by_the_file_are_told_that_it_is_gone():
    story = two_holds()
    seen = story.do("ops", adopting(story))
    assert [type(one).__name__ for one in seen].count("OverrideRemovedOutside") == 2
    assert story.of(OTHER).override.removed_outside and not story.rollback.holds


def test_what_is_being_removed_is_not_adopted_as_somebody_elses_removal():
    story = story_at("ended")
    story.do("ops", removing(story))
    with pytest.raises(Refused, match="is not done yet"):
        story.do("ops", adopting(story))
