"""A verdict whose condition ends before closing lapses, and the step is due again."""

from __future__ import annotations

import pytest

from ledger.domain.closing.commands import Abort
from ledger.domain.duties.commands import Accept, Waive
from ledger.domain.observing.events import OverrideObserved, SchedulerObserved, SilenceObserved
from ledger.domain.restoring.commands import EndIncident
from ledger.domain.silencing.events import SilenceLost
from ledger.domain.stopping.events import OverrideExpired
from ledger.errors import Refused

from . import facts
from .builders import INC, Story, digest
from .road import (
    ROAD,
    alarmed,
    created,
    scheduler_check,
    silencing,
    story_at,
    vanished,
    watch_finish,
    watch_start,
)


def running(story: Story, status: str = "enabled") -> SchedulerObserved:
    return SchedulerObserved(scheduler_status=status, source="x", seen_at=story.now, error="x")


def edited(story: Story, **changes: object) -> OverrideObserved:
    fields = {"path": facts.PATH, "found": "file", "override_sha384": digest("edited"), "seen_at": story.now}
    return OverrideObserved(**fields | changes)


def seen(story: Story, found: str, name: str = "s-1") -> SilenceObserved:
    return SilenceObserved(silence_id=name, found=found, ends_at=story.now, seen_at=story.now)


def shown(story: Story, rollback: str = INC) -> list[str | None]:
    return [step.shown for step in story.of(rollback).steps[2:5]]


LOST = {
    "lost": lambda s: SilenceLost(silence_id="s-1", found="absent", seen_at=s.now),
    "ended early": lambda s: SilenceLost(silence_id="s-1", found="expired", seen_at=s.now),
    "expired": lambda s: seen(s, "expired"),
    "absent": lambda s: seen(s, "absent"),
}
CHANGED = {
    "the scheduler runs": running,
    "the file was edited": edited,
    "the file is gone": lambda s: edited(s, found="absent", override_sha384=""),
    "the file is a link": lambda s: edited(s, found="link", override_sha384=""),
    "its mode changed": lambda s: edited(s, override_sha384=s.rollback.override.sha384, mode="0644"),
    "its owner changed": lambda s: edited(s, override_sha384=s.rollback.override.sha384, owner="nobody"),
}


@pytest.mark.parametrize("name", LOST)
def test_a_silence_that_is_gone_makes_step_2_due_again(name):
    story = story_at("watched")
    _, *lapsed = story.saw(LOST[name](story))
    assert [(event.status, event.number) for event in lapsed] == [("step_lapsed", 2)]
    assert shown(story) == ["lapsed", "pass", "pass"]


@pytest.mark.parametrize("name", CHANGED)
def test_a_scheduler_that_runs_or_a_file_that_changed_makes_steps_3_and_4_due_again(name):
    story = story_at("watched")
    _, *lapsed = story.saw(CHANGED[name](story), "")
    assert [(event.status, event.number) for event in lapsed] == [("step_lapsed", 3), ("step_lapsed", 4)]
    assert shown(story) == ["pass", "lapsed", "lapsed"]


def test_a_file_removed_outside_makes_steps_3_and_4_due_again():
    story = story_at("watched")
    _, *lapsed = story.saw(vanished(story))
    assert [event.number for event in lapsed] == [3, 4]


def test_a_lapse_accompanies_its_observation_and_says_why():
    story = story_at("watched")
    before = story.rollback.entries
    story.saw(running(story), "")
    observed, *lapsed = story.records[-3:]
    assert (observed.status, observed.rollback) == ("scheduler_observed", "")
    assert [record.rollback_entry for record in lapsed] == [before + 1, before + 2]
    assert {record.event.reason for record in lapsed} == {"the scheduler was seen enabled"}
    assert {record.request_id for record in lapsed} == {observed.request_id}


@pytest.mark.parametrize("status", ["disabled", "unknown"])
def test_a_scheduler_that_does_not_run_lets_nothing_lapse(status):
    story = story_at("watched")
    assert len(story.saw(running(story, status), "")) == 1


@pytest.mark.parametrize("found", ["active", "pending"])
def test_a_silence_that_is_still_there_lets_nothing_lapse(found):
    story = story_at("watched")
    assert len(story.saw(seen(story, found))) == 1


def test_another_silence_that_is_gone_lets_nothing_lapse():
    story = story_at("watched")
    story.saw(seen(story, "absent", "s-9"))
    assert shown(story)[0] == "pass"


@pytest.mark.parametrize("name", CHANGED)
def test_nothing_lapses_once_step_5_is_due(name):
    story = story_at("ended")
    assert len(story.saw(CHANGED[name](story), "")) == 1 and shown(story) == ["pass"] * 3


