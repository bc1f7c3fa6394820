"""Sessions: begun anew at the door, ended by time, by a new password and by leaving; nothing else opens the door."""

from __future__ import annotations

import secrets

import pytest
from flask.testing import FlaskClient
from itsdangerous import URLSafeTimedSerializer

from ledger.app.installation import Installation
from ledger.app.people.accounts import IDLE, LIFE
from tests.app.builders import Clock

from .conftest import PASSWORD

NAME = "stage4_session"
NEW = "another long phrase"
MINUTE = 60


@pytest.fixture
def installation(installation: Installation) -> Installation:
    """With a clock that the test moves."""
    installation.clock = Clock()
    return installation


@pytest.fixture
def later(installation: Installation):
    return lambda seconds: installation.clock.move(seconds=seconds)


def cookie(client: FlaskClient) -> str:
    found = client.get_cookie(NAME)
    return found.value if found else ""


def holder(app, value: str) -> FlaskClient:
    """Another browser that has come by a cookie."""
    client = app.test_client()
    client.set_cookie(NAME, value)
    return client


def is_in(client: FlaskClient) -> bool:
    return client.get("/").status_code == 200


def sign_in(client: FlaskClient, login: str = "noc", password: str = PASSWORD):
    return client.post("/sign-in", data={"login": login, "password": password})


def change_password(client: FlaskClient):
    return client.post("/password", data={"password": PASSWORD, "new": NEW, "again": NEW})


def test_a_session_that_nobody_uses_ends(browser, later):
    client = browser("noc")
    later(IDLE - MINUTE)
    assert is_in(client)
    later(IDLE - MINUTE)
    assert is_in(client)
    later(IDLE + MINUTE)
    assert not is_in(client)


def test_a_session_that_is_used_all_day_ends_too(browser, later):
    client = browser("noc")
    for _ in range(LIFE // (IDLE - MINUTE)):
        later(IDLE - MINUTE)
        assert is_in(client)
    later(IDLE - MINUTE)
    assert not is_in(client)


def test_a_page_that_asks_by_itself_keeps_no_session_alive(browser, later):
    client = browser("noc")
    for _ in range(3):
        later(IDLE // 2 - MINUTE)
        client.get("/live/poll")
        client.get("/top")
        client.get("/", headers={"HX-Request": "true", "HX-Trigger": "main"})
    assert not is_in(client)


@pytest.mark.parametrize("before", ["", "planted"])
def test_a_cookie_from_before_the_sign_in_never_becomes_signed_in(app, stranger, before):
    serializer = app.session_interface.get_signing_serializer(app)
    planted = serializer.dumps({"token": before})
    stranger.set_cookie(NAME, planted)
    assert sign_in(stranger).status_code == 303
    assert cookie(stranger) != planted
    assert is_in(stranger)
    assert not is_in(holder(app, planted))


def test_each_sign_in_is_another_session_and_ends_the_one_before_in_this_browser(app, browser, site):
    client = browser("noc")
    first = cookie(client)
    sign_in(client)
    assert cookie(client) != first
    assert not is_in(holder(app, first))
    assert len(site.accounts.sessions("lab-noc")) == 1


def test_a_new_password_gives_this_browser_a_new_session_and_ends_all_others(app, browser, site):
    client, elsewhere = browser("noc"), browser("noc")
    before = cookie(client)
    assert change_password(client).status_code == 303
    assert is_in(client)
    assert not is_in(holder(app, before))
    assert not is_in(elsewhere)
    assert len(site.accounts.sessions("lab-noc")) == 1


def test_a_new_password_makes_no_session_older_or_younger(browser, later):
    client = browser("noc")
    later(IDLE - MINUTE)
    change_password(client)
    for _ in range(LIFE // (IDLE - MINUTE) - 1):
        later(IDLE - MINUTE)
        assert is_in(client)
    later(IDLE - MINUTE)
    assert not is_in(client)


def test_a_cookie_that_was_signed_out_is_worth_nothing(app, browser):
    client = browser("noc")
    kept = cookie(client)
    assert client.post("/sign-out").status_code == 303
    assert not is_in(client)
    assert not is_in(holder(app, kept))


def test_a_cookie_that_was_changed_or_signed_by_somebody_else_is_worth_nothing(app, browser):
    good = cookie(browser("noc"))
    for place in range(0, len(good), 7):
        changed = good[:place] + ("A" if good[place] != "A" else "B") + good[place + 1 :]
        assert not is_in(holder(app, changed)), place
    forged = URLSafeTimedSerializer("another secret", salt="cookie-session").dumps({"token": secrets.token_urlsafe(32)})
    assert not is_in(holder(app, forged))


def test_the_store_holds_nothing_that_opens_a_session(app, browser, site):
    browser("noc")
    (row,) = site.accounts.sessions("lab-noc")
    serializer = app.session_interface.get_signing_serializer(app)
    assert not is_in(holder(app, serializer.dumps({"token": row.token})))


def test_a_leaver_is_out_with_every_cookie_and_stays_out(app, browser, site):
    client, admin = browser("noc"), browser("admin")
    kept = cookie(client)
    form = {"request_id": "a" * 32, "password": PASSWORD}
    assert admin.post("/people/lab-noc/deactivate", data=form).status_code == 303
    assert not is_in(client)
    assert not is_in(holder(app, kept))
    assert client.post("/stop", data={"request_id": "b" * 32, "reason": "x"}).status_code == 401
    assert sign_in(app.test_client()).status_code == 422
    assert not site.installation.state.open


def test_who_has_lost_every_role_is_out_at_the_next_page(app, browser):
    client, admin = browser("noc"), browser("admin")
    kept = cookie(client)
    assert admin.post("/people/lab-noc/roles", data={"request_id": "a" * 32, "password": PASSWORD}).status_code == 303
    assert not is_in(client)
    assert not is_in(holder(app, kept))
    assert sign_in(app.test_client()).status_code == 422


def test_a_stream_that_is_open_ends_with_its_session(app, browser, site, monkeypatch):
    monkeypatch.setattr("web.live.CHECKED", 0.0)
    monkeypatch.setattr("web.live.BEAT", 0.05)
    client = browser("noc")
    stream = client.get("/live", buffered=False)
    lines = iter(stream.response)
    assert next(lines).startswith(b"retry")
    site.accounts.end_all("lab-noc", "asked", "lab-admin")
    assert any(b"event: ended" in line for line in lines)
    stream.close()
