"""Impossible transitions are corrupt, however well they are signed; and no state is ever changed in place."""

from __future__ import annotations

import pickle
from datetime import timedelta

import pytest

from ledger.domain.closing.events import RollbackAborted, RollbackCompleted
from ledger.domain.event import Event
from ledger.domain.evolve import evolve
from ledger.domain.flags import runtime_flags
from ledger.domain.keeping.events import LedgerOpened, NoteAdded
from ledger.domain.observing.events import OverrideObserved, SchedulerObserved, SilenceObserved
from ledger.domain.opening.commands import DeclareEmergency
from ledger.domain.opening.events import EmergencyDeclared, RollbackConfirmed
from ledger.domain.people.events import PersonAdded, RolesGranted, RolesRevoked
from ledger.domain.record import Recorded
from ledger.domain.restoring.commands import EndIncident
from ledger.domain.restoring.events import (
    IncidentEnded,
    OverrideRemovalRequested,
    OverrideRemovedOutside,
    RemovalAdopted,
)
from ledger.domain.silencing.events import SilenceFailed
from ledger.domain.state import State
from ledger.domain.stopping.events import (
    EffectCancelled,
    EffectExpired,
    OverrideExpired,
    OverrideFailed,
    OverrideWritten,
)
from ledger.domain.watching.events import WatchFinished
from ledger.errors import Corrupt

from . import facts
from .builders import INC, T0, Story, digest, recorded
from .road import ROAD, created, ended, removed, story_at

SHA = digest("file")
SOON = T0 + timedelta(minutes=2)


def next_record(story: Story, event: Event, name: str = INC, person: str = "system", role: str = "system") -> Recorded:
    """The event as the story's next entry, with nothing wrong about its envelope."""
    return recorded(story.state, story.request(person, EndIncident()), event, name, role)


def kept(state: State) -> bytes:
    """Everything in a state, as bytes that do not move with it."""
    people = sorted((person, sorted(roles)) for person, roles in state.people.items())
    return pickle.dumps(state._replace(people=people, open=dict(state.open), closed=dict(state.closed))._asdict())


def refuse(story: Story, record: Recorded, match: str) -> None:
    before = kept(story.state)
    with pytest.raises(Corrupt, match=match):
        evolve(story.state, record)
    assert kept(story.state) == before


def written() -> OverrideWritten:
    fields = {"path": facts.PATH, "override_sha384": SHA, "size": 1, "mode": "0600", "owner": "root", "seen_at": T0}
    return OverrideWritten(**fields, verdict="pass")


def removal_asked() -> OverrideRemovalRequested:
    return OverrideRemovalRequested(path=facts.PATH, override_sha384=SHA, not_after=SOON)


def adoption() -> RemovalAdopted:
    parts = {"override_after_sha384": SHA, "listing_sha384": SHA, "log_sha384": SHA}
    return RemovalAdopted(adopts=1, reason="x", override_before_sha384=SHA, **parts)


def finished() -> WatchFinished:
    numbers = {"started": 1, "covered": 1, "expected": 1, "new": 0, "carried_over": 0}
    return WatchFinished(verdict="pass", report_sha384=SHA, **numbers)


def completed(entries: int) -> RollbackCompleted:
    return RollbackCompleted(summary_sha384=SHA, duration_min=1, entries=entries, checklist=())


def outside(_: Story) -> Event:
    return OverrideRemovedOutside(path=facts.PATH, override_sha384=SHA, seen_at=T0)


def opening_of(story: Story) -> Event:
    return next(record.event for record in story.records if record.status == "rollback_opened")


def asked_of(story: Story) -> Event:
    return next(record.event for record in story.records if record.status == "override_requested")


