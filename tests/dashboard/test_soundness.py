"""What the dashboard says of the ledger itself: on every page, in /healthz and /metrics, at each row."""

from __future__ import annotations

import contextlib
import os
import sqlite3

import pytest

from ledger.app.home.folders import Home
from ledger.app.people.known_roles import as_far_as_read
from ledger.app.press import Press
from ledger.app.steps import opening
from ledger.domain.command import SYSTEM
from ledger.domain.people.commands import AddPerson
from ledger.errors import Corrupt
from tests.app.builders import behind_the_triggers
from web.app import create_app
from web.identity import roles_of
from web.site import Site

from .conftest import person

PAGES = (
    "/",
    "/rollbacks",
    "/timeline",
    "/audit",
    "/audit/find?q=nothing",
    "/people",
    "/access",
    "/entries/3",
    "/rollbacks/new",
    "/setup",
    "/help",
    "/top",
)


@pytest.fixture(autouse=True)
def rollback(installation):
    opening.open_rollback(installation, Press(person("incident_manager")), ticket="INC-1", reason="latency")


def edit(home: Home, sequence: int = 6, old: str = "noc", new: str = "l2_ops") -> None:
    with behind_the_triggers(home) as connection:
        connection.execute(
            "UPDATE stored_events SET state = CAST(replace(CAST(state AS TEXT), ?, ?) AS BLOB) "
            "WHERE originator_version = ?",
            (old, new, sequence),
        )


@pytest.fixture
def unsound(site: Site, installation) -> Site:
    """A server whose store is edited while it runs, and whose guard has made its round."""
    site.guard.round()
    edit(installation.home)
    site.guard.round()
    assert site.guard.held
    return site


@pytest.mark.parametrize("path", PAGES)
def test_every_page_says_that_the_ledger_does_not_hold(unsound, browser, path):
    text = browser("admin").get(path).text
    assert "The ledger does not hold" in text and "Nothing is written but the stop" in text
    assert "Entry 6 is not what was signed" in text


def test_a_sound_ledger_has_no_such_banner(site, browser):
    site.guard.round()
    text = browser("admin").get("/").text
    assert "does not hold" not in text and "not since the start" not in text


def test_a_page_that_was_shown_to_others_is_made_anew_when_something_is_found(site, installation, browser):
    noc = browser("noc")
    site.guard.round()
    assert "does not hold" not in noc.get("/").text
    edit(installation.home)
    site.guard.round()
    assert "does not hold" in noc.get("/").text


def test_nothing_is_written_but_the_stop(unsound, installation, browser):
    before = installation.ledger.log.size()
    noc, ops = browser("noc"), browser("l2_ops")
    answer = noc.post("/rollbacks/INC-1/note", data={"request_id": "a" * 32, "text": "x"})
    assert answer.status_code == 500 and "Nothing is written but the stop" in answer.text
    answer = ops.post("/stop", data={"request_id": "b" * 32, "reason": "it burns"})
    assert answer.status_code == 200, answer.text
    assert installation.override_path().is_file() and list(installation.home.spool.glob("stop-*.json"))
    assert installation.ledger.log.size() == before


def test_a_missing_artefact_is_said_as_loudly_and_writing_goes_on(site, installation, browser):
    site.guard.round()
    for path in [one for one in installation.home.artefacts.rglob("*") if one.is_file()]:
        path.unlink()
    browser("admin").post("/audit/verify")
    text = browser("noc").get("/").text
    assert "The ledger does not hold" in text and "It is still written to." in text
    assert "(announcement_sha384) cannot be read: it is missing" in text
    assert stranger_health(site)["status"] == "unsound"
    installation.submit(AddPerson(person="p-00001", roles=("noc",)), Press(SYSTEM))


def stranger_health(site: Site):
    return create_app(site).test_client().get("/healthz").get_json()


def test_healthz_is_not_ok_and_names_nothing_private(unsound, installation, stranger):
    answer = stranger.get("/healthz")
    page = answer.get_json()
    assert (answer.status_code, page["status"], page["held"]) == (503, "unsound", True)
    assert page["findings"] == len(unsound.guard.findings) and "stage4 verify" in page["why"]
    assert str(installation.home.root) not in answer.text and "Entry" not in answer.text


