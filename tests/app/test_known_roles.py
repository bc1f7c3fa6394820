"""Where the ledger cannot be read, roles are those of the entries before what is wrong: the stop goes by them."""

from __future__ import annotations

import pytest

from ledger.app.home.folders import Home
from ledger.app.installation import Installation, open_home
from ledger.app.people.known_roles import as_far_as_read
from ledger.errors import Corrupt

from .builders import behind_the_triggers


def edit(home: Home, sequence: int) -> Installation:
    """The home opened anew after one character of an entry was changed."""
    with behind_the_triggers(home) as connection:
        connection.execute(
            "UPDATE stored_events SET state = CAST(replace(CAST(state AS TEXT), 'T', 't') AS BLOB) "
            "WHERE originator_version = ?",
            (sequence,),
        )
    return open_home(home.root)


def test_they_are_those_of_the_entries_before(installation: Installation) -> None:
    people, size = installation.state.people, installation.ledger.view().size
    assert people and as_far_as_read(installation) == people
    damaged = edit(installation.home, size)
    with pytest.raises(Corrupt):
        damaged.ledger.view()
    known = as_far_as_read(damaged)
    assert known and known.items() < people.items(), "all but the last who was added"


def test_nobody_is_known_where_the_first_person_is_wrong(installation: Installation) -> None:
    assert as_far_as_read(edit(installation.home, 2)) == {}
