"""A press: its request ids in order, and its evidence, which waits for the decision."""

from __future__ import annotations

from pathlib import Path

import pytest

from ledger.app.installation import Installation
from ledger.app.press import Press
from ledger.digest import sha384
from ledger.domain.command import SYSTEM
from ledger.errors import Refused

from .builders import INC, actor, note, opening, records

MANAGER = actor("incident_manager")
SEEN = b"what was seen"


def kept(installation: Installation) -> Path:
    """Where the evidence is once it is stored."""
    return installation.artefacts.path(sha384(SEEN))


def test_its_commands_have_ids_of_its_own_and_the_first_is_decided_on_what_was_seen() -> None:
    press = Press(MANAGER, "a", 7)
    assert [press.next() for _ in range(3)] == [("a", 7), ("a-2", None), ("a-3", None)]


def test_without_an_id_each_command_gets_a_new_one() -> None:
    press = Press(MANAGER)
    ids = {press.next()[0] for _ in range(3)}
    assert len(ids) == 3 and all(len(one) == 32 for one in ids)


def test_what_is_held_is_given_once() -> None:
    press = Press(MANAGER, "a")
    press.hold(SEEN)
    assert (press.release(), press.release()) == ([SEEN], [])


def test_its_evidence_is_stored_with_the_decision(installation: Installation) -> None:
    press = Press(MANAGER, "a")
    assert installation.keep(SEEN, press) == sha384(SEEN)
    assert not kept(installation).exists()
    installation.submit(opening(installation), press)
    assert kept(installation).read_bytes() == SEEN


def test_refused_it_leaves_nothing_behind(installation: Installation) -> None:
    press = Press(actor("noc"), "a")
    installation.keep(SEEN, press)
    before = len(records(installation))
    with pytest.raises(Refused):
        installation.submit(opening(installation), press)
    installation.submit(note(), press)
    assert not kept(installation).exists() and len(records(installation)) == before + 1


def test_sent_again_it_is_answered_by_its_receipt(installation: Installation) -> None:
    first = installation.submit(opening(installation), Press(MANAGER, "a"))
    again = Press(MANAGER, "a")
    installation.keep(SEEN, again)
    assert installation.submit(opening(installation), again) == first
    assert not kept(installation).exists()
    with pytest.raises(Refused):
        installation.submit(opening(installation), Press(MANAGER, "b"))


def test_what_the_ledger_itself_records_meanwhile_takes_none_of_its_ids(installation: Installation) -> None:
    press = Press(MANAGER, "press")
    installation.submit(opening(installation), press)
    installation.submit(note(1), Press(SYSTEM))
    installation.submit(note(2), press, INC)
    ids = [one.request_id for one in installation.ledger.log.receipts("press")]
    assert sorted(ids) == ["press", "press-2"]


@pytest.mark.parametrize("press", [Press(MANAGER), None], ids=["without an id", "of nobody"])
def test_evidence_that_waits_for_nothing_is_stored_at_once(installation: Installation, press: Press | None) -> None:
    installation.keep(SEEN, press)
    assert kept(installation).read_bytes() == SEEN
