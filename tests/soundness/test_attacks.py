"""Every attack is found by a look, by ``doctor`` and by the guard of a running server, and is named for what it is."""

from __future__ import annotations

import pytest

from ledger.app.doctor import examine as doctor
from ledger.app.home.folders import Home
from ledger.app.installation import opened
from ledger.app.press import Press
from ledger.app.soundness import examine
from ledger.app.soundness.guard import Guard
from ledger.errors import Corrupt
from tests.app.builders import actor, note, stored

from .attacks import ATTACKS

each_attack = pytest.mark.parametrize("name", ATTACKS)


def test_there_are_enough_of_them() -> None:
    assert len(ATTACKS) >= 50


@each_attack
def test_a_look_finds_it_and_names_it_rightly(name: str, home: Home) -> None:
    attack = ATTACKS[name]
    attack.do(home)
    found = examine(home.root)
    assert not found.sound
    assert attack.causes <= {one.cause for one in found.findings}
    assert {one.part for one in found.findings} <= attack.parts
    assert {one.ledger for one in found.findings} == {attack.ledger}
    assert bool(found.holding(attack.ledger)) is attack.holds
    assert all(one.sentence and one.remedy and one.place for one in found.findings)


@each_attack
def test_doctor_finds_it(name: str, home: Home) -> None:
    attack = ATTACKS[name]
    attack.do(home)
    checks = doctor.examine(home.root)
    wrong = {one.name.rpartition(" ")[2] for one in checks if one.state == "problem"}
    assert wrong & attack.parts


@each_attack
def test_a_running_server_finds_it_within_its_round_and_writes_nothing_on_top(name: str, home: Home) -> None:
    """The server read everything at its start; what is done to the home afterwards shows in the next whole look."""
    attack = ATTACKS[name]
    with opened(home.root) as installation:
        installation.ledger.view()
        guard = Guard(home.root, [installation.ledger])
        guard.round()
        assert not guard.findings and not installation.ledger.held
        attack.do(home)
        guard._whole_at -= 2 * 24 * 3600
        guard.round()
        assert attack.causes & {one.cause for one in guard.findings}
        assert bool(installation.ledger.held or installation.ledger.others_held) is attack.holds
        if attack.holds and attack.ledger == "stage4":
            before = stored(home)
            with pytest.raises(Corrupt, match="nothing is written but the stop"):
                installation.submit(note(1), Press(actor("noc")))
            with pytest.raises(Corrupt, match="nothing is written but the stop"):
                installation.publish()
            assert stored(home) == before


LATER = {
    "a published line edited",
    "a published line cut out",
    "a line put between the published ones",
    "two published lines swapped",
    "the published line ends converted",
    "everything sealed again by who holds the HMAC key",
}
"""Of the published lines only the end is looked at every minute."""
SOON = [
    name
    for name, attack in ATTACKS.items()
    if "artefacts" not in attack.parts and attack.ledger == "stage4" and name not in LATER
]


@pytest.mark.parametrize("name", SOON)
def test_the_last_rows_and_the_files_are_seen_every_minute(name: str, home: Home) -> None:
    """A home this small is all last rows; artefacts and the other ledgers come with the daily look."""
    attack = ATTACKS[name]
    with opened(home.root) as installation:
        guard = Guard(home.root, [installation.ledger])
        guard.round()
        attack.do(home)
        guard._look_at_recent()
        assert guard.findings
        assert {one.part for one in guard.findings} <= attack.parts
        assert bool(guard.held) is attack.holds
