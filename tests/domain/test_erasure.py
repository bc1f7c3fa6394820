"""Free text is erased by two people; evidence of a step is never."""

from __future__ import annotations

import pytest

from ledger.domain.command import Command
from ledger.domain.duties.commands import Attach, Correct, Review
from ledger.domain.evolve import evolve
from ledger.domain.keeping.commands import AddNote, Erase, ProposeErasure
from ledger.domain.keeping.events import ArtefactErased, ErasureProposed
from ledger.domain.opening.commands import DeclareEmergency
from ledger.domain.people.commands import AddPerson, ChangeRoles
from ledger.errors import Corrupt, Refused

from .builders import Story, digest, recorded
from .road import opening, story_at

LONG = digest("long")


def told(place: str = "silenced") -> Story:
    """A story in which somebody wrote a long note."""
    story = story_at(place)
    story.do("im", AddNote(text="long …", text_sha384=LONG))
    return story


def proposing(name: str = LONG, ground: str = "names a person") -> ProposeErasure:
    return ProposeErasure(artefact=name, ground=ground)


def refused(story: Story, who: str, command: Command, says: str) -> None:
    with pytest.raises(Refused, match=says):
        story.do(who, command)


def test_two_people_erase_a_text():
    story = told()
    story.do("admin", proposing())
    proposal = story.state.sequence
    assert not story.state.texts[LONG].erased
    event, doubted = story.do("noc", Erase(artefact=LONG))
    assert doubted.given_by == "admin", "who proposes it had added the second person"
    assert (event.proposal, event.ground) == (proposal, "names a person")
    assert story.state.texts[LONG].erased == story.state.sequence - 1
    assert story.records[-1].rollback == "", "so that it can be done after closing too"


def test_a_text_is_erased_once():
    story = told()
    story.do("admin", proposing())
    refused(story, "admin", proposing(), "proposed that already")
    story.do("noc", Erase(artefact=LONG))
    for command in (proposing(), Erase(artefact=LONG)):
        refused(story, "admin", command, f"erased by entry {story.state.texts[LONG].erased}: names a person")


def test_who_proposed_does_not_erase():
    story = told()
    story.do("admin", ChangeRoles(person="admin", grant=("noc",)))
    refused(story, "ops", Erase(artefact=LONG), "nobody proposed")
    story.do("admin", proposing())
    refused(story, "admin", Erase(artefact=LONG), "four eyes")


def test_another_admin_may_be_the_second():
    story = told()
    story.do("admin", AddPerson(person="admin2", roles=("admin",)))
    story.do("admin", proposing())
    assert story.do("admin2", Erase(artefact=LONG))


@pytest.mark.parametrize("name", ["preview", "transcript", "alerts", "nothing"])
def test_evidence_of_a_step_and_what_is_nothing_here_are_not_erased(name):
    says = "no entry names a free text" if name == "nothing" else "is evidence"
    refused(told(), "admin", proposing(digest(name)), says)


def test_a_text_that_is_also_attached_as_evidence_stays():
    story = told()
    story.do("noc", Attach(number=2, name="a", size=1, attached_sha384=LONG))
    refused(story, "admin", proposing(), "is evidence .evidence_attached")


@pytest.mark.parametrize("ground", ["", " ", "x" * 201])
def test_a_ground_is_given_in_a_few_words(ground):
    refused(told(), "admin", proposing(ground=ground), "the ground")


def test_every_long_text_can_be_erased():
    story = told()
    story.do("im", opening(story, ticket="INC-7", reason_sha384=digest("reason")), "")
    story.do("im", Correct(entry=story.state.sequence, text="x", text_sha384=digest("correction")))
    story.do("im", DeclareEmergency(reason="fire"))
    story.do("owner", Review(text="x", text_sha384=digest("review")))
    assert story.state.texts.keys() == {LONG, digest("reason"), digest("correction"), digest("review")}


PROPOSED = ErasureProposed(erased_sha384=LONG, ground="g")
ERASED = {"erased_sha384": LONG, "ground": "names a person"}


@pytest.mark.parametrize(
    ("event", "who", "says"),
    [
        (PROPOSED, "admin", "proposed that already"),
        (ErasureProposed(erased_sha384=digest("preview"), ground="g"), "admin", "no free text"),
        (ArtefactErased(**ERASED, proposal=3), "noc", "did not propose"),
        (ArtefactErased(**ERASED, proposal=0), "noc", "did not propose"),
        (ArtefactErased(**ERASED | {"ground": "x"}, proposal=-1), "noc", "ground"),
        (ArtefactErased(**ERASED, proposal=-1), "admin", "four eyes"),
    ],
)
def test_a_replay_takes_no_erasure_that_two_people_did_not_want(event, who, says):
    story = told()
    story.do("admin", proposing())
    if getattr(event, "proposal", 0) == -1:
        event = ArtefactErased(erased_sha384=LONG, ground=event.ground, proposal=story.state.sequence)
    request = story.request(who, AddNote(text="x"), "")
    with pytest.raises(Corrupt, match=says):
        evolve(story.state, recorded(story.state, request, event, "", "noc"))
