"""Lists on a telephone: no word is cut in two, nothing lies off the screen; nor in a tile of a desktop."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from argon2 import PasswordHasher
from playwright.sync_api import Browser, Page
from werkzeug.serving import make_server

from ledger.app.people.accounts import Accounts
from ledger.app.press import Press
from ledger.app.reading.outlook import Lookout
from ledger.domain.command import SYSTEM
from ledger.domain.people.commands import AddPerson
from ledger.lab.loopback import HOST
from tests.dashboard.stories import emergency
from tests.dashboard.story import kept
from web import Site, create_app
from web.visible import broken

from .people import WIDE

PASSWORD = "four plain words here"
PHONE = {"width": 390, "height": 844}
CUT = r"""what => [...document.querySelectorAll(what)].flatMap(box => {
  const found = [], walker = document.createTreeWalker(box, NodeFilter.SHOW_TEXT);
  const words = (node) => node.parentElement.closest(".mono, code, pre") ? [] : node.data.matchAll(/[\p{L}\d]+/gu);
  while (walker.nextNode()) for (const word of words(walker.currentNode)) {
    const range = document.createRange();
    range.setStart(walker.currentNode, word.index);
    range.setEnd(walker.currentNode, word.index + word[0].length);
    if (new Set([...range.getClientRects()].map(one => Math.round(one.top))).size > 1) found.push(word[0]);
  }
  return found;
})"""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A dashboard whose one rollback was an emergency; an auditor signs in."""
    with kept(tmp_path_factory.mktemp("phone")) as story:
        emergency(story)
        installation = story.installation
        installation.submit(AddPerson(person="reader", roles=("auditor",)), Press(SYSTEM))
        accounts = Accounts(installation.home, installation.clock, PasswordHasher(1, 8, 1))
        accounts.add("reader", "reader", PASSWORD)
        app = create_app(Site(installation, accounts, Lookout(installation), secret=b"a secret of this test"))
        server = make_server(HOST, 0, app, threaded=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://{HOST}:{server.server_port}"
        server.shutdown()


def page_of(served: str, chromium: Browser, size: dict[str, int], language: str) -> Page:
    context = chromium.new_context(base_url=served, viewport=size)  # type: ignore[arg-type]
    context.add_cookies([{"name": "lang", "value": language, "url": served}])
    made = context.new_page()
    made.goto("/sign-in")
    made.fill("[name=login]", "reader")
    made.fill("[name=password]", PASSWORD)
    made.click("form[action='/sign-in'] button")
    made.wait_for_selector("#main .glance")
    return made


@pytest.mark.parametrize("language", ["en", "pl"])
def test_lists_are_cards_without_a_word_that_is_cut(served: str, chromium: Browser, language: str) -> None:
    page = page_of(served, chromium, PHONE, language)
    page.goto("/audit")
    page.click("form[action$='/audit/verify'] button")
    page.wait_for_selector(".cards", state="attached")
    for path in ("/rollbacks", "/audit", "/access"):
        page.goto(path)
        cards = page.locator(".cards")
        if path == "/access" and not cards.count():
            continue
        page.evaluate("() => { for (const one of document.querySelectorAll('details:has(.cards)')) one.open = true; }")
        assert page.evaluate(CUT, ".cards") == [], path
        wide = cards.evaluate_all("all => all.map(one => one.scrollWidth - one.parentElement.clientWidth)")
        assert max(wide) <= 0, path
    page.goto("/rollbacks")
    assert page.locator(".cards td[data-label]").count() == 4
    assert page.locator(".cards .badge.bad").count() == 1, "that it was an emergency"
    page.context.close()


def test_the_words_of_a_tile_are_whole(served: str, chromium: Browser) -> None:
    page = page_of(served, chromium, WIDE, "pl")
    page.evaluate("document.fonts.ready")
    assert page.evaluate(CUT, ".tile dt") == []
    page.context.close()


LONG = "Stage4StrategyLatencyCriticallyHighOnAllVenues{cross_exchange_arbitrage_with_hedging}"


@pytest.mark.parametrize("language", ["en", "pl"])
def test_a_long_name_breaks_where_its_words_meet(served: str, chromium: Browser, language: str) -> None:
    page = page_of(served, chromium, PHONE, language)
    for path in ("/entries/1", "/timeline"):
        page.goto(path)
        page.evaluate(
            "html => { document.querySelector('.sentence, .tl-what').innerHTML = html }", f"{broken(LONG)} critical"
        )
        assert page.evaluate(CUT, ".sentence, .tl-what") == [], path
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], path
        assert LONG in page.inner_text(".sentence, .tl-what"), "what is copied has nothing in between"
    page.context.close()


def test_the_road_sticks_below_a_bar_that_tells_more_than_usual(served: str, chromium: Browser) -> None:
    page = page_of(served, chromium, PHONE, "pl")
    page.goto("/rollbacks")
    page.click(".cards a")
    page.wait_for_selector(".road")
    below = """() => {
      const road = document.querySelector(".road").getBoundingClientRect().top;
      const bar = document.getElementById("truth").getBoundingClientRect().bottom;
      return scrollY > 300 && Math.abs(road - bar) <= 2;
    }"""
    for more in ("", "<li>obserwacja trwa jeszcze</li>" * 12, "<li></li>"):
        page.evaluate("html => { if (html) document.querySelector('.truth-facts').innerHTML = html }", more)
        page.evaluate("scrollTo(0, 900)")
        page.wait_for_function(below)
    page.context.close()
