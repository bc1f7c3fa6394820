"""The review in a real browser: one axis that fits, at 390 and at 1280 pixels, for half a minute and for three days."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import combinations, pairwise
from typing import Any, NamedTuple

import pytest
from argon2 import PasswordHasher
from playwright.sync_api import Browser, Page
from werkzeug.serving import make_server

from ledger.app.installation import Installation
from ledger.app.people.accounts import Accounts
from ledger.app.press import Press
from ledger.app.reading.outlook import Lookout
from ledger.app.steps import watching
from ledger.app.steps.pictures import panel_data
from ledger.lab.loopback import HOST
from ledger.lab.rehearsal import person
from tests.dashboard.stories import STORIES, alarmed
from tests.dashboard.story import INC, kept
from web import Site, create_app

from .house import House, eventually
from .people import WIDE, People

PASSWORD = "four plain words here"
SIZES = {"phone": {"width": 390, "height": 844}, "desktop": WIDE}
STROKE = 1.5
"""A bar's line is drawn half outside of it."""
TOLD = {name: STORIES[name] for name in ("quick", "days", "drift")} | {"alarmed": alarmed}


class Box(NamedTuple):
    """Where something stands, in pixels."""

    left: float
    top: float
    right: float
    bottom: float
    text: str

    def meets(self, other: Box) -> bool:
        """Whether they have a place in common."""
        across = self.left < other.right - 0.5 and other.left < self.right - 0.5
        return across and self.top < other.bottom - 0.5 and other.top < self.bottom - 0.5


@pytest.fixture(scope="module", params=TOLD)
def served(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a dashboard on a story."""
    with kept(tmp_path_factory.mktemp(request.param)) as story:
        TOLD[request.param](story)
        installation = story.installation
        accounts = Accounts(installation.home, installation.clock, PasswordHasher(1, 8, 1))
        accounts.add("im", "im", PASSWORD)
        app = create_app(Site(installation, accounts, Lookout(installation), secret=b"a secret of this test"))
        server = make_server(HOST, 0, app, threaded=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://{HOST}:{server.server_port}"
        server.shutdown()


@pytest.fixture
def page(served: str, chromium: Browser) -> Iterator[Callable[..., Page]]:
    """``page("phone", "pl")``: the review as somebody sees it who signed in."""
    contexts = []

    def opened(size: str, language: str = "en") -> Page:
        context = chromium.new_context(base_url=served, viewport=SIZES[size])
        contexts.append(context)
        context.add_cookies([{"name": "lang", "value": language, "url": served}])
        made = context.new_page()
        made.goto("/sign-in")
        made.fill("[name=login]", "im")
        made.fill("[name=password]", PASSWORD)
        made.click("form[action='/sign-in'] button")
        made.wait_for_selector("#main .glance")
        made.goto(f"/rollbacks/{INC}/review")
        made.evaluate("document.fonts.ready")
        return made

    yield opened
    for one in contexts:
        one.close()


def boxes(page: Page, what: str) -> list[Box]:
    """Everything visible of a kind."""
    found: list[dict[str, Any]] = page.evaluate(
        """what => [...document.querySelectorAll(what)].map(one => [one.getBoundingClientRect(), one.textContent])
        .filter(([box]) => box.width || box.height)
        .map(([box, text]) => [box.left, box.top, box.right, box.bottom, text.trim()])""",
        what,
    )
    return [Box(*one) for one in found]  # type: ignore[misc]


@pytest.mark.parametrize("language", ["en", "pl"])
@pytest.mark.parametrize("size", SIZES)
def test_the_axis_fits_and_nothing_stands_over_a_text(page: Callable[..., Page], size: str, language: str) -> None:
    shown = page(size, language)
    assert not shown.evaluate("document.documentElement.scrollWidth > innerWidth")
    bars, names = boxes(shown, ".gantt rect[class^=bar]"), boxes(shown, ".gantt-name")
    flags, ticks, took = boxes(shown, ".flag text"), boxes(shown, ".tick-text text"), boxes(shown, ".gantt-took")
    assert len(bars) >= 9 and len(ticks) >= 2 and flags
    for one, other in combinations([*flags, *ticks, *names, *took], 2):
        assert not one.meets(other), (one, other)
    for bar in bars:
        assert bar.right - bar.left + STROKE >= 3
        assert not any(bar.meets(text) for text in (*flags, *ticks, *names, *took)), bar
    (axis,) = {(one.left, one.right) for one in boxes(shown, ".gantt-track")}
    assert all(axis[0] - 2 <= bar.left and bar.right <= axis[1] + 2 for bar in bars)
    assert all(one.left >= 0 and one.right <= SIZES[size]["width"] for one in (*flags, *ticks, *names, *took))


def test_steps_follow_each_other_on_the_axis(page: Callable[..., Page]) -> None:
    shown = page("desktop")
    rows = shown.evaluate(
        """[...document.querySelectorAll('.gantt-row')].filter(row => /^\\d ·/.test(row.textContent.trim()))
        .map(row => row.querySelector('rect').getBoundingClientRect().left)"""
    )
    assert len(rows) >= 4 and all(before <= after for before, after in pairwise(rows))


def test_every_mark_of_the_list_stands_on_a_flag(page: Callable[..., Page]) -> None:
    shown = page("phone")
    numbers: list[int] = []
    for one in boxes(shown, ".flag text"):
        first, _, last = one.text.partition("–")
        numbers += range(int(first), int(last or first) + 1)
    listed = [int(one.text) for one in boxes(shown, ".mark-number")]
    assert sorted(numbers) == listed and listed


def sampled(installation: Installation) -> bool:
    """Whether Prometheus has something to draw; once the scheduler is stopped there comes nothing more."""
    now = installation.clock()
    panels = panel_data(installation, now - timedelta(minutes=5), now)
    return any(series.points for panel in panels for answer in panel.answers for series in answer)


@pytest.mark.parametrize("size", SIZES)
def test_marks_of_charts_seconds_apart_share_a_flag_and_are_listed(home: House, signed_in: People, size: str) -> None:
    installation = home.installation
    eventually(lambda: sampled(installation), 60, "a sample of the running scheduler")
    name = home.open("INC-2471", upto=3).id
    watching.start(installation, Press(person(installation, "noc")), installation.rollback(name), 900)
    page = signed_in("noc", "pl", viewport=SIZES[size])
    page.goto(f"/rollbacks/{name}")
    page.wait_for_selector(".chart-flag", timeout=40_000)
    listed = [one.text for one in boxes(page, ".chart-marks li")]
    assert [one.split(" ", 1)[0] for one in listed] == ["1", "2", "3"] and "zatrzymano" in listed[1]
    for chart in page.locator(".chart:has(.chart-flag)").all():
        texts = chart.locator(".chart-flag").all_inner_texts()
        assert "".join(texts).replace("–", "")[0] == "1" and texts[-1][-1] == "3"
    flags = boxes(page, ".chart-flag")
    assert not any(one.meets(other) for one, other in combinations(flags, 2))
    assert not any(one.meets(other) for one in flags for other in boxes(page, ".chart figcaption"))
