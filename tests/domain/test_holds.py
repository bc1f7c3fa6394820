"""Several rollbacks hold one scheduler: the file goes with the last, and trading stays stopped until then."""

from __future__ import annotations

import pytest

from ledger.domain.closing.commands import Abort
from ledger.domain.duties.commands import Waive
from ledger.domain.observing.events import SchedulerObserved, SilenceObserved
from ledger.domain.opening.commands import Confirm
from ledger.domain.silencing.commands import RequestSilenceEnd
from ledger.domain.silencing.events import SilenceEnded
from ledger.domain.stopping.commands import PutBack, RecordPutBack
from ledger.errors import Refused, Standing

from . import facts
from .builders import INC, Story, digest
from .road import (
    OTHER,
    ROAD,
    completing,
    created,
    disabling,
    joining,
    opening,
    removed,
    removing,
    restore_check,
    scheduler_check,
    silence_check,
    silencing,
    stopping,
    story_at,
    two_holds,
    vanished,
    watch_finish,
    watch_start,
)


def confirmed_other(place: str) -> Story:
    """The main rollback at ``place`` and another one that is confirmed and did nothing yet."""
    story = story_at(place)
    story.do("im", opening(story, ticket=OTHER), "")
    story.do("owner", Confirm(confirms=digest("opening line")), OTHER)
    return story


def holding(story: Story) -> list[str]:
    return [one.id for one in story.state.holders]


def declared(story: Story) -> facts.FileSeen:
    """The file as the main rollback declared it."""
    return facts.file_of(b"{}", story.now, sha384=story.rollback.override.sha384)


def second(story: Story, silence: str = "s-2", **changes: object) -> facts.SilenceSeen:
    return facts.silence(story.now, id=silence, **changes)


def test_a_second_rollback_joins_and_asks_for_no_file():
    story = confirmed_other("checked")
    (joined,) = story.do("ops", joining(story), OTHER)
    assert (joined.status, joined.joined, joined.verdict) == ("hold_joined", (INC,), "pass")
    assert joined.override_sha384 == story.rollback.override.sha384
    assert holding(story) == [INC, OTHER] and not story.of(OTHER).effects
    assert story.of(OTHER).steps[1].passed


@pytest.mark.parametrize("seen", [{"mode": "0644"}, {"content": b"["}, {"sha384": digest("other")}])
def test_who_joins_a_file_that_is_not_as_declared_holds_nothing(seen):
    story = confirmed_other("checked")
    (joined,) = story.do("ops", joining(story, **seen), OTHER)
    assert joined.verdict == "fail" and holding(story) == [INC]


@pytest.mark.parametrize("kind", ["absent", "link", "folder", "unreadable"])
def test_nobody_joins_a_file_that_is_none(kind):
    story = confirmed_other("checked")
    with pytest.raises(Refused, match="put it back first"):
        story.do("ops", joining(story, kind=kind), OTHER)


def test_nobody_joins_what_is_not_there():
    with pytest.raises(Refused, match="is absent, although INC-2042 declares it: put it back first"):
        confirmed_other("checked").do("ops", disabling(), OTHER)


def test_joining_is_step_1_with_its_order_and_role():
    story = story_at("checked")
    story.do("im", opening(story, ticket=OTHER), "")
    with pytest.raises(Refused, match="not ready"):
        story.do("ops", joining(story), OTHER)
    with pytest.raises(Refused, match="needs the role l2_ops"):
        confirmed_other("checked").do("noc", joining(story), OTHER)


def test_a_stop_with_another_ticket_says_who_stopped_already():
    story = story_at("checked")
    with pytest.raises(Standing, match=rf"^already stopped by ops at .* \({INC}\): "):
        story.do("noc", stopping(story, OTHER, file=facts.override_of(story.rollback)), "")


def test_each_has_its_own_silence():
    story = two_holds("silenced")
    story.do("obs", silencing(story), OTHER)
    story.saw(created(story, silence_id="s-2"), OTHER)
    story.do("obs", silence_check(story, silence=second(story), firing=(facts.alert(by=("s-1", "s-2")),)), OTHER)
    assert [story.of(name).silence.id for name in (INC, OTHER)] == ["s-1", "s-2"]
    assert story.of(OTHER).steps[2].passed


def test_one_silence_gone_leaves_the_others_verdict():
    story = two_holds("silenced")
    story.saw(SilenceObserved(silence_id="s-1", found="absent", ends_at=story.now, seen_at=story.now))
    assert story.rollback.steps[2].shown == "lapsed" and story.of(OTHER).steps[1].passed


def test_the_first_to_restore_gets_its_hold_released_and_the_file_stays():
    story = two_holds()
    (released,) = story.do("ops", removing(story))
    assert (released.status, released.held_by) == ("hold_released", (OTHER,))
    assert released.override_before_sha384 == released.override_after_sha384 == story.rollback.override.sha384
    assert holding(story) == [OTHER] and not story.rollback.effects
    assert {"override.active", "scheduler.stopped"} <= story.flags


def test_either_may_be_the_first_to_restore():
    story = two_holds("checked")
    story.do("im", Abort(reason="not needed"), OTHER)
    (released,) = story.do("ops", removing(story, OTHER), OTHER)
    assert (released.status, released.held_by) == ("hold_released", (INC,)) and holding(story) == [INC]


def release(story: Story) -> None:
    """The main rollback lets go and ends its silence."""
    story.do("ops", removing(story))
    ROAD["unsilenced"](story)