def test_nothing_lapses_while_a_rollback_is_aborted():
    story = story_at("watched")
    story.do("im", Abort(reason="enough"))
    assert len(story.saw(running(story), "")) == 1


def test_what_did_not_pass_cannot_lapse():
    story = story_at("silenced")
    assert len(story.saw(running(story), "")) == 1
    story.do("ops", scheduler_check(story, "unknown"))
    assert len(story.saw(running(story), "")) == 1


def test_what_lapsed_lapses_once():
    story = story_at("watched")
    story.saw(running(story), "")
    assert len(story.saw(edited(story), "")) == 1


def test_a_waived_step_does_not_lapse():
    story = story_at("silenced")
    story.do("im", Waive(number=3, reason="no status page"))
    assert len(story.saw(running(story), "")) == 1 and shown(story)[1] == "waived"


def test_an_accepted_step_does_not_lapse():
    story = story_at("silenced")
    story.do("ops", scheduler_check(story, "unknown"))
    for person in ("ops", "noc"):
        story.do(person, Accept(number=3, reason="its service is inactive"))
    assert len(story.saw(running(story), "")) == 1 and shown(story)[1] == "accepted"


def test_after_a_lapse_the_next_steps_are_owed_again():
    story = story_at("watched")
    story.saw(running(story), "")
    with pytest.raises(Refused, match="cannot be ended") as refusal:
        story.do("im", EndIncident())
    assert [sentence.split(",")[0] for sentence in refusal.value.owed] == ["l2_ops: step 3", "noc: step 4"]
    with pytest.raises(Refused, match="step 4 of INC-2042 is not ready"):
        story.do("noc", watch_start(story))
    for place in ("checked", "watched", "ended"):
        ROAD[place](story)
    assert story.rollback.incident_ended and story.rollback.steps[4].attempts == 2


def test_a_lost_silence_comes_back_and_the_incident_may_end():
    story = story_at("watched")
    story.saw(LOST["lost"](story))
    with pytest.raises(Refused, match="cannot be ended"):
        story.do("im", EndIncident())
    for place in ("silenced", "ended"):
        ROAD[place](story)
    assert story.rollback.steps[2].attempts == 2


def test_a_silence_made_again_is_judged_by_its_own_id():
    story = story_at("checked")
    story.saw(LOST["lost"](story))
    story.do("obs", silencing(story))
    story.saw(created(story, silence_id="s-2"))
    story.saw(seen(story, "absent", "s-1"))
    assert story.rollback.silence == story.rollback.silence._replace(id="s-2", state="active")


def test_a_closed_rollback_has_nothing_that_could_lapse():
    story = story_at("completed")
    assert len(story.saw(running(story), "")) == 1


# --- the watch -------------------------------------------------------------------------------------------------------

DISTURBING = {"the scheduler runs": running, "the file was edited": edited}


@pytest.mark.parametrize("name", DISTURBING)
def test_a_watch_that_was_disturbed_does_not_pass_and_starts_again(name):
    story = story_at("checked")
    story.do("noc", watch_start(story))
    story.saw(DISTURBING[name](story), "")
    ROAD["checked"](story)
    story.do("noc", watch_start(story))
    story.wait(minutes=15)
    assert story.do("noc", watch_finish(story))[0].verdict == "pass"


@pytest.mark.parametrize("name", DISTURBING)
def test_a_disturbed_watch_that_is_finished_all_the_same_fails(name):
    story = story_at("checked")
    story.do("noc", watch_start(story))
    story.saw(DISTURBING[name](story), "")
    story.wait(minutes=15)
    (event,) = story.do("noc", watch_finish(story))
    assert event.verdict == "fail" and event.reasons[0].startswith("the window must start again")


def test_a_persons_own_reading_disturbs_the_watch_too():
    story = story_at("checked")
    story.do("noc", watch_start(story))
    story.do("ops", scheduler_check(story, "enabled"))
    story.wait(minutes=15)
    assert story.do("noc", watch_finish(story))[0].verdict == "fail"


def test_a_new_watch_is_not_disturbed_by_what_was_before_it():
    story = alarmed("checked")
    story.do("noc", watch_start(story))
    story.saw(running(story), "")
    story.do("noc", watch_start(story))
    assert story.rollback.watch.disturbed == ""


def test_an_expired_override_makes_step_5_due_so_nothing_lapses_after_it():
    story = story_at("watched")
    story.saw(OverrideExpired(path=facts.PATH, expired_at=story.now))
    assert len(story.saw(running(story), "")) == 1 and story.rollback.restoring
