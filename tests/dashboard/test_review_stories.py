"""What a post-mortem says of rollbacks that went straight, were given up, or met something on the way."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ledger.domain.duties.commands import ExtendWindow, Refuse
from ledger.domain.duties.events import WindowOverrun
from ledger.domain.observing.events import SchedulerObserved
from ledger.domain.opening.commands import Confirm, DeclareEmergency
from ledger.domain.restoring.commands import AdoptRemoval
from ledger.domain.silencing.events import SilenceFailed
from tests.domain import facts
from tests.domain.builders import digest
from tests.domain.road import OTHER, opening, silencing, vanished
from web.review_words import steps as steps_of
from web.words import verdict

from .stories import STORIES, walk
from .story import Kept


@pytest.fixture
def story(installation):
    return Kept(installation)


def told(story: Kept, name: str):
    """The review of a story, and the statuses of its entries by sequence."""
    STORIES[name](story)
    return story.review(), {record.sequence: record.status for record in story.records}


def durations(found):
    return {one.code: (one.state, one.seconds) for one in found.durations}


def steps(found):
    return {one.step: (one.shown, one.attempts, one.took) for one in found.steps}


def spans(found, lane):
    return [
        (round((one.end.at - one.start.at).total_seconds()) if one.end else None)
        for one in found.spans
        if one.lane == lane
    ]


def left(found):
    """Deviations: code, and how many seconds later something put it right."""
    return [
        (one.code, one.settled and round((one.settled.at - one.point.at).total_seconds())) for one in found.deviations
    ]


def debts(found, statuses):
    """What was owed, the entry's status, and that of the entry that paid it."""
    return [(one.code, statuses[one.since.entry], one.paid and statuses[one.paid.entry]) for one in found.debts]


def test_the_straight_road_has_no_deviation_and_owes_nothing(story):
    found, _ = told(story, "straight")
    assert (found.deviations, found.debts) == ((), ())
    assert durations(found) == {
        "to_confirm": ("done", 1),
        "to_disable": ("done", 3),
        "to_silence": ("done", 6),
        "watched": ("done", 901),
        "to_restore": ("done", 4),
        "stopped": ("done", 912),
        "open": ("done", 921),
    }
    assert [one.shown for one in found.steps] == ["pass"] * 7
    assert steps(found)[4] == ("pass", 1, 901)


