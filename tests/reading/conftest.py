"""A lab home with accounts and an open rollback, made once; and ways to make its disk take no writes."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from ledger.app.home.setup import LAB_ROLES, init
from ledger.app.people.accounts import Accounts
from ledger.app.people.directory import LAB_PEOPLE
from ledger.app.press import Press
from ledger.app.steps import opening
from ledger.domain.command import SYSTEM, Actor
from ledger.domain.people.commands import AddPerson

from .disks import Disk, mounted
from .runner import NOBODY, Done, run

PASSWORD = "four plain words here"
QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
Reader = Callable[..., Done]


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("STAGE4_")]:
        monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("template") / "home"
    installation = init(root, purpose="lab", name="You", roles=LAB_ROLES)
    accounts = Accounts(installation.home, installation.clock, QUICK)
    installation.submit(AddPerson(person="lab-auditor", roles=("auditor",)), Press(SYSTEM))
    for person in (*LAB_PEOPLE, "lab-auditor"):
        accounts.add(person.removeprefix("lab-").replace("-", "_"), person, PASSWORD)
    manager = Actor(person="lab-incident-manager", auth="lab")
    opening.open_rollback(installation, Press(manager), ticket="INC-7", reason="a reason")
    installation.ledger.log.close()
    return root


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    with mounted(tmp_path / "disk") as found:
        if found is None:
            pytest.skip("mounting is not allowed here; the tests as another user go without it")
        yield found


@pytest.fixture
def room() -> Iterator[Path]:
    """A folder that every user of this machine can reach, unlike pytest's own."""
    path = Path(tempfile.mkdtemp(prefix="stage4-reading-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


@pytest.fixture
def on_disk(disk: Disk, template: Path) -> Path:
    """The home on a disk of its own."""
    return Path(shutil.copytree(template, disk.path / "home"))


def _as_nobody(template: Path, room: Path) -> Path:
    if os.getuid() != 0:
        pytest.skip("another user's process can only be made by root")
    home = Path(shutil.copytree(template, room / "home"))
    for path in (home, *home.rglob("*")):
        os.chown(path, NOBODY, NOBODY)
        path.chmod(path.stat().st_mode & 0o555)
    return home


@pytest.fixture(params=["full", "read-only", "no permission"])
def still(request: pytest.FixtureRequest, template: Path, room: Path) -> Iterator[tuple[Path, Reader]]:
    """A home that takes no writes, and how a command is run on it."""
    if request.param == "no permission":
        home = _as_nobody(template, room)
        yield home, lambda *arguments: run(home, *arguments, uid=NOBODY)
        return
    home = request.getfixturevalue("on_disk")
    disk: Disk = request.getfixturevalue("disk")
    if request.param == "full":
        disk.fill()
    else:
        disk.remount("ro")
    yield home, lambda *arguments: run(home, *arguments)
