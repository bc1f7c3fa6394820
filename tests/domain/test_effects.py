"""What was asked of the outside world: done, failed, too late, cancelled, done by somebody else."""

from __future__ import annotations

import pytest

from ledger.domain.closing.commands import Abort
from ledger.domain.observing.commands import ExpireEffect
from ledger.domain.observing.events import SilenceObserved
from ledger.domain.opening.commands import DeclareEmergency
from ledger.domain.restoring.commands import AdoptRemoval
from ledger.domain.restoring.events import OverrideRemovalFailed, OverrideRemovedOutside
from ledger.domain.silencing.commands import AdoptSilence, RequestSilenceEnd
from ledger.domain.silencing.events import SilenceEndFailed, SilenceFailed
from ledger.domain.stopping.commands import AdoptOverride, RecordOverride
from ledger.domain.stopping.events import OverrideFailed
from ledger.errors import Refused

from . import facts
from .builders import INC, Story, digest
from .road import (
    ROAD,
    created,
    disabling,
    removed,
    removing,
    scheduler_check,
    silencing,
    story_at,
)


def pending(story: Story) -> list[str]:
    return [effect.kind for effect in story.rollback.effects]


def asking(kind: str) -> Story:
    """A story in which exactly this effect is pending."""
    story = story_at(
        {"override": "confirmed", "silence": "disabled", "removal": "ended", "silence_end": "restarted"}[kind]
    )
    ask = {"override": disabling(), "silence": silencing(story), "removal": removing(story)}
    story.do("obs" if kind == "silence" else "ops", ask.get(kind, RequestSilenceEnd()))
    assert pending(story) == [kind]
    return story


@pytest.mark.parametrize("kind", ["silence", "removal", "silence_end"])
def test_an_effect_lapses_only_after_two_minutes(kind):
    story = asking(kind)
    requested = story.rollback.effects[0].requested
    story.now = story.rollback.effects[0].not_after
    with pytest.raises(Refused, match="is not late"):
        story.do("system", ExpireEffect(requested=requested))
    story.wait(microseconds=1)
    (event,) = story.do("system", ExpireEffect(requested=requested))
    assert event.effect == kind and pending(story) == []


def test_a_stop_never_lapses_while_its_rollback_is_open():
    story = asking("override")
    story.wait(days=30)
    with pytest.raises(Refused, match="is not late"):
        story.do("system", ExpireEffect(requested=story.rollback.effects[0].requested))


@pytest.mark.parametrize("kind", ["silence", "removal", "silence_end"])
def test_what_lapsed_is_asked_for_again_by_a_person(kind):
    story = asking(kind)
    story.wait(minutes=3)
    story.do("system", ExpireEffect(requested=story.rollback.effects[0].requested))
    again = {"silence": silencing(story), "removal": removing(story)}.get(kind, RequestSilenceEnd())
    story.do("obs" if kind == "silence" else "ops", again)
    assert pending(story) == [kind]


def test_what_is_not_pending_cannot_lapse():
    story = asking("silence")
    for requested, rollback in ((1, INC), (story.rollback.effects[0].requested, "INC-9")):
        with pytest.raises(Refused, match="is not pending"):
            story.do("system", ExpireEffect(requested=requested), rollback)


@pytest.mark.parametrize("kind", ["override", "silence", "removal", "silence_end"])
def test_nothing_is_asked_for_twice(kind):
    story = asking(kind)
    again = {"override": disabling(), "silence": silencing(story), "removal": removing(story)}
    with pytest.raises(Refused, match="asked for"):
        story.do("obs" if kind == "silence" else "ops", again.get(kind, RequestSilenceEnd()))


@pytest.mark.parametrize("kind", ["override", "silence", "removal", "silence_end"])
def test_what_failed_is_no_longer_pending_and_nothing_changed(kind):
    story = asking(kind)
    flags = story.flags
    story.saw(
        {
            "override": OverrideFailed(path=facts.PATH, cause="x"),
            "silence": SilenceFailed(cause="x"),
            "removal": OverrideRemovalFailed(path=facts.PATH, cause="x"),
            "silence_end": SilenceEndFailed(silence_id="s-1", cause="x"),
        }[kind]
    )
    assert pending(story) == [] and story.flags == flags


