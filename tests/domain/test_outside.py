"""What happens outside: put back, silences extended, ends owed; and what a closed rollback must not overlook."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ledger.domain.duties.commands import ExtendWindow, Review
from ledger.domain.observing.commands import ExpireEffect
from ledger.domain.observing.events import OverrideObserved, SilenceObserved
from ledger.domain.silencing.commands import ExtendSilence, OweSilenceEnd, RequestSilenceEnd
from ledger.domain.silencing.events import SilenceEnded, SilenceExtended, SilenceExtendFailed
from ledger.domain.stopping.commands import PutBack, RecordPutBack
from ledger.errors import Refused

from . import facts
from .builders import Story, digest
from .road import (
    ROAD,
    alarmed,
    completing,
    created,
    debts,
    disabling,
    removing,
    restore_check,
    silencing,
    story_at,
    vanished,
)

# --- put back --------------------------------------------------------------------------------------------------------


def putting_back(story: Story, **seen: object) -> PutBack:
    file = facts.file_of(b'{"edited":1}', story.now, **seen) if seen else facts.absent(story.now)
    return PutBack(file=file, reason="it must stay")


def declared(story: Story, **changes: object) -> facts.FileSeen:
    return facts.file_of(b"{}", story.now, **{"sha384": story.rollback.override.sha384} | changes)


@pytest.mark.parametrize("kind", ["absent", "link", "folder", "other", "unreadable", "file"])
def test_whatever_stands_there_the_declared_bytes_are_put_back_and_it_is_kept(kind):
    story = story_at("disabled")
    (asked,) = story.do("ops", putting_back(story, kind=kind, sha384=digest("there")))
    assert asked.override_sha384 == story.rollback.override.sha384
    assert (asked.replaced, asked.replaced_sha384) == (kind, digest("there"))
    assert asked.not_after == story.records[-1].at + timedelta(minutes=2)


def test_a_file_of_another_mode_is_put_back_too():
    story = story_at("disabled")
    assert story.do("ops", PutBack(file=declared(story, mode="0644"), reason="chmod"))


def test_what_is_as_declared_is_not_put_back():
    story = story_at("disabled")
    with pytest.raises(Refused, match="is as declared"):
        story.do("ops", PutBack(file=declared(story), reason="to be sure"))


@pytest.mark.parametrize("place", ["confirmed", "asked", "removed", "restored"])
def test_nothing_is_put_back_by_who_does_not_hold(place):
    story = story_at(place)
    with pytest.raises(Refused, match="does not hold the scheduler"):
        story.do("ops", putting_back(story))


@pytest.mark.parametrize("ask", [putting_back, removing])
def test_nothing_is_put_back_while_something_is_pending(ask):
    story = story_at("ended")
    story.do("ops", ask(story))
    with pytest.raises(Refused, match="is pending"):
        story.do("ops", putting_back(story))


def test_putting_back_needs_a_reason_and_is_reviewed():
    story = story_at("disabled")
    with pytest.raises(Refused, match="reason is empty"):
        story.do("ops", PutBack(file=facts.absent(), reason=""))
    story.do("ops", putting_back(story))
    assert debts(story) == ["review of one deviation"]


def test_what_was_put_back_is_judged_as_step_1():
    for changes, verdict in (({}, "pass"), ({"mode": "0644"}, "fail"), ({"sha384": digest("other")}, "fail")):
        story = story_at("disabled")
        story.saw(vanished(story))
        story.do("ops", putting_back(story))
        (event,) = story.do("system", RecordPutBack(file=declared(story, **changes), moved_to="/aside"))
        assert (event.verdict, event.moved_to) == (verdict, "/aside")
        assert story.rollback.steps[1].verdict == verdict and not story.rollback.effects


def test_a_file_put_back_holds_again():
    story = story_at("disabled")
    story.saw(vanished(story))
    assert "override.active" not in story.flags
    story.do("ops", putting_back(story))
    story.do("system", RecordPutBack(file=declared(story)))
    assert "override.active" in story.flags and not story.rollback.override.removed_outside
    with pytest.raises(Refused, match="already stopped"):
        story.do("ops", disabling(file=facts.override_of(story.rollback)))


def test_what_could_not_be_put_back_is_an_error_and_may_be_tried_again():
    story = story_at("disabled")
    story.do("ops", putting_back(story))
    (failed,) = story.do("system", RecordPutBack(file=facts.absent(story.now)))
    assert (failed.status, failed.verdict) == ("override_failed", "error")
    assert story.do("ops", putting_back(story))


def test_a_result_of_putting_back_that_nobody_waits_for_is_refused():
    for file in (facts.absent(), facts.file_of(b"{}")):
        with pytest.raises(Refused):
            story_at("disabled").do("system", RecordPutBack(file=file))


def test_putting_back_too_late_asks_a_person_again():
    story = story_at("disabled")
    story.do("ops", putting_back(story))
    story.wait(minutes=3)
    story.do("system", ExpireEffect(requested=story.rollback.effects[0].requested))
    assert not story.rollback.effects


# --- silences --------------------------------------------------------------------------------------------------------


def test_a_silence_is_extended_from_its_current_end():
    story = story_at("silenced")
    ends = story.rollback.silence.ends_at
    (asked,) = story.do("obs", ExtendSilence(seconds=600))
    assert asked.ends_at == ends + timedelta(minutes=10) and story.rollback.silence.ends_at == ends


def test_an_extended_silence_may_have_a_new_id():
    story = story_at("silenced")
    (asked,) = story.do("obs", ExtendSilence(seconds=600))
    fields = {"silence_id": "s-2", "replaced": "s-1", "ends_at": asked.ends_at, "transcript_sha384": digest("t")}
    story.saw(SilenceExtended(**fields))
    assert (story.rollback.silence.id, story.rollback.silence.ends_at) == ("s-2", asked.ends_at)
    assert not story.rollback.effects and "alerts.silenced" in story.flags


def test_a_silence_that_could_not_be_extended_ends_when_it_did():
    story = story_at("silenced")
    before = story.rollback.silence
    story.do("obs", ExtendSilence(seconds=600))
    story.saw(SilenceExtendFailed(silence_id="s-1", cause="refused"))
    assert story.rollback.silence == before and not story.rollback.effects


@pytest.mark.parametrize("seconds", [0, -1, 24 * 3600 + 1, 10**12])
def test_a_silence_is_extended_by_a_second_to_a_day(seconds):
    with pytest.raises(Refused, match="by 1 s to 24 h"):
        story_at("silenced").do("obs", ExtendSilence(seconds=seconds))


def to(story: Story, moment) -> int:
    return int((moment - story.rollback.silence.ends_at).total_seconds())


def test_a_silence_outlasts_the_window_by_15_minutes_at_most():
    story = story_at("silenced")
    limit = to(story, story.rollback.window_end + timedelta(minutes=15))
    with pytest.raises(Refused, match="it may last until") as refusal:
        story.do("obs", ExtendSilence(seconds=limit + 1))
    assert "extend-window" in refusal.value.owed[0]
    assert story.do("obs", ExtendSilence(seconds=limit))


def test_a_silence_may_outlast_the_window_with_an_override_that_does():
    story = story_at("confirmed")
    expires = story.rollback.window_end + timedelta(hours=3)
    story.do("ops", disabling(expires_at=expires))
    for place in ("disabled", "silenced"):
        ROAD[place](story)
    limit = to(story, expires + timedelta(minutes=15))
    with pytest.raises(Refused, match="it may last until"):
        story.do("obs", ExtendSilence(seconds=limit + 1))
    assert story.do("obs", ExtendSilence(seconds=limit))


def test_a_longer_window_lets_the_silence_last_longer():
    story = story_at("silenced")
    later = story.rollback.window_end + timedelta(hours=4)
    story.do("im", ExtendWindow(window_end=later, reason="slow", announcement_sha384=digest("longer")))
    assert story.do("obs", ExtendSilence(seconds=4 * 3600))


def test_one_extension_is_asked_for_at_a_time():
    story = story_at("silenced")
    story.do("obs", ExtendSilence(seconds=60))
    with pytest.raises(Refused, match="asked for already"):
        story.do("obs", ExtendSilence(seconds=60))


@pytest.mark.parametrize("place", ["disabled", "unsilenced"])
def test_only_an_active_silence_is_extended(place):
    with pytest.raises(Refused, match="no active silence"):
        story_at(place).do("obs", ExtendSilence(seconds=60))


def test_in_an_emergency_any_runbook_role_extends_the_silence():
    assert alarmed("silenced").do("noc", ExtendSilence(seconds=60))


# --- the end of a silence, owed --------------------------------------------------------------------------------------

OWE = OweSilenceEnd(cause="Alertmanager is down")


def owing(place: str) -> Story:
    """A story whose silence's end is owed, walked up to and with ``place``."""
    story = story_at("restarted")
    story.do("ops", OWE)
    names = list(ROAD)
    for name in names[names.index("cleared") : names.index(place) + 1]:
        story.do("ops", restore_check(story, silence=None)) if name == "restored" else ROAD[name](story)
    return story


