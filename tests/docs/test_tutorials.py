"""What a tutorial tells to type works, in its order, in a home of the lab that names no server.

What needs servers, or what made this very environment, is marked as not run and counted here: a block that is left out
by a new mark changes a number that somebody has to change by hand.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from ledger.app.home.setup import LAB_ROLES, init

from .blocks import TUTORIALS, blocks, typed

COUNTS = {
    "auditor": {"run": 9},
    "first-rollback": {"run": 8, "servers": 6, "installation": 1},
    "night": {},
}
"""Tutorial -> how many of its blocks are run, and how many are not, by reason."""
MARKS = {"not run", "exit", "says"}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    made = init(tmp_path / "home", purpose="lab", name="You", roles=LAB_ROLES)
    made.ledger.log.close()
    return tmp_path / "home"


@pytest.mark.parametrize("tutorial", TUTORIALS, ids=lambda path: path.stem)
def test_what_a_tutorial_says_can_be_typed_in_its_order(tutorial: Path, home: Path) -> None:
    for block in blocks(tutorial):
        if "not run" not in block.marks:
            done = typed(block.text, home)
            where = f"{tutorial.name}:{block.line}\n{block.text}{done.stdout}{done.stderr}"
            assert done.returncode == int(block.marks.get("exit", "0")), where
            assert block.marks.get("says", "") in done.stdout, where


def test_as_many_blocks_are_run_and_left_out_as_somebody_wrote_down() -> None:
    found = {
        path.stem: dict(Counter(block.marks.get("not run", "run") for block in blocks(path))) for path in TUTORIALS
    }
    assert found == COUNTS


def test_no_mark_is_mistyped() -> None:
    assert {mark for path in TUTORIALS for block in blocks(path) for mark in block.marks} <= MARKS


def test_the_hand_made_check_of_an_auditor_finds_the_same_number_twice(home: Path) -> None:
    (by_hand,) = [block for path in TUTORIALS for block in blocks(path) if "sha384sum" in block.text]
    assert typed("stage4 export --out handed-over", home).returncode == 0
    digest, named = typed(by_hand.text, home).stdout.splitlines()
    assert digest.split()[0] == named.removeprefix('"previous":"sha384:').removesuffix('"')
