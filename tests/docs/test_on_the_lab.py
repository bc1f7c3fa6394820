"""The first rollback as its tutorial tells it, whole: also what needs servers is typed, while ``stage4 lab`` runs."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.lab.loopback import until
from ledger.lab.occupancy import running
from ledger.lab.tools import fetch

from .blocks import DOCS, PROJECT, blocks, environment, typed

TUTORIAL = DOCS / "tutorials" / "first-rollback.md"
LAB = "stage4 lab\n"


@pytest.fixture
def servers() -> None:
    """The programs of Prometheus and Alertmanager are there."""
    fetch(PROJECT / "var" / "lab" / "tools", print)


@pytest.fixture
def lab(servers: None, tmp_path: Path) -> Iterator[Path]:
    """The home of a lab that runs, as in the tutorial's first terminal."""
    home = tmp_path / "home"
    home.mkdir()
    command = [Path(sys.executable).parent / "stage4", "lab"]
    with (tmp_path / "lab.log").open("w") as log:
        process = subprocess.Popen(command, cwd=home, env=environment(home), stdout=log, stderr=log)
        try:
            until(lambda: bool(running(home / "var" / "lab")), 60, "the lab")
            yield home
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) is not None


def critical(home: Path) -> bool:
    shown = json.loads(typed("stage4 status --json", home).stdout)
    return bool(shown["alerts"]["critical"])


@pytest.mark.timeout(600)
def test_the_first_rollback_is_completed_as_the_tutorial_says(lab: Path) -> None:
    typing = [one for one in blocks(TUTORIAL) if one.marks.get("not run") != "installation" and one.text != LAB]
    assert len(typing) == 13, "the blocks of the two counts, without the one that is the lab itself"
    for block in typing:
        done = typed(block.text, lab)
        if "rollback watch" in block.text and done.returncode:  # a machine too busy for a gapless history: once more
            done = typed("stage4 rollback retry 4 --duration 20s", lab)
        where = f"{TUTORIAL.name}:{block.line}\n{block.text}{done.stdout}{done.stderr}"
        assert done.returncode == int(block.marks.get("exit", "0")), where
        if block.text == "stage4 lab misbehave latency\n":
            until(lambda: critical(lab), 60, "a critical alert")
        if "rollback complete" in block.text:
            assert "INC-2042  incident, completed" in done.stdout, where
