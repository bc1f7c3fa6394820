"""The same request twice, and a request that was decided on something old."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from ledger.app.installation import Installation, opened
from ledger.digest import sha384
from ledger.domain.command import Command
from ledger.domain.keeping.commands import AddNote, RecordSummary
from ledger.domain.opening.commands import DeclareEmergency
from ledger.domain.people.commands import AddPerson
from ledger.errors import Conflict, Refused

from .builders import (
    INC,
    ask,
    note,
    opening,
    overriding,
    silencing,
    statuses,
    stopping,
    stored,
)

# --- the same request twice ------------------------------------------------------------------------------------------


def test_the_same_request_twice_gives_the_first_receipt_and_no_new_entry(installation: Installation) -> None:
    request = ask(installation, "noc", note(1))
    first = installation.ledger.submit(request)
    before = stored(installation.home)
    assert installation.ledger.submit(request) == first
    assert installation.ledger.submit(replace(request, at=request.at + timedelta(hours=1))) == first
    assert stored(installation.home) == before


def test_the_same_request_is_known_to_another_process_and_after_a_restart(installation: Installation) -> None:
    request = ask(installation, "noc", note(1))
    first = installation.ledger.submit(request)
    with opened(installation.home.root) as other:
        assert other.ledger.submit(request) == first


def test_a_request_that_was_refused_may_come_again(installation: Installation) -> None:
    request = ask(installation, "noc", AddNote(text="early"), INC, id="again")
    with pytest.raises(Refused):
        installation.ledger.submit(request)
    installation.ledger.submit(ask(installation, "incident_manager", opening(installation)))
    assert installation.ledger.submit(request).request_id == "again"


def test_a_stop_pressed_twice_is_one_stop(installation: Installation) -> None:
    request = ask(installation, "l2_ops", stopping(installation), id="press")
    first = installation.ledger.submit(request)
    assert first.last - first.first == 2
    assert installation.ledger.submit(request) == first
    assert statuses(installation).count("override_requested") == 1


def another(command: str, installation: Installation) -> tuple[str, Command, Command]:
    """Two commands of one kind that ask for different things, and who asks."""
    stop = stopping(installation)
    pairs: dict[str, tuple[str, Command, Command]] = {
        "note": ("noc", note(1), note(2)),
        "kind": ("noc", note(1), RecordSummary(external_status="x", claims={})),
        "roles": ("system", AddPerson(person="p", roles=("noc",)), AddPerson(person="p", roles=("l2_ops",))),
        "claims": (
            "noc",
            RecordSummary(external_status="x", claims={"a": "1"}),
            RecordSummary(external_status="x", claims={"a": "2"}),
        ),
        "ticket of a stop": ("l2_ops", stop, stopping(installation, "INC-2043")),
        "reason of a stop": (
            "l2_ops",
            stop,
            replace(stop, override=replace(stop.override, reason="quite another reason")),
        ),
        "component of a stop": (
            "l2_ops",
            stop,
            replace(stop, override=replace(stop.override, component="decision_orchestrator")),
        ),
    }
    return pairs[command]


@pytest.mark.parametrize(
    "command", ["note", "kind", "roles", "claims", "ticket of a stop", "reason of a stop", "component of a stop"]
)
def test_the_same_id_with_another_command_is_a_conflict(command: str, installation: Installation) -> None:
    role, one, other = another(command, installation)
    if command == "note":
        one, other = replace(one, program="one"), replace(other, program="two")  # type: ignore[call-arg]
    installation.ledger.submit(ask(installation, role, one, id="same"))
    before = stored(installation.home)
    with pytest.raises(Conflict, match="same was used for another command"):
        installation.ledger.submit(ask(installation, role, other, id="same"))
    assert stored(installation.home) == before


@pytest.mark.parametrize(
    "facts",
    [
        {"firing": ("MultiStrategyPnlDrawdown critical",)},
        {"firing_sha384": sha384(b"alerts")},
        {"ticket_state": "open"},
        {"announcement_sha384": sha384(b"text")},
    ],
    ids=lambda facts: next(iter(facts)),
)
def test_a_second_press_that_saw_other_facts_is_the_same_request(
    facts: dict[str, object], installation: Installation
) -> None:
    """Facts are gathered anew at each press; what the person asked for is the same."""
    first = installation.ledger.submit(ask(installation, "incident_manager", opening(installation), id="press"))
    again = opening(installation, **facts)
    assert installation.ledger.submit(ask(installation, "incident_manager", again, id="press")) == first


def test_the_same_id_from_another_person_is_a_conflict(installation: Installation) -> None:
    installation.ledger.submit(ask(installation, "noc", note(1), id="same"))
    with pytest.raises(Conflict):
        installation.ledger.submit(ask(installation, "l2_ops", note(1), id="same"))


def test_the_same_id_for_another_rollback_is_a_conflict(installation: Installation) -> None:
    for ticket in (INC, "INC-7"):
        installation.ledger.submit(ask(installation, "incident_manager", opening(installation, ticket)))
    installation.ledger.submit(ask(installation, "noc", AddNote(text="n"), INC, id="same"))
    with pytest.raises(Conflict):
        installation.ledger.submit(ask(installation, "noc", AddNote(text="n"), "INC-7", id="same"))


# --- decided on something old ----------------------------------------------------------------------------------------


def test_a_decision_on_a_rollback_that_moved_since_is_a_conflict(installation: Installation) -> None:
    installation.ledger.submit(ask(installation, "incident_manager", opening(installation)))
    seen = installation.rollback(INC).entries
    installation.ledger.submit(ask(installation, "noc", DeclareEmergency(reason="now"), INC))
    before = stored(installation.home)
    with pytest.raises(Conflict, match="moved since you looked"):
        installation.ledger.submit(ask(installation, "l2_ops", overriding(installation), INC, decided_on=seen))
    assert stored(installation.home) == before
    installation.ledger.submit(ask(installation, "l2_ops", overriding(installation), INC, decided_on=seen + 1))


def test_entries_of_others_do_not_make_a_decision_stale(installation: Installation) -> None:
    for ticket in (INC, "INC-7"):
        installation.ledger.submit(ask(installation, "incident_manager", opening(installation, ticket)))
    seen = installation.rollback(INC).entries
    installation.ledger.submit(ask(installation, "noc", note()))
    installation.ledger.submit(ask(installation, "noc", AddNote(text="n"), "INC-7"))
    command = DeclareEmergency(reason="now")
    installation.ledger.submit(ask(installation, "noc", command, INC, decided_on=seen))
    assert statuses(installation)[-1] == "emergency_declared"


def test_a_rollback_moved_by_another_process_is_a_conflict_too(installation: Installation) -> None:
    installation.ledger.submit(ask(installation, "incident_manager", opening(installation)))
    seen = installation.rollback(INC).entries
    with opened(installation.home.root) as other:
        other.ledger.submit(ask(other, "noc", AddNote(text="n"), INC))
    with pytest.raises(Conflict):
        installation.ledger.submit(ask(installation, "noc", DeclareEmergency(reason="x"), INC, decided_on=seen))


def test_a_silence_asked_for_twice_is_refused_while_the_first_is_pending(installation: Installation) -> None:
    installation.ledger.submit(ask(installation, "l2_ops", stopping(installation)))
    installation.ledger.submit(ask(installation, "observability", silencing(installation), INC))
    with pytest.raises(Refused, match="asked for and not created yet"):
        installation.ledger.submit(ask(installation, "observability", silencing(installation), INC))
