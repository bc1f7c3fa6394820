"""The stop: one press, at any time, for those on duty; and stops that were written while the ledger could not be."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from ledger.domain.asked import NO_REASON
from ledger.domain.closing.commands import Abort
from ledger.domain.command import Actor, Request
from ledger.domain.decide import decide
from ledger.domain.duties.commands import GiveReason
from ledger.domain.duties.owed import owed
from ledger.domain.evolve import evolve
from ledger.domain.keeping.commands import AddNote
from ledger.domain.opening.commands import DeclareEmergency
from ledger.domain.opening.events import RollbackOpened
from ledger.domain.record import Recorded
from ledger.domain.restoring.events import OverrideRemovedOutside
from ledger.domain.stopping.commands import Stop, TakeInStop
from ledger.domain.stopping.events import OverrideFailed
from ledger.errors import Conflict, NotYours, Refused, Standing

from . import facts
from .builders import INC, T0, Story, digest
from .road import ROAD, disabling, opening, stopped, stopping, story_at


def statuses(events) -> list[str]:
    return [event.status for event in events]


def taken(story: Story, ticket: str = "", **changes: object) -> TakeInStop:
    fields = {"claimed_by": "ops", "spool_sha384": digest("spool"), "claimed_at": T0, "why": "the disk was full"}
    file = facts.file_of(b"{}", story.now)
    return TakeInStop(**fields | {"opening": opening(story, ticket=ticket), "file": file} | changes)


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
    story.do("im", DeclareEmergency(reason="fire"))
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


def standing_file(story: Story, name: str, **changes: object) -> facts.FileSeen:
    """The rollback's own override, as it was written."""
    return replace(facts.override_of(story.of(name), story.now), changed=story.now, **changes)


def test_a_second_press_that_sees_the_file_says_who_stopped_and_when():
    story, name = stopped(by="noc")
    said = rf"^already stopped by noc at 03:00:\d\d UTC \({name}\): {facts.PATH} was seen in order at 03:00:\d\d UTC; "
    with pytest.raises(Standing, match=said + "the scheduler was not asked$"):
        story.do("ops", stopping(story, "", file=standing_file(story, name)), "")


@pytest.mark.parametrize(("status", "said"), [("disabled", "said disabled at"), ("unknown", "is not known")])
def test_what_the_scheduler_says_is_part_of_the_sentence(status, said):
    story, name = stopped()
    seen = facts.scheduler(status, story.now, error="x")
    with pytest.raises(Standing, match=said):
        story.do("ops", stopping(story, "", file=standing_file(story, name), scheduler=seen), "")


NOT_STOPPING = {
    "absent": lambda good: facts.absent(good.at),
    "emptied": lambda good: facts.file_of(b"", good.at),
    "garbage": lambda good: facts.file_of(b"\xff{", good.at),
    "another action": lambda good: facts.file_of(b'{"action": "none", "schema": "stage6.scheduler.override"}', good.at),
    "another component": lambda good: facts.file_of(good.content.replace(b"multi_strategy", b"orchestrator"), good.at),
    "wrong mode": lambda good: replace(good, mode="0644"),
    "link": lambda good: facts.file_of(b"", good.at, kind="link"),
    "folder": lambda good: facts.file_of(b"", good.at, kind="folder"),
    "pipe": lambda good: facts.file_of(b"", good.at, kind="other"),
    "unreadable": lambda good: facts.file_of(b"", good.at, kind="unreadable"),
}


@pytest.mark.parametrize("what", NOT_STOPPING)
def test_whatever_does_not_stop_it_is_a_stop_to_carry_out(what):
    story, name = stopped()
    seen = NOT_STOPPING[what](standing_file(story, name))
    assert statuses(story.do("noc", stopping(story, "", file=seen), "")) == ["put_back_requested"]
    assert [effect.kind for effect in story.of(name).effects] == ["put_back"]


@pytest.mark.parametrize("what", NOT_STOPPING)
def test_before_anybody_stopped_whatever_is_there_does_not_count(what):
    story = Story()
    events = story.do("noc", stopping(story, file=NOT_STOPPING[what](facts.good(story.now))), "")
    assert statuses(events) == ["rollback_opened", "emergency_declared", "override_requested"]


def test_a_good_override_that_somebody_made_is_the_stop():
    story = Story()
    events = story.do("noc", stopping(story, "", file=facts.good(story.now)), "")
    assert statuses(events) == ["rollback_opened", "emergency_declared", "override_adopted"]
    assert "by Jan" in events[2].reason and not story.state.holder.effects
    with pytest.raises(Standing, match=r"already stopped by noc at .* \(STOP-"):
        story.do("ops", stopping(story, "", file=facts.good(events[2].seen_at)), "")


def test_it_joins_the_rollback_that_is_open():
    story = story_at("confirmed")
    assert statuses(story.do("ops", stopping(story, file=facts.good(story.now)), "")) == ["override_adopted"]
    assert list(story.state.open) == [INC]


def test_another_good_override_in_the_place_of_ours_is_told_by_its_claims():
    story, name = stopped()
    with pytest.raises(Standing, match=rf"already stopped by Jan at .* \(claims of a file that {name} did not write\)"):
        story.do("ops", stopping(story, "", file=facts.good(story.now)), "")