@pytest.mark.parametrize("kind", ["absent", "link", "folder", "unreadable"])
def test_a_write_that_left_no_file_is_recorded_and_stops_nothing(kind):
    story = story_at("asked")
    seen = facts.FileSeen(path=facts.PATH, kind=kind, at=story.now)
    story.do("system", RecordOverride(file=seen))
    assert not story.rollback.steps[1].passed and not story.rollback.holds


def test_a_file_with_other_bytes_fails_step_1():
    story = story_at("asked")
    (event,) = story.do("system", RecordOverride(file=facts.file_of(b"{}", story.now)))
    assert event.verdict == "fail" and "digest" in event.reasons[0]


def test_a_result_that_nobody_waits_for_is_refused():
    with pytest.raises(Refused, match="no override of INC-2042 is pending"):
        story_at("confirmed").do("system", RecordOverride(file=facts.file_of(b"{}")))


# --- abort -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", ["opened", "confirmed", "asked"])
def test_an_abort_before_step_1_closes_and_cancels(place):
    story = story_at(place)
    events = story.do("im", Abort(reason="false alarm"))
    assert [event.status for event in events][-1] == "rollback_aborted"
    assert [event.status for event in events][:-1] == ["effect_cancelled"] * (place == "asked")
    assert story.rollback.phase == "aborted" and events[-1].entries == story.rollback.entries and not story.state.open


def test_an_abort_after_step_1_leads_through_steps_5_and_6():
    story = story_at("disabled")
    (event,) = story.do("im", Abort(reason="enough"))
    assert event.status == "abort_requested" and story.rollback.is_open
    for place in ("removed", "restarted", "cleared", "restored", "summarised", "completed"):
        ROAD[place](story)
    assert story.rollback.phase == "aborted" and story.records[-1].event.entries == story.rollback.entries


def test_an_abort_of_a_silence_alone_ends_that_silence():
    story = story_at("opened")
    story.do("im", DeclareEmergency(reason="fire"))
    ROAD["silenced"](story)
    story.do("im", Abort(reason="enough"))
    for place in ("unsilenced", "restored", "summarised", "completed"):
        ROAD[place](story)
    assert story.rollback.phase == "aborted"


def test_an_aborting_rollback_is_not_stopped_again():
    story = story_at("disabled")
    story.do("im", Abort(reason="enough"))
    for place in ("removed", "restarted"):
        ROAD[place](story)
    for command in (disabling(), AdoptOverride(file=facts.file_of(b"{}", story.now), reason="by hand")):
        with pytest.raises(Refused):
            story.do("ops", command)


def test_an_abort_is_asked_for_once():
    story = story_at("disabled")
    story.do("im", Abort(reason="enough"))
    with pytest.raises(Refused, match="aborted already"):
        story.do("im", Abort(reason="enough"))


# --- done by somebody else -------------------------------------------------------------------------------------------


def removed_outside(place: str = "ended") -> Story:
    story = story_at(place)
    sha = story.rollback.override.sha384
    story.saw(OverrideRemovedOutside(path=facts.PATH, override_sha384=sha, seen_at=story.now))
    return story


def adopting(story: Story) -> AdoptRemoval:
    parts = {"listing_sha384": digest("listing"), "log_sha384": digest("log")}
    sha = story.rollback.override.sha384
    return AdoptRemoval(file=facts.absent(story.now), reason="rm, as ever", override_after_sha384=sha, **parts)


def test_a_file_removed_outside_is_drift_until_it_is_adopted():
    story = removed_outside()
    assert story.rollback.holds and "override.active" not in story.flags
    with pytest.raises(Refused, match="gone already") as refusal:
        story.do("ops", removing(story, file=facts.absent(story.now)))
    assert "adopt" in refusal.value.owed[0]
    story.do("ops", adopting(story))
    assert not story.rollback.holds


