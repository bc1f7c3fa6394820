"""The ledger of sign-ins and refusals: what it counts, and that nothing waits for it when it cannot be had."""

from __future__ import annotations

import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from werkzeug.exceptions import InternalServerError

from ledger.app.home.folders import Home
from ledger.app.home.setup import add_missing_stages
from ledger.app.installation import Installation, now, open_home
from ledger.app.people.access import STAGE, roll_up
from ledger.app.people.access import trouble as trouble_with_it
from ledger.app.people.accounts import Accounts
from ledger.errors import Unreachable
from ledger.proof.entry import parse_entry

from .conftest import PASSWORD, QUICK

SECRET = "what nobody may read"


def store_of(installation: Installation) -> Path:
    return Home(installation.home.root, STAGE).store


@contextmanager
def missing(installation: Installation) -> Iterator[None]:
    store = store_of(installation)
    aside = Path(shutil.move(store.parent, store.parent.with_name("aside")))
    store.parent.mkdir()
    for other in aside.iterdir():
        if not other.name.startswith(STAGE):
            shutil.move(other, store.parent / other.name)
    yield
    for mine in aside.iterdir():
        shutil.move(mine, store.parent / mine.name)


@contextmanager
def locked(installation: Installation) -> Iterator[None]:
    held = sqlite3.connect(store_of(installation), isolation_level=None)
    held.execute("BEGIN IMMEDIATE")
    yield
    held.close()


@contextmanager
def damaged(installation: Installation) -> Iterator[None]:
    store = store_of(installation)
    good = store.read_bytes()
    store.write_bytes(b"no database" * 1000)
    yield
    store.write_bytes(good)


@contextmanager
def unwritable(installation: Installation) -> Iterator[None]:
    """Nothing can be kept: a file stands where the folder would be."""
    folder = installation.home.var / "access"
    shutil.rmtree(folder, ignore_errors=True)
    folder.write_bytes(b"")
    yield
    folder.unlink()


TROUBLES: tuple[Callable[[Installation], object], ...] = (missing, locked, damaged, unwritable)


def statuses(installation: Installation) -> list[str]:
    """What the access ledger says, the minute that runs counted as over."""
    before, installation.clock = installation.clock, lambda: now() + timedelta(minutes=2)
    roll_up(installation)
    installation.clock = before
    with opened_access(installation) as access:
        return [record.status for record, _ in access.ledger.records()]


@contextmanager
def opened_access(installation: Installation) -> Iterator[Installation]:
    access = open_home(installation.home.root, STAGE)
    yield access
    access.ledger.log.close()


def counted(installation: Installation) -> dict[str, int]:
    """All refusals, conflicts and failed sign-ins of the access ledger."""
    statuses(installation)
    total: dict[str, int] = {}
    with opened_access(installation) as access:
        for line in access.ledger.log.lines():
            metadata = parse_entry(line).body["metadata"]
            for name in ("refused", "conflicts", "failed"):
                total[name] = total.get(name, 0) + int(metadata.get(name, 0))
    return total


@pytest.mark.parametrize("trouble", TROUBLES)
def test_nobody_waits_for_the_access_ledger(app, browser, site, installation, trouble):
    client, auditor = browser("noc"), browser("auditor")
    with trouble(installation):
        began = time.monotonic()
        other = app.test_client()
        assert other.post("/sign-in", data={"login": "noc", "password": PASSWORD}).status_code == 303
        assert app.test_client().post("/sign-in", data={"login": "noc", "password": "wrong " * 3}).status_code == 422
        assert client.post("/stop", data={"request_id": "a" * 32, "reason": "orders look wrong"}).status_code == 303
        assert other.post("/sign-out").status_code == 303
        assert time.monotonic() - began < 5
        answer = auditor.get("/access")
        assert answer.status_code in (200, 500, 503)
        assert InternalServerError.description not in answer.text
    assert installation.override_path().is_file()
    (rollback,) = site.installation.state.open.values()
    assert rollback.override.written_at is not None


@pytest.mark.parametrize("trouble", [missing, locked, damaged])
def test_what_happened_meanwhile_is_entered_afterwards(app, installation, trouble):
    with trouble(installation):
        client = app.test_client()
        client.post("/sign-in", data={"login": "noc", "password": PASSWORD})
        app.test_client().post("/sign-in", data={"login": "noc", "password": SECRET})
        client.post("/rollbacks", data={"request_id": "a" * 32, "ticket": "X-1"})
        assert list((installation.home.var / "access").glob("event-*"))
    assert {"signed_in", "sign_ins_failed", "refusals_counted"} <= set(statuses(installation))
    assert counted(installation) == {"refused": 1, "conflicts": 0, "failed": 1}


def test_an_access_ledger_that_is_gone_is_missed_and_not_taken_for_empty(browser, installation):
    auditor = browser("auditor")
    with missing(installation):
        answer = auditor.get("/access")
        assert answer.status_code == 503
        assert "is missing" in answer.text
        assert auditor.get("/access/lines").status_code == 503


def test_the_observer_does_not_wait_for_it_either(app, installation):
    app.test_client().post("/sign-in", data={"login": "noc", "password": PASSWORD})
    with locked(installation):
        began = time.monotonic()
        with pytest.raises(Unreachable):
            roll_up(installation)
        assert time.monotonic() - began < 2


