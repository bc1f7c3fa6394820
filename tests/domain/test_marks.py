"""For a day after a grant or a password reset, whatever the account does under it is marked."""

from __future__ import annotations

import json

import pytest

from ledger.domain.closing.commands import Abort
from ledger.domain.decide import decide
from ledger.domain.duties.commands import Assume
from ledger.domain.evolve import evolve
from ledger.domain.keeping.commands import AddNote
from ledger.domain.marks import marks
from ledger.domain.opening.commands import DeclareEmergency
from ledger.domain.people.commands import AddPerson, ChangeRoles, ResetPassword
from ledger.domain.people.events import PasswordReset, PersonAdded1, RolesGranted1
from ledger.errors import Corrupt, Refused

from .builders import INC, Story, recorded
from .road import opening, story_at


def noted(story: Story, person: str) -> tuple[str, ...]:
    """The marks of a note by the person."""
    story.do(person, AddNote(text="x"))
    return story.records[-1].marks


def day_later(place: str = "opened") -> Story:
    story = story_at(place)
    story.wait(hours=24)
    return story


def test_who_an_admin_added_is_marked_for_a_day_and_the_first_person_never():
    story = Story()
    added = {record.event.person: record.sequence for record in story.records if record.status == "person_added"}
    assert all(not record.marks for record in story.records)
    story.do("im", opening(story), "")
    assert story.records[-1].marks == (f"role_granted:{added['im']}",)
    story.do("admin", AddNote(text="x"))
    assert story.records[-1].marks == ()


def test_a_mark_ends_after_24_hours_by_the_wall_clock():
    story = day_later()
    story.do("admin", ChangeRoles(person="noc", grant=("l2_ops",)))
    granted = story.records[-1].at
    assert marks(story.state, "noc", "l2_ops", granted) and not marks(story.state, "noc", "noc", granted)
    story.now = granted
    story.wait(hours=23, minutes=59, seconds=59)
    assert marks(story.state, "noc", "l2_ops", story.now)
    assert not marks(story.state, "noc", "l2_ops", story.wait(seconds=1))


def test_a_grant_marks_what_is_done_under_that_role_alone():
    story = day_later()
    story.do("admin", ChangeRoles(person="noc", grant=("incident_manager",)))
    entry = story.state.sequence
    story.do("noc", DeclareEmergency(reason="fire"))
    assert story.records[-1].role == "incident_manager" and story.records[-1].marks == (f"role_granted:{entry}",)
    story.do("im", AddNote(text="x"))
    assert story.records[-1].marks == ()


def test_a_role_that_is_assumed_on_a_fresh_grant_is_marked_by_it():
    story = day_later()
    story.do("admin", AddPerson(person="new", roles=("noc",)))
    entry = story.state.sequence
    story.do("new", Assume(role="incident_manager", reason="asleep"))
    story.do("new", Abort(reason="enough"))
    assert story.records[-1].role == "incident_manager" and story.records[-1].marks == (f"role_granted:{entry}",)


def test_a_reset_password_marks_every_role_and_marks_come_sorted():
    story = day_later()
    story.do("admin", ResetPassword(person="boss"))
    reset = story.state.sequence
    assert noted(story, "boss") == (f"password_reset:{reset}",)
    story.do("admin", ChangeRoles(person="boss", revoke=("incident_manager",)))
    story.do("admin", ChangeRoles(person="boss", grant=("incident_manager",)))
    assert noted(story, "boss") == (f"password_reset:{reset}", f"role_granted:{story.state.sequence - 1}")


def test_the_newest_reset_counts():
    story = day_later()
    story.do("admin", ResetPassword(person="noc"))
    story.wait(hours=20)
    story.do("admin", ResetPassword(person="noc"))
    newest = story.state.sequence
    story.wait(hours=20)
    assert noted(story, "noc") == (f"password_reset:{newest}",)


def test_a_clock_that_goes_back_ends_no_mark():
    story = day_later()
    story.do("admin", ResetPassword(person="noc"))
    story.wait(hours=-30)
    assert noted(story, "noc")


def test_what_the_ledger_itself_records_is_never_marked():
    story = story_at("disabled")
    assert story.records[-1].actor == "system" and story.records[-1].marks == ()


def test_the_labs_people_are_marked_by_a_later_grant_only():
    people = {"admin": ("admin",), "lab-noc": ("noc",), "other": ("noc", "incident_manager")}
    story = Story(people, "lab")
    story.do("other", opening(story), "")
    assert story.records[-1].marks
    assert noted(story, "lab-noc") == ()
    story.do("admin", ChangeRoles(person="lab-noc", grant=("l2_ops",)))
    assert marks(story.state, "lab-noc", "l2_ops", story.now)
    assert "lab-noc" in Story(people).state.fresh, "in production such a name is a person like any other"


def test_an_entry_without_marks_has_no_such_field():
    story = day_later()
    noted(story, "im")
    assert "marks" not in json.loads(story.lines[-1])["metadata"]
    story.do("admin", ResetPassword(person="im"))
    noted(story, "im")
    assert json.loads(story.lines[-1])["metadata"]["marks"] == [f"password_reset:{story.state.sequence - 1}"]


@pytest.mark.parametrize(
    ("who", "whom", "says"), [("admin", "admin", "no reset"), ("admin", "ghost", "no person"), ("im", "noc", "admin")]
)
def test_a_password_is_reset_by_an_admin_for_somebody_else(who, whom, says):
    story = story_at("opened")
    with pytest.raises(Refused, match=says):
        decide(story.state, story.request(who, ResetPassword(person=whom)))


def test_versions_before_marks_mark_nothing_and_cannot_come_back():
    story = Story()
    request = story.request("admin", AddNote(text="x"), "")
    old = PersonAdded1(person="old", roles=("noc",))
    fresh = story.state._replace(marking=0)
    after = evolve(fresh, recorded(fresh, request, old, "", "admin"))
    assert after.people["old"] == {"noc"} and "old" not in after.fresh and not after.marking
    grant = RolesGranted1(person="noc", roles=("l2_ops",))
    assert evolve(fresh, recorded(fresh, request, grant, "", "admin")).fresh == fresh.fresh
    for event in (old, grant):
        with pytest.raises(Corrupt, match="version 1 cannot follow"):
            evolve(story.state, recorded(story.state, request, event, "", "admin"))


def test_nobody_resets_the_own_password_in_a_replay_either():
    story = story_at("opened")
    for person, says in (("admin", "no reset"), ("ghost", "no person")):
        event = PasswordReset(person=person)
        with pytest.raises(Corrupt, match=says):
            evolve(story.state, recorded(story.state, story.request("admin", AddNote(text="x"), INC), event))
