"""People: roles that come and go at once, ids that are never reissued, and leavers who act no more, for good."""

from __future__ import annotations

import pytest

from ledger.domain.command import Command
from ledger.domain.duties.commands import AcceptHandover, Assume, OfferHandover
from ledger.domain.evolve import evolve
from ledger.domain.keeping.commands import AddNote
from ledger.domain.people.commands import AddPerson, ChangeRoles, DeactivatePerson, ResetPassword
from ledger.domain.people.events import PasswordReset, PersonDeactivated, RolesGranted
from ledger.errors import Corrupt, Refused

from .builders import Story, recorded
from .road import disabling, opening, story_at


def refused(story: Story, who: str, command: Command, says: str) -> None:
    with pytest.raises(Refused, match=says):
        story.do(who, command)


def test_who_was_deactivated_holds_nothing_and_acts_no_more():
    story = story_at("opened")
    story.do("boss", Assume(role="noc", reason="asleep"))
    story.do("admin", DeactivatePerson(person="boss"))
    assert story.state.people["boss"] == frozenset() and story.state.deactivated == {"boss": story.state.sequence}
    refused(story, "boss", opening(story, ticket="INC-7"), "boss holds no role")
    refused(story, "boss", AddNote(text="x"), "holds no role")
    refused(story, "boss", AcceptHandover(role="noc"), "nobody offered")
    refused(story, "im", OfferHandover(role="incident_manager", receiver="boss", open_points="x"), "does not hold")


def test_a_deactivated_person_comes_back_under_no_name():
    story = story_at("opened")
    story.do("admin", DeactivatePerson(person="noc"))
    for command in (
        ChangeRoles(person="noc", grant=("noc",)),
        ResetPassword(person="noc"),
        DeactivatePerson(person="noc"),
    ):
        refused(story, "admin", command, f"deactivated by entry {story.state.sequence}")
    refused(story, "admin", AddPerson(person="noc", roles=("noc",)), "never reissued")


def test_the_last_admin_stays_whoever_asks():
    story = story_at("opened")
    refused(story, "admin", DeactivatePerson(person="admin"), "last admin")
    refused(story, "admin", ChangeRoles(person="admin", grant=("noc",), revoke=("admin",)), "last admin")
    story.do("admin", ChangeRoles(person="boss", grant=("admin",)))
    story.do("admin", DeactivatePerson(person="admin"))
    refused(story, "boss", ChangeRoles(person="boss", revoke=("admin",)), "last admin")


def test_nobody_is_deactivated_who_is_nobody():
    refused(Story(), "admin", DeactivatePerson(person="ghost"), "no person of this ledger")


@pytest.mark.parametrize(
    ("event", "says"),
    [
        (PersonDeactivated(person="admin"), "the last admin"),
        (PersonDeactivated(person="ghost"), "no person"),
        (PersonDeactivated(person="noc"), "deactivated by entry"),
        (RolesGranted(person="noc", roles=("noc",)), "deactivated by entry"),
        (PasswordReset(person="noc"), "deactivated by entry"),
    ],
)
def test_a_replay_takes_no_such_entry(event, says):
    story = Story()
    story.do("admin", DeactivatePerson(person="noc"))
    request = story.request("admin", AddNote(text="x"), "")
    with pytest.raises(Corrupt, match=says):
        evolve(story.state, recorded(story.state, request, event, "", "admin"))


def test_a_person_id_is_never_reissued():
    story = Story()
    story.do("admin", ChangeRoles(person="noc", revoke=("noc",)))
    with pytest.raises(Refused, match="never reissued"):
        story.do("admin", AddPerson(person="noc", roles=("noc",)))
    with pytest.raises(Refused, match="taken"):
        story.do("admin", AddPerson(person="system", roles=("admin",)))


def test_a_revoked_role_is_gone_at_once():
    story = story_at("confirmed")
    story.do("admin", ChangeRoles(person="ops", revoke=("l2_ops",)))
    with pytest.raises(Refused, match="ops holds no role"):
        story.do("ops", disabling())


def test_a_change_that_changes_nothing_is_refused():
    with pytest.raises(Refused, match="already"):
        Story().do("admin", ChangeRoles(person="noc", grant=("noc",), revoke=("l2_ops",)))


@pytest.mark.parametrize("role", ["root", "system", "", "L2_OPS"])
def test_a_role_that_is_none_is_refused(role):
    with pytest.raises(Refused, match="is no role"):
        Story().do("admin", AddPerson(person="new", roles=(role,)))


@pytest.mark.parametrize("purpose", ["lab", "production"])
def test_only_an_admin_adds_people_in_a_lab_too(purpose):
    with pytest.raises(Refused, match="needs the role admin"):
        Story(purpose=purpose).do("noc", AddPerson(person="new", roles=("noc",)))