IMPOSSIBLE = {
    "a file that nobody asked for": ("confirmed", lambda s: written(), "nobody asked"),
    "a file written twice": ("disabled", lambda s: written(), "nobody asked"),
    "a failure that nobody waits for": ("confirmed", lambda s: OverrideFailed(path="p", cause="x"), "nobody"),
    "a silence that nobody asked for": ("disabled", created, "nobody asked"),
    "a failed silence that nobody asked for": ("disabled", lambda s: SilenceFailed(cause="x"), "nobody asked"),
    "a silence ended that nobody asked to end": ("restarted", ended, "nobody asked"),
    "a removal that nobody asked for": ("ended", removed, "nobody asked"),
    "a removal asked for before the incident ended": ("watched", lambda s: removal_asked(), "has not ended"),
    "a removal of nothing": ("confirmed", lambda s: removal_asked(), "no override to remove"),
    "a removal seen of nothing": ("confirmed", outside, "no override that could be removed"),
    "an adoption of what nobody saw": ("ended", lambda s: adoption(), "saw no removal"),
    "an override asked for twice": ("asked", asked_of, "pending override already"),
    "an override asked for while there is one": ("disabled", asked_of, "has its override already"),
    "an opening of what is open": ("opened", opening_of, "was opened before"),
    "an opening of what was closed": ("completed", opening_of, "was opened before"),
    "a second emergency": ("opened", lambda s: EmergencyDeclared(reason="x"), "declared"),
    "the end of a watch that was not started": ("checked", lambda s: finished(), "is not the watch running"),
    "a lapse of what is not pending": (
        "disabled",
        lambda s: EffectExpired(effect="silence", requested=1, not_after=T0),
        "not a pending silence",
    ),
    "a cancel of what is not pending": (
        "disabled",
        lambda s: EffectCancelled(effect="override", requested=1, reason="x"),
        "not a pending override",
    ),
    "a closing while the scheduler is held": (
        "watched",
        lambda s: completed(s.rollback.entries + 1),
        "pending or held",
    ),
    "a closing with something pending": ("asked", lambda s: completed(s.rollback.entries + 1), "pending or held"),
    "a closing before step 5": ("confirmed", lambda s: completed(s.rollback.entries + 1), "before step 5"),
    "a closing that counts too few": ("summarised", lambda s: completed(s.rollback.entries), "entries: expected"),
    "a closing that counts too many": ("summarised", lambda s: completed(s.rollback.entries + 2), "entries: expected"),
    "an abort that counts wrongly": (
        "opened",
        lambda s: RollbackAborted(reason="x", entries=1),
        "entries: expected 2",
    ),
    "a step after closing": ("completed", lambda s: IncidentEnded(), "is closed"),
    "a second closing": ("completed", lambda s: completed(s.rollback.entries + 1), "is closed"),
    "an expiry of nothing": ("confirmed", lambda s: OverrideExpired(path="p", expired_at=T0), "could expire"),
    "a second ledger": (
        "opened",
        lambda s: LedgerOpened(purpose="lab", checkpoint_key="v", hmac_key_id="k", hmac_algorithm="x"),
        "ledger_opened",
    ),
}


@pytest.mark.parametrize("name", IMPOSSIBLE)
def test_it_cannot_be(name):
    place, event, match = IMPOSSIBLE[name]
    story = story_at(place)
    if name == "a second emergency":
        story.do("im", DeclareEmergency(reason="fire"))
    refuse(story, next_record(story, event(story)), match)


@pytest.mark.parametrize(
    ("person", "role"), [("im", "product_owner"), ("owner", "incident_manager"), ("owner", "system")]
)
def test_a_confirmation_by_the_opener_or_without_the_role_cannot_be(person, role):
    story = story_at("opened")
    refuse(story, next_record(story, RollbackConfirmed(confirms=SHA), INC, person, role), "confirm")


def test_an_event_of_a_rollback_that_was_never_opened_cannot_be():
    story = story_at("opened")
    refuse(story, next_record(story, NoteAdded(text="x"), "INC-9"), "there is no rollback INC-9")


@pytest.mark.parametrize("wrong", [-1, 0, 1, 2, 4, 99])
def test_an_entry_counted_wrongly_within_its_rollback_cannot_be(wrong):
    story = story_at("confirmed")
    record = next_record(story, NoteAdded(text="x"))
    assert record.rollback_entry == 3
    refuse(story, record._replace(rollback_entry=wrong), "rollback_entry of INC-2042: expected 3")


@pytest.mark.parametrize("wrong", [-1, 0, 2, 4])
def test_an_opening_is_its_rollbacks_first_entry(wrong):
    story = story_at("opened")
    record = next_record(story, opening_of(story), "INC-9")._replace(rollback_entry=wrong)
    refuse(story, record, "rollback_entry of INC-9: expected 1")


@pytest.mark.parametrize("by", [-2, -1, 1, 2])
def test_a_sequence_has_no_gap_and_no_repetition(by):
    story = story_at("confirmed")
    record = next_record(story, NoteAdded(text="x"))
    refuse(story, record._replace(sequence=record.sequence + by), "sequence: expected")


def test_a_timestamp_never_goes_back():
    story = story_at("confirmed")
    record = next_record(story, NoteAdded(text="x"))
    earlier = story.state.timestamp - timedelta(microseconds=1)
    refuse(story, record._replace(timestamp=earlier), "timestamp goes back")
    assert evolve(story.state, record._replace(timestamp=story.state.timestamp)).sequence == record.sequence


def test_the_first_entry_opens_the_ledger():
    record = Recorded(PersonAdded(person="p"), "person_added", 1, T0, T0, "system", "none", "system", "r", "", 0)
    with pytest.raises(Corrupt, match="ledger_opened"):
        evolve(State(), record)


def test_a_person_is_added_once_with_known_roles_and_changed_only_when_known():
    story = Story()
    refuse(story, next_record(story, PersonAdded(person="noc"), ""), "never reissued")
    refuse(story, next_record(story, PersonAdded(person="new", roles=("root",)), ""), "unknown roles: root")
    refuse(story, next_record(story, RolesGranted(person="ghost", roles=("noc",)), ""), "no person")
    refuse(story, next_record(story, RolesRevoked(person="ghost", roles=("noc",)), ""), "no person")
    refuse(story, next_record(story, RolesGranted(person="noc", roles=("root",)), ""), "unknown roles: root")


