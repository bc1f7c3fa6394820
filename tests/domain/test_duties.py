"""Absent people and departures: roles assumed and handed over, steps waived, unclear verdicts accepted by two."""

from __future__ import annotations

import pytest

from ledger.domain.duties.commands import Accept, AcceptHandover, Assume, LinkTicket, OfferHandover, Refuse, Waive
from ledger.domain.opening.commands import Confirm, DeclareEmergency
from ledger.domain.people.commands import ChangeRoles
from ledger.domain.runbook import RUNBOOK_ROLES
from ledger.domain.silencing.commands import RequestSilenceEnd
from ledger.errors import Refused

from .builders import INC, PEOPLE, Story, digest
from .road import (
    ROAD,
    alarmed,
    completing,
    created,
    debts,
    disabling,
    opening,
    scheduler_check,
    silence_check,
    silencing,
    stopped,
    story_at,
    watch_finish,
    watch_start,
)

# --- roles assumed ---------------------------------------------------------------------------------------------------


def assuming(role: str) -> Assume:
    return Assume(role=role, reason="asleep")


@pytest.mark.parametrize("role", ["product_owner", "admin", "auditor"])
def test_these_roles_are_never_assumed(role):
    with pytest.raises(Refused, match="never assumed"):
        story_at("opened").do("im", assuming(role))


@pytest.mark.parametrize("role", ["", "root", "system", "L2_OPS"])
def test_what_is_no_role_is_not_assumed(role):
    with pytest.raises(Refused, match="is no role"):
        story_at("opened").do("im", assuming(role))


@pytest.mark.parametrize("person", ["admin", "auditor", "nobody", "system"])
def test_who_has_no_runbook_role_assumes_none(person):
    with pytest.raises(Refused, match="needs the role"):
        story_at("opened").do(person, assuming("l2_ops"))


def test_an_assumed_role_needs_a_reason_and_an_absent_role():
    story = story_at("opened")
    with pytest.raises(Refused, match="reason is empty"):
        story.do("noc", Assume(role="l2_ops", reason=" "))
    story.do("noc", assuming("l2_ops"))
    with pytest.raises(Refused, match="noc holds l2_ops already"):
        story.do("noc", assuming("l2_ops"))


def test_an_assumed_role_counts_in_its_rollback_only():
    story = story_at("confirmed")
    story.do("im", opening(story, ticket="INC-1"), "")
    story.do("owner", Confirm(confirms=digest("line")), "INC-1")
    story.do("noc", assuming("l2_ops"))
    with pytest.raises(Refused, match="needs the role l2_ops"):
        story.do("noc", disabling(), "INC-1")
    story.do("noc", disabling())
    assert story.records[-1].role == "l2_ops" and story.rollback.duty["l2_ops"] == "noc"


def test_an_assumed_role_is_marked_for_review():
    story = story_at("confirmed")
    story.do("noc", assuming("l2_ops"))
    assert debts(story) == ["review of one deviation"]


def test_an_assumed_role_reaches_through_step_2():
    story = story_at("disabled")
    story.do("noc", assuming("observability"))
    story.do("noc", silencing(story))
    story.saw(created(story))
    (checked,) = story.do("noc", silence_check(story))
    assert checked.verdict == "pass"


def test_an_assumed_role_reaches_through_step_5():
    story = story_at("restarted")
    story.do("noc", assuming("l2_ops"))
    assert story.do("noc", RequestSilenceEnd())


def test_an_assumed_incident_manager_can_bring_a_stop_to_its_end():
    story, name = stopped()
    story.do("noc", assuming("incident_manager"), name)
    assert story.do("noc", LinkTicket(ticket=INC), name)


def test_who_holds_no_role_any_more_acts_under_no_assumed_one():
    story = story_at("confirmed")
    story.do("noc", assuming("l2_ops"))
    story.do("admin", ChangeRoles(person="noc", revoke=("noc",)))
    with pytest.raises(Refused, match="needs the role"):
        story.do("noc", disabling())


# --- handover --------------------------------------------------------------------------------------------------------


def offering(receiver: str = "boss", role: str = "incident_manager") -> OfferHandover:
    return OfferHandover(role=role, receiver=receiver, open_points="call the owner")


TAKING = AcceptHandover(role="incident_manager")


