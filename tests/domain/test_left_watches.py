"""A watch that nobody finished is judged by the ledger itself; the step stays that of who started it."""

from __future__ import annotations

import pytest

from ledger.domain.duties.commands import Review
from ledger.domain.opening.commands import DeclareEmergency
from ledger.domain.people.commands import ChangeRoles
from ledger.errors import Refused

from .builders import Story
from .road import story_at, watch_finish, watch_start


def left(minutes: int = 15) -> Story:
    """A story whose watch is over and not finished."""
    story = story_at("checked")
    story.do("noc", watch_start(story, minutes))
    story.wait(minutes=minutes)
    return story


def test_the_ledger_finishes_a_watch_for_who_started_it():
    story = left()
    story.do("system", watch_finish(story))
    assert (story.records[-1].actor, story.records[-1].role) == ("system", "system")
    step = story.rollback.steps[4]
    assert step.passed and step.by == "noc" and "system" not in story.rollback.took_steps


def test_who_started_it_has_taken_a_step_and_does_not_review():
    story = story_at("checked")
    story.do("admin", ChangeRoles(person="boss", grant=("noc",)))
    story.do("boss", watch_start(story))
    story.wait(minutes=15)
    story.do("system", watch_finish(story))
    story.do("im", DeclareEmergency(reason="fire"))
    with pytest.raises(Refused, match="took steps"):
        story.do("boss", Review(text="fine"))


def test_the_ledger_finishes_no_watch_before_its_end_and_none_twice():
    story = left()
    story.wait(minutes=-5)
    with pytest.raises(Refused, match="the watch lasts until"):
        story.do("system", watch_finish(story))
    story.wait(minutes=5)
    story.do("system", watch_finish(story))
    for person in ("system", "noc"):
        with pytest.raises(Refused, match="no watch of"):
            story.do(person, watch_finish(story))
