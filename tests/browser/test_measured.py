"""What a hurried person counts: presses to the stop, and shifts of a page; with few colours nothing is lost."""

from __future__ import annotations

import time
from typing import Any

from playwright.sync_api import Browser, Page, ViewportSize

from . import axe
from .chromium import QUIET, executable
from .house import House, eventually
from .pages import PAGES
from .people import People, live
from .test_looks import WIDER, program

__all__ = ["program"]
PHONE, DESKTOP = ViewportSize(width=390, height=844), ViewportSize(width=1280, height=720)
LARGE = "--blink-settings=defaultFontSize=32"
MOVES = (
    "document.getAnimations().filter((one) => one.playState === 'running').map((one) => one.effect.target.outerHTML)"
)
SHIFTS = """() => { window.shifts = [];
  new PerformanceObserver(list => {
    for (const one of list.getEntries()) if (!one.hadRecentInput)
      window.shifts.push([one.value, one.sources.map(source => source.node?.id || source.node?.className).join()]);
  }).observe({ type: "layout-shift", buffered: true }); }"""


class Presses:
    """A person who counts."""

    def __init__(self, page: Page) -> None:
        self._page, self.number = page, 0

    def __call__(self, selector: str) -> None:
        self._page.click(selector)
        self.number += 1


def test_from_a_cold_phone_it_is_two_presses_to_stopped(home: House, signed_in: People) -> None:
    page = signed_in("", "pl", viewport=PHONE)
    press, began = Presses(page), time.monotonic()
    page.goto("/")
    page.fill("[name=login]", "noc")
    page.fill("[name=password]", home.password)
    press("form[action='/sign-in'] button")
    press("#stop-now button")
    eventually(home.installation.override_path().exists, 10, "the override to be written")
    assert (press.number, time.monotonic() - began < 10) == (2, True)
    page.wait_for_selector("#truth.stopped:has-text('HANDEL ZATRZYMANY')", timeout=20_000)
    seen = page.locator("#truth").bounding_box()
    assert seen and seen["y"] >= 0 and seen["y"] + seen["height"] < PHONE["height"] / 3


def test_the_stop_stands_at_one_place_on_every_page(home: House, signed_in: People) -> None:
    name, places = home.open("INC-2701").id, set()
    for title, (login, path) in PAGES.items():
        if not login or login == "auditor":
            continue
        page = signed_in(login, viewport=PHONE)
        page.goto(path.format(rollback=name))
        for size in (PHONE, DESKTOP):
            page.set_viewport_size(size)
            page.mouse.wheel(0, 2000)
            box = page.locator("#stop-now button").bounding_box()
            assert box and box["height"] >= 48, title
            places.add((size["width"], round(size["width"] - box["x"] - box["width"]), round(box["height"])))
        page.context.close()
    assert len(places) == 2, places


def test_axe_finds_nothing_with_forced_colours_and_reduced_motion(home: House, signed_in: People, program: str) -> None:
    name, found = home.open("INC-2702", upto=3).id, {}
    for title, (login, path) in PAGES.items():
        page = signed_in(login, "pl", forced_colors="active", reduced_motion="reduce")
        page.goto(path.format(rollback=name))
        found[title] = axe.violations(page, program)
        assert page.evaluate(MOVES) == [], title
        page.context.close()
    assert not any(found.values()), {title: one for title, one in found.items() if one}


def test_text_of_twice_the_size_is_all_there(home: House, chromium: Browser, cookies: dict[str, list[Any]]) -> None:
    """As somebody's own browser has it: everything that goes by the size of letters does, and where columns end too."""
    name, wide = home.open("INC-2703", upto=3).id, []
    large = chromium.browser_type.launch(executable_path=executable(), args=[*QUIET, LARGE])
    people = People(home, large, cookies)
    for title, (login, path) in PAGES.items():
        page = people(login, "pl", viewport=DESKTOP)
        page.goto(path.format(rollback=name))
        page.evaluate("document.fonts.ready")
        assert page.evaluate("parseFloat(getComputedStyle(document.body).fontSize)") == 32
        if page.evaluate(WIDER):
            wide.append(title)
        page.context.close()
    assert people.close() == []
    large.close()
    assert not wide


def test_a_page_that_lives_does_not_jump(home: House, signed_in: People) -> None:
    name, jumped = home.open("INC-2704", upto=3).id, {}
    for path in ("/", f"/rollbacks/{name}"):
        page = signed_in("l2-ops")
        page.goto(path)
        page.evaluate("document.fonts.ready")
        live(page)
        page.wait_for_selector("#truth.stopped:has-text('alerts muted until')", timeout=20_000)  # it has come to rest
        page.wait_for_selector(".htmx-request", state="detached")
        page.wait_for_timeout(500)
        page.evaluate(SHIFTS)
        page.evaluate("window.shifts.length = 0")
        for number in range(3):
            size = home.note(name, f"note {number}").last
            page.wait_for_selector(f"#ticker[data-sequence='{size}'], #ticker a[href$='/{size}']")
        page.wait_for_timeout(500)  # what the last entry moved is seen within a few frames
        jumped[path] = page.evaluate("window.shifts")
        page.context.close()
    assert all(sum(shift for shift, _ in shifts) < 0.02 for shifts in jumped.values()), jumped
