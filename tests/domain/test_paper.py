"""Tickets, second runs, and what a closed rollback still takes: notes, evidence, corrections, and nothing else."""

from __future__ import annotations

import pytest

from ledger.domain.closing.commands import Abort, WriteSummary
from ledger.domain.duties.commands import Attach, Correct, LinkTicket
from ledger.domain.keeping.commands import AddNote, KeepLog
from ledger.domain.opening.commands import Confirm
from ledger.domain.paper import paper_lines
from ledger.domain.restoring.commands import AnnounceAllClear, RequestRemoval
from ledger.errors import Refused

from . import facts
from .builders import INC, Story, digest
from .road import (
    ROAD,
    alarmed,
    completing,
    debts,
    disabling,
    opening,
    removed,
    restore_check,
    scheduler_check,
    stopped,
    stopping,
    story_at,
)
from .role_table import TABLE

# --- tickets ---------------------------------------------------------------------------------------------------------


def linking(ticket: str = "INC-7") -> LinkTicket:
    return LinkTicket(ticket=ticket)


def stop_at_the_end() -> tuple[Story, str]:
    """A stop without a ticket that is ready to be closed."""
    story, name = stopped()
    story.do("im", Abort(reason="false alarm"), name)
    sha = story.of(name).override.sha384
    file = facts.file_of(b"{}", story.now, sha384=sha)
    seen = facts.scheduler("disabled", story.now, cycle=41)
    story.do("ops", RequestRemoval(file=file, scheduler=seen), name)
    story.saw(removed(story, name), name)
    story.do("ops", scheduler_check(story, "enabled", cycle=42), name)
    story.do("ops", AnnounceAllClear(announcement_sha384=digest("a")), name)
    story.do("ops", restore_check(story, silence=None), name)
    story.do("im", WriteSummary(summary_sha384=digest("summary")), name)
    return story, name


def test_a_stop_without_a_ticket_needs_one_to_be_closed():
    story, name = stop_at_the_end()
    with pytest.raises(Refused, match="cannot be closed yet") as refusal:
        story.do("im", completing(), name)
    assert refusal.value.owed == (f"incident_manager: a ticket: stage4 rollback link-ticket {name} --ticket …",)
    story.do("im", linking(), name)
    story.do("im", completing(incident_id="INC-7"), name)
    assert story.of(name).phase == "aborted" and story.of(name).id == name


def test_the_first_ticket_of_a_stop_keeps_its_confirmation():
    story, name = stopped()
    story.do("owner", Confirm(confirms=digest("line")), name)
    story.do("im", linking(), name)
    assert story.of(name).confirmed_by == "owner" and story.of(name).steps[0].passed


def test_another_ticket_revokes_the_confirmation():
    story = story_at("confirmed")
    story.do("im", linking())
    assert not story.rollback.confirmed_by
    with pytest.raises(Refused, match="not ready"):
        story.do("ops", disabling())
    story.do("owner", Confirm(confirms=digest("line")))
    assert story.do("ops", disabling()) and story.rollback.steps[0].attempts == 2


@pytest.mark.parametrize("place", ["watched", "completed"])
def test_a_confirmation_revoked_after_the_stop_is_owed_again(place):
    story = story_at(place)
    story.do("im", linking())
    assert any("confirmation" in debt for debt in debts(story))
    story.do("owner", Confirm(confirms=digest("line")))
    assert debts(story) == []


def test_in_an_emergency_another_ticket_makes_the_late_confirmation_due_again():
    story = alarmed("disabled")
    story.do("owner", Confirm(confirms=digest("line")))
    story.do("im", linking())
    assert "late confirmation or refusal" in debts(story)


def test_the_same_ticket_is_not_linked_again():
    with pytest.raises(Refused, match="is the ticket of INC-2042 already"):
        story_at("opened").do("im", linking(INC))


@pytest.mark.parametrize("ticket", ["", " ", "INC-1.2", "STOP-7", "../x", "INC 1", "x" * 65, "INC\n", "żółw"])
def test_a_ticket_id_that_is_none_is_not_linked(ticket):
    with pytest.raises(Refused):
        story_at("opened").do("im", linking(ticket))


def test_a_ticket_is_linked_after_closing():
    story = story_at("completed")
    story.do("im", linking())
    assert story.rollback.ticket == "INC-7" and story.rollback.id == INC


def test_a_second_run_under_a_ticket_is_counted_and_closed_by_itself():
    story = story_at("completed")
    story.do("noc", stopping(story), "")
    assert list(story.state.open) == [f"{INC}.2"] and story.of(f"{INC}.2").ticket == INC
    assert story.rollback.phase == "completed"
    story.do("im", Abort(reason="wrong"), f"{INC}.2")
    story.do("noc", stopping(story), "")
    assert list(story.state.open) == [f"{INC}.3"]


def test_the_second_run_has_debts_of_its_own():
    story = story_at("completed")
    story.do("noc", stopping(story), "")
    assert debts(story) == [] and len(debts(story, f"{INC}.2")) == 2