def test_a_handover_counts_when_the_receiver_accepts():
    story = story_at("opened")
    story.do("im", offering())
    assert story.rollback.duty["incident_manager"] == "im"
    story.do("boss", TAKING)
    assert story.rollback.duty["incident_manager"] == "boss" and story.rollback.handovers == ()


@pytest.mark.parametrize("person", ["im", "noc", "owner", "admin"])
def test_only_the_receiver_accepts(person):
    story = story_at("opened")
    story.do("im", offering())
    with pytest.raises(Refused, match=f"nobody offered incident_manager to {person}"):
        story.do(person, TAKING)


def test_a_handover_is_accepted_once_and_only_for_the_role_offered():
    story = story_at("opened")
    story.do("im", offering())
    with pytest.raises(Refused, match="nobody offered product_owner"):
        story.do("boss", AcceptHandover(role="product_owner"))
    story.do("boss", TAKING)
    with pytest.raises(Refused, match="nobody offered"):
        story.do("boss", TAKING)


@pytest.mark.parametrize("receiver", ["noc", "admin", "auditor"])
def test_a_role_is_handed_only_to_who_holds_it(receiver):
    with pytest.raises(Refused, match="does not hold incident_manager"):
        story_at("opened").do("im", offering(receiver))


@pytest.mark.parametrize("receiver", ["im", "stranger", "system", ""])
def test_a_role_is_handed_to_another_person_of_the_ledger(receiver):
    with pytest.raises(Refused, match="is not another person"):
        story_at("opened").do("im", offering(receiver))


def test_who_lost_the_role_since_cannot_accept_it():
    story = story_at("opened")
    story.do("im", offering())
    story.do("admin", ChangeRoles(person="boss", revoke=("incident_manager",)))
    with pytest.raises(Refused, match="needs the role"):
        story.do("boss", TAKING)


def test_a_role_assumed_for_the_rollback_can_be_handed_over():
    story = story_at("checked")
    story.do("noc", watch_start(story))
    story.do("ops", assuming("noc"))
    story.do("noc", offering("ops", "noc"))
    story.do("ops", AcceptHandover(role="noc"))
    story.wait(minutes=15)
    assert story.do("ops", watch_finish(story))[0].verdict == "pass"
    assert story.rollback.duty["noc"] == "ops"


def test_duty_shows_who_holds_each_role():
    roles = {person: roles[0] for person, roles in PEOPLE.items() if roles[0] in RUNBOOK_ROLES[:4] and person != "boss"}
    assert dict(story_at("watched").rollback.duty) == {role: person for person, role in roles.items()}


# --- waivers ---------------------------------------------------------------------------------------------------------


def waiving(number: int) -> Waive:
    return Waive(number=number, reason="no time")


@pytest.mark.parametrize("number", [1, 5, 6])
def test_these_steps_are_never_waived(number):
    with pytest.raises(Refused, match="never waived"):
        alarmed().do("im", waiving(number))


@pytest.mark.parametrize("number", [-1, 7, 10**9])
def test_there_are_seven_steps(number):
    with pytest.raises(Refused, match="there is no step"):
        story_at("confirmed").do("im", waiving(number))


def test_a_waived_confirmation_opens_step_1():
    story = story_at("opened")
    story.do("im", waiving(0))
    assert story.do("ops", disabling()) and story.rollback.steps[0].shown == "waived"


@pytest.mark.parametrize(
    ("number", "place", "then"), [(2, "disabled", "checked"), (3, "silenced", "watched"), (4, "checked", "ended")]
)
def test_a_waived_step_opens_the_next(number, place, then):
    story = story_at(place)
    story.do("im", waiving(number))
    ROAD[then](story)


@pytest.mark.parametrize(("number", "place"), [(2, "disabled"), (4, "checked")])
def test_a_waived_step_is_owed_a_review_and_stands_in_the_checklist(number, place):
    story = story_at(place)
    story.do("im", waiving(number))
    entry, names = story.state.sequence, list(ROAD)
    skipped = {2: ("silenced", "unsilenced"), 4: ("watched",)}[number]
    for name in names[names.index(place) + 1 : -1]:
        if name not in skipped:
            ROAD[name](story)
    (closing,) = story.do("im", completing())
    assert any(line.endswith(f"waived, entry {entry}") for line in closing.checklist)
    assert debts(story) == ["review of one deviation"]


