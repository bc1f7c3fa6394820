"""A running lab for each file of tests."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.lab.occupancy import running
from ledger.lab.tools import fetch

from .commands import PROJECT, STAGE4, environment, statuses, until


@pytest.fixture(scope="session")
def servers() -> None:
    """The programs of Prometheus and Alertmanager are there."""
    fetch(PROJECT / "var" / "lab" / "tools", print)


@pytest.fixture(scope="module")
def lab(servers: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The home of a lab that ``stage4 lab`` keeps up, its scheduler misbehaving."""
    home = tmp_path_factory.mktemp("home")

    def up() -> bool:
        return bool(running(home / "var" / "lab")) and "observer_started" in statuses(home)

    with (home / "lab.log").open("w") as log:
        command = [STAGE4, "lab", "--misbehave", "latency"]
        process = subprocess.Popen(command, cwd=home, env=environment(home), stdout=log, stderr=log)
        try:
            until(up, 60, "the lab to be up")
            yield home
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) is not None
