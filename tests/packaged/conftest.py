"""One installation of the wheel, and a home in which a whole rollback was rehearsed by it."""

from __future__ import annotations

from pathlib import Path

import pytest

from ledger.lab.tools import fetch

from .installed import PROJECT, Installed


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    return Installed(tmp_path_factory.mktemp("wheel"), fetch(PROJECT / "var" / "lab" / "tools", print))


@pytest.fixture(scope="session")
def rehearsed(installed: Installed, tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("rehearsed")
    done = installed.stage4(home, "rehearse", "--watch", "5s", timeout=150)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "VERIFIED" in done.stdout
    return home