def unknown(story: Story, name: str = "", number: int = 0) -> Recorded:
    at = max(story.now, story.state.timestamp)
    return Recorded(None, "from_the_future", story.state.sequence + 1, at, at, "p", "session", "noc", "r", name, number)


def test_an_unknown_entry_is_counted_and_remembered_and_changes_nothing_else():
    story = story_at("disabled")
    record = unknown(story, INC, story.rollback.entries + 1)
    after = evolve(story.state, record)
    assert after.unknown == (record.sequence,) and runtime_flags(after) == runtime_flags(story.state)
    assert after.rollback(INC) == story.rollback._replace(entries=record.rollback_entry)


def test_an_unknown_entry_cannot_skip_numbers_of_its_rollback_either():
    story = story_at("disabled")
    refuse(story, unknown(story, INC, story.rollback.entries + 5), "rollback_entry")


def test_no_state_is_ever_changed_in_place():
    story = Story()
    before: list[tuple[State, bytes, str]] = []
    for go in ROAD.values():
        before.append((story.state, kept(story.state), repr(story.state)))
        go(story)
    for state, frozen, text in before:
        assert kept(state) == frozen and repr(state) == text


def test_folding_again_gives_the_same_state():
    story = story_at("completed")
    state = State()
    for record in story.records:
        state = evolve(state, record)
    assert state == story.state


def test_what_the_observer_saw_changes_flags_and_lets_the_stops_verdict_lapse():
    story = story_at("checked")
    story.saw(SchedulerObserved(scheduler_status="unknown", source="x", seen_at=story.now, error="no"), "")
    seen = OverrideObserved(path=facts.PATH, found="absent", seen_at=story.now)
    story.saw(seen, "")
    assert story.flags == {"rollback.active", "alerts.silenced"}
    assert [step.shown for step in story.rollback.steps[:4]] == ["pass", "pass", "pass", "lapsed"]


def test_an_expired_override_makes_step_5_due_and_removes_nothing():
    story = story_at("disabled")
    expired = OverrideExpired(path=facts.PATH, expired_at=story.now)
    story.saw(expired)
    assert story.rollback.holds and "override.active" in story.flags
    refuse(story, next_record(story, expired), "could expire")
    for place in ("removed", "restarted"):
        ROAD[place](story)
    assert not story.rollback.holds


def test_another_silence_does_not_touch_the_rollbacks_own():
    story = story_at("silenced")
    other = SilenceObserved(silence_id="s-9", found="absent", ends_at=T0, seen_at=T0)
    story.saw(other)
    assert story.rollback.silence.state == "active"


@pytest.mark.parametrize(
    ("found", "state"), [("active", "active"), ("pending", "active"), ("expired", "ended"), ("absent", "lost")]
)
def test_an_observed_silence_is_what_it_was_seen_to_be(found, state):
    story = story_at("silenced")
    story.saw(SilenceObserved(silence_id="s-1", found=found, ends_at=T0, seen_at=T0))
    assert story.rollback.silence.state == state
    assert ("alerts.silenced" in story.flags) == (state == "active")


def test_what_builds_on_an_unknown_entry_is_not_known_either_and_not_called_wrong():
    """An override that a later version wrote: its removal has nothing here that it could remove."""
    story = story_at("confirmed")
    later = unknown(story, INC, story.rollback.entries + 1)
    state = evolve(story.state, later)
    event = OverrideRemovalRequested(path="/o", override_sha384=digest("o"), not_after=story.now)
    following = next_record(story, event)._replace(sequence=later.sequence + 1, rollback_entry=later.rollback_entry + 1)
    after = evolve(state, following)
    assert after.unknown == (later.sequence, following.sequence)
    assert after.rollback(INC) == state.rollback(INC)._replace(entries=following.rollback_entry)
    with pytest.raises(Corrupt, match="has no override to remove"):
        evolve(story.state, following._replace(sequence=later.sequence, rollback_entry=later.rollback_entry))
    with pytest.raises(Corrupt, match="rollback_entry"):
        evolve(state, following._replace(rollback_entry=following.rollback_entry + 1))


def test_a_status_that_is_seen_again_keeps_since_when_it_is_so():
    story = story_at("opened")
    seen = []
    for status, seconds in (("disabled", 0), ("disabled", 70), ("enabled", 5)):
        story.wait(seconds=seconds)
        story.saw(SchedulerObserved(scheduler_status=status, source="x", seen_at=story.now), "")
        seen.append(story.state.scheduler)
    assert seen[1].since == seen[0].since == seen[0].at < seen[1].at
    assert seen[2].since == seen[2].at
