"""No page is over 100 kB of HTML however long the ledger is: hundreds of rollbacks, one with hundreds of notes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from argon2 import PasswordHasher

from bench.big_home import FIRST, OPEN, build
from ledger.app.home.setup import STARTER
from ledger.app.people.accounts import Accounts
from ledger.app.press import Press
from ledger.app.reading.outlook import Lookout
from ledger.domain.keeping.commands import AddNote
from tests.browser.pages import PAGES
from tests.verify.builders import BY
from web import Site, create_app

from .conftest import PASSWORD, Browser

MOST = 100_000
ENTRIES, NOTES, LONG = 5_000, 400, 4
EARLIER = timedelta(hours=5)


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """Everybody may see everything, in the language that takes more bytes; a page for each path."""
    installation = build(tmp_path_factory.mktemp("large") / "home", ENTRIES, STARTER)
    for number in range(NOTES):
        at = datetime.now(UTC) - EARLIER + timedelta(seconds=9 * number)
        text = f"{number}: zażółć gęślą jaźń, telefon do biura" * LONG
        note = AddNote(text=text, occurred_at=at)
        installation.submit(note, Press(BY["noc"]), OPEN)
    accounts = Accounts(installation.home, installation.clock, PasswordHasher(1, 8, 1))
    people = {"admin": BY["admin"].person, "auditor": "p-aud17", "im": BY["incident_manager"].person}
    for login, one in people.items():
        accounts.add(login, one, PASSWORD)
    here = Site(installation, accounts, Lookout(installation), secret=b"a secret of this test")
    assert here.timeline.wait(30).ready
    app = create_app(here)
    app.test_client_class = Browser
    clients = {login: app.test_client() for login in people}
    for login, client in clients.items():
        assert client.post("/sign-in", data={"login": login, "password": PASSWORD}).status_code == 303
        client.set_cookie("lang", "pl")
    yield lambda login, path: clients[login].get(path, follow_redirects=True)
    installation.ledger.log.close()


@pytest.mark.parametrize("title", PAGES)
def test_no_page_is_over_100_kb(pages, title):
    login, path = PAGES[title]
    for rollback in (FIRST, OPEN) if "{rollback}" in path else ("",):
        answer = pages(login if login in ("admin", "auditor") else "im", path.format(rollback=rollback))
        assert answer.status_code == 200
        assert len(answer.data) < MOST, f"{path.format(rollback=rollback)}: {len(answer.data):,} bytes"
