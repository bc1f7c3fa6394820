"""A kept home, unpacked: one that is only read, and a copy that a test may go on with."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from ledger.app.home.folders import Home
from ledger.app.installation import Installation, opened
from ledger.app.people.accounts import Accounts
from ledger.app.reading.outlook import Lookout
from tests.dashboard.conftest import PASSWORD, QUICK, Browser
from web import Site, create_app

from .archive import MADE_AT, names, unpack

LOGIN, PERSON = "kept_manager", "lab-incident-manager"


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of the machine that runs the tests reaches them."""
    for name in [name for name in os.environ if name.startswith("STAGE4_")]:
        monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def nothing_outside() -> Iterator[None]:
    """Entries name paths of the folder where the homes were made: nothing is ever written there."""
    before = MADE_AT.exists()
    yield
    assert MADE_AT.exists() == before


@pytest.fixture(scope="module", params=names())
def kept(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Each kept home, for tests that only read."""
    return Home(unpack(request.param, tmp_path_factory.mktemp("kept") / request.param))


@pytest.fixture
def copied(kept: Home, tmp_path: Path) -> Home:
    """A copy of it."""
    return Home(shutil.copytree(kept.root, tmp_path / kept.root.name))


@pytest.fixture
def installation(copied: Home) -> Iterator[Installation]:
    with opened(copied.root) as found:
        yield found


@pytest.fixture
def browser(installation: Installation) -> FlaskClient:
    """The lab's incident manager, signed in."""
    accounts = Accounts(installation.home, installation.clock, QUICK)
    accounts.add(LOGIN, PERSON, PASSWORD)
    app = create_app(Site(installation, accounts, Lookout(installation), secret=b"a secret of this test"))
    app.test_client_class = Browser
    client = app.test_client()
    assert client.post("/sign-in", data={"login": LOGIN, "password": PASSWORD}).status_code == 303
    return client
