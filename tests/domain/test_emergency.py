"""Emergencies: what they open, what they owe afterwards, and who may pay it."""

from __future__ import annotations

import pytest

from ledger.domain.closing.commands import WriteSummary
from ledger.domain.duties.commands import Assume, LinkTicket, Refuse, ReportConfirmation, Review, Waive
from ledger.domain.duties.owed import owed
from ledger.domain.opening.commands import Confirm, DeclareEmergency
from ledger.domain.people.commands import AddPerson, ResetPassword
from ledger.domain.restoring.commands import EndIncident
from ledger.domain.stopping.commands import TakeInStop
from ledger.errors import Conflict, Refused

from . import facts
from .builders import INC, Story, digest
from .road import (
    alarmed,
    completing,
    debts,
    disabling,
    opening,
    removing,
    scheduler_check,
    silencing,
    stopped,
    story_at,
)

LATE = "late confirmation or refusal"
CONFIRM = Confirm(confirms=digest("line"))


def test_an_emergency_needs_a_reason_in_words():
    for reason in ("", " ", "x" * 201, "a\x00b"):
        with pytest.raises(Refused, match="the reason"):
            story_at("opened").do("im", DeclareEmergency(reason=reason))


def test_an_emergency_opens_steps_1_to_4_at_once():
    story = alarmed()
    assert story.do("noc", silencing(story)) and story.do("obs", disabling())


@pytest.mark.parametrize("command", [EndIncident(), WriteSummary(summary_sha384=digest("s")), completing()])
def test_an_emergency_opens_no_step_after_4(command):
    with pytest.raises(Refused, match="not ready|cannot be ended"):
        alarmed().do("im", command)


def test_an_emergency_lets_nobody_else_remove_the_override():
    story = alarmed("ended")
    with pytest.raises(Refused, match="needs the role l2_ops"):
        story.do("noc", removing(story))


def test_an_emergency_is_of_one_rollback_only():
    story = alarmed()
    story.do("im", opening(story, ticket="INC-1"), "")
    with pytest.raises(Refused, match="not ready"):
        story.do("ops", disabling(), "INC-1")


def test_a_stop_owes_confirmation_review_and_ticket_until_each_is_paid():
    story, name = stopped()
    assert debts(story, name) == [LATE, "review of one deviation", "a ticket"]
    story.do("owner", CONFIRM, name)
    story.do("im", Review(text="looked at it"), name)
    story.do("im", LinkTicket(ticket="INC-7"), name)
    assert debts(story, name) == []


def test_to_confirm_is_no_step_so_who_confirmed_may_review():
    story, name = stopped()
    story.do("owner", CONFIRM, name)
    story.do("owner", Review(text="looked at it"), name)
    assert [one for one in debts(story, name) if one.startswith("review")] == []


def test_each_debt_says_who_owes_it_and_since_when():
    story, name = stopped()
    declared = next(record for record in story.records if record.status == "emergency_declared")
    late, review, ticket = owed(story.of(name))
    assert (late.who, late.since, late.entry) == ("product_owner", declared.at, declared.sequence)
    assert (review.who, review.entry) == ("incident_manager or product_owner who took no step", declared.sequence)
    assert (ticket.who, ticket.since) == ("incident_manager", story.of(name).opened_at)


def test_a_confirmed_road_owes_nothing():
    assert debts(story_at("completed")) == []


def test_a_late_confirmation_counts_and_pays_the_debt():
    story = alarmed("disabled")
    assert LATE in debts(story)
    story.do("owner", CONFIRM)
    assert story.rollback.steps[0].passed and LATE not in debts(story)


def test_a_late_refusal_pays_the_debt_and_undoes_nothing():
    story = alarmed("silenced")
    before = story.rollback
    story.do("owner", Refuse(reason="not agreed"))
    assert LATE not in debts(story)
    assert (story.rollback.override, story.rollback.silence) == (before.override, before.silence)
    assert story.do("ops", scheduler_check(story, "disabled"))[0].verdict == "pass"


def test_a_late_refusal_is_a_deviation_to_review():
    story = alarmed("disabled")
    story.do("boss", Review(text="fine"))
    story.do("owner", Refuse(reason="not agreed"))
    assert debts(story) == ["review of one deviation"]


@pytest.mark.parametrize("command", [CONFIRM, Refuse(reason="not agreed")])
def test_confirmation_and_refusal_are_taken_after_closing(command):
    story = alarmed("completed")
    assert LATE in debts(story)
    story.do("owner", command)
    assert LATE not in debts(story) and story.rollback.phase == "completed"


def test_what_was_confirmed_is_not_refused_and_a_refusal_is_made_once():
    with pytest.raises(Refused, match="was confirmed by owner"):
        story_at("confirmed").do("owner", Refuse(reason="no"))
    story = story_at("opened")
    story.do("owner", Refuse(reason="no"))
    with pytest.raises(Refused, match="was refused by entry"):
        story.do("boss", Refuse(reason="no"))


def test_a_refusal_before_the_stop_leaves_step_1_closed():
    story = story_at("opened")
    story.do("owner", Refuse(reason="no"))
    with pytest.raises(Refused, match="not ready"):
        story.do("ops", disabling())


def test_a_reported_confirmation_is_a_claim_that_passes_nothing():
    story = alarmed()
    story.do("noc", ReportConfirmation(owner="Ewa", text="yes, by telephone"))
    assert not story.rollback.steps[0].passed and LATE in debts(story)


