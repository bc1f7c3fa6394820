"""The stop on bad days, pressed in a browser."""

from __future__ import annotations

import contextlib
import sqlite3
import stat
from datetime import timedelta

import pytest

from ledger.app.people.accounts import digest_token
from ledger.app.press import Press
from ledger.domain.people.commands import DeactivatePerson
from ledger.files import locked

from .conftest import ROLES, person


def press(client, number="a"):
    return client.post("/stop", data={"request_id": number * 32, "reason": "orders look wrong"})


def test_one_press_opens_the_rollback_and_stops(browser, site):
    answer = press(browser("noc"))
    (rollback,) = site.installation.state.open.values()
    assert answer.location == f"/rollbacks/{rollback.id}"
    assert rollback.emergency
    assert site.installation.override_path().is_file()


def test_a_second_press_says_who_stopped_it(browser, site):
    press(browser("noc"))
    again = browser("l2_ops").post("/stop", data={"request_id": "b" * 32, "reason": "me too"})
    assert again.status_code == 200
    assert "Already stopped by" in again.text
    assert len(site.installation.state.open) == 1


@pytest.mark.parametrize("role", ROLES)
def test_everybody_but_an_auditor_has_the_button(browser, role):
    assert ('action="/stop"' in browser(role).get("/").text) == (role != "auditor")


@pytest.mark.parametrize("role", ROLES)
def test_everybody_but_an_auditor_stops_also_when_the_ledger_cannot_be_had(browser, site, installation, role):
    client = browser(role)
    client.get("/")
    with locked(installation.home.store.with_suffix(".lock")):
        answer = press(client)
    assert installation.override_path().is_file() == (role != "auditor")
    assert answer.status_code == (422 if role == "auditor" else 200)


def test_a_stop_needs_nothing_that_is_typed(browser, site):
    client = browser("noc")
    client.post("/stop", data={"reason": "x" * 20_000 + "\x00", "ticket": "bad ticket!", "request_id": "not a number"})
    (rollback,) = site.installation.state.open.values()
    assert rollback.holds and rollback.id.startswith("STOP-")
    noted = next(line for line in site.installation.ledger.log.lines() if b'"stop_typed"' in line).decode()
    assert "the reason was shortened" in noted and "bad ticket!" in noted


def test_the_card_goes_by_what_is_seen_and_not_by_what_was_entered(browser, site):
    client = browser("noc")
    press(client)
    site.lookout.look()
    assert "Already stopped by" in client.get("/").text
    site.installation.override_path().unlink()
    site.lookout.look()
    page = client.get("/?again").text
    assert "Stop again" in page and "nothing stops it: nothing is there" in page
    assert press(client, "b").status_code == 303
    assert site.installation.override_path().is_file()


def test_the_same_press_sent_again_stops_what_was_started_since(browser, site):
    client = browser("noc")
    press(client)
    site.installation.override_path().unlink()
    assert "stopped without the ledger" in press(client).text
    assert site.installation.override_path().is_file()


def test_it_works_while_somebody_holds_the_store(browser, site, installation):
    client = browser("noc")
    held = sqlite3.connect(installation.home.store, isolation_level=None)
    held.execute("BEGIN IMMEDIATE")
    try:
        answer = press(client)
    finally:
        held.close()
    assert "stopped without the ledger" in answer.text
    assert installation.override_path().is_file()
    assert list(installation.home.spool.glob("stop-*.json"))


@pytest.fixture
def accounts_held(installation):
    """Call it, and nobody reads the accounts' file any more."""
    with contextlib.ExitStack() as stack:

        def hold() -> None:
            other = stack.enter_context(
                contextlib.closing(sqlite3.connect(installation.home.var / "web/accounts.sqlite"))
            )
            other.execute("BEGIN EXCLUSIVE")

        yield hold


def test_it_works_while_nobody_can_ask_who_is_signed_in(browser, installation, accounts_held):
    client = browser("noc")
    client.get("/")
    accounts_held()
    assert client.get("/").status_code == 503
    answer = press(client)
    assert answer.status_code == 303 and installation.override_path().is_file()


@pytest.mark.parametrize(
    "gone", ["signed out", "too long ago", "a password later", "one's own password later", "no role"]
)
def test_then_nobody_presses_it_whose_session_had_ended(browser, site, installation, accounts_held, monkeypatch, gone):
    client = browser("noc")
    client.get("/")
    if gone == "signed out":
        with client.session_transaction() as known:
            token = known["token"]
        client.post("/sign-out")
        with client.session_transaction() as known:
            known["token"] = token
    elif gone == "too long ago":
        later = installation.clock() + timedelta(days=2)
        monkeypatch.setattr(site.accounts, "_clock", lambda: later)
    elif gone == "one's own password later":
        with client.session_transaction() as known:
            token = known["token"]
        site.accounts.change("lab-noc", "another four plain words", digest_token(token))
    elif gone == "a password later":
        site.accounts.reset("lab-noc", "lab-admin")
    else:
        installation.submit(DeactivatePerson(person="lab-noc"), Press(person("admin")))
    accounts_held()
    assert press(client).status_code in (401, 303) and not installation.override_path().exists()


