"""People as entries: marks of a fresh grant or reset, and who held which roles when."""

from __future__ import annotations

import io

from ledger.app.installation import Installation
from ledger.app.queries import entry_json
from ledger.domain import commands as c
from ledger.domain.commands import Actor
from ledger.domain.record import Recorded
from ledger.proof.entry import parse_entry
from ledger.verify import verify

from .builders import Clock, actor, lines_of, note


def admin(installation: Installation) -> Actor:
    """The person at the terminal who made the home."""
    return Actor(person=next(one for one in installation.state.people if one.startswith("p-")), auth="os")


def newest(installation: Installation) -> tuple[Recorded, bytes]:
    """The last entry."""
    return list(installation.ledger.records(installation.state.sequence - 1))[-1]


def test_what_a_marked_account_does_is_sealed_shown_and_verified_with_its_marks(
    installation: Installation, clock: Clock
) -> None:
    noc = actor("noc")
    installation.submit(c.ResetPassword(person=noc.person), admin(installation))
    reset = installation.state.sequence
    installation.submit(c.ChangeRoles(person=noc.person, grant=("l2_ops",)), admin(installation))
    installation.submit(note(), noc)
    record, line = newest(installation)
    assert parse_entry(line).metadata["marks"] == [f"password_reset:{reset}", f"role_granted:{reset + 1}"]
    page = entry_json(record, line)
    assert page["marks"] == list(record.marks) and f"[password_reset:{reset}, " in page["sentence"]
    clock.move(hours=25)
    installation.submit(note(1), noc)
    record, line = newest(installation)
    assert "marks" not in parse_entry(line).metadata and entry_json(record, line)["marks"] == []
    assert verify(io.BytesIO(b"".join(line + b"\n" for line in lines_of(installation.home)))).verified


def test_the_labs_people_are_not_marked_for_being_there(installation: Installation) -> None:
    installation.submit(note(), actor("noc"))
    assert newest(installation)[0].marks == ()