WRONG = {"request_id": "b" * 32, "password": SECRET, "name": "Ola", "login": "ola", "roles": "noc"}
REFUSALS = {
    "a password of one's own": ("noc", "/password", {"password": SECRET, "new": "x" * 12, "again": "x" * 12}, 422),
    "two new ones that differ": ("noc", "/password", {"password": PASSWORD, "new": "x" * 12, "again": "y" * 12}, 422),
    "a person": ("admin", "/people", WRONG, 422),
    "a role": ("admin", "/people/lab-noc/roles", WRONG, 422),
    "a reset": ("admin", "/people/lab-noc/password", WRONG, 422),
    "sessions": ("admin", "/people/lab-noc/sessions", WRONG, 422),
    "a leaver": ("admin", "/people/lab-noc/deactivate", WRONG, 422),
    "a name": ("admin", "/people/lab-noc/erase", WRONG, 422),
    "a stop by an auditor": ("auditor", "/stop", {"request_id": "b" * 32, "reason": SECRET}, 422),
    "an opening by the wrong role": ("noc", "/rollbacks", WRONG | {"ticket": SECRET}, 422),
    "a page of another role": ("noc", "/people", WRONG, 403),
}


@pytest.mark.parametrize("what", REFUSALS)
def test_a_refusal_is_counted_once_and_nothing_typed_is_kept(browser, installation, what):
    role, path, form, status = REFUSALS[what]
    client = browser(role)
    assert client.post(path, data=form).status_code == status
    assert counted(installation) == {"refused": 1, "conflicts": 0, "failed": 0}
    with opened_access(installation) as access:
        assert SECRET.encode() not in b"".join(access.ledger.log.lines())


def test_a_request_of_another_site_is_counted_too(browser, installation):
    browser("noc").post("/stop", data={"reason": "x"}, headers={"Sec-Fetch-Site": "cross-site"})
    assert counted(installation)["refused"] == 1


@pytest.mark.parametrize(
    ("role", "path", "more"),
    [
        ("noc", "/password", {"new": "a long enough one", "again": "a long enough one"}),
        ("admin", "/people/lab-noc/roles", {"roles": ["noc", "admin"], "request_id": "b" * 32}),
    ],
)
def test_guessing_the_password_from_inside_is_slowed_down_too(browser, site, role, path, more):
    client = browser(role)
    for _ in range(8):
        assert "password is wrong" in client.post(path, data=more | {"password": SECRET}).text
    answer = client.post(path, data=more | {"password": PASSWORD})
    assert answer.status_code == 422
    assert "Too many" in answer.text
    assert "admin" not in site.installation.state.people["lab-noc"]


def never_made(installation: Installation) -> None:
    """As an interrupted init leaves it: no access ledger, and nothing kept for it but its keys."""
    home = Home(installation.home.root, STAGE)
    for path in (home.store, home.published, home.published_checkpoint, home.published_key):
        path.unlink()
    home.published_state.unlink(missing_ok=True)
    shutil.rmtree(installation.home.var / "access", ignore_errors=True)


def test_a_home_that_is_to_have_no_access_ledger_keeps_nothing(app, installation):
    never_made(installation)
    installation.home.config.write_text('stages = ""\n')
    assert app.test_client().post("/sign-in", data={"login": "noc", "password": PASSWORD}).status_code == 303
    assert not (installation.home.var / "access").exists()


@pytest.mark.parametrize("keys", ["with keys", "without keys"])
@pytest.mark.parametrize("role", ["auditor", "admin", "noc"])
def test_an_access_ledger_that_is_not_there_is_missed_on_every_page(browser, installation, role, keys):
    never_made(installation)
    sentence = f"the ledger {STAGE} is not there, and keys of it are: it was removed, or its init was interrupted"
    if keys == "without keys":
        shutil.rmtree(installation.home.var / "keys" / STAGE)
        sentence = f"the ledger {STAGE} is not there; sign-ins and refusals wait for it"
    assert (sentence[1:] in browser(role).get("/").text) == (role != "noc")
    assert browser("auditor").get("/access").status_code == 503


def test_sign_ins_wait_for_an_access_ledger_that_was_never_made(app, installation):
    never_made(installation)
    app.test_client().post("/sign-in", data={"login": "noc", "password": PASSWORD})
    assert add_missing_stages(installation.home.root) == [f"the ledger {STAGE} was missing and was made anew"]
    assert add_missing_stages(installation.home.root) == []
    assert "signed_in" in statuses(installation)


def test_a_sign_in_that_cannot_be_kept_is_said_in_the_log_and_on_the_page(browser, installation, caplog):
    auditor = browser("auditor")
    with unwritable(installation):
        browser("noc"), browser("noc")
        (said,) = [record.message for record in caplog.records if "is lost" in record.message]
        assert str(installation.home.var / "access") in said
        assert "A sign-in or a refusal is lost" in auditor.get("/").text
    browser("noc")
    assert trouble_with_it(installation.home.root) == ""


def test_a_first_password_is_made_at_its_own_time_and_changed_only_later(browser, site, installation):
    early = installation.clock() - timedelta(days=1)
    Accounts(installation.home, lambda: early, QUICK).add("ola", "lab-ola", PASSWORD)
    site.accounts.reset("lab-ola")
    roll_up(installation)
    page = browser("auditor").get("/access").text
    made = next(row for row in page.split("<tr>") if "made the first password of lab-ola" in row)
    assert f"{early:%Y-%m-%d %H:%M:%S} UTC" in made and "(entered " in made
    assert page.count("changed the password of lab-ola") == 1
