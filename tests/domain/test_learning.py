"""What people learn from a rollback: also after its end, about its own entries, by somebody, once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ledger.domain.learning.commands import AddFinding, AddFollowUp, FinishFollowUp
from ledger.errors import Refused

from .road import story_at


def follow_up(story, **changes):
    fields = {"text": "raise the limit", "assignee": "ops", "due": story.now + timedelta(days=5)}
    return AddFollowUp(**fields | changes)


def test_a_follow_up_is_to_be_done_until_it_is_finished_also_after_closing():
    story = story_at("completed")
    story.do("owner", follow_up(story))
    entry = story.state.sequence
    assert story.rollback.follow_ups == (entry,)
    story.do("ops", FinishFollowUp(follow_up=entry, text="raised"))
    assert story.rollback.follow_ups == ()
    with pytest.raises(Refused, match="no follow-up of INC-2042 that is to be done"):
        story.do("ops", FinishFollowUp(follow_up=entry, text="raised again"))


def test_it_changes_no_verdict_and_owes_no_review():
    story = story_at("completed")
    before = story.rollback
    story.do("noc", AddFinding(finding="contributing factor", text="one limit for all hosts"))
    story.do("im", follow_up(story))
    after = story.rollback
    assert (after.steps, after.deviations, after.phase) == (before.steps, before.deviations, before.phase)


@pytest.mark.parametrize("assignee", ["Jan", ""])
def test_its_assignee_is_a_person_who_can_act(assignee):
    story = story_at("completed")
    with pytest.raises(Refused, match="no person of this ledger"):
        story.do("im", follow_up(story, assignee=assignee))


def test_it_is_due_at_a_time_to_come():
    story = story_at("completed")
    with pytest.raises(Refused, match="a time to come"):
        story.do("im", follow_up(story, due=story.now))


@pytest.mark.parametrize("about", [1, 10_000])
def test_it_is_about_entries_since_the_opening(about):
    story = story_at("completed")
    for command in (follow_up(story, about=about), AddFinding(finding="lesson", text="x", about=about)):
        with pytest.raises(Refused, match="does not belong to INC-2042"):
            story.do("im", command)