def ended(story: Story) -> SilenceEnded:
    return SilenceEnded(silence_id="s-1", ended_at=story.now, transcript_sha384=digest("t"))


def test_with_the_end_owed_step_5_passes_and_the_rollback_closes():
    story = owing("completed")
    assert story.rollback.steps[5].verdict == "pass" and story.rollback.phase == "completed"
    assert story.rollback.silence.state == "end_owed"


def test_the_end_that_was_owed_may_be_recorded_before_and_after_closing():
    for place in ("cleared", "completed"):
        story = owing(place)
        story.saw(ended(story))
        assert story.rollback.silence.state == "ended"


def test_the_end_that_is_owed_stays_on_the_list_until_it_is_seen():
    story = owing("completed")
    story.do("boss", Review(text="looked at it"))
    assert len(debts(story)) == 1 and "silence" in debts(story)[0]
    story.saw(ended(story))
    assert debts(story) == []


def test_a_silence_seen_expired_after_closing_pays_the_debt():
    story = owing("completed")
    story.saw(
        SilenceObserved(silence_id="s-1", found="expired", ends_at=story.now, seen_at=story.now),
    )
    assert story.rollback.silence.state == "ended"


def test_an_end_that_is_owed_is_still_owed_while_the_silence_is_seen_active():
    story = owing("cleared")
    still = SilenceObserved(silence_id="s-1", found="active", ends_at=story.now, seen_at=story.now)
    story.saw(still)
    assert story.rollback.silence.state == "end_owed"


