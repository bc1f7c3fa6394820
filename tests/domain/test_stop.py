"""The stop: one press, at any time, for those on duty; and stops that were written while the ledger could not be."""

from __future__ import annotations

import pytest

from ledger.domain import commands as c
from ledger.domain.events.override import OverrideFailed, OverrideRemovedOutside
from ledger.domain.events.rollback import RollbackOpened
from ledger.domain.evolve import evolve
from ledger.domain.record import Recorded
from ledger.errors import Refused

from . import facts
from .builders import INC, T0, Story, digest
from .road import ROAD, opening, stopped, stopping, story_at


def statuses(events) -> list[str]:
    return [event.status for event in events]


def taken(story: Story, ticket: str = "", **changes: object) -> c.TakeInStop:
    fields = {"claimed_by": "ops", "spool_sha384": digest("spool"), "claimed_at": T0, "why": "the disk was full"}
    file = facts.file_of(b"{}", story.now)
    return c.TakeInStop(**fields | {"opening": opening(story, ticket=ticket), "file": file} | changes)


@pytest.mark.parametrize("person", ["ops", "im", "obs", "noc", "boss"])
def test_one_press_opens_declares_and_asks(person):
    story = Story()
    events = story.do(person, stopping(story), "")
    assert statuses(events) == ["rollback_opened", "emergency_declared", "override_requested"]
    assert events[1].stop and story.rollback.emergency and story.rollback.effects[0].kind == "override"


def test_a_stop_without_a_ticket_is_named_after_its_entry_for_good():
    story, name = stopped()
    first = next(record for record in story.records if record.rollback == name)
    assert name == f"STOP-{first.sequence}" and first.event.ticket == "" and story.of(name).holds


def test_the_stop_joins_the_tickets_own_rollback():
    story = story_at("opened")
    assert statuses(story.do("noc", stopping(story), "")) == ["emergency_declared", "override_requested"]
    assert list(story.state.open) == [INC]


def test_in_a_confirmed_rollback_l2_ops_stop_without_an_emergency():
    story = story_at("confirmed")
    assert statuses(story.do("ops", stopping(story), "")) == ["override_requested"]
    assert not story.rollback.emergency


def test_in_a_confirmed_rollback_others_stop_by_emergency():
    story = story_at("confirmed")
    assert statuses(story.do("obs", stopping(story), "")) == ["emergency_declared", "override_requested"]


def test_an_emergency_is_not_declared_twice_by_the_stop():
    story = story_at("opened")
    story.do("im", c.DeclareEmergency(reason="fire"))
    assert statuses(story.do("noc", stopping(story), "")) == ["override_requested"]


def test_without_a_ticket_the_only_open_rollback_is_joined_and_of_two_none():
    story = story_at("opened")
    alone = story.state
    story.do("noc", stopping(story, ""), "")
    assert list(story.state.open) == [INC]
    story.state = alone
    story.do("im", opening(story, ticket="INC-1"), "")
    story.do("noc", stopping(story, ""), "")
    assert len(story.state.open) == 3


def test_the_ticket_of_the_file_is_the_rollbacks_own():
    story = story_at("opened")
    (*_, event) = story.do("noc", stopping(story, ""), "")
    assert event.ticket == INC and b'"ticket": "INC-2042"' in facts.override_of(story.rollback).content


def test_a_second_press_says_who_stopped_and_when():
    story, name = stopped(by="noc")
    with pytest.raises(Refused, match=rf"^already stopped by noc at 03:00:\d\d UTC \({name}\)$"):
        story.do("ops", stopping(story, ""), "")


def test_a_second_press_before_the_file_is_there_says_so():
    story = Story()
    story.do("noc", stopping(story), "")
    with pytest.raises(Refused, match="already being stopped"):
        story.do("ops", stopping(story), "")


def test_a_disable_after_a_stop_is_a_second_one():
    story = story_at("opened")
    story.do("noc", stopping(story), "")
    with pytest.raises(Refused, match="already being stopped"):
        ROAD["asked"](story)


def test_a_stop_that_could_not_be_written_can_be_pressed_again():
    story = Story()
    story.do("noc", stopping(story), "")
    story.saw(OverrideFailed(path=facts.PATH, cause="no space"))
    assert story.rollback.steps[1].verdict == "error"
    assert statuses(story.do("noc", stopping(story), "")) == ["override_requested"]


