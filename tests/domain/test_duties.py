"""Bad nights: emergencies, waivers, acceptance, lapses, holds, planned work, handover, review."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from ledger.domain import commands as c
from ledger.domain.duties import owed
from ledger.domain.events import observation, override, silence
from ledger.errors import Refused

from . import facts
from .builders import Story, digest
from .road import (
    ROAD,
    completing,
    disabling,
    opening,
    restore_check,
    scheduler_check,
    silencing,
    stopped,
    story_at,
    watch_finish,
    watch_start,
)


def debts(story: Story, name: str = "INC-2042") -> list[str]:
    return [one.what.split(",")[0] for one in owed(story.of(name))]


def test_a_stop_owes_confirmation_review_and_ticket_until_each_is_paid():
    story, name = stopped()
    assert debts(story, name) == ["late confirmation or refusal", "review of 1 deviations", "a ticket"]
    story.do("owner", c.Confirm(confirms=digest("line")), name)
    story.do("im", c.Review(text="looked at it"), name)
    story.do("im", c.LinkTicket(ticket="INC-7"), name)
    assert debts(story, name) == []


def test_a_late_refusal_pays_the_debt_and_undoes_nothing():
    story, name = stopped()
    story.do("owner", c.Refuse(reason="not agreed"), name)
    assert story.of(name).holds
    assert "late confirmation or refusal" not in debts(story, name)


def test_who_took_a_step_cannot_review():
    story, name = stopped(by="im")
    with pytest.raises(Refused, match="took steps"):
        story.do("im", c.Review(text="fine"), name)


def test_a_review_pays_only_what_was_there_when_it_was_made():
    story, name = stopped()
    story.do("boss", c.Review(text="fine so far"), name)
    story.do("noc", c.Assume(role="l2_ops", reason="asleep"), name)
    assert "review of 1 deviations" in debts(story, name)


@pytest.mark.parametrize("number", [1, 5, 6])
def test_these_steps_are_never_waived(number):
    with pytest.raises(Refused, match="never waived"):
        story_at("confirmed").do("im", c.Waive(number=number, reason="no time"))


def test_a_waived_step_opens_the_next_and_stands_in_the_checklist():
    story = story_at("disabled")
    story.do("im", c.Waive(number=2, reason="Alertmanager is down"))
    for place in ("checked", "watched", "ended", "removed", "restarted", "cleared"):
        ROAD[place](story)
    story.do("ops", restore_check(story, silence=None))
    story.do("im", c.WriteSummary(summary_sha384=digest("summary")))
    (closing,) = story.do("im", completing())
    assert any("waived, entry" in line for line in closing.checklist)


def test_an_inconclusive_step_takes_two_people():
    story = story_at("silenced")
    story.do("ops", scheduler_check(story, "unknown"))
    story.do("ops", c.Accept(number=3, reason="its service is inactive"))
    with pytest.raises(Refused, match="second person"):
        story.do("ops", c.Accept(number=3, reason="I say so"))
    story.do("noc", c.Accept(number=3, reason="seen too"))
    assert story.rollback.steps[3].shown == "accepted"
    story.do("noc", watch_start(story))


def test_a_failed_step_is_not_acceptable():
    story = story_at("silenced")
    story.do("ops", scheduler_check(story, "enabled"))
    with pytest.raises(Refused, match="only an inconclusive"):
        story.do("ops", c.Accept(number=3, reason="never mind"))


def test_a_new_attempt_forgets_the_proposal():
    story = story_at("silenced")
    for _ in range(2):
        story.do("ops", scheduler_check(story, "unknown"))
        story.do("ops", c.Accept(number=3, reason="inactive"))
    assert story.rollback.steps[3].attempts == 2
    assert not story.rollback.steps[3].accepted


def test_a_role_is_assumed_for_one_rollback_and_never_the_owners():
    story = story_at("disabled")
    story.do("noc", c.Assume(role="observability", reason="asleep"))
    assert story.do("noc", silencing(story))
    with pytest.raises(Refused, match="never assumed"):
        story.do("noc", c.Assume(role="product_owner", reason="asleep"))


def test_a_handover_counts_when_the_receiver_accepts():
    story = story_at("opened")
    story.do("im", c.OfferHandover(role="incident_manager", receiver="boss", open_points="call the owner"))
    assert story.rollback.duty["incident_manager"] == "im"
    with pytest.raises(Refused, match="nobody offered"):
        story.do("im", c.AcceptHandover(role="incident_manager"))
    story.do("boss", c.AcceptHandover(role="incident_manager"))
    assert story.rollback.duty["incident_manager"] == "boss"


def test_a_role_is_handed_only_to_who_may_hold_it():
    with pytest.raises(Refused, match="does not hold"):
        story_at("opened").do("im", c.OfferHandover(role="incident_manager", receiver="noc", open_points="x"))


def test_a_lost_silence_lets_step_2_lapse():
    story = story_at("checked")
    lost, lapsed = story.saw(silence.SilenceLost(silence_id="s-1", found="absent", seen_at=story.now))
    assert (lost.status, lapsed.status, lapsed.number) == ("silence_lost", "step_lapsed", 2)
    assert story.rollback.steps[2].shown == "lapsed"


def test_a_scheduler_that_runs_lets_steps_3_and_4_lapse_and_the_incident_cannot_end():
    story = story_at("watched")
    story.saw(observation.SchedulerObserved(scheduler_status="enabled", source="x", seen_at=story.now), "")
    assert [step.shown for step in story.rollback.steps[3:5]] == ["lapsed", "lapsed"]
    with pytest.raises(Refused, match="cannot be ended"):
        story.do("im", c.EndIncident())


def test_nothing_lapses_once_step_5_is_due():
    story = story_at("ended")
    gone = override.OverrideRemovedOutside(path=facts.PATH, override_sha384=digest("x"), seen_at=story.now)
    assert [event.status for event in story.saw(gone)] == ["override_removed_outside"]


def test_a_second_rollback_joins_the_hold_and_the_first_releases_it():
    story = story_at("ended")
    other = replace(opening(story), ticket="INC-2051")
    story.do("im", other, "")
    story.do("owner", c.Confirm(confirms=digest("line")), "INC-2051")
    file = facts.override_of(story.rollback, story.now)
    (joined,) = story.do("ops", replace(disabling(), file=file), "INC-2051")
    assert (joined.status, joined.joined, joined.verdict) == ("hold_joined", ("INC-2042",), "pass")
    removal = c.RequestRemoval(file=file, scheduler=facts.scheduler("disabled", story.now))
    (released,) = story.do("ops", removal)
    assert (released.status, released.held_by) == ("hold_released", ("INC-2051",))
    assert [one.id for one in story.state.holders] == ["INC-2051"]
    assert "override.active" in story.flags


def test_who_holds_the_last_hold_removes_the_file():
    story = story_at("ended")
    story.do("im", replace(opening(story), ticket="INC-2051"), "")
    story.do("owner", c.Confirm(confirms=digest("line")), "INC-2051")
    file = facts.override_of(story.rollback, story.now)
    story.do("ops", replace(disabling(), file=file), "INC-2051")
    seen = facts.scheduler("disabled", story.now)
    story.do("ops", c.RequestRemoval(file=file, scheduler=seen))
    story.do("im", c.Abort(reason="no longer needed"), "INC-2051")
    (asked,) = story.do("ops", c.RequestRemoval(file=file, scheduler=seen), "INC-2051")
    assert asked.status == "override_removal_requested"


@pytest.fixture
def planned() -> Story:
    story = Story()
    starts = story.now + timedelta(days=1)
    command = replace(
        opening(story), purpose="maintenance", window_start=starts, window_end=starts + timedelta(hours=1)
    )
    story.do("im", command, "")
    story.do("owner", c.Confirm(confirms=digest("line")))
    return story


def test_planned_work_does_not_begin_before_its_window(planned):
    with pytest.raises(Refused, match="the window of INC-2042 starts at"):
        planned.do("ops", disabling())
    planned.wait(days=1, minutes=1)
    assert planned.do("ops", disabling())


def test_an_extension_asks_for_a_confirmation_and_revokes_nothing(planned):
    end = planned.rollback.window_end + timedelta(hours=1)
    planned.do("im", c.ExtendWindow(window_end=end, reason="slow", announcement_sha384=digest("longer")))
    assert debts(planned) == ["confirmation of the longer window"]
    assert planned.rollback.steps[0].passed
    planned.do("owner", c.Confirm(confirms=digest("line")))
    assert debts(planned) == []


def test_another_ticket_revokes_the_confirmation():
    story = story_at("confirmed")
    story.do("im", c.LinkTicket(ticket="INC-9"))
    with pytest.raises(Refused, match="not ready"):
        story.do("ops", disabling())


def test_expected_alerts_do_not_fail_a_load_test_and_others_do():
    for expected, verdict in ((("MultiStrategyPnlDrawdown",), "pass"), ((), "fail")):
        story = Story()
        story.do("im", replace(opening(story), purpose="load_test", expected=expected), "")
        for place in ("confirmed", "asked", "disabled", "silenced", "checked"):
            ROAD[place](story)
        story.do("noc", watch_start(story))
        begin = story.rollback.watch.started.starts_at
        story.wait(minutes=15)
        episode = facts.episode(active_at=begin + timedelta(minutes=1), name="MultiStrategyPnlDrawdown")
        (event,) = story.do("noc", watch_finish(story, watch=facts.watch(begin, episodes=(episode,))))
        assert event.verdict == verdict


def test_the_silence_is_extended_from_its_end_and_not_far_beyond_the_window():
    story = story_at("silenced")
    ends = story.rollback.silence.ends_at
    (asked,) = story.do("obs", c.ExtendSilence(seconds=600))
    assert asked.ends_at == ends + timedelta(minutes=10)
    with pytest.raises(Refused):
        story_at("silenced").do("obs", c.ExtendSilence(seconds=12 * 3600))


def test_with_alertmanager_down_the_end_is_owed_and_paid_after_closing():
    story = story_at("restarted")
    story.do("ops", c.OweSilenceEnd(cause="refused"))
    ROAD["cleared"](story)
    story.do("ops", restore_check(story, silence=None))
    story.do("im", c.WriteSummary(summary_sha384=digest("summary")))
    story.do("im", completing())
    assert story.rollback.phase == "completed"
    ended = silence.SilenceEnded(silence_id="s-1", ended_at=story.now, transcript_sha384=digest("t"))
    story.saw(ended)
    assert story.rollback.silence.state == "ended"


def test_what_is_put_back_is_what_was_declared():
    story = story_at("disabled")
    declared = story.rollback.override.sha384
    (asked,) = story.do("ops", c.PutBack(file=facts.absent(), reason="it must stay"))
    assert asked.override_sha384 == declared
    with pytest.raises(Refused, match="pending"):
        story.do("ops", c.PutBack(file=facts.absent(), reason="again"))


def test_an_abort_cancels_what_is_pending():
    story = story_at("asked")
    assert [event.status for event in story.do("im", c.Abort(reason="wrong"))] == [
        "effect_cancelled",
        "rollback_aborted",
    ]
