"""Free text is erased by two people; evidence of a step is never."""

from __future__ import annotations

import pytest

from ledger.domain import commands as c
from ledger.domain.events import ledger
from ledger.domain.evolve import evolve
from ledger.errors import Corrupt, Refused

from .builders import Story, digest, recorded
from .road import opening, story_at

LONG = digest("long")


def told(place: str = "silenced") -> Story:
    """A story in which somebody wrote a long note."""
    story = story_at(place)
    story.do("im", c.AddNote(text="long …", text_sha384=LONG))
    return story


def proposing(name: str = LONG, ground: str = "names a person") -> c.ProposeErasure:
    return c.ProposeErasure(artefact=name, ground=ground)


def refused(story: Story, who: str, command: c.Command, says: str) -> None:
    with pytest.raises(Refused, match=says):
        story.do(who, command)


def test_two_people_erase_a_text():
    story = told()
    story.do("admin", proposing())
    proposal = story.state.sequence
    assert not story.state.texts[LONG].erased
    event, doubted = story.do("noc", c.Erase(artefact=LONG))
    assert doubted.given_by == "admin", "who proposes it had added the second person"
    assert (event.proposal, event.ground) == (proposal, "names a person")
    assert story.state.texts[LONG].erased == story.state.sequence - 1
    assert story.records[-1].rollback == "", "so that it can be done after closing too"


def test_a_text_is_erased_once():
    story = told()
    story.do("admin", proposing())
    refused(story, "admin", proposing(), "proposed that already")
    story.do("noc", c.Erase(artefact=LONG))
    for command in (proposing(), c.Erase(artefact=LONG)):
        refused(story, "admin", command, f"erased by entry {story.state.texts[LONG].erased}: names a person")


def test_who_proposed_does_not_erase():
    story = told()
    story.do("admin", c.ChangeRoles(person="admin", grant=("noc",)))
    refused(story, "ops", c.Erase(artefact=LONG), "nobody proposed")
    story.do("admin", proposing())
    refused(story, "admin", c.Erase(artefact=LONG), "four eyes")


def test_another_admin_may_be_the_second():
    story = told()
    story.do("admin", c.AddPerson(person="admin2", roles=("admin",)))
    story.do("admin", proposing())
    assert story.do("admin2", c.Erase(artefact=LONG))


@pytest.mark.parametrize("name", ["preview", "transcript", "alerts", "nothing"])
def test_evidence_of_a_step_and_what_is_nothing_here_are_not_erased(name):
    says = "no entry names a free text" if name == "nothing" else "is evidence"
    refused(told(), "admin", proposing(digest(name)), says)


def test_a_text_that_is_also_attached_as_evidence_stays():
    story = told()
    story.do("noc", c.Attach(number=2, name="a", size=1, attached_sha384=LONG))
    refused(story, "admin", proposing(), "is evidence .evidence_attached")


@pytest.mark.parametrize("ground", ["", " ", "x" * 201])
def test_a_ground_is_given_in_a_few_words(ground):
    refused(told(), "admin", proposing(ground=ground), "the ground")


def test_every_long_text_can_be_erased():
    story = told()
    story.do("im", opening(story, ticket="INC-7", reason_sha384=digest("reason")), "")
    story.do("im", c.Correct(entry=story.state.sequence, text="x", text_sha384=digest("correction")))
    story.do("im", c.DeclareEmergency(reason="fire"))
    story.do("owner", c.Review(text="x", text_sha384=digest("review")))
    assert story.state.texts.keys() == {LONG, digest("reason"), digest("correction"), digest("review")}


PROPOSED = ledger.ErasureProposed(erased_sha384=LONG, ground="g")
ERASED = {"erased_sha384": LONG, "ground": "names a person"}


@pytest.mark.parametrize(
    ("event", "who", "says"),
    [
        (PROPOSED, "admin", "proposed that already"),
        (ledger.ErasureProposed(erased_sha384=digest("preview"), ground="g"), "admin", "no free text"),
        (ledger.ArtefactErased(**ERASED, proposal=3), "noc", "did not propose"),
        (ledger.ArtefactErased(**ERASED, proposal=0), "noc", "did not propose"),
        (ledger.ArtefactErased(**ERASED | {"ground": "x"}, proposal=-1), "noc", "ground"),
        (ledger.ArtefactErased(**ERASED, proposal=-1), "admin", "four eyes"),
    ],
)
def test_a_replay_takes_no_erasure_that_two_people_did_not_want(event, who, says):
    story = told()
    story.do("admin", proposing())
    if getattr(event, "proposal", 0) == -1:
        event = ledger.ArtefactErased(erased_sha384=LONG, ground=event.ground, proposal=story.state.sequence)
    request = story.request(who, c.AddNote(text="x"), "")
    with pytest.raises(Corrupt, match=says):
        evolve(story.state, recorded(story.state, request, event, "", "noc"))
