"""The straight road: right people, right order, and what the entries say on the way."""

from __future__ import annotations

import pytest

from ledger.domain.closing.commands import Abort
from ledger.domain.duties.commands import Attach
from ledger.domain.observing.events import ObserverStarted
from ledger.domain.restoring.commands import EndIncident, RequestRemoval
from ledger.domain.stopping.commands import RecordOverride
from ledger.domain.watching.commands import StartWatch
from ledger.errors import Conflict, Refused

from . import facts
from .builders import INC, Story, digest
from .road import (
    ROAD,
    completing,
    disabling,
    opening,
    restore_check,
    story_at,
    vanished,
    watch_finish,
    watch_start,
)

PLACES = tuple(ROAD)


def test_the_straight_road_leads_to_the_end():
    story = story_at("completed")
    assert story.rollback.phase == "completed" and not story.state.open
    assert [step.verdict for step in story.rollback.steps] == ["pass"] * 7
    assert story.state.holder is None and story.rollback.effects == ()


def test_the_closing_entry_counts_every_entry_of_its_rollback():
    story = story_at("completed")
    own = [record for record in story.records if record.rollback == INC]
    assert [record.rollback_entry for record in own] == list(range(1, len(own) + 1))
    assert own[-1].event.entries == len(own) == story.rollback.entries


def test_the_closing_entry_names_the_final_artefacts_and_where_they_stand():
    story = story_at("completed")
    place = {record.status: record.sequence for record in story.records}
    removed, checked, watch = place["override_removed"], place["stop_checked"], place["watch_finished"]
    assert story.records[-1].event.checklist == (
        f"copies of the override before and after its removal: entry {removed}",
        f"report of the silence and its id: entry {place['silence_ended']}, {place['silence_checked']}",
        f"logs of the status check and of the watch: entry {checked}, {watch}",
        f"pictures of the Stage4 dashboard: entry {watch}",
        "decision log entry signed with HMAC: this entry",
    )


@pytest.mark.parametrize(
    ("number", "name", "counts"),
    [(4, "dashboard.png", True), (4, "Panel.JPG", True), (4, "notes.txt", False), (3, "dashboard.png", False)],
)
def test_a_picture_attached_to_step_4_stands_for_one_that_was_not_drawn(number, name, counts):
    story = story_at("checked")
    story.do("noc", StartWatch(starts_at=story.now, duration_seconds=60))
    story.wait(minutes=2)
    story.do("noc", watch_finish(story, picture_sha384="", picture_source=""))
    for place in PLACES[PLACES.index("watched") + 1 : PLACES.index("completed")]:
        ROAD[place](story)
    with pytest.raises(Refused, match="cannot be closed yet"):
        story.do("im", completing())
    story.do("noc", Attach(number=number, name=name, size=1, attached_sha384=digest("attached")))
    if not counts:
        with pytest.raises(Refused, match="cannot be closed yet"):
            story.do("im", completing())
        return
    attached = story.state.sequence
    (closing,) = story.do("im", completing())
    assert f"pictures of the Stage4 dashboard: entry {attached}" in closing.checklist


def test_a_drawn_picture_stands_before_an_attached_one():
    story = story_at("summarised")
    watch = story.state.open[INC].steps[4].entry
    story.do("noc", Attach(number=4, name="dashboard.png", size=1, attached_sha384=digest("attached")))
    (closing,) = story.do("im", completing())
    assert f"pictures of the Stage4 dashboard: entry {watch}" in closing.checklist


def test_the_duration_is_counted_from_the_stop_to_enabled_and_rounded_up():
    story = story_at("completed")
    span = story.rollback.restarted_at - story.rollback.override.written_at
    assert 15 * 60 < span.total_seconds() < 16 * 60
    assert story.records[-1].event.duration_min == 16


def test_the_duration_is_counted_from_the_first_stop_where_it_had_to_be_made_again():
    story = story_at("disabled")
    first = story.rollback.override.written_at
    story.saw(vanished(story))
    story.wait(minutes=10)
    story.do("ops", disabling())
    story.do("system", RecordOverride(file=facts.override_of(story.rollback, story.now)))
    assert story.rollback.override.written_at > first and story.rollback.stopped_at == first
    for place in PLACES[PLACES.index("silenced") :]:
        ROAD[place](story)
    assert story.records[-1].event.duration_min == 26


@pytest.mark.parametrize(("typed", "kept"), [(None, None), (16, None), (20, 20)])
def test_a_typed_duration_is_kept_beside_the_counted_one(typed, kept):
    story = story_at("summarised")
    (event,) = story.do("im", completing(duration_min_typed=typed))
    assert (event.duration_min, event.duration_min_typed) == (16, kept)


DISABLED = {"rollback.active", "override.active"}
FLAGS = {
    "opened": {"rollback.active"},
    "confirmed": {"rollback.active"},
    "asked": {"rollback.active"},
    "disabled": DISABLED,
    "silenced": DISABLED | {"alerts.silenced"},
    "checked": DISABLED | {"alerts.silenced", "scheduler.known", "scheduler.stopped"},
    "watched": DISABLED | {"alerts.silenced", "scheduler.known", "scheduler.stopped"},
    "ended": DISABLED | {"alerts.silenced", "scheduler.known", "scheduler.stopped"},
    "removed": {"rollback.active", "alerts.silenced", "scheduler.known", "scheduler.stopped"},
    "restarted": {"rollback.active", "alerts.silenced", "scheduler.known"},
    "unsilenced": {"rollback.active", "scheduler.known"},
    "cleared": {"rollback.active", "scheduler.known"},
    "restored": {"rollback.active", "scheduler.known"},
    "summarised": {"rollback.active", "scheduler.known"},
    "completed": {"scheduler.known"},
}


