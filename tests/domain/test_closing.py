"""What a rollback waits for before it closes, and what a verdict never passes with."""

from __future__ import annotations

import pytest

from ledger.domain.closing.commands import WriteSummary
from ledger.domain.observing.events import SchedulerObserved
from ledger.domain.silencing.commands import RequestSilenceEnd
from ledger.errors import Refused

from . import facts
from .builders import INC, digest
from .road import (
    completing,
    created,
    restore_check,
    silencing,
    story_at,
    watch_finish,
    watch_start,
)


def test_another_summary_does_not_close_the_rollback():
    with pytest.raises(Refused, match="give the file of this rollback"):
        story_at("summarised").do("im", completing(summary_sha384=digest("other")))


def test_another_incident_does_not_close_the_rollback():
    story = story_at("summarised")
    with pytest.raises(Refused, match="INC-9999"):
        story.do("im", completing(incident_id="INC-9999"))
    story.do("im", completing(incident_id=INC))


def test_without_a_summary_nothing_closes():
    with pytest.raises(Refused) as refused:
        story_at("restored").do("im", completing(summary_sha384=""))
    assert any("the summary is not written" in sentence for sentence in refused.value.owed)


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("picture_sha384", "pictures"),
        ("report_sha384", "logs"),
        ("log_sha384", "logs"),
        ("override_after_sha384", "copies of the override"),
        ("transcript_sha384", "report of the silence"),
    ],
)
def test_a_missing_artefact_keeps_the_rollback_open(name, title):
    story = story_at("summarised")
    rest = tuple(evidence for evidence in story.rollback.evidence if evidence.name != name)
    story.state = story.state._replace(open={INC: story.rollback._replace(evidence=rest)})
    with pytest.raises(Refused) as refusal:
        story.do("im", completing())
    assert [sentence.startswith(f"missing: {title}") for sentence in refusal.value.owed] == [True]


def test_a_rollback_with_an_active_silence_cannot_be_completed():
    story = story_at("summarised")
    try:
        story.do("obs", silencing(story))
        story.saw(created(story, silence_id="s-2"))
    except Refused:
        return  # not asked for after step 5: as good
    with pytest.raises(Refused):
        story.do("im", completing())


def test_a_rollback_is_not_completed_while_the_scheduler_is_seen_disabled():
    story = story_at("summarised")
    story.saw(SchedulerObserved(scheduler_status="disabled", source="x", seen_at=story.now), "")
    with pytest.raises(Refused):
        story.do("im", completing())


def test_a_rollback_with_something_pending_cannot_be_completed():
    story = story_at("restored")
    story.do("obs", silencing(story))
    story.do("im", WriteSummary(summary_sha384=digest("summary")))
    with pytest.raises(Refused) as refusal:
        story.do("im", completing())
    assert refusal.value.owed[0].startswith("wait: the silence of entry")


def test_a_watch_in_which_the_scheduler_ran_does_not_pass():
    story = story_at("checked")
    story.do("noc", watch_start(story))
    for status in ("enabled", "disabled"):
        story.wait(minutes=5)
        story.saw(SchedulerObserved(scheduler_status=status, source="x", seen_at=story.now), "")
    story.wait(minutes=10)
    try:
        story.do("noc", watch_finish(story))
    except Refused:
        return  # the window must start again: as good
    assert not story.rollback.steps[4].passed


@pytest.mark.parametrize("late", [0, 5])
def test_a_watch_of_another_window_does_not_pass(late):
    story = story_at("checked")
    story.do("noc", watch_start(story))
    start = story.rollback.watch.started.starts_at
    story.wait(minutes=15)
    short = facts.watch(start + late * (story.now - start) / 15, minutes=10)
    (event,) = story.do("noc", watch_finish(story, watch=short))
    assert event.verdict != "pass"


def test_step_5_does_not_pass_with_a_file_that_came_back():
    story = story_at("cleared")
    (event,) = story.do("ops", restore_check(story, file=facts.file_of(b"{}")))
    assert event.verdict == "fail" and "is there again" in event.reasons[0]


def test_the_silence_outlives_the_stop_until_the_restart_was_seen():
    story = story_at("removed")
    with pytest.raises(Refused, match="stay silenced") as refusal:
        story.do("ops", RequestSilenceEnd())
    assert refusal.value.owed == ("l2_ops: confirm the restart",)