def test_a_scheduler_that_runs_on_is_not_already_stopped():
    story, name = stopped()
    old = standing_file(story, name)
    story.wait(minutes=1)
    seen = facts.scheduler("enabled", story.now)
    assert statuses(story.do("ops", stopping(story, "", file=old, scheduler=seen), "")) == ["put_back_requested"]


def test_a_scheduler_has_a_moment_to_obey():
    story, name = stopped()
    seen = facts.scheduler("enabled", story.now + timedelta(seconds=3))
    with pytest.raises(Standing, match="still said enabled at .*: look again in a moment"):
        story.do("ops", stopping(story, "", file=standing_file(story, name), scheduler=seen), "")


def test_another_components_hold_is_no_reason_not_to_stop_trading():
    story = Story()
    story.do("noc", stopping(story, "INC-1", component="decision_orchestrator"), "")
    events = story.do("noc", stopping(story, "INC-2"), "")
    assert statuses(events) == ["rollback_opened", "emergency_declared", "override_requested"]
    assert [one.component for one in story.state.open.values()] == ["decision_orchestrator", "multi_strategy"]


def test_a_press_while_the_file_is_not_written_yet_leaves_it_to_the_way_without_the_ledger():
    story = Story()
    story.do("noc", stopping(story), "")
    with pytest.raises(Conflict, match="asked for and not written yet"):
        story.do("ops", stopping(story), "")


def test_a_disable_after_a_stop_is_a_second_one():
    story = story_at("opened")
    story.do("noc", stopping(story), "")
    with pytest.raises(Refused, match="asked for and not written yet"):
        ROAD["asked"](story)


def test_a_disable_of_what_was_changed_since_says_to_put_it_back():
    story = story_at("disabled")
    with pytest.raises(Refused, match="now it is a symbolic link: put it back, or press the stop"):
        story.do("ops", disabling(file=facts.file_of(b"", story.now, kind="link")))
    with pytest.raises(Refused, match="already stopped by ops"):
        story.do("ops", disabling(file=standing_file(story, INC)))


@pytest.mark.parametrize("person", ["nobody", "admin", "auditor"])
def test_at_a_terminal_the_stop_is_refused_to_nobody(person):
    story = Story()
    stop = Request(command=stopping(story), actor=Actor(person=person, auth="os"), at=story.now, id="1")
    decided = decide(story.state, stop)
    assert statuses([one.event for one in decided]) == ["rollback_opened", "emergency_declared", "override_requested"]
    assert {one.role for one in decided} == {"none" if person == "nobody" else person}


def test_in_a_browser_it_is_refused_to_an_auditor_alone():
    story = Story()
    for person, role in (("auditor", None), ("admin", "admin"), ("owner", "product_owner")):
        stop = Request(command=stopping(story), actor=Actor(person=person, auth="session"), at=story.now, id="1")
        if role is None:
            with pytest.raises(NotYours, match="an auditor changes nothing"):
                decide(story.state, stop)
        else:
            assert {one.role for one in decide(story.state, stop)} == {role}


def test_a_stop_by_somebody_without_a_role_for_it_is_to_be_reviewed():
    story = Story()
    story.do("admin", stopping(story), "")
    assert [one.why for one in story.rollback.deviations] == ["emergency", "stopped without a role for it"]


def test_what_was_left_out_of_what_was_typed_is_noted():
    story = Story()
    events = story.do("noc", stopping(story, "", notes=("the ticket 'bad!' is none",)), "")
    assert events[-1].status == "stop_typed" and "bad!" in events[-1].text


def test_a_stop_without_a_reason_owes_one():
    story = Story()
    start = replace(opening(story, ticket=INC), reason=NO_REASON)
    story.do("noc", Stop(opening=start, override=disabling(reason=NO_REASON)), "")
    assert "a reason" in [one.what for one in owed(story.rollback)]
    story.do("noc", GiveReason(reason="orders looked wrong"))
    assert story.rollback.reason == "orders looked wrong"
    assert "a reason" not in [one.what for one in owed(story.rollback)]
    with pytest.raises(Refused, match="INC-2042 has a reason: orders looked wrong"):
        story.do("noc", GiveReason(reason="another"))


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
    story.do("obs", DeclareEmergency(reason="fire"))
    ROAD["silenced"](story)
    story.do("im", Abort(reason="wrong"))
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
    empty = disabling(reason=" ")
    with pytest.raises(Refused, match="reason is empty"):
        story.do("noc", Stop(opening=opening(story), override=empty), "")
    assert not story.state.open


def test_a_ledger_with_an_unknown_entry_takes_no_decisions_and_says_what_still_works():
    story = story_at("confirmed")
    entry = Recorded(None, "from_the_future", story.state.sequence + 1, story.now, story.now, "x", "x", "x", "x", "", 0)
    story.state = evolve(story.state, entry)
    for person, command in (("ops", stopping(story)), ("noc", AddNote(text="x")), ("im", Abort(reason="x"))):
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
