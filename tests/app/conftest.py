"""A lab home, made once and copied for each test."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.app.home.folders import Home
from ledger.app.home.setup import init
from ledger.app.installation import Installation, opened
from ledger.app.record.deliver import deliver
from ledger.app.record.publish import Publisher
from ledger.domain.closing.commands import Abort

from .builders import Clock, free_port, removing, stopping, tell


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of the machine that runs the tests reaches them."""
    for name in [name for name in os.environ if name.startswith("STAGE4_")]:
        monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("template") / "home"
    down = f"http://127.0.0.1:{free_port()}"
    init(root, purpose="lab", starter=f'[alertmanager]\nurl = "{down}"\n').ledger.log.close()
    return root


@pytest.fixture
def root(template: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(template, tmp_path / "home"))


@pytest.fixture
def home(root: Path) -> Home:
    return Home(root)


@pytest.fixture
def installation(root: Path) -> Iterator[Installation]:
    with opened(root) as made:
        made.publish()  # a copied file is not the one that the publisher left
        yield made


@pytest.fixture
def clock(installation: Installation) -> Clock:
    """The installation's clock, moved by the test."""
    installation.clock = Clock()
    return installation.clock


@pytest.fixture
def path(home: Home) -> Path:
    """Where the override stands."""
    return home.root / "var" / "runtime" / "overrides" / "multi_strategy_disable.json"


@pytest.fixture
def told(root: Path) -> Iterator[Installation]:
    """A stop that stands in the ledger; the process died; the home is opened again."""
    with opened(root) as before:
        tell(before, "l2_ops", stopping(before), "")
    with opened(root) as installation:
        yield installation


@pytest.fixture
def stopped(told: Installation) -> Installation:
    deliver(told)
    return told


@pytest.fixture
def leaving(stopped: Installation) -> Installation:
    """A rollback that is being aborted, so that step 5 is due; the removal is asked for and not done."""
    tell(stopped, "incident_manager", Abort(reason="a mistake"))
    tell(stopped, "l2_ops", removing(stopped))
    return stopped


@pytest.fixture
def publisher(installation: Installation) -> Publisher:
    return installation.publisher