def test_a_step_that_passed_is_not_waived():
    with pytest.raises(Refused, match="passed already"):
        story_at("silenced").do("im", waiving(2))


def test_a_failed_step_may_be_waived():
    story = story_at("silenced")
    story.do("ops", scheduler_check(story, "enabled"))
    story.do("im", waiving(3))
    assert story.rollback.steps[3].shown == "waived"


def test_waiving_a_step_cancels_what_is_pending_of_it():
    story = story_at("disabled")
    story.do("obs", silencing(story))
    story.do("im", waiving(2))
    assert story.rollback.effects == ()


def test_a_waiver_is_no_confirmation_and_the_owner_may_still_refuse():
    story = story_at("opened")
    story.do("im", waiving(0))
    story.do("owner", Refuse(reason="no"))
    assert story.rollback.refused == story.state.sequence


# --- accepted by two -------------------------------------------------------------------------------------------------


def accepting(number: int = 3) -> Accept:
    return Accept(number=number, reason="its service is inactive")


def unclear() -> Story:
    story = story_at("silenced")
    story.do("ops", scheduler_check(story, "unknown"))
    return story


def test_an_inconclusive_step_takes_two_people():
    story = unclear()
    (proposed,) = story.do("ops", accepting())
    assert proposed.verdict_entry == story.rollback.steps[3].entry and not story.rollback.steps[3].passed
    (accepted,) = story.do("noc", accepting())
    assert accepted.proposal == story.state.sequence - 1 and story.rollback.steps[3].shown == "accepted"
    assert debts(story) == ["review of one deviation"]
    assert story.do("noc", watch_start(story))


def test_who_proposed_is_no_second_person_under_any_hat():
    story = unclear()
    story.do("ops", accepting())
    story.do("ops", assuming("noc"))
    with pytest.raises(Refused, match="second person"):
        story.do("ops", accepting())


@pytest.mark.parametrize("person", ["im", "obs", "noc", "owner", "admin"])
def test_only_the_steps_own_role_proposes(person):
    with pytest.raises(Refused, match="needs the role l2_ops"):
        unclear().do(person, accepting())


def test_an_emergency_changes_nothing_about_who_proposes():
    story = unclear()
    story.do("im", DeclareEmergency(reason="fire"))
    with pytest.raises(Refused, match="needs the role l2_ops"):
        story.do("noc", accepting())


@pytest.mark.parametrize("person", ["admin", "auditor", "nobody"])
def test_the_second_person_has_a_runbook_role(person):
    story = unclear()
    story.do("ops", accepting())
    with pytest.raises(Refused, match="needs the role"):
        story.do(person, accepting())


def test_a_failed_step_is_not_acceptable():
    story = story_at("silenced")
    story.do("ops", scheduler_check(story, "enabled"))
    with pytest.raises(Refused, match="has fail; only an inconclusive"):
        story.do("ops", accepting())


@pytest.mark.parametrize(("number", "shown"), [(2, "pass"), (4, "no verdict")])
def test_what_is_not_unclear_is_not_accepted(number, shown):
    with pytest.raises(Refused, match=f"has {shown}"):
        story_at("silenced").do("im", accepting(number))


def test_a_new_attempt_forgets_the_proposal():
    story = unclear()
    story.do("ops", accepting())
    story.do("ops", scheduler_check(story, "unknown"))
    story.do("ops", accepting())
    assert story.rollback.steps[3].attempts == 2 and not story.rollback.steps[3].accepted


def test_a_new_attempt_takes_the_acceptance_back():
    story = unclear()
    story.do("ops", accepting())
    story.do("noc", accepting())
    story.do("ops", scheduler_check(story, "enabled"))
    assert story.rollback.steps[3].shown == "fail" and not story.rollback.steps[3].passed


def test_attempts_are_counted_and_each_is_kept():
    story = story_at("silenced")
    for status in ("unknown", "enabled", "disabled"):
        story.do("ops", scheduler_check(story, status))
    verdicts = [record.event.verdict for record in story.records if record.status == "stop_checked"]
    assert verdicts == ["inconclusive", "fail", "pass"] and story.rollback.steps[3].attempts == 3
