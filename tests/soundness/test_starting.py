"""A real server that is started on a home that was damaged before: what it shows, what it writes, and the stop."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from ledger.app.home.folders import Home
from ledger.app.installation import now, opened
from ledger.app.people.accounts import Accounts
from ledger.app.people.known_roles import remember
from ledger.app.press import Press
from ledger.domain.command import SYSTEM
from ledger.domain.people.commands import AddPerson
from tests.app.builders import free_port, plain, stored, until

from .attacks import ATTACKS
from .hands import LAST, word
from .test_processes import get, run, running

PASSWORD = "four plain words here"
LETTER = word(LAST, '"ledger"', '"lexger"')


def byte_of_row_ten(home: Home) -> None:
    """In the file itself and not through SQLite."""
    with plain(home) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    data, line = bytearray(home.store.read_bytes()), bytes(stored(home)[0][9][4])
    data[data.index(line[:300]) + line.index(b'"actor"') + 10] ^= 1
    home.store.write_bytes(data)


def head_of_the_file(home: Home) -> None:
    """It is no database any more."""
    home.store.write_bytes(b"not a database at all" * 1000)


def published_too(do: Callable[[Home], object]) -> Callable[[Home], object]:
    def both(home: Home) -> None:
        do(home)
        home.published_checkpoint.write_bytes(home.published_checkpoint.read_bytes().replace(b"\n", b"0\n", 1))

    return both


DAMAGE = {
    "one byte of row ten": byte_of_row_ten,
    "a letter of the last row": LETTER,
    "a letter of the first row": word("1", '"ledger"', '"lexger"'),
    "the head of the file": head_of_the_file,
    "a letter of the last row, and the published checkpoint": published_too(LETTER),
}


@pytest.fixture
def home(home: Home) -> Home:
    """With accounts, the roles that a server before this one knew last, and no override."""
    accounts = Accounts(home, now)
    for role in ("noc", "auditor"):
        accounts.add(role, f"lab-{role}", PASSWORD)
    with opened(home.root) as installation:
        installation.submit(AddPerson(person="lab-auditor", roles=("auditor",)), Press(SYSTEM))
        remember(home, installation.state.people)
        installation.override_path().unlink()
    return home


def override(home: Home) -> Path:
    return home.root / "var/runtime/overrides/multi_strategy_disable.json"


@contextmanager
def serving(home: Home) -> Iterator[str]:
    """The address, as soon as anything answers there."""
    port = free_port()
    with running(home, "serve", "--port", str(port)) as said:
        until(lambda: get(f"http://127.0.0.1:{port}/healthz")[0], 30)
        yield f"http://127.0.0.1:{port}"
        assert "Traceback" not in said.read_text()


def signed_in(address: str, login: str) -> requests.Session:
    client = requests.Session()
    client.headers.update({"Accept": "text/html", "Sec-Fetch-Site": "same-origin"})
    answer = client.post(f"{address}/sign-in", data={"login": login, "password": PASSWORD}, allow_redirects=False)
    assert answer.status_code == 303, answer.text
    return client


@pytest.mark.parametrize("damage", DAMAGE)
def test_it_starts_says_what_is_wrong_and_stops_and_writes_nothing_else(damage: str, home: Home) -> None:
    DAMAGE[damage](home)
    before = home.store.read_bytes()
    with serving(home) as address:
        assert get(f"{address}/healthz")[0] == 503
        client = signed_in(address, "noc")
        page = client.get(f"{address}/").text
        assert "The ledger does not hold" in page and 'action="/stop"' in page
        number = re.search(r'name="request_id" value="([^"]+)"', page)
        assert number
        answer = client.post(f"{address}/stop", data={"request_id": number[1], "reason": "it burns"})
        assert answer.status_code == 200 and "stopped without the ledger" in answer.text
        assert override(home).is_file() and list(home.spool.glob("stop-*.json"))
        assert 'action="/stop"' not in signed_in(address, "auditor").get(f"{address}/").text
    assert home.store.read_bytes() == before


def test_where_the_published_lines_hold_they_are_shown_and_said_to_be(home: Home) -> None:
    LETTER(home)
    with serving(home) as address:
        client = signed_in(address, "noc")
        for page in ("/", "/rollbacks", "/timeline", "/audit"):
            answer = client.get(f"{address}{page}")
            assert answer.status_code == 200 and "what is shown are the published lines" in answer.text, answer.text
        client.cookies.set("lang", "pl")
        text = client.get(f"{address}/").text
        assert "to, co widać, to opublikowane wiersze" in text and "Rejestr się nie zgadza" in text
        assert "the store" not in text
        answer = client.post(f"{address}/rollbacks/INC-2/note", data={"request_id": "a" * 32, "text": "x"})
        assert answer.status_code == 500 and "Niczego się nie zapisuje" in answer.text


def test_nothing_is_written_before_the_first_look_has_ended(home: Home) -> None:
    """A kept checkpoint was changed: the observer said on top of it that it had started, and then it was found."""
    ATTACKS["a checkpoint in the middle deleted"].do(home)
    before = stored(home)
    with serving(home) as address:
        assert get(f"{address}/healthz")[0] == 503
    assert stored(home) == before


def test_on_a_ledger_that_holds_the_observer_begins_after_the_look(home: Home) -> None:
    size = len(stored(home)[0])
    with serving(home) as address:
        until(lambda: len(stored(home)[0]) > size, 30)
        assert get(f"{address}/healthz")[0] == 200
    assert run(home, "verify").returncode == 0


@pytest.mark.parametrize("damage", DAMAGE)
def test_status_shows_what_is_seen_outside_and_that_the_stop_works(damage: str, home: Home) -> None:
    DAMAGE[damage](home)
    before = home.store.read_bytes()
    done = run(home, "status")
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert "DAMAGED" in done.stdout and "the stop works all the same: stage4 stop" in done.stdout
    assert all(word in done.stdout for word in ("override", "scheduler", "alerts"))
    page = json.loads(run(home, "status", "--json").stdout)
    assert (
        page["override"]["observed"] in ("file", "absent")
        and page["damaged"]
        and page["scheduler"]["observed"] == "unknown"
    )
    assert home.store.read_bytes() == before
    assert run(home, "stop", "--reason", "it burns").returncode == 0 and override(home).is_file()


def test_a_finding_says_where_the_page_is_that_it_points_to(home: Home) -> None:
    LETTER(home)
    (told,) = [one for one in run(home, "verify").stdout.splitlines() if one.startswith("docs/recovery.md is ")]
    assert Path(told.removeprefix("docs/recovery.md is ")).read_text().startswith("# When the store is behind")
