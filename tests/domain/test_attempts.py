"""What counts as an attempt of a step, and whose attempt it is."""

from __future__ import annotations

from ledger.domain.duties.commands import Waive
from ledger.domain.evolve import evolve
from ledger.domain.keeping.commands import AddNote
from ledger.domain.silencing.events import SilenceFailed, SilenceFailed1, SilenceLost

from .builders import INC, Story, recorded
from .road import ROAD, silencing, story_at


def failing(story: Story) -> None:
    """A creation of the silence that Alertmanager does not take."""
    story.do("obs", silencing(story))
    story.saw(SilenceFailed(cause="Alertmanager is down"))


def test_a_silence_that_could_not_be_created_is_an_attempt_of_step_2():
    story = story_at("disabled")
    failing(story)
    failing(story)
    step = story.rollback.steps[2]
    assert (step.attempts, step.verdict, step.passed) == (2, "error", False)
    assert (step.by, step.reasons) == ("obs", ("Alertmanager is down",))
    ROAD["silenced"](story)
    assert story.rollback.steps[2].attempts == 3 and story.rollback.steps[2].passed


def test_a_lost_silence_that_cannot_be_made_again_shows_the_error():
    story = story_at("silenced")
    story.saw(SilenceLost(silence_id="s-1", found="absent", seen_at=story.now))
    assert story.rollback.steps[2].shown == "lapsed"
    failing(story)
    assert story.rollback.steps[2].shown == "error"


def test_a_failed_attempt_ends_no_waiver():
    story = story_at("disabled")
    story.do("im", Waive(number=2, reason="Alertmanager is down"))
    failing(story)
    step = story.rollback.steps[2]
    assert step.passed and (step.shown, step.verdict, step.attempts) == ("waived", "error", 1)


def test_a_failure_from_before_attempts_were_counted_is_still_no_attempt():
    story = story_at("disabled")
    story.do("obs", silencing(story))
    old = SilenceFailed1(cause="x")
    request = story.request("system", AddNote(text="x"))
    after = evolve(story.state, recorded(story.state, request, old, INC, "system"))
    assert after.open[INC].steps[2].attempts == 0 and not after.open[INC].effects