def test_a_removal_adopted_later_leads_to_the_end():
    story = removed_outside()
    enabled = story.wait(seconds=2)
    story.wait(minutes=5)
    story.do("ops", adopting(story))
    (event,) = story.do("ops", scheduler_check(story, "enabled", since=enabled, cycle=60))
    assert (event.verdict, event.reasons) == ("pass", ())
    for place in ("unsilenced", "cleared", "restored", "summarised", "completed"):
        ROAD[place](story)
    assert story.rollback.phase == "completed"


def test_adopting_a_removal_drops_the_removal_still_asked_for():
    story = story_at("ended")
    story.do("ops", removing(story))
    sha = story.rollback.override.sha384
    story.saw(OverrideRemovedOutside(path=facts.PATH, override_sha384=sha, seen_at=story.now))
    story.do("ops", adopting(story))
    assert pending(story) == [] and not story.rollback.holds


def test_a_removal_is_adopted_in_step_5_only_and_only_when_one_was_seen():
    story = removed_outside("watched")
    with pytest.raises(Refused, match="not ready"):
        story.do("ops", adopting(story))
    there = facts.file_of(b"{}")
    with pytest.raises(Refused, match="nobody was seen"):
        story_at("ended").do("ops", AdoptRemoval(**{**_fields(adopting(story)), "file": there}))
    with pytest.raises(Refused, match="nobody was seen"):
        story_at("removed").do("ops", adopting(story))
    story = removed_outside()
    with pytest.raises(Refused, match="there again"):
        story.do("ops", AdoptRemoval(**{**_fields(adopting(story)), "file": facts.file_of(b"{}")}))


def _fields(command: AdoptRemoval) -> dict[str, object]:
    return {name: getattr(command, name) for name in command.__dataclass_fields__}


def test_a_file_made_by_hand_becomes_step_1_with_the_usual_verdict():
    story = story_at("confirmed")
    (event,) = story.do("ops", AdoptOverride(file=facts.file_of(b'{"a":1}', story.now), reason="by hand"))
    assert event.verdict == "pass" and story.rollback.holds and story.state.holder is story.rollback
    story = story_at("confirmed")
    open_to_all = facts.file_of(b'{"a":1}', story.now, mode="0644")
    (event,) = story.do("ops", AdoptOverride(file=open_to_all, reason="by hand"))
    assert event.verdict == "fail"


def test_a_step_1_that_failed_can_be_tried_again():
    story = story_at("confirmed")
    open_to_all = facts.file_of(b'{"a":1}', story.now, mode="0644")
    story.do("ops", AdoptOverride(file=open_to_all, reason="by hand"))
    story.do("ops", AdoptOverride(file=facts.file_of(b'{"a":1}', story.now), reason="chmod 600"))
    assert story.rollback.steps[1].passed and story.rollback.steps[1].attempts == 2


def test_after_the_removal_no_file_is_adopted_for_the_same_run():
    for place in ("removed", "restored", "summarised"):
        story = story_at(place)
        with pytest.raises(Refused):
            story.do("ops", AdoptOverride(file=facts.file_of(b"{}", story.now), reason="by hand"))


@pytest.mark.parametrize("state", ["expired", "pending"])
def test_only_an_active_silence_is_adopted(state):
    story = story_at("disabled")
    with pytest.raises(Refused, match=f"is {state}"):
        story.do(
            "obs", AdoptSilence(silence=facts.silence(state=state), reason="by hand", transcript_sha384=digest("t"))
        )


def test_a_rollback_has_one_silence():
    story = story_at("silenced")
    with pytest.raises(Refused, match="one rollback, one silence"):
        story.do("obs", silencing(story))


def test_a_lost_silence_can_be_made_again():
    story = story_at("silenced")
    lost = SilenceObserved(silence_id="s-1", found="absent", ends_at=story.now, seen_at=story.now)
    story.saw(lost)
    assert "alerts.silenced" not in story.flags
    story.do("obs", silencing(story))
    story.saw(created(story, silence_id="s-2"))
    assert story.rollback.silence.id == "s-2" and "alerts.silenced" in story.flags


def test_the_answer_to_a_removal_ends_the_hold():
    story = asking("removal")
    story.saw(removed(story))
    assert story.state.holder is None and story.rollback.override.cycle == 41
