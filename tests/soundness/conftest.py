"""A lab home with evidence of each kind, made once and copied for each test."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ledger.app.home.folders import Home
from ledger.app.home.setup import LAB_ROLES, init
from ledger.app.installation import Installation, opened
from ledger.app.people import access
from ledger.app.press import Press
from ledger.app.record.erasing import erase
from ledger.app.steps import duties, opening, stopping
from ledger.app.steps.stop import stop
from ledger.domain.access.events import SignedIn
from ledger.domain.asked import fit
from tests.app.builders import actor
from tests.app.test_people import admin

LONG = "a long text that two people may erase. " * 12
EARLIER = b'{"kind":"metadata"}\n'


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of the machine that runs the tests reaches them."""
    for name in [name for name in os.environ if name.startswith("STAGE4_")]:
        monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def rehearsed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two rollbacks, a stop, attachments, an erased text, sign-ins, and a log from before the ledger."""
    root = tmp_path_factory.mktemp("rehearsed") / "home"
    earlier = Home(root).published
    earlier.parent.mkdir(parents=True)
    earlier.write_bytes(EARLIER)
    init(root, purpose="lab", name="You", roles=LAB_ROLES).ledger.log.close()
    with opened(root) as installation:
        tell(installation)
        access.note(root, SignedIn(person="lab-noc", address="127.0.0.1", at=datetime.now(UTC)))
        access.note(root, SignedIn(person="lab-noc", address="127.0.0.1", at=datetime.now(UTC)))
        assert access.roll_up(installation) == 2
    return root


def tell(installation: Installation) -> None:
    """What happens in it."""
    manager, ops, noc = actor("incident_manager"), actor("l2_ops"), actor("noc")
    stop(installation, Press(ops), fit(reason="latency", ticket="INC-1"))  # three entries in one commit
    opening.confirm(installation, Press(actor("product_owner")), installation.rollback("INC-1"))
    duties.waive(installation, Press(manager), installation.rollback("INC-1"), 2, "no Alertmanager here")
    stopping.check(installation, Press(ops), installation.rollback("INC-1"), patience=0.0)
    duties.attach_bytes(installation, Press(noc), installation.rollback("INC-1"), "graph.txt", b"a graph", 3)
    for text in (LONG, LONG[::-1]):
        opening.note(installation, Press(noc), installation.rollback("INC-1"), text, None)
    name = next(iter(installation.state.texts))
    erase(installation, Press(admin(installation)), name, "names a person")
    erase(installation, Press(noc), name, "")
    opening.open_rollback(installation, Press(manager), ticket="INC-2", reason="żółć")


@pytest.fixture
def home(rehearsed: Path, tmp_path: Path) -> Home:
    return Home(Path(shutil.copytree(rehearsed, tmp_path / "home", symlinks=True)))


@pytest.fixture
def installation(home: Home) -> Iterator[Installation]:
    with opened(home.root) as made:
        yield made