def test_healthz_is_ok_where_nothing_was_found(site, stranger):
    site.guard.round()
    assert stranger.get("/healthz").status_code == 200


@pytest.mark.timeout(60)
@pytest.mark.parametrize("name", ["config", "published_state", "published_checkpoint"])
def test_healthz_waits_for_no_pipe(name, site, installation, stranger):
    path = getattr(installation.home, name)
    path.unlink(missing_ok=True)
    os.mkfifo(path, 0o600)
    site.guard.round()
    answer = stranger.get("/healthz")
    assert (answer.status_code == 200) == (name == "config")
    assert ("unlooked" in answer.get_json()) == (name == "config")


def test_metrics_have_it(unsound, stranger):
    text = stranger.get("/metrics").text
    assert 'stage4_ledger_findings{part="store"} 2.0' in text and "stage4_ledger_held 1.0" in text
    assert "stage4_ledger_verified_entries" in text and "stage4_ledger_verified_timestamp_seconds" in text


def test_verify_now_finds_what_the_published_file_does_not_show(site, installation, browser):
    """Field case 01."""
    site.guard.round()
    edit(installation.home)
    auditor = browser("auditor")
    auditor.post("/audit/verify")
    text = auditor.get("/audit").text
    assert "Not verified" in text and "signature_wrong" in text and "docs/recovery.md" in text
    assert site.guard.held  # and the server knows it at once


def test_verify_now_says_what_was_read(site, installation, browser):
    auditor = browser("auditor")
    auditor.post("/audit/verify")
    text = auditor.get("/audit").text
    size = installation.ledger.log.size()
    assert "Verified" in text and "stage4-access" in text and f">{size}</td>" in text
    assert "were not looked at" not in text


def test_what_was_not_looked_at_is_said_on_the_page(installation, browser):
    log = installation.home.published.parent / "somebody-elses.jsonl"
    log.write_text("{}")
    auditor = browser("auditor")
    auditor.post("/audit/verify")
    page = auditor.get("/audit")
    assert page.status_code == 200
    assert "somebody-elses.jsonl" in page.text and "was not looked at" in page.text


def test_the_timeline_marks_the_row_and_the_one_after_it(unsound, browser):
    text = browser("noc").get("/timeline").text
    rows = {number: text[text.index(f'id="e{number}"') :].split("</li>")[0] for number in (5, 6, 7, 8)}
    assert "does not hold" in rows[6] and "✕" in rows[6] and "HMACs" in rows[6] and "as L2 Ops" in rows[6]
    assert "does not name the bytes of entry 6" in rows[7]
    assert "does not hold" not in rows[5] + rows[8]


def test_a_rollbacks_page_marks_the_row_that_does_not_hold(site, installation, browser):
    edit(installation.home, installation.state.rollback("INC-1").opened_entry, "latency", "nothing")
    newest = browser("noc").get("/rollbacks/INC-1").text.partition('id="newest"')[2]
    assert "does not hold" in newest and "✕" in newest and "HMACs" in newest


def test_the_timeline_shows_what_the_entry_says_whatever_its_own_file_remembers(site, browser):
    noc = browser("noc")
    assert "opened the rollback" in noc.get("/timeline").text
    store = site.installation.home.store
    with sqlite3.connect(store.with_name("stage4.timeline.sqlite")) as connection:
        connection.execute("UPDATE entries SET sentence = 'a forged sentence'")
    assert "a forged sentence" not in noc.get("/timeline").text


def forge(site: Site, statement: str) -> None:
    with contextlib.closing(sqlite3.connect(site.timeline.store.path)) as connection, connection:
        connection.execute(statement)


def test_an_entry_that_its_own_file_forgot_is_on_the_page(site, browser):
    noc = browser("noc")
    assert 'id="e6"' in noc.get("/timeline").text
    forge(site, "DELETE FROM entries WHERE sequence = 6")
    assert 'id="e6"' in noc.get("/timeline").text


def test_a_row_that_shows_that_it_was_changed_has_the_file_made_anew(site, browser):
    noc = browser("noc")
    noc.get("/timeline")
    forge(site, "UPDATE entries SET rollback = 'INC-9' WHERE sequence IN (5, 6)")
    assert 'id="e6"' in noc.get("/timeline").text and 'id="e6"' not in noc.get("/timeline?rollback=INC-9").text