@pytest.mark.parametrize("place", ["unsilenced", "cleared"])
def test_only_the_end_of_an_active_silence_is_owed(place):
    with pytest.raises(Refused, match="no active silence"):
        story_at(place).do("ops", OWE)


def test_an_end_is_owed_in_step_5_once_and_with_a_cause():
    with pytest.raises(Refused, match="not ready"):
        story_at("watched").do("ops", OWE)
    story = story_at("restarted")
    with pytest.raises(Refused, match="the cause is empty"):
        story.do("ops", OweSilenceEnd(cause=" "))
    story.do("ops", OWE)
    with pytest.raises(Refused, match="no active silence"):
        story.do("ops", OWE)


def test_an_end_is_not_owed_before_the_restart_was_seen():
    with pytest.raises(Refused, match="once the scheduler was seen enabled"):
        story_at("removed").do("ops", OWE)


def test_owing_the_end_drops_the_end_still_asked_for():
    story = story_at("restarted")
    story.do("ops", RequestSilenceEnd())
    story.do("ops", OWE)
    assert not story.rollback.effects


def test_no_new_silence_is_made_while_the_end_of_one_is_owed():
    story = owing("cleared")
    try:
        story.do("obs", silencing(story))
        story.saw(created(story, silence_id="s-2"))
    except Refused:
        return
    assert story.rollback.silence.id == "s-1", "the silence whose end is owed was forgotten"


# --- seen after step 5 passed ----------------------------------------------------------------------------------------


def test_a_file_that_came_back_keeps_the_rollback_open():
    story = story_at("summarised")
    fields = {"path": facts.PATH, "found": "file", "override_sha384": digest("touched"), "seen_at": story.now}
    story.saw(OverrideObserved(**fields), "")
    with pytest.raises(Refused, match="cannot be closed yet"):
        story.do("im", completing())
