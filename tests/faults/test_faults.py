"""A few faults of each kind, spread: ``python -m tests.faults`` puts in as many as one likes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from .strace import CALLS, HOWS, choose, unusable

PROJECT = Path(__file__).resolve().parents[2]
RUNS, SECONDS = 10, 15


@pytest.mark.parametrize("command", ["init", "people-add", "stop"])
def test_what_a_fault_leaves_works_or_says_what_to_do(tmp_path: Path, command: str) -> None:
    if why := unusable(tmp_path):
        pytest.skip(why)
    line = [sys.executable, "-m", "tests.faults", command, "--json", "--runs", str(RUNS), "--seconds", str(SECONDS)]
    done = subprocess.run(line, cwd=PROJECT, capture_output=True, text=True, check=False, timeout=120)
    page = json.loads(done.stdout)
    assert page["wrong"] == [] and done.returncode == 0, done.stderr
    assert page["runs"] > 0


def test_faults_are_spread_over_calls_occurrences_and_ways_to_fail() -> None:
    counted = {"openat": list(range(1, 91)), "fsync": list(range(5, 20)), "rename": [2, 3], "ftruncate": [1]}
    chosen = choose(counted, 40)
    assert len(set(chosen)) == len(chosen) == 40
    assert all(fault.number in counted[fault.call] for fault in chosen)
    for call, numbers in counted.items():
        mine = [fault for fault in chosen if fault.call == call]
        assert {fault.how for fault in mine} == set(HOWS)
        assert (
            max(fault.number for fault in mine) - min(fault.number for fault in mine) >= (numbers[-1] - numbers[0]) / 2
        )
    assert {fault.call for fault in choose(counted, 4)} == counted.keys() < set(CALLS)
    assert len(choose({"rename": [7]}, 40)) == len(HOWS), "no more than there are"
