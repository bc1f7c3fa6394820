"""The dashboard on a disk that is full or read-only: who knows a password signs in and reads every page."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from ledger.app.installation import open_home
from ledger.app.people.accounts import Accounts
from ledger.app.reading.outlook import Lookout
from web import Site, create_app
from web.server import cookie_secret

from .conftest import PASSWORD, QUICK
from .disks import Disk
from .test_takes_no_writes import leave_a_wal

PAGES = (
    "/",
    "/rollbacks",
    "/rollbacks/INC-7",
    "/rollbacks/INC-7/review",
    "/timeline",
    "/timeline?q=reason",
    "/entries/1",
    "/entries/3/bytes",
    "/audit",
    "/audit/stage4.jsonl",
    "/access",
    "/password",
    "/metrics",
    "/healthz",
)


@contextmanager
def dashboard(home: Path) -> Iterator[FlaskClient]:
    installation = open_home(home)
    try:
        accounts = Accounts(installation.home, installation.clock, QUICK)
        site = Site(installation, accounts, Lookout(installation), secret=cookie_secret(installation.home))
        app = create_app(site)
        client = app.test_client()
        client.environ_base |= {"HTTP_ACCEPT": "text/html", "HTTP_SEC_FETCH_SITE": "same-origin"}
        yield client
    finally:
        installation.ledger.log.close()


def sign_in(client: FlaskClient, login: str = "auditor") -> None:
    answer = client.post("/sign-in", data={"login": login, "password": PASSWORD})
    assert answer.status_code == 303, answer.text


@pytest.fixture(params=["full", "read-only", "published lines"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def client(kind: str, on_disk: Path, disk: Disk) -> Iterator[FlaskClient]:
    if kind == "published lines":
        leave_a_wal(on_disk)
        (on_disk / "var/ledger/stage4.sqlite-shm").unlink(missing_ok=True)
    if kind == "full":
        disk.fill()
    else:
        disk.remount("ro")
    with dashboard(on_disk) as made:
        yield made


def test_every_page_is_there_and_says_where_it_was_read(kind: str, client: FlaskClient) -> None:
    sign_in(client)
    for page in PAGES:
        answer = client.get(page)
        assert answer.status_code == 200, (page, answer.text[:2000])
        if answer.mimetype == "text/html":
            assert "what is shown" in answer.text, page
    read_from = client.get("/healthz").get_json()["read_from"]
    assert read_from == ("published lines" if kind == "published lines" else "store, read-only")


def test_it_is_said_in_polish(client: FlaskClient) -> None:
    sign_in(client)
    client.set_cookie("lang", "pl")
    page = client.get("/").text
    assert "to, co widać" in page
    assert "what is shown" not in page


def test_wrong_passwords_are_counted_all_the_same(client: FlaskClient) -> None:
    for _ in range(8):
        assert client.post("/sign-in", data={"login": "noc", "password": "wrong"}).status_code == 422
    answer = client.post("/sign-in", data={"login": "noc", "password": PASSWORD})
    assert "Too many" in answer.text


def test_who_leaves_is_out(client: FlaskClient) -> None:
    sign_in(client)
    assert client.post("/sign-out").status_code == 303
    assert client.get("/").status_code == 303


def test_an_act_says_that_nothing_was_written(client: FlaskClient) -> None:
    sign_in(client, "incident_manager")
    answer = client.post("/rollbacks/INC-7/note", data={"text": "x", "request_id": "0" * 32})
    assert answer.status_code == 503, answer.text
    assert "Traceback" not in answer.text


def test_who_came_in_while_the_disk_was_full_stays_when_there_is_room(
    on_disk: Path, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ledger.store.sqlite.spare._AGAIN", 0.0)
    with dashboard(on_disk) as client:
        sign_in(client, "noc")
        other = client.application.test_client()
        other.environ_base |= client.environ_base
        disk.fill()
        sign_in(other)
        assert client.post("/sign-out").status_code == 303
        disk.free()
        assert other.get("/").status_code == 200
        assert client.get("/").status_code == 303
    with dashboard(on_disk) as again:
        again.set_cookie("stage4_session", other.get_cookie("stage4_session").value)
        assert again.get("/").status_code == 200