def test_it_works_after_the_accounts_file_was_lost(browser, site, installation):
    """Who was signed in a moment ago is still known for the stop; pages ask for a new sign-in, from a new file."""
    client, left = browser("noc"), browser("l2_ops")
    for one in (client, left):
        one.get("/")
    with left.session_transaction() as known:
        token = known["token"]
    left.post("/sign-out")
    with left.session_transaction() as known:
        known["token"] = token
    file = installation.home.var / "web/accounts.sqlite"
    file.unlink()
    answer = client.get("/")
    assert answer.status_code == 303 and answer.location.startswith("/sign-in")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert press(left).status_code in (401, 303) and not installation.override_path().exists()
    assert press(client).status_code == 303 and installation.override_path().is_file()


def test_it_works_on_a_ledger_that_is_not_what_was_signed(browser, site, installation, monkeypatch):
    client = browser("noc")
    client.get("/")
    store = sqlite3.connect(installation.home.store)
    store.execute("DROP TRIGGER IF EXISTS stored_events_no_delete")
    for (name,) in store.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        store.execute(f'DROP TRIGGER "{name}"')
    store.execute("DELETE FROM stored_events WHERE originator_version > 3")
    store.commit()
    store.close()
    answer = press(client)
    assert answer.status_code == 200, answer.text
    assert "stopped without the ledger" in answer.text
    assert installation.override_path().is_file()


def test_a_directory_of_people_that_cannot_be_read_takes_the_stop_from_nobody(browser, installation):
    client = browser("noc")
    kept = installation.home.people.read_bytes()
    installation.home.people.write_bytes(b"")
    try:
        assert 'action="/stop"' in client.get("/").text
        assert client.get("/timeline").status_code == 200
    finally:
        installation.home.people.write_bytes(kept)


@pytest.fixture
def newcomer(app, site):
    """``newcomer("noc")``: a browser of somebody who has just been given a password and must choose another."""

    def signed_in(role):
        given = site.accounts.reset(f"lab-{role}".replace("_", "-"))
        client = app.test_client()
        assert client.post("/sign-in", data={"login": role, "password": given}).location.startswith("/password")
        return client

    return signed_in


@pytest.mark.parametrize("role", ROLES)
def test_everybody_but_an_auditor_stops_before_choosing_a_password(newcomer, installation, role):
    client = newcomer(role)
    assert ('action="/stop"' in client.get("/password").text) == (role != "auditor")
    answer = press(client)
    assert installation.override_path().is_file() == (role != "auditor")
    assert answer.status_code == (422 if role == "auditor" else 200)
    assert 'action="/password"' in answer.text and client.get("/").location == "/password"


def test_who_must_choose_a_password_reads_that_the_stop_took(newcomer, site):
    client = newcomer("noc")
    assert "The override is written, and the rollback STOP-" in press(client).text
    site.lookout.look()
    assert "Already stopped by" in client.get("/password").text


@pytest.mark.parametrize("path", ["/", "/password", "/rollbacks", "/timeline", "/audit", "/silences", "/nowhere"])
def test_every_page_has_the_stop_at_its_place(browser, path):
    page = browser("noc").get(path).text
    assert page.index('id="truth"') < page.index('id="stop-now"') < page.index("<main")
    assert 'action="/stop"' not in browser("auditor").get(path).text


EDGE = "edge"
PART = f'--{EDGE}\r\nContent-Disposition: form-data; name="{{}}"\r\n\r\n{{}}\r\n'
TOO_LARGE = {
    "a long reason": PART.format("reason", "x" * 300_000),
    "many parts": "".join(PART.format(f"n{number}", "x") for number in range(1_500)),
    "more than is read": PART.format("reason", "x" * (17 << 20)),
}


@pytest.mark.parametrize("how", TOO_LARGE)
def test_a_press_that_is_too_large_to_be_read_stops_all_the_same(browser, installation, how):
    kind = f"multipart/form-data; boundary={EDGE}"
    answer = browser("noc").post("/stop", data=f"{TOO_LARGE[how]}--{EDGE}--\r\n", content_type=kind)
    assert answer.status_code == 303 and installation.override_path().is_file()
    lines = b"".join(installation.ledger.log.lines())
    assert b"what was typed is too large to be read, and was left out" in lines