def test_what_a_filter_hides_is_there_after_the_next_look_at_everything(site, browser):
    """The row was given to another rollback, so that no page of its own shows it."""
    noc, path = browser("noc"), "/timeline?rollback=INC-1"
    assert "opened the rollback" in noc.get(path).text
    forge(site, "UPDATE entries SET rollback = '' WHERE status = 'rollback_opened'")
    assert "opened the rollback" not in noc.get(path).text
    browser("auditor").post("/audit/verify")
    assert "opened the rollback" in noc.get(path).text


def test_the_page_of_a_forged_entry_says_so_before_anything_else(unsound, browser):
    text = browser("noc").get("/entries/6").text
    assert text.index("This row does not hold") < text.index("as L2 Ops")
    assert "What it says below is not what this ledger wrote" in text


def test_a_row_that_is_no_entry_has_a_page(site, installation, browser):
    with behind_the_triggers(installation.home) as connection:
        connection.execute("UPDATE stored_events SET state = x'00ff' WHERE originator_version = 6")
    noc = browser("noc")
    text = noc.get("/entries/6").text
    assert "This row does not hold" in text and "cannot be read as an entry" in text
    assert noc.get("/entries/6/bytes").data == b"\x00\xff"
    assert "does not hold" in noc.get("/timeline").text
    assert noc.get("/entries/5").status_code == noc.get("/entries/7").status_code == 200


ROWS = (b"\x00\xff", b"{}", b"[" * 60_000, b'{"metadata":{}}')


@pytest.mark.parametrize("row", ROWS, ids=["bytes", "empty", "deep", "part"])
@pytest.mark.parametrize("kind", ["", ".md", ".json", ".pdf"])
def test_a_review_of_a_ledger_with_such_a_row_says_which_and_what_to_do(installation, browser, row, kind):
    number = installation.state.rollback("INC-1").opened_entry
    with behind_the_triggers(installation.home) as connection:
        connection.execute("UPDATE stored_events SET state = ? WHERE originator_version = ?", (row, number))
    noc = browser("noc")
    text = noc.get(f"/rollbacks/INC-1/review{kind}", headers={"Accept": "text/html"}).text
    assert f"Entry {number} does not hold: " in text and "docs/recovery.md" in text
    noc.set_cookie("lang", "pl")
    text = noc.get(f"/rollbacks/INC-1/review{kind}", headers={"Accept": "text/html"}).text
    assert f"Wpis {number} się nie zgadza: " in text and "Keep the folders" not in text


def test_in_polish_it_is_said_in_polish(unsound, browser):
    client = browser("noc")
    client.set_cookie("lang", "pl")
    for path in ("/", "/timeline", "/entries/6", "/audit"):
        text = client.get(path, headers={"Accept": "text/html"}).text
        assert "Rejestr się nie zgadza" in text and "Niczego się nie zapisuje oprócz zatrzymania" in text
        assert "does not hold" not in text and "is not what was signed" not in text
    assert "Ten wiersz się nie zgadza" in client.get("/entries/6").text


@pytest.fixture
def unreadable(site, monkeypatch):
    """A server that began when the ledger could not be read, and that remembers no roles."""

    def damaged(_):
        raise Corrupt("entry 7 is damaged")

    (site.installation.home.var / "roles.json").unlink(missing_ok=True)
    site.people = {}
    monkeypatch.setattr(type(site.installation), "state", property(damaged))
    return site


def test_roles_are_those_of_the_entries_before_what_is_wrong(unreadable):
    known = as_far_as_read(unreadable.installation)
    assert known and {name: roles_of(unreadable, name) for name in known} == {
        name: (roles, False) for name, roles in known.items()
    }


def test_the_stop_does_not_wait_until_roles_are_read(unreadable, monkeypatch):
    monkeypatch.setattr("web.identity.as_far_as_read", lambda _: pytest.fail("it was read"))
    assert roles_of(unreadable, "anybody", at_once=True) == (frozenset(), False)


def test_what_is_not_known_is_no_gauge_of_nothing(unreadable, stranger):
    assert "stage4_discrepancies" not in stranger.get("/metrics").text