def test_the_total_is_the_closing_entrys_minutes(story):
    found, _ = told(story, "straight")
    closing = next(one.event for one in story.records if one.sequence == found.closed)
    assert closing.duration_min == -(-durations(found)["stopped"][1] // 60)


def test_given_up_before_the_stop_nothing_runs_on(story):
    found, _ = told(story, "early_abort")
    story.wait(days=1)
    assert story.review() == found
    assert durations(found)["to_disable"] == ("never", None)
    assert "stopped" not in durations(found) and list(steps(found)) == [0]
    assert found.marks[-1].code == "aborted"


def test_given_up_after_the_stop_it_is_restored_and_counted_from_asking(story):
    found, _ = told(story, "late_abort")
    assert found.rollback.phase == "aborted"
    assert durations(found)["to_restore"] == ("done", 3) and durations(found)["stopped"] == ("done", 248)
    assert steps(found)[5] == ("pass", 1, 6) and 4 not in steps(found)
    assert steps(found)[6][0] is None


def test_an_emergency_is_owed_a_confirmation_and_a_review_and_both_may_come_after_closing(story):
    found, statuses = told(story, "emergency")
    assert left(found) == [("emergency_declared", None)]
    assert debts(found, statuses) == [
        ("late_confirmation", "emergency_declared", "rollback_confirmed"),
        ("review", "emergency_declared", "reviewed"),
    ]
    assert [one.paid_by for one in found.debts] == ["owner", "boss"]
    assert durations(found)["to_confirm"][1] > 3 * 3600 > durations(found)["open"][1]
    assert found.at == found.rollback.closed_at, "what was paid later does not make the axis longer"
    disabling = next(one for one in found.steps if one.step == 1)
    assert statuses[disabling.due.entry] == "emergency_declared"


def test_what_an_emergency_owes_is_owed_until_it_is_paid(story):
    story.do("im", opening(story), "")
    story.do("ops", DeclareEmergency(reason="fire"))
    assert [(one.code, one.paid) for one in story.review().debts] == [("late_confirmation", None), ("review", None)]
    story.do("owner", Refuse(reason="no"))
    assert [one.code for one in story.review().debts if one.paid is None] == ["review", "review"]


def test_a_waived_step_is_no_attempt_and_says_how_long_it_waited(story):
    found, statuses = told(story, "waived")
    waived = next(one for one in found.steps if one.step == 2)
    assert (waived.shown, waived.attempts, waived.waited, waived.took) == ("waived", 0, 41, 0)
    assert durations(found)["to_silence"] == ("never", None) and spans(found, "alerts_silenced") == []
    assert [one.what for one in found.deviations] == ["waived step 2: Alertmanager is down"]
    assert debts(found, statuses) == [("review", "step_waived", None)]


def test_a_file_removed_outside_is_drift_until_it_is_put_back(story):
    found, _ = told(story, "drift")
    assert left(found) == [
        ("override_removed_outside", 123),
        ("step_lapsed", 125),
        ("scheduler_observed", 123),
        ("put_back_requested", None),
    ]
    assert spans(found, "drift") == [123, 123]
    assert spans(found, "scheduler_held") == [35, 907], "the hold has a hole"
    assert found.held_seconds == 35 + 907 < durations(found)["stopped"][1]
    assert steps(found)[3] == ("pass", 2, 0) and steps(found)[1] == ("pass", 2, 1)


def test_a_removal_that_is_adopted_ends_the_hold_when_the_file_was_gone(story):
    walk(story, end="ended")
    gone = story.now
    story.saw(vanished(story))
    story.wait(minutes=3)
    sha = story.rollback.override.sha384
    parts = {"override_after_sha384": sha, "listing_sha384": digest("l"), "log_sha384": digest("r")}
    story.do("ops", AdoptRemoval(file=facts.absent(story.now), reason="rm", **parts))
    held = next(one for one in story.review().spans if one.lane == "scheduler_held")
    assert held.end.at == gone
    assert left(story.review()) == [("override_removed_outside", 181)]


def test_a_step_that_failed_first_counts_both_attempts(story):
    found, _ = told(story, "failed")
    assert [(one.number, one.verdict) for one in found.attempts if one.step == 3] == [(1, "fail"), (2, "pass")]
    assert found.attempts[3].reasons
    assert steps(found)[3] == ("pass", 2, 0)
    settled = next(one.settled for one in found.steps if one.step == 3)
    assert settled.entry == found.attempts[4].entry


def test_a_gap_counts_where_the_rollback_ran(story):
    found, _ = told(story, "gap")
    assert left(found) == [("observation_gap", 240)]
    assert spans(found, "not_observed") == [240]


def test_silences_are_extended_lost_made_again_and_run_out(story):
    found, _ = told(story, "silences")
    assert spans(found, "alerts_silenced") == [304, 3600]
    assert [one.code for one in found.marks if one.code.startswith("silence")] == ["silence_extended", "silence_lost"]
    assert left(found)[:2] == [("silence_lost", 62), ("step_lapsed", 63)]
    assert ("silence_observed", None) in left(found)
    assert steps(found)[2] == ("lapsed", 2, 4), "the time between two attempts is nobody's work"


def test_the_end_of_a_silence_that_was_owed_is_paid_when_it_is_seen(story):
    found, statuses = told(story, "owed_end")
    assert debts(found, statuses) == [
        ("silence_end", "silence_end_owed", "silence_observed"),
        ("review", "silence_end_owed", None),
    ]
    assert left(found) == [("silence_end_owed", None)], "an end that is owed and seen is no second deviation"


def test_a_running_rollback_counts_up_to_now(story):
    found, _ = told(story, "running")
    assert durations(found)["watched"] == ("running", 121)
    story.wait(seconds=30)
    assert durations(story.review())["watched"] == ("running", 151)
    assert steps(story.review())[4] == (None, 0, 151)
    assert spans(found, "scheduler_held") == [None]


def test_another_rollbacks_entries_are_not_ones_own(story):
    told(story, "running")
    other = story.review(OTHER)
    assert [one.code for one in other.timeline] == ["rollback_opened"]
    assert durations(other) == dict.fromkeys(("to_confirm", "to_disable", "to_silence", "open"), ("running", 122))


def test_a_longer_window_is_no_second_attempt_and_asks_for_a_confirmation(story):
    walk(story, end="silenced")
    later = story.rollback.window_end + timedelta(hours=1)
    story.do("im", ExtendWindow(window_end=later, reason="slow", announcement_sha384=digest("longer")))
    found = story.review()
    assert steps(found)[0] == ("pass", 1, 1)
    assert [(one.code, one.paid) for one in found.debts] == [("longer_window", None)]
    assert next(one for one in found.spans if one.lane == "maintenance_window").end.at == later
    story.do("owner", Confirm(confirms=digest("opening line")))
    assert [one.paid is None for one in story.review().debts] == [False]


def test_an_overrun_is_a_deviation(story):
    walk(story, end="silenced")
    story.now = story.rollback.window_end + timedelta(seconds=5)
    story.saw(WindowOverrun(window_end=story.rollback.window_end))
    assert left(story.review()) == [("window_overrun", None)]


def test_a_second_attempt_is_another_bar(story):
    walk(story, end="disabled")
    story.do("obs", silencing(story))
    story.saw(SilenceFailed(cause="down"))
    story.wait(minutes=1)
    walk(story, "silenced", "silenced")
    assert spans(story.review(), "step_2") == [1, 2]
    assert [one.label for one in story.review().spans if one.lane == "step_2"] == ["error", "pass"]


@pytest.mark.parametrize("status", ["enabled", "unknown"])
def test_what_is_seen_of_the_scheduler_is_drift_only_against_the_hold(story, status):
    walk(story, end="disabled")
    seen = {"source": "x", "error": "x"}
    story.saw(SchedulerObserved(scheduler_status="disabled", seen_at=story.now, **seen), "")
    assert left(story.review()) == []
    story.saw(SchedulerObserved(scheduler_status=status, seen_at=story.now, **seen), "")
    assert [one.code for one in story.review().deviations if one.code != "step_lapsed"] == ["scheduler_observed"]


def test_too_many_observations_are_said_to_be_left_off(story, monkeypatch):
    monkeypatch.setattr("ledger.app.review.post_mortem.MOST", 3)
    walk(story, end="disabled")
    for status in ("enabled", "disabled") * 4:
        story.saw(SchedulerObserved(scheduler_status=status, seen_at=story.now, source="x"), "")
    assert story.review().left_off == 5


def test_every_attempt_at_a_step_that_passed_counts_with_its_own_entries(story):
    walk(story, end="checked")
    story.saw(vanished(story))
    walk(story, "asked", "asked")
    story.wait(seconds=4)
    walk(story, "disabled", "disabled")
    found = story.review()
    row = steps_of(found)[1]
    assert (row.shown, row.attempts, row.took) == ("pass", 2, 1 + 5)
    (first, _), (second, last) = row.entries
    statuses = {record.sequence: record.status for record in story.records}
    assert [statuses[one] for one in (first, second, last)] == ["override_requested"] * 2 + ["override_written"]


@pytest.mark.parametrize("name", ["early_abort", "late_abort"])
def test_steps_that_were_never_done_of_a_rollback_that_was_given_up(story, name):
    found, _ = told(story, name)
    rows = steps_of(found)
    assert [one.number for one in rows] == list(range(7))
    for row in rows:
        assert (row.took is None) == (row.shown is None), row
        assert verdict(row.shown, found.rollback.is_open).word != "open"
