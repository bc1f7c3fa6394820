"""Whoever reads a timeline sees at each row whether it holds: in words and with a sign, never silently as true."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from ledger.app.home.folders import Home
from ledger.app.installation import Installation
from ledger.app.soundness.marks import following, judged
from ledger.cli.root import stage4

from .attacks import ATTACKS

BAD = {
    "a word in the middle": {6: "HMACs", 7: "does not name the bytes of entry 6"},
    "a word in the first entry": None,
    "a line emptied": {4: "cannot be read", 5: "does not name the bytes"},
    "a row in the middle deleted": {10: "entry 9, which it follows, is missing"},
    "a row deleted and the rest moved up": {9: "stands in the place of entry 9 and is entry 10"},
    "two rows swapped": {4: "stands in the place of entry 4 and is entry 9", 9: "stands in the place"},
    "a row inserted at the end": {21: "stands in the place of entry 21 and is entry 20"},
}


def log(home: Home, *arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(stage4, ["log", *arguments, "--home", str(home.root)])
    return done.exit_code, done.stdout


def test_every_row_of_an_honest_home_holds(installation: Installation) -> None:
    rows = list(following(installation, 0))
    assert [one.sequence for one in rows] == list(range(1, 21))
    assert not [one for one in rows if one.why]
    assert all(not one.why for one in judged(installation, [1, 5, 20]).values())


@pytest.mark.parametrize("after", [0, 1, 7, 19, 20, 25])
def test_rows_are_followed_from_anywhere(after: int, installation: Installation) -> None:
    assert [one.sequence for one in following(installation, after)] == list(range(after + 1, 21))


@pytest.mark.parametrize("name", [name for name, wanted in BAD.items() if wanted])
def test_the_log_marks_what_does_not_hold_and_nothing_else(name: str, home: Home) -> None:
    wanted = BAD[name]
    assert wanted is not None
    ATTACKS[name].do(home)
    status, text = log(home, "--json")
    rows = {row["sequence"]: row for row in map(json.loads, text.splitlines())}
    assert status == 0
    for sequence, why in wanted.items():
        assert why in rows[sequence]["why_not"] and rows[sequence]["holds"] is False
    untouched = [row for row in rows.values() if row["sequence"] < min(wanted)]
    assert all(row["holds"] for row in untouched)
    _, shown = log(home)
    assert shown.count("✘  DOES NOT HOLD: ") == sum(not row["holds"] for row in rows.values())


def test_field_case_01_the_forged_role_is_shown_and_marked(home: Home) -> None:
    ATTACKS["a word in the middle"].do(home)
    _, shown = log(home, "--last", "15")
    lines = shown.splitlines()
    forged = next(number for number, line in enumerate(lines) if line.split()[0] == "6")
    assert "ncc" in lines[forged] and "✘  DOES NOT HOLD" in lines[forged + 1]


def test_rows_that_are_not_there_are_left_out(installation: Installation) -> None:
    assert set(judged(installation, [0, 3, 999])) == {3}


def test_a_file_beside_the_store_is_not_asked(home: Home) -> None:
    """The published lines are right; the row is what the ledger decides from, and is marked."""
    ATTACKS["a published line edited"].do(home)
    status, text = log(home, "--json")
    assert status == 0 and all(json.loads(line)["holds"] for line in text.splitlines())
    assert isinstance(home.published, Path)
