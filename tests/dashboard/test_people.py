"""People and access pages, and the accounts behind them."""

from __future__ import annotations

import json
import re
import secrets
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner

from ledger.app.installation import open_home
from ledger.app.people.access import roll_up
from ledger.app.people.accounts import Accounts
from ledger.app.reading import accesses
from ledger.app.reading.outlook import Lookout
from ledger.cli.root import stage4
from web import Site, create_app
from web.pages import access as access_page

from .conftest import PASSWORD


def form(**more):
    return {"request_id": secrets.token_hex(16), "password": PASSWORD, **more}


def shown_password(page: str) -> str:
    return re.search(r'id="fresh-password">([^<]+)<', page)[1]


def test_an_admin_adds_a_person_whose_password_is_shown_once_and_must_be_changed(browser, app, site):
    admin, data = browser("admin"), form(name="Ola", login="ola", roles=["noc"])
    page = admin.post("/people", data=data).text
    password = shown_password(page)
    assert password not in admin.get("/people").text
    again = admin.post("/people", data=data)
    assert (again.status_code, "fresh-password" in again.text) == (422, False)
    ola = app.test_client()
    assert ola.post("/sign-in", data={"login": "ola", "password": password}).location.startswith("/password")
    assert ola.get("/").location == "/password"
    new = {"password": password, "new": "another long phrase", "again": "another long phrase"}
    assert ola.post("/password", data=new).status_code == 303
    assert ola.get("/").status_code == 200


def test_what_grants_a_role_asks_for_the_password_again(browser, site):
    admin = browser("admin")
    wrong = admin.post("/people/lab-noc/roles", data=form(roles=["noc", "admin"], password="not it at all"))
    assert wrong.status_code == 422
    assert "admin" not in site.installation.state.people["lab-noc"]
    assert admin.post("/people/lab-noc/roles", data=form(roles=["noc", "l2_ops"])).status_code == 303
    assert site.installation.state.people["lab-noc"] == {"noc", "l2_ops"}


def test_a_reset_ends_the_sessions_and_marks_the_account(browser, site):
    noc, admin = browser("noc"), browser("admin")
    page = admin.post("/people/lab-noc/password", data=form()).text
    assert shown_password(page)
    assert noc.get("/").status_code == 303
    assert any(json.loads(line)["status"] == "password_reset" for line in site.installation.ledger.log.lines())


def test_a_leaver_is_out_at_once_and_the_last_admin_stays(browser, site):
    noc, admin = browser("noc"), browser("admin")
    assert admin.post("/people/lab-noc/deactivate", data=form()).status_code == 303
    assert noc.get("/").status_code == 303
    assert admin.post("/people/lab-noc/erase", data=form()).status_code == 303
    assert site.installation.people.name("lab-noc") == "lab-noc"


@pytest.mark.parametrize("role", ["noc", "incident_manager", "auditor"])
def test_only_an_admin_changes_people(browser, role):
    assert browser(role).get("/people").status_code == 403
    assert browser(role).post("/people/lab-noc/roles", data=form(roles=["admin"])).status_code == 403


def test_sign_ins_are_entries_of_the_access_ledger(browser, stranger, installation):
    auditor = browser("auditor")
    stranger.post("/sign-in", data={"login": "noc", "password": "a wrong guess, surely"})
    roll_up(installation)
    page = auditor.get("/access").text
    assert "lab-auditor signed in" in page
    access = open_home(installation.home.root, "stage4-access")
    lines = b"\n".join(access.ledger.log.lines())
    access.ledger.log.close()
    assert b"a wrong guess" not in lines
    assert auditor.get("/access/lines").data.replace(b"\n", b"") == lines.replace(b"\n", b"")


def test_guessing_is_slowed_down_also_for_the_right_password(stranger):
    tries = [stranger.post("/sign-in", data={"login": "noc", "password": "wrong" * 3}).text for _ in range(9)]
    assert "Too many failed sign-ins" in tries[-1]
    last = stranger.post("/sign-in", data={"login": "noc", "password": PASSWORD})
    assert last.status_code == 422


def test_a_session_from_before_the_sign_in_is_worth_nothing(browser, app, site):
    first = browser("noc")
    planted = first.get_cookie("stage4_session").value
    first.post("/sign-in", data={"login": "noc", "password": PASSWORD})
    other = app.test_client()
    other.set_cookie("stage4_session", planted)
    assert other.get("/").status_code == 303


def terminal(site, *arguments: str):
    """``stage4 people …`` by the admin at the terminal, in another process' stead."""
    return CliRunner().invoke(stage4, ["people", *arguments, "--home", str(site.installation.home.root)])


