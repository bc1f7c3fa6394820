"""People as entries: marks of a fresh grant or reset, and who held which roles when."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from ledger.app.durations import parse_moment
from ledger.app.installation import Installation
from ledger.app.press import Press
from ledger.app.reading.queries import entry_json
from ledger.cli.root import stage4
from ledger.domain.command import Actor
from ledger.domain.people.commands import ChangeRoles, DeactivatePerson, ResetPassword
from ledger.domain.record import Recorded
from ledger.errors import Refused
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
    installation.submit(ResetPassword(person=noc.person), Press(admin(installation)))
    reset = installation.state.sequence
    installation.submit(ChangeRoles(person=noc.person, grant=("l2_ops",)), Press(admin(installation)))
    installation.submit(note(), Press(noc))
    record, line = newest(installation)
    assert parse_entry(line).metadata["marks"] == [f"password_reset:{reset}", f"role_granted:{reset + 1}"]
    page = entry_json(record, line)
    assert page["marks"] == list(record.marks) and f"[password_reset:{reset}, " in page["sentence"]
    clock.move(hours=25)
    installation.submit(note(1), Press(noc))
    record, line = newest(installation)
    assert "marks" not in parse_entry(line).metadata and entry_json(record, line)["marks"] == []
    assert verify(io.BytesIO(b"".join(line + b"\n" for line in lines_of(installation.home)))).outcome == "incomplete"


def test_the_labs_people_are_not_marked_for_being_there(installation: Installation) -> None:
    installation.submit(note(), Press(actor("noc")))
    assert newest(installation)[0].marks == ()


# --- who may act, and when -------------------------------------------------------------------------------------------


def people(root: Path, *arguments: str) -> Result:
    """``stage4 people …`` in a home."""
    return CliRunner().invoke(stage4, ["people", *arguments, "--home", str(root)])


def listed(root: Path, *arguments: str) -> dict[str, dict[str, Any]]:
    """The list as JSON, by person."""
    done = people(root, "list", *arguments, "--json")
    assert done.exit_code == 0, done.output
    return {row["person"]: row for row in json.loads(done.output)}


def test_a_leaver_is_deactivated_then_erased_and_the_chain_stays(root: Path, installation: Installation) -> None:
    added = json.loads(people(root, "add", "Halina", "--uid", "4711", "--role", "noc", "--json").output)["person"]
    early = people(root, "erase", added)
    assert early.exit_code == 1 and "may still act; first" in early.stderr
    assert f"deactivated by entry {installation.state.sequence + 1}" in people(root, "deactivate", added).output
    before = lines_of(installation.home)
    assert listed(root)[added]["name"] == "Halina"
    done = people(root, "erase", added)
    assert done.exit_code == 0 and "the ledger's entries are untouched" in done.output
    assert lines_of(installation.home) == before and "Halina" not in installation.home.people.read_text()
    row = listed(root)[added]
    assert (row["name"], row["uid"], row["roles"], row["deactivated_entry"]) == (None, None, [], len(before))
    assert people(root, "erase", added).exit_code == 1


def test_erasing_a_name_needs_an_admin(root: Path) -> None:
    done = people(root, "erase", "lab-noc", "--as", "lab-l2-ops")
    assert done.exit_code == 1 and "this needs the role admin" in done.stderr


def test_who_was_deactivated_is_told_so_at_the_terminal(root: Path, installation: Installation) -> None:
    me = admin(installation)
    installation.submit(ChangeRoles(person="lab-noc", grant=("admin",)), Press(me))
    installation.submit(DeactivatePerson(person=me.person), Press(actor("noc")))
    done = people(root, "grant", "lab-noc", "--role", "l2_ops")
    assert done.exit_code == 1 and "can no longer act" in done.stderr


def test_roles_are_listed_as_they_were(root: Path, installation: Installation, clock: Clock) -> None:
    me, noc = admin(installation), "lab-noc"
    first = clock.now
    clock.move(days=2)
    installation.submit(ChangeRoles(person=noc, grant=("l2_ops",)), Press(me))
    clock.move(days=2)
    installation.submit(DeactivatePerson(person=noc), Press(me))
    assert listed(root, "--at", first.isoformat())[noc]["roles"] == ["noc"]
    then = first + timedelta(days=2)
    assert listed(root, "--at", then.isoformat())[noc]["roles"] == ["l2_ops", "noc"]
    assert listed(root, "--at", (then - timedelta(seconds=1)).isoformat())[noc]["roles"] == ["noc"]
    assert listed(root, "--at", f"{then:%Y-%m-%d}")[noc]["roles"] == ["l2_ops", "noc"], "a date means its end"
    assert listed(root)[noc]["roles"] == listed(root, "--at", "2999-01-01")[noc]["roles"] == []
    assert "nobody" in people(root, "list", "--at", "2001-01-01").output


@pytest.mark.parametrize("text", ["yesterday", "2026-13-01", "2026-11-23T05:00:00", "20261123", "2026-W01-1", ""])
def test_a_date_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(Refused, match="is no date"):
        parse_moment(text)


def test_a_date_time_is_read_with_its_offset() -> None:
    assert parse_moment("2026-11-23T05:27:01+02:00") == datetime(2026, 11, 23, 3, 27, 1, tzinfo=UTC)
    assert parse_moment("2026-11-23t05:27:01.5z") == datetime(2026, 11, 23, 5, 27, 1, 500000, UTC)