def test_who_was_released_closes_as_held_without_restart_and_all_clear():
    story = two_holds()
    release(story)
    disabled = facts.scheduler("disabled", story.now)
    (checked,) = story.do("ops", restore_check(story, file=declared(story), scheduler=disabled))
    assert (checked.verdict, checked.held_by) == ("pass", (OTHER,))
    ROAD["summarised"](story)
    (closing,) = story.do("im", completing())
    assert closing.status == "rollback_completed" and not story.rollback.all_clear and not story.rollback.restarted_at
    assert story.flags == {"rollback.active", "override.active", "scheduler.known", "scheduler.stopped"}


def test_the_duration_of_who_was_released_ends_with_the_release():
    story = two_holds()
    release(story)
    story.wait(hours=3)
    story.do("ops", restore_check(story, file=declared(story)))
    ROAD["summarised"](story)
    (closing,) = story.do("im", completing())
    assert closing.duration_min == 16


def test_who_was_released_still_ends_its_own_silence():
    story = two_holds()
    story.do("ops", removing(story))
    (checked,) = story.do("ops", restore_check(story, file=declared(story), silence=facts.silence(story.now)))
    assert checked.verdict == "fail" and "s-1" in checked.reasons[0]


def test_who_was_released_fails_where_the_others_file_is_not_there():
    story = two_holds()
    release(story)
    (checked,) = story.do("ops", restore_check(story))
    assert checked.verdict == "fail" and "is not what was declared: absent" in checked.reasons[-1]


def let_the_other_go(story: Story) -> None:
    story.do("im", Abort(reason="not needed"), OTHER)
    story.do("ops", removing(story, OTHER), OTHER)
    story.saw(removed(story, OTHER), OTHER)


def test_who_was_released_cannot_pass_as_held_once_nobody_holds():
    story = two_holds()
    release(story)
    let_the_other_go(story)
    (checked,) = story.do("ops", restore_check(story, file=facts.absent(story.now)))
    assert checked.verdict == "fail" and not story.rollback.steps[5].passed


def test_the_file_goes_with_the_last():
    story = two_holds()
    release(story)
    story.do("im", Abort(reason="not needed"), OTHER)
    (asked,) = story.do("ops", removing(story, OTHER), OTHER)
    assert asked.status == "override_removal_requested"
    story.saw(removed(story, OTHER), OTHER)
    assert holding(story) == [] and "override.active" not in story.flags


def test_a_hold_is_released_once():
    story = two_holds()
    story.do("ops", removing(story))
    with pytest.raises(Refused, match="removed already"):
        story.do("ops", removing(story))


def test_a_hold_is_released_in_step_5_only():
    story = two_holds("watched")
    with pytest.raises(Refused, match="not ready"):
        story.do("ops", removing(story))


def test_a_hold_is_not_released_over_a_file_that_nobody_declared():
    story = two_holds()
    with pytest.raises(Refused, match="is not what was declared"):
        story.do("ops", removing(story, file=facts.file_of(b'{"other":1}', story.now)))
    assert holding(story) == [INC, OTHER]


def test_nobody_joins_a_file_that_is_being_removed():
    story = confirmed_other("ended")
    story.do("ops", removing(story))
    try:
        story.do("ops", joining(story), OTHER)
    except Refused:
        return
    assert not story.rollback.effects, "the file goes although another rollback holds it by now"


def test_a_stop_during_a_removal_keeps_the_scheduler_stopped():
    story = story_at("ended")
    story.do("ops", removing(story))
    story.do("noc", stopping(story, ""), "")
    assert all(effect.kind != "removal" for one in story.state.open.values() for effect in one.effects)


def test_a_scheduler_that_runs_lets_the_checks_of_all_holders_lapse():
    story = two_holds("watched")
    story.do("im", Waive(number=2, reason="one is enough"), OTHER)
    story.do("ops", scheduler_check(story, "disabled"), OTHER)
    seen = SchedulerObserved(scheduler_status="enabled", source="x", seen_at=story.now)
    events = story.saw(seen, "")
    lapsed = [(record.rollback, record.event.number) for record in story.records[-len(events) + 1 :]]
    assert lapsed == [(INC, 3), (INC, 4), (OTHER, 3)]


def test_a_file_put_back_is_back_for_all_holders():
    story = two_holds("checked")
    for name in (INC, OTHER):
        story.saw(vanished(story, name), name)
    story.do("ops", PutBack(file=facts.absent(story.now), reason="it must stay"))
    story.do("system", RecordPutBack(file=declared(story)))
    assert not any(one.override.removed_outside for one in story.state.holders)


def test_a_removed_file_disturbs_the_watch_of_every_holder():
    story = two_holds("checked")
    story.do("im", Waive(number=2, reason="one is enough"), OTHER)
    story.do("ops", scheduler_check(story, "disabled"), OTHER)
    story.do("noc", watch_start(story), OTHER)
    for name in (INC, OTHER):
        story.saw(vanished(story, name), name)
    story.wait(minutes=15)
    (finished,) = story.do("noc", watch_finish(story, OTHER), OTHER)
    assert finished.verdict == "fail" and "must start again" in finished.reasons[0]


def test_the_silence_of_who_was_released_is_its_own_to_end():
    story = two_holds()
    story.do("ops", removing(story))
    story.do("ops", RequestSilenceEnd())
    foreign = SilenceEnded(silence_id="s-2", ended_at=story.now, transcript_sha384=digest("t"))
    with pytest.raises(Refused, match="is not the silence of"):
        story.saw(foreign)