@pytest.mark.parametrize("place", PLACES)
def test_the_flags_say_what_is_true_after_each_step(place):
    assert story_at(place).flags == FLAGS[place]


def test_nothing_is_called_done_before_it_was_seen():
    story = story_at("confirmed")
    story.do("ops", disabling())
    assert story.rollback.steps[1].verdict is None and not story.rollback.holds
    assert [effect.kind for effect in story.rollback.effects] == ["override"]


@pytest.mark.parametrize("place", PLACES[:-1])
def test_no_step_can_be_skipped(place):
    later = [name for name in PLACES[PLACES.index(place) + 2 :] if name not in ("disabled", "restored")]
    for name in later:
        if name == "restarted" and place in ("silenced", "checked", "watched", "ended"):
            continue  # before the removal that is step 3 once more
        if (place, name) != ("restarted", "cleared"):  # the all-clear and the silence's end may change places
            with pytest.raises(Refused):
                ROAD[name](story_at(place))


@pytest.mark.parametrize("place", ["ended", "removed", "restarted", "unsilenced"])
def test_step_5_may_be_judged_too_early_and_does_not_pass_then(place):
    story = story_at(place)
    (event,) = story.do("ops", restore_check(story))
    assert event.verdict == "fail" and not story.rollback.steps[5].passed
    with pytest.raises(Refused):
        ROAD["summarised"](story)


@pytest.mark.parametrize("place", ["opened", "confirmed", "disabled", "silenced", "checked", "watched"])
def test_nothing_is_restored_before_the_incident_ended(place):
    story = story_at(place)
    with pytest.raises(Refused) as refusal:
        story.do("ops", restore_check(story))
    assert refusal.value.owed == (f"incident_manager: end the incident: stage4 rollback end-incident {INC}",)


def test_what_is_owed_names_role_step_and_command():
    with pytest.raises(Refused) as refusal:
        story_at("disabled").do("im", EndIncident())
    steps = [sentence.split(",")[0] for sentence in refusal.value.owed]
    assert steps == ["observability: step 2", "l2_ops: step 3", "noc: step 4"]
    assert f"stage4 rollback silence {INC}" in refusal.value.owed[0]


def test_a_rollback_is_named_after_its_ticket_and_its_second_run_is_counted():
    story = story_at("completed")
    story.do("im", opening(story), "")
    assert list(story.state.open) == [f"{INC}.2"]
    story.do("im", Abort(reason="wrong"), f"{INC}.2")
    story.do("im", opening(story), "")
    assert list(story.state.open) == [f"{INC}.3"]


def test_a_ticket_has_one_open_run_at_a_time():
    with pytest.raises(Refused, match="INC-2042 is open for that ticket already"):
        story = story_at("opened")
        story.do("im", opening(story), "")


def test_two_tickets_may_be_open_at_once():
    story = story_at("opened")
    story.do("im", opening(story, ticket="INC-2051"), "")
    assert list(story.state.open) == [INC, "INC-2051"]


def test_a_rollback_needs_a_ticket():
    with pytest.raises(Refused, match="ticket id"):
        story = Story()
        story.do("im", opening(story, ticket=""), "")


def test_a_decision_on_what_moved_since_is_a_conflict():
    story = story_at("confirmed")
    with pytest.raises(Conflict, match="you saw its entry 1, it has 2"):
        story.do("ops", disabling(), decided_on=1)
    story.do("ops", disabling(), decided_on=2)


def test_observations_of_the_stage_are_no_conflict():
    story = story_at("confirmed")
    story.saw(ObserverStarted(host="h"), "")
    story.do("ops", disabling(), decided_on=2)
    assert story.rollback.effects


def test_a_clock_that_went_back_is_clamped_and_remembered():
    story = story_at("confirmed")
    before = story.state.timestamp
    wall = story.wait(hours=-1)
    story.do("ops", disabling())
    assert (story.records[-1].timestamp, story.records[-1].at) == (before, wall)
    assert b'"wall_time"' in story.lines[-1] and b'"wall_time"' not in story.lines[-2]


def test_one_watch_runs_at_a_time_and_an_overdue_one_is_replaced():
    story = story_at("checked")
    story.do("noc", watch_start(story))
    with pytest.raises(Refused, match="a watch is running until"):
        story.do("noc", watch_start(story))
    story.wait(minutes=16)
    story.do("noc", watch_start(story))
    assert story.rollback.watch.entry == story.state.sequence


@pytest.mark.parametrize("seconds", [0, -1, 24 * 3600 + 1])
def test_a_watch_lasts_from_a_second_to_a_day(seconds):
    story = story_at("checked")
    with pytest.raises(Refused, match="from 1 s to 24 h"):
        story.do("noc", StartWatch(starts_at=story.now, duration_seconds=seconds))


def test_the_override_that_is_removed_is_the_one_that_was_declared():
    story = story_at("ended")
    with pytest.raises(Refused, match="Unknown content is never deleted"):
        story.do("ops", RequestRemoval(file=facts.file_of(b"{}"), scheduler=facts.scheduler("disabled")))