@pytest.mark.parametrize(
    ("act", "left"),
    [
        (("deactivate", "lab-noc"), ""),
        (("revoke", "lab-noc", "--role", "noc"), "noc"),
        (("password", "lab-noc", "--generate"), "noc"),
    ],
)
def test_what_a_terminal_takes_away_ends_the_sessions_at_once(browser, site, act, left):
    browser("noc"), browser("l2_ops")
    done = terminal(site, *act)
    assert done.exit_code == 0, done.output
    assert site.accounts.sessions("lab-noc") == []
    assert site.accounts.sessions("lab-l2-ops")
    assert site.accounts.login_of("lab-noc") == left


def test_who_keeps_a_role_keeps_the_session(browser, site):
    browser("noc")
    assert terminal(site, "grant", "lab-noc", "--role", "l2_ops").exit_code == 0
    assert terminal(site, "revoke", "lab-noc", "--role", "noc").exit_code == 0
    assert site.accounts.sessions("lab-noc")


def test_a_terminal_adds_a_person_with_an_account(site, app):
    done = terminal(site, "add", "Jan", "--role", "noc", "--login", "jan", "--generate", "--json")
    password = json.loads(done.output)["password"]
    jan = app.test_client()
    assert jan.post("/sign-in", data={"login": "jan", "password": password}).location.startswith("/password")


def test_an_account_that_cannot_be_adds_nobody(site):
    before = site.installation.state
    for login, password in (("noc", "a fine long password"), ("jan", "short"), ("", "a fine long password")):
        file = site.installation.home.root / "secret"
        file.write_text(password)
        done = terminal(site, "add", "Jan", "--role", "noc", "--login", login, "--password-file", str(file))
        assert done.exit_code == 1, done.output
    assert terminal(site, "password", "lab-noc", "--password-file", str(file)).exit_code == 0
    file.write_text("short")
    assert terminal(site, "password", "lab-noc", "--password-file", str(file)).exit_code == 1
    assert site.installation.state.people == before.people
    assert [json.loads(line)["status"] for line in site.installation.ledger.log.lines()][before.sequence :] == [
        "password_reset"
    ]


def test_the_sign_in_page_says_when_nobody_has_an_account(installation):
    empty = Site(installation, Accounts(installation.home, installation.clock), Lookout(installation), secret=b"s")
    visitor = create_app(empty).test_client()
    assert "Nobody has an account yet" in visitor.get("/sign-in").text
    empty.accounts.add("noc", "lab-noc", PASSWORD)
    assert "Nobody has an account yet" not in visitor.get("/sign-in").text


def test_a_row_offers_what_can_be_done_and_the_form_of_one_thing_alone(browser):
    admin = browser("admin")
    page = admin.get("/people").text
    assert page.count('type="password"') == 1  # the form that adds a person
    assert "/people?person=lab-noc&amp;do=deactivate" in page
    assert "/people?person=lab-admin&amp;do=deactivate" not in page  # nobody deactivates themselves
    page = admin.get("/people?person=lab-noc&do=roles").text
    assert 'action="/people/lab-noc/roles"' in page and 'value="noc" checked' in page
    for odd in ("person=lab-admin&do=deactivate", "person=nobody&do=roles", "person=lab-noc&do=erase"):
        assert 'id="doing"' not in admin.get(f"/people?{odd}").text, odd


def test_a_form_that_was_refused_comes_back_with_what_was_chosen(browser):
    page = browser("admin").post("/people/lab-noc/roles", data=form(roles=["l2_ops"], password="wrong one")).text
    assert 'action="/people/lab-noc/roles"' in page and 'value="l2_ops" checked' in page
    assert 'value="noc" checked' not in page


def entered(installation):
    before, installation.clock = installation.clock, lambda: datetime.now(UTC) + timedelta(minutes=2)
    roll_up(installation)
    installation.clock = before


def test_the_access_page_names_people_and_can_be_read_of_one(browser, installation):
    browser("noc")
    auditor = browser("auditor")
    entered(installation)
    page, names = auditor.get("/access").text, installation.people.names()
    assert f"{names['lab-noc']} signed in" in page and "lab-noc signed in" not in page
    assert f"the ledger itself made the first password of {names['lab-noc']}" in page
    of_noc = auditor.get("/access?person=lab-noc").text.partition("<tbody>")[2]
    assert names["lab-noc"] in of_noc and names["lab-l2-ops"] not in of_noc
    assert "Nothing of nobody" in auditor.get("/access?person=nobody").text


def test_a_persons_entries_are_found_page_by_page_however_far_back(browser, installation, monkeypatch):
    for _ in range(3):
        browser("noc")
    auditor = browser("auditor")
    entered(installation)
    monkeypatch.setattr(accesses, "PIECE", 3)
    monkeypatch.setattr(accesses, "FURTHEST", 4)
    monkeypatch.setattr(access_page, "PAGE", 2)
    found, path = 0, "/access?person=lab-noc"
    while path:
        page = auditor.get(path).text
        found += page.count(f"{installation.people.names()['lab-noc']} signed in")
        more = re.search(r'href="(/access\?[^"]*to=[^"]*)"', page)
        path = more[1].replace("&amp;", "&") if more else ""
    assert found == 3
