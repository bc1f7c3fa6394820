"""Rules of docs/runbook.md that an earlier version did not keep."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ledger.domain.closing.commands import Abort
from ledger.domain.duties.commands import Accept, LinkTicket, OfferHandover, Refuse, Review, Waive
from ledger.domain.duties.owed import owed
from ledger.domain.observing.events import SchedulerObserved
from ledger.domain.opening.commands import Confirm, DeclareEmergency
from ledger.domain.stopping.commands import AdoptOverride
from ledger.errors import Refused

from . import facts
from .builders import INC, PEOPLE, Story, digest
from .road import (
    OTHER,
    ROAD,
    alarmed,
    completing,
    disabling,
    opening,
    removed,
    removing,
    restore_check,
    scheduler_check,
    silencing,
    story_at,
    two_holds,
    vanished,
    watch_finish,
    watch_start,
)


def shown(story: Story, rollback: str = INC) -> list[str | None]:
    return [step.shown for step in story.of(rollback).steps[3:5]]


def test_a_rollback_whose_step_3_was_waived_can_be_closed():
    story = story_at("silenced")
    story.do("im", Waive(number=3, reason="no status page"))
    entry, names = story.state.sequence, list(ROAD)
    for name in names[names.index("watched") : -1]:
        ROAD[name](story)
    (closing,) = story.do("im", completing())
    assert any(line.endswith(f"waived, entry {entry}") for line in closing.checklist)


def test_who_was_released_and_then_saw_enabled_comes_to_its_end():
    story = two_holds()
    story.do("ops", removing(story))
    ROAD["unsilenced"](story)
    story.do("im", Abort(reason="not needed"), OTHER)
    story.do("ops", removing(story, OTHER), OTHER)
    story.saw(removed(story, OTHER), OTHER)
    story.do("ops", scheduler_check(story, "enabled", cycle=43, since=story.now))
    assert story.rollback.restarted_at
    for place in ("cleared", "restored", "summarised", "completed"):
        ROAD[place](story)
    assert story.rollback.phase == "completed"


def test_a_person_who_sees_the_scheduler_run_lets_the_watch_lapse_too():
    story = story_at("watched")
    story.do("ops", scheduler_check(story, "enabled"))
    assert shown(story) == ["fail", "lapsed"]


def test_a_person_who_sees_the_scheduler_run_lets_the_other_holders_checks_lapse():
    story = two_holds("watched")
    story.do("im", Waive(number=2, reason="one is enough"), OTHER)
    story.do("ops", scheduler_check(story, "enabled"), OTHER)
    assert shown(story) == ["lapsed", "lapsed"]


def test_a_watch_finished_over_a_running_scheduler_lets_step_3_lapse():
    story = story_at("checked")
    story.do("noc", watch_start(story))
    story.wait(minutes=15)
    story.do("noc", watch_finish(story, scheduler=facts.scheduler("enabled", story.now)))
    assert shown(story) == ["lapsed", "fail"]


def test_with_an_unclear_step_5_accepted_closing_still_needs_a_fresh_enabled():
    story = story_at("cleared")
    story.saw(SchedulerObserved(scheduler_status="unknown", source="x", seen_at=story.now, error="refused"), "")
    story.do("ops", restore_check(story, scheduler=facts.scheduler("unknown", story.now, error="refused")))
    for person in ("ops", "noc"):
        story.do(person, Accept(number=5, reason="the service is active"))
    ROAD["summarised"](story)
    with pytest.raises(Refused, match="cannot be closed yet"):
        story.do("im", completing())


def test_a_new_silence_outlasts_the_window_by_15_minutes_at_most_too():
    story = story_at("disabled")
    limit = story.rollback.window_end + timedelta(minutes=15)
    with pytest.raises(Refused):
        story.do("obs", silencing(story, ends_at=limit + timedelta(seconds=1)))


def test_an_auditor_changes_nothing_not_even_by_a_handover():
    story = Story(PEOPLE | {"auditor2": ("auditor",)})
    story.do("im", opening(story), "")
    with pytest.raises(Refused):
        story.do("auditor", OfferHandover(role="auditor", receiver="auditor2", open_points="none"))


def test_an_opener_who_is_an_owner_does_not_pay_the_debt_by_refusing_themselves():
    story = Story()
    story.do("boss", opening(story), "")
    story.do("boss", DeclareEmergency(reason="fire"))
    with pytest.raises(Refused, match="four eyes"):
        story.do("boss", Refuse(reason="I refuse myself"))


def test_nothing_is_removed_while_an_override_is_asked_for_and_not_written():
    story = story_at("ended")
    story.saw(vanished(story))
    story.do("im", opening(story, ticket=OTHER), "")
    story.do("owner", Confirm(confirms=digest("line")), OTHER)
    story.do("ops", disabling(), OTHER)
    with pytest.raises(Refused, match=f"the override of {OTHER} is asked for and not written yet"):
        story.do("ops", removing(story))


def test_nobody_stops_by_hand_beside_a_removal_that_is_pending():
    story = story_at("ended")
    story.saw(vanished(story))
    story.do("ops", removing(story))  # the file was seen again, as declared
    story.do("im", opening(story, ticket=OTHER), "")
    story.do("owner", Confirm(confirms=digest("line")), OTHER)
    hand = AdoptOverride(file=facts.file_of(b"{}", story.now), reason="by hand")
    for command in (disabling(), hand):
        with pytest.raises(Refused, match="being removed"):
            story.do("ops", command, OTHER)


def test_a_late_refusal_is_no_step_and_its_owner_may_still_review():
    story = alarmed("disabled")
    story.do("owner", Refuse(reason="not agreed"))
    assert story.do("owner", Review(text="looked at it"))


def test_a_confirmation_owed_again_names_an_entry():
    story = story_at("watched")
    story.do("im", LinkTicket(ticket="INC-7"))
    (late,) = owed(story.rollback)
    assert late.entry > 0
