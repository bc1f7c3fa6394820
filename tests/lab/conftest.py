"""The real servers: found on PATH, else fetched once into var/lab/tools."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from ledger.lab.loopback import call_json, until
from ledger.lab.servers import Lab
from ledger.lab.tools import Tools, fetch

PROJECT = Path(__file__).resolve().parents[2]
CYCLE_SECONDS = 0.1


@pytest.fixture(scope="session")
def lab_tools() -> Tools:
    return fetch(PROJECT / "var" / "lab" / "tools", print)


@pytest.fixture(scope="session")
def lab_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("lab")


@pytest.fixture(scope="session")
def override(lab_folder: Path) -> Path:
    return lab_folder / "overrides" / "multi_strategy_disable.json"


@pytest.fixture(scope="session")
def shared_lab(lab_folder: Path, override: Path, lab_tools: Tools) -> Iterator[Lab]:
    override.parent.mkdir()
    with Lab(lab_folder, override, tools=lab_tools, cycle_seconds=CYCLE_SECONDS) as lab:
        yield lab


@pytest.fixture
def lab(shared_lab: Lab, override: Path) -> Iterator[Lab]:
    """The shared lab, enabled and healthy before and after."""
    yield shared_lab
    override.unlink(missing_ok=True)
    shared_lab.misbehave("none")
    until(lambda: status_of(shared_lab)["status"] == "enabled", 5, "the scheduler to be enabled again")


@pytest.fixture
def new_lab(tmp_path: Path, lab_tools: Tools) -> Iterator[Callable[[], Lab]]:
    """Starts a lab of the test's own."""
    with ExitStack() as stack:
        yield lambda: stack.enter_context(Lab(tmp_path / "own", tmp_path / "override.json", tools=lab_tools))


@pytest.fixture
def status(shared_lab: Lab) -> Callable[[], dict[str, object]]:
    return lambda: status_of(shared_lab)


def status_of(lab: Lab) -> dict[str, object]:
    answer: dict[str, object] = call_json(f"{lab.addresses.scheduler}/status")
    return answer
