"""A lab home with real servers and an observer, one for each test or one for a file's tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.lab.scenarios import Stage, stage


@pytest.fixture
def on(tmp_path: Path) -> Iterator[Stage]:
    """A stage of the test's own."""
    with stage(tmp_path / "home", print, print) as made:
        yield made


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """One lab for the tests of a file."""
    with stage(tmp_path_factory.mktemp("house") / "home", print, print) as made:
        yield made


@pytest.fixture
def shared(house: Stage) -> Stage:
    """The file's lab with a checklist of the test's own."""
    return Stage(house.installation, house.lab, print, print, house.heard)
