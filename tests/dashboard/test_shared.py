"""One rendering for all who would see the same, and never for anybody else."""

from __future__ import annotations

import re
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from ledger.app.press import Press
from ledger.domain.keeping.commands import AddNote
from ledger.errors import LedgerError
from tests.app.builders import INC, opening
from web import shared
from web.hub import WIDEST, Hub
from web.jobs import Job
from web.pages import review as pages

from .conftest import person

PAGE = f"/rollbacks/{INC}"


@pytest.fixture(autouse=True)
def forever(monkeypatch):
    """A page is made anew because of something, not because a second passed meanwhile."""
    monkeypatch.setattr(shared, "LIFE", 1e9)


@pytest.fixture
def opened(installation):
    installation.submit(opening(installation), Press(person("incident_manager")))
    return installation


@pytest.fixture
def made(monkeypatch):
    """How often a page was really made."""
    count = []
    get = shared.Renderings.get
    monkeypatch.setattr(
        shared.Renderings, "get", lambda self, key, make: get(self, key, lambda: count.append(key) or make())
    )
    return count


def numbers(text: str) -> list[str]:
    return re.findall(r'name="request_id" value="([^"]*)"', text)


def test_two_browsers_of_a_person_share_one_rendering(opened, browser, made):
    pages = [browser("noc").get(PAGE).text for _ in range(2)]
    assert len(made) == 1
    assert re.sub(r"[0-9a-f]{32}", "", pages[0]) == re.sub(r"[0-9a-f]{32}", "", pages[1])


def test_each_answer_has_form_numbers_of_its_own(opened, browser):
    client = browser("incident_manager")
    found = numbers(client.get(PAGE).text) + numbers(client.get(PAGE).text)
    assert len(found) > 4 and len(set(found)) == len(found)
    assert all(re.fullmatch(r"[0-9a-f]{32}", one) for one in found)
    assert shared._MARK not in found


def test_nobody_sees_what_was_made_for_somebody_else(opened, browser, made):
    texts = {role: browser(role).get(PAGE).text for role in ("incident_manager", "l2_ops", "auditor")}
    assert len(made) == 3 and len(set(texts.values())) == 3
    assert "/note" in texts["l2_ops"] and "/note" not in texts["auditor"]


@pytest.mark.parametrize("choice", [{"lang": "pl"}, {"theme": "dark"}])
def test_another_language_or_look_is_another_page(opened, browser, choice):
    client = browser("noc")
    before = client.get(PAGE).text
    client.set_cookie(*next(iter(choice.items())))
    assert client.get(PAGE).text != before


def test_a_new_entry_shows_at_once(opened, browser):
    client = browser("noc")
    client.get(PAGE)
    opened.submit(AddNote(text="the desk is informed"), Press(person("noc")), INC)
    assert "the desk is informed" in client.get(PAGE).text


def test_a_new_picture_of_the_outside_shows_at_once(opened, site, browser):
    client = browser("noc")
    assert "No scheduler.url is configured" not in client.get("/").text
    site.lookout.look()  # nothing is configured: everything is missing
    assert "No scheduler.url is configured" in client.get("/").text


def test_a_press_that_runs_shows_at_once(opened, site, browser):
    client, ends = browser("noc"), threading.Event()
    client.get(PAGE)
    site.jobs.run(Job("a" * 32, INC, "note", "lab-noc"), lambda say: (say("half way"), ends.wait(10))[1], 0.0)
    assert "half way" in client.get(PAGE).text
    ends.set()


def test_many_at_once_wait_for_the_one_that_makes_it():
    renderings, gate, count = shared.Renderings(), threading.Barrier(8), []

    def make() -> str:
        count.append(1)
        ready.wait(5)
        return "page"

    ready = threading.Event()
    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(lambda: (gate.wait(5), renderings.get("key", make))[1]) for _ in range(8)]
        ready.set()
        assert {one.result(5) for one in asked} == {"page"} and count == [1]


def test_what_fails_is_tried_again():
    renderings = shared.Renderings()

    def fail() -> str:
        raise LedgerError("not now")

    with pytest.raises(LedgerError):
        renderings.get("key", fail)
    assert renderings.get("key", lambda: "page") == "page"


def test_old_pages_are_let_go():
    renderings = shared.Renderings()
    for number in range(shared.KEPT * 2):
        renderings.get(number, lambda: "page")
    assert len(renderings._kept) == shared.KEPT


@pytest.mark.parametrize(("listeners", "spread"), [(0, 0), (20, 70), (200, WIDEST), (500, WIDEST)])
def test_the_more_listen_the_wider_they_are_spread(listeners, spread):
    hub = Hub()
    hub.listeners = listeners
    hub.publish("entry", {"sequence": 7}, 7)
    assert f'"spread": {spread}' in hub.after_entry(6)[0].data


def test_a_post_mortem_is_derived_once_for_everybody_until_there_is_another_entry(opened, browser, monkeypatch):
    at, derived = opened.clock(), []
    opened.clock = lambda: at
    review = pages.review
    monkeypatch.setattr(pages, "review", lambda *given: derived.append(given) or review(*given))
    readers = [browser("noc"), browser("l2_ops")]
    for reader in readers:
        assert reader.get(f"{PAGE}/review").status_code == 200
    assert len(derived) == 1
    opened.submit(AddNote(text="one more line"), Press(person("noc")), INC)
    assert all("one more line" in reader.get(f"{PAGE}/review").text for reader in readers)
    assert len(derived) == 2
