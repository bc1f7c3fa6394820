"""A sample of the table on every run; all of it by ``python -m tests.stop_table``."""

from __future__ import annotations

import itertools
import subprocess
import sys
from pathlib import Path

from tests.stop_table.cell import Came, Cell, cells, sample, wrong
from tests.stop_table.world import FILES, LEDGERS, SCHEDULERS, WAYS

PROJECT = Path(__file__).resolve().parents[2]


def test_after_the_stop_an_override_stops_trading_or_it_says_that_it_does_not() -> None:
    command = [sys.executable, "-m", "tests.stop_table", "--sample"]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=280, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(sample())} cells, 0 wrong" in done.stdout


def test_the_sample_has_every_pair_of_states() -> None:
    names = (FILES, LEDGERS, SCHEDULERS, WAYS)
    assert set(sample()) <= set(cells())
    for one, other in itertools.combinations(range(4), 2):
        assert len({(cell[one], cell[other]) for cell in sample()}) == len(names[one]) * len(names[other])


def test_the_table_knows_a_wrong_answer_from_a_right_one() -> None:
    cell = Cell("absent", "well", "unknown", "command", held=True)
    right = Came(0, "rollback STOP-3", "", 0.1, victim=True)
    assert wrong(cell, right) == ""
    assert wrong(cell, right._replace(status=1))
    assert wrong(cell, right._replace(broken="nothing is there"))
    assert wrong(cell, right._replace(broken="nothing is there", status=3))
    assert wrong(cell, right._replace(broken="nothing is there", status=3, said="NOTHING WAS STOPPED")) == ""
    assert wrong(cell, right._replace(victim=False))
    assert wrong(cell, right._replace(said="Traceback (most recent call last)"))