def test_after_the_removal_a_stop_is_another_run():
    story = story_at("removed")
    story.do("noc", stopping(story), "")
    assert list(story.state.open) == [INC, f"{INC}.2"] and story.of(f"{INC}.2").effects


def test_while_aborting_a_stop_is_another_run_once_the_file_is_gone():
    story = story_at("confirmed")
    story.do("obs", c.DeclareEmergency(reason="fire"))
    ROAD["silenced"](story)
    story.do("im", c.Abort(reason="wrong"))
    story.do("noc", stopping(story), "")
    assert story.of(f"{INC}.2").effects and not story.rollback.effects


def test_the_stop_works_again_after_somebody_else_removed_the_file():
    story, name = stopped()
    sha = story.of(name).override.sha384
    story.saw(OverrideRemovedOutside(path=facts.PATH, override_sha384=sha, seen_at=story.now), name)
    assert "override.active" not in story.flags
    assert "override_requested" in statuses(story.do("noc", stopping(story, ""), ""))


def test_a_ticket_cannot_take_the_name_of_a_coming_stop():
    story = Story()
    for ahead in range(1, 4):
        try:
            story.do("im", opening(story, ticket=f"STOP-{story.state.sequence + ahead}"), "")
        except Refused:
            continue  # not taken as a ticket at all: as good
    story.do("im", opening(story, ticket="INC-1"), "")
    assert story.do("noc", stopping(story, ""), "")


def test_a_stop_needs_a_reason_and_a_sound_ticket():
    story = Story()
    for ticket in ("INC-2042.2", "../x", "INC 1"):
        with pytest.raises(Refused):
            story.do("noc", stopping(story, ticket), "")
    empty = c.WriteOverride(path=facts.PATH, reason=" ", requested_by="l2", component="multi_strategy")
    with pytest.raises(Refused, match="reason is empty"):
        story.do("noc", c.Stop(opening=opening(story), override=empty), "")
    assert not story.state.open


def test_a_ledger_with_an_unknown_entry_takes_no_decisions_and_says_what_still_works():
    story = story_at("confirmed")
    entry = Recorded(None, "from_the_future", story.state.sequence + 1, story.now, story.now, "x", "x", "x", "x", "", 0)
    story.state = evolve(story.state, entry)
    for person, command in (("ops", stopping(story)), ("noc", c.AddNote(text="x")), ("im", c.Abort(reason="x"))):
        with pytest.raises(Refused, match=rf"entry {entry.sequence} .*scripts/disable_multi_strategy\.py"):
            story.do(person, command)


# --- stops from the spool --------------------------------------------------------------------------------------------


def test_a_stop_from_the_spool_is_opened_declared_and_taken_in():
    story = Story()
    events = story.do("system", taken(story), "")
    assert statuses(events) == ["rollback_opened", "emergency_declared", "stop_taken_in"]
    (rollback,) = story.state.open.values()
    assert rollback.holds and rollback.override.written_at == T0
    assert story.flags == {"rollback.active", "override.active"}


def test_the_time_of_a_stop_from_the_spool_is_marked_as_a_claim():
    story = Story()
    events = story.do("system", taken(story), "")
    assert isinstance(events[0], RollbackOpened) and events[0].claimed_at == T0


def test_a_stop_from_the_spool_whose_file_is_gone_stops_nothing():
    story = Story()
    story.do("system", taken(story, file=facts.absent(story.now)), "")
    assert story.flags == {"rollback.active"} and story.state.holder is None


def test_a_stop_from_the_spool_joins_what_was_asked_for_and_ends_the_asking():
    story = story_at("asked")
    story.do("system", taken(story, INC), "")
    assert list(story.state.open) == [INC] and story.rollback.holds and not story.rollback.effects


def test_a_stop_from_the_spool_leaves_the_file_of_its_rollback_in_sight():
    story = story_at("disabled")
    story.do("system", taken(story, INC), "")
    assert story.rollback.holds and "override.active" in story.flags


def test_a_stop_from_the_spool_can_be_brought_to_its_end():
    story = Story()
    story.do("system", taken(story, INC), "")
    for place in ("silenced", "checked", "watched", "ended", "removed"):
        ROAD[place](story)
    assert story.rollback.override.removed_at