def test_a_rollback_closes_with_its_debts_and_they_stay_on_the_list():
    story = alarmed("completed")
    assert story.rollback.phase == "completed"
    assert debts(story) == [LATE, "review of one deviation"]


# --- review ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("person", ["im", "boss"])
def test_who_took_a_step_cannot_review(person):
    story, name = stopped(by=person)
    with pytest.raises(Refused, match="took steps"):
        story.do(person, Review(text="fine"), name)


def test_opening_and_closing_are_steps_too():
    with pytest.raises(Refused, match="im took steps"):
        alarmed().do("im", Review(text="fine"))
    story = alarmed("summarised")
    story.do("boss", completing())
    with pytest.raises(Refused, match="boss took steps"):
        story.do("boss", Review(text="fine"))


def test_confirming_is_no_step_that_keeps_from_reviewing():
    story = alarmed("disabled")
    story.do("owner", CONFIRM)
    story.do("owner", Review(text="fine"))
    assert debts(story) == []


def test_nobody_reviews_their_own_waiver():
    story = alarmed("disabled")
    story.do("boss", Waive(number=2, reason="no Alertmanager"))
    with pytest.raises(Refused):
        story.do("boss", Review(text="my own waiver is fine"))


def test_a_review_pays_only_what_was_there_when_it_was_made():
    story, name = stopped()
    story.do("noc", Assume(role="observability", reason="asleep"), name)
    story.do("boss", Review(text="fine so far"), name)
    assert story.of(name).reviewed == story.state.sequence - 1
    story.do("noc", Assume(role="l2_ops", reason="asleep"), name)
    (review,) = [one for one in owed(story.of(name)) if one.what.startswith("review")]
    assert (review.what, review.entry) == ("review of one deviation, assumed role l2_ops", story.state.sequence)


def test_there_is_no_review_of_nothing_and_none_without_words():
    with pytest.raises(Refused, match="nothing to review"):
        story_at("confirmed").do("boss", Review(text="fine"))
    story = alarmed()
    with pytest.raises(Refused, match="the review is empty"):
        story.do("boss", Review(text=" "))
    story.do("boss", Review(text="fine"))
    with pytest.raises(Refused, match="nothing to review"):
        story.do("owner", Review(text="fine"))


def test_what_is_closed_is_signed_also_where_no_review_is_owed():
    story = story_at("completed")
    (name,) = story.state.closed
    story.do("boss", Review(text="read, nothing to add"), name)
    assert story.of(name).reviewed == story.state.sequence - 1
    with pytest.raises(Refused, match="took steps"):
        story.do("im", Review(text="my own rollback"), name)


def test_a_review_is_taken_after_closing():
    story = alarmed("completed")
    story.do("boss", Review(text="fine"))
    assert debts(story) == [LATE]


@pytest.mark.parametrize("person", ["ops", "obs", "noc", "admin", "auditor"])
def test_nobody_else_reviews(person):
    with pytest.raises(Refused, match="needs the role incident_manager or product_owner"):
        alarmed().do(person, Review(text="fine"))


@pytest.mark.parametrize("command", [Review(text="fine"), CONFIRM, Refuse(reason="no")])
def test_what_was_not_seen_is_neither_reviewed_nor_confirmed(command):
    story = alarmed()
    seen = story.rollback.entries
    story.do("noc", Assume(role="l2_ops", reason="asleep"))
    with pytest.raises(Conflict, match="moved since you looked"):
        story.do("owner", command, INC, seen)


# --- four eyes by one person with two accounts ------------------------------------------------------------------------


def two_accounts(reset: bool = False) -> Story:
    """The admin, who is incident manager too, opens a rollback and has made the product owner."""
    story = Story()
    story.do("admin", AddPerson(person="ola", roles=("admin", "incident_manager")))
    if reset:
        story.do("ola", ResetPassword(person="owner"))
    else:
        story.do("ola", AddPerson(person="puppet", roles=("product_owner",)))
    story.wait(days=400)
    story.do("ola", opening(story), "")
    return story


@pytest.mark.parametrize("reset", [False, True])
def test_a_second_pair_of_eyes_that_the_first_one_made_is_looked_at_by_a_third(reset):
    story = two_accounts(reset)
    confirmed, doubted = story.do("owner" if reset else "puppet", Confirm(confirms=digest("line")))
    assert (confirmed.verdict, doubted.status, doubted.given_by) == ("pass", "second_eyes_doubted", "ola")
    assert "four eyes by somebody whose role or password the first person gave" in owed(story.rollback)[-1].what
    for person in ("ola", "owner" if reset else "puppet"):
        with pytest.raises(Refused, match="somebody else must review|took steps"):
            story.do(person, Review(text="all fine"))
    assert story.do("boss", Review(text="looked at"))


def test_eyes_that_somebody_else_opened_are_a_second_pair():
    story = Story()
    story.do("im", opening(story), "")
    (confirmed,) = story.do("owner", Confirm(confirms=digest("line")))
    assert confirmed.verdict == "pass"


def test_who_pressed_a_spooled_stop_counts_as_its_opener():
    story = Story()
    fields = {"claimed_by": "L2, uid 1001", "spool_sha384": digest("spool"), "claimed_at": story.now, "why": "locked"}
    taken = TakeInStop(opening=opening(story), file=facts.good(story.now), claimed_person="boss", **fields)
    story.do("system", taken, "")
    assert story.rollback.opened_by == "boss"
    with pytest.raises(Refused, match="boss opened INC-2042; another product owner must confirm it"):
        story.do("boss", Confirm(confirms=digest("line")))
    assert story.do("owner", Confirm(confirms=digest("line")))