# --- after closing ---------------------------------------------------------------------------------------------------


def attaching(**changes: object) -> Attach:
    fields = {"number": 2, "name": "chat.txt", "size": 12, "attached_sha384": digest("chat")}
    return Attach(**fields | changes)


TAKEN = {
    "a note": AddNote(text="seen later"),
    "evidence": attaching(),
    "a correction": Correct(entry=20, text="it was 03:14"),
    "a log": KeepLog(program="smoke", exit_status=0, log_sha384=digest("log")),
}


@pytest.mark.parametrize("phase", ["completed", "aborted"])
@pytest.mark.parametrize("name", TAKEN)
def test_a_closed_rollback_still_takes(name, phase):
    story = story_at("completed" if phase == "completed" else "confirmed")
    if phase == "aborted":
        story.do("im", Abort(reason="wrong"))
    command = Correct(entry=story.state.sequence, text="no") if name == "a correction" else TAKEN[name]
    before = story.rollback.entries
    story.do("noc", command)
    assert story.rollback.phase == phase and story.rollback.entries == before + 1


LATER = {
    "confirm",
    "refuse",
    "review",
    "note",
    "attach",
    "link a ticket",
    "correct",
    "keep a log",
    "open",
    "stop",
    "take in a stop",
    "record",
    "record an outside summary",
    "add a person",
    "reset a password",
    "propose an erasure",
    "erase",
    "deactivate a person",
    "change roles",
    "add a finding",
    "add a follow-up",
    "retry a message",
    "give up a message",
}


@pytest.mark.parametrize("name", sorted(set(TABLE) - LATER))
def test_a_closed_rollback_takes_nothing_else(name):
    place, allowed, command = TABLE[name]
    prepared = command(story_at(place))
    story = story_at("completed")
    for person in sorted(allowed):
        with pytest.raises(Refused):
            story.do(person, prepared)


@pytest.mark.parametrize("number", [-1, 7, 10**30])
def test_evidence_belongs_to_a_step(number):
    with pytest.raises(Refused, match="there is no step"):
        story_at("opened").do("noc", attaching(number=number))


@pytest.mark.parametrize(
    "changes", [{"name": ""}, {"name": "a\x00b"}, {"name": "x" * 201}, {"note": "x" * 201}, {"note": "\x1b[2J"}]
)
def test_evidence_has_a_name_that_can_be_printed(changes):
    with pytest.raises(Refused):
        story_at("opened").do("noc", attaching(**changes))


def test_evidence_passes_no_step():
    story = story_at("disabled")
    story.do("noc", attaching())
    assert story.rollback.steps[2].verdict is None and story.rollback.evidence[-1].sha384 == digest("chat")


@pytest.mark.parametrize("entry", [-1, 0, 1, 10**30])
def test_a_correction_points_at_an_entry_since_the_opening(entry):
    with pytest.raises(Refused, match="does not belong to INC-2042"):
        story_at("opened").do("noc", Correct(entry=entry, text="no"))


def test_a_correction_points_at_no_entry_to_come():
    story = story_at("opened")
    with pytest.raises(Refused, match="does not belong"):
        story.do("noc", Correct(entry=story.state.sequence + 1, text="no"))


@pytest.mark.parametrize("text", ["", " ", "x" * 201, "a\x00b"])
def test_a_correction_says_something(text):
    story = story_at("opened")
    with pytest.raises(Refused, match="the correction"):
        story.do("noc", Correct(entry=story.state.sequence, text=text))


def test_a_correction_leaves_the_entry_as_it_is():
    story = story_at("disabled")
    before, lines = story.rollback, list(story.lines)
    story.do("noc", Correct(entry=before.opened_entry, text="the reason was another"))
    assert story.lines[:-1] == lines and story.rollback == before._replace(entries=before.entries + 1)


def test_a_note_may_say_when_it_happened():
    story = story_at("opened")
    (event,) = story.do("noc", AddNote(text="called the owner", occurred_at=story.now))
    assert event.occurred_at and story.records[-1].at >= event.occurred_at


def test_an_abort_before_step_1_needs_no_ticket():
    story = Story()
    story.do("noc", stopping(story, ""), "")
    (name,) = story.state.open
    events = story.do("im", Abort(reason="wrong button"), name)
    assert [event.status for event in events] == ["effect_cancelled", "rollback_aborted"]


def test_an_abort_cancels_everything_pending():
    story = alarmed()
    story.do("ops", disabling())
    ROAD["disabled"](story)
    story.do("obs", TABLE["silence"][2](story))
    events = story.do("im", Abort(reason="wrong"))
    assert [event.status for event in events] == ["effect_cancelled", "abort_requested"]
    assert not story.rollback.effects


def test_the_runbooks_lines_are_quoted_for_a_shell():
    story = Story()
    story.do("im", opening(story, reason="it's $(reboot)"), "")
    (line,) = paper_lines(story.rollback)[1]
    assert "--reason 'it'\"'\"'s $(reboot)'" in line and f"--ticket {INC}" in line
