"""Who may do what: every command by every role, and four eyes."""

from __future__ import annotations

import pytest

from ledger.domain.decide import decide
from ledger.domain.keeping.commands import AddNote, KeepLog, OpenLedger
from ledger.domain.opening.commands import Confirm, DeclareEmergency
from ledger.domain.opening.events import RollbackConfirmed
from ledger.domain.people.commands import AddPerson
from ledger.domain.rules import DECISIONS
from ledger.domain.state import State
from ledger.errors import Refused

from .builders import INC, PEOPLE, Story, digest
from .road import (
    ROAD,
    completing,
    disabling,
    opening,
    scheduler_check,
    silencing,
    stopping,
    story_at,
    watch_start,
)
from .role_table import EVERYBODY, RUNBOOK, TABLE

NO = r"^(this needs the role|nobody offered|(ops|admin) proposed it; a second person|im took steps|an auditor)"


@pytest.mark.parametrize("name", TABLE)
def test_nobody_else_may(name):
    place, allowed, command = TABLE[name]
    for person in sorted(EVERYBODY - allowed | {"nobody", "system"} - allowed):
        story = story_at(place)
        asked = command(story)
        with pytest.raises(Refused, match=NO):
            story.do(person, asked)


@pytest.mark.parametrize("name", [name for name in TABLE if name != "record"])
def test_those_who_may_can(name):
    place, allowed, command = TABLE[name]
    for person in sorted(allowed):
        story = story_at(place)
        assert story.do(person, command(story))
        assert story.records[-1].actor == person


def test_every_command_is_in_the_table():
    covered = {type(command(story_at(place))) for place, _, command in TABLE.values()}
    elsewhere = {OpenLedger}
    kinds = set(DECISIONS)
    assert covered == kinds - elsewhere


def test_a_refusal_says_what_is_needed_and_what_is_held():
    with pytest.raises(Refused, match="this needs the role l2_ops; noc holds noc"):
        story_at("confirmed").do("noc", disabling())
    with pytest.raises(Refused, match="stranger holds no role"):
        story_at("confirmed").do("stranger", disabling())


def test_the_entry_names_the_role_that_was_acted_under():
    story = story_at("opened")
    story.do("boss", AddNote(text="both hats"))
    assert story.records[-1].role == "incident_manager"


def test_a_product_owner_cannot_confirm_her_own_rollback():
    story = Story()
    story.do("boss", opening(story), "")
    with pytest.raises(Refused, match="four eyes"):
        story.do("boss", Confirm(confirms=digest("line")))
    story.do("owner", Confirm(confirms=digest("line")))
    assert story.rollback.confirmed_by == "owner"


def test_who_stopped_cannot_confirm_it_either():
    story = Story()
    story.do("boss", stopping(story), "")
    with pytest.raises(Refused, match="four eyes"):
        story.do("boss", Confirm(confirms=digest("line")))


def test_a_rollback_is_confirmed_once():
    with pytest.raises(Refused, match="was confirmed by owner already"):
        story_at("confirmed").do("owner", Confirm(confirms=digest("line")))


def test_a_late_confirmation_is_taken_after_closing():
    story = Story()
    story.do("im", opening(story), "")
    story.do("im", DeclareEmergency(reason="fire"))
    for name in list(ROAD)[2:]:
        ROAD[name](story)
    story.do("owner", Confirm(confirms=digest("line")))
    assert story.rollback.steps[0].passed and story.rollback.phase == "completed"


@pytest.mark.parametrize("name", ["abort", "disable", "silence", "start a watch", "declare an emergency", "complete"])
def test_a_closed_rollback_takes_no_more_steps(name):
    story, command = story_at("completed"), TABLE[name][2]
    person = next(iter(TABLE[name][1]))
    with pytest.raises(Refused, match="INC-2042 is completed"):
        story.do(person, command(story))


def test_a_closed_rollback_names_the_open_one_of_its_ticket():
    story = story_at("completed")
    story.do("im", opening(story), "")
    with pytest.raises(Refused, match=r"INC-2042 is completed; .*\. Open under the same ticket: INC-2042\.2$"):
        story.do("im", completing())


def test_a_closed_rollback_still_takes_notes_and_logs():
    story = story_at("completed")
    story.do("noc", AddNote(text="seen later"))
    story.do("noc", KeepLog(program="smoke", exit_status=0, log_sha384=digest("log")))
    assert story.rollback.entries == story.records[-1].rollback_entry


@pytest.mark.parametrize("command", [AddNote(text="x"), KeepLog(program="p", exit_status=0, log_sha384=digest("l"))])
def test_what_names_an_unknown_rollback_is_refused(command):
    with pytest.raises(Refused):
        story_at("opened").do("noc", command, "INC-9")


HELPFUL = {
    "disable": lambda s: disabling(),
    "silence": silencing,
    "check the stop": lambda s: scheduler_check(s, "disabled"),
    "start a watch": watch_start,
}


@pytest.mark.parametrize("person", sorted(RUNBOOK))
@pytest.mark.parametrize("name", HELPFUL)
def test_in_an_emergency_any_runbook_role_takes_steps_1_to_4(name, person):
    story = Story()
    story.do("im", opening(story), "")
    story.do("im", DeclareEmergency(reason="fire"))
    if name == "start a watch":
        ROAD["asked"](story)
        ROAD["disabled"](story)
    story.do(person, HELPFUL[name](story))
    assert story.records[-1].actor == person and story.records[-1].role == PEOPLE[person][0]


@pytest.mark.parametrize("person", ["auditor", "admin", "stranger", "system"])
@pytest.mark.parametrize("name", HELPFUL)
def test_an_emergency_is_no_licence_for_others(name, person):
    story = story_at("opened")
    story.do("im", DeclareEmergency(reason="fire"))
    with pytest.raises(Refused, match="needs the role"):
        story.do(person, HELPFUL[name](story))


@pytest.mark.parametrize("name", ["end the incident", "remove the override", "check the restart", "complete", "abort"])
def test_an_emergency_changes_nothing_about_steps_5_and_6(name):
    place, allowed, command = TABLE[name]
    for person in sorted(RUNBOOK - allowed):
        story = story_at(place)
        story.do("im", DeclareEmergency(reason="fire"))
        with pytest.raises(Refused, match="needs the role"):
            story.do(person, command(story))


def test_an_emergency_is_declared_once():
    story = story_at("opened")
    story.do("noc", DeclareEmergency(reason="fire"))
    with pytest.raises(Refused, match="already"):
        story.do("im", DeclareEmergency(reason="fire"))


def test_a_ledger_is_opened_once():
    with pytest.raises(Refused, match="opened before"):
        Story().do("admin", OpenLedger(purpose="lab", checkpoint_key="v", hmac_key_id="k", hmac_algorithm="x"))


def test_nothing_but_an_opening_is_decided_on_an_empty_ledger():
    request = Story().request("system", AddPerson(person="admin", roles=("admin",)), "")
    with pytest.raises(Refused):
        decide(State(), request)


def test_only_what_was_seen_can_be_recorded():
    with pytest.raises(Refused, match="is decided, not recorded"):
        story_at("opened").saw(RollbackConfirmed(confirms=digest("line")), INC)
