"""Single keys: they lead to rows, search, stop and pages, press nothing, and can be switched off."""

from __future__ import annotations

import re

from playwright.sync_api import Page

from .house import House, eventually
from .people import People, live


def at(page: Page, selector: str) -> bool:
    return bool(page.evaluate("selector => document.activeElement.matches(selector)", selector))


def row(page: Page) -> str:
    """The number of the entry whose row has the focus."""
    return str(
        page.evaluate("document.activeElement.closest('[data-row]')?.querySelector('.tl-seq').textContent || ''")
    )


def test_keys_lead_from_row_to_row_to_the_search_and_from_page_to_page(home: House, signed_in: People) -> None:
    home.open("INC-2421", upto=1)
    page = signed_in("noc")
    page.goto("/timeline")
    live(page)
    numbers = page.eval_on_selector_all("[data-row] > .tl-seq", "all => all.map(one => one.textContent)")
    page.keyboard.press("j")
    assert row(page) == numbers[0]
    page.keyboard.press("j")
    assert row(page) == numbers[1] and at(page, ":focus-visible")
    page.keyboard.press("k")
    assert row(page) == numbers[0]
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/entries/{numbers[0]}")
    page.keyboard.press("/")
    page.wait_for_url("**/timeline#search")
    eventually(lambda: at(page, "#search"), 3, "the focus in the search")
    page.keyboard.type("gj?s/k")
    assert page.input_value("#search") == "gj?s/k", "in a field keys are letters"
    assert not page.locator("#keys").is_visible()
    page.locator("h1").click()
    for keys, path in (("gr", "/rollbacks"), ("ga", "/audit"), ("gt", "/timeline"), ("gn", "/")):
        page.keyboard.press(keys[0])
        page.keyboard.press(keys[1])
        page.wait_for_url(f"{home.url}{path}")


def test_s_leads_to_the_stop_from_everywhere_and_stops_nothing(home: House, signed_in: People) -> None:
    page = signed_in("noc")
    page.goto("/audit")
    page.keyboard.press("s")
    page.wait_for_selector("#stop :focus, [data-keys-stop]:focus, [data-keys-stop] :focus")
    page.keyboard.press("Escape")
    assert not home.installation.override_path().exists() and not home.installation.state.open


def test_the_list_opens_by_key_and_menu_and_switches_the_keys_off(home: House, signed_in: People) -> None:
    page = signed_in("noc")
    page.goto("/timeline")
    page.keyboard.press("?")
    page.wait_for_selector("#keys[open]")
    assert {"s", "/", "j", "k", "?"} <= set(page.locator("#keys kbd").all_inner_texts())
    page.uncheck("#keys-on")
    page.keyboard.press("Escape")
    page.reload()
    page.keyboard.press("j")
    page.keyboard.press("?")
    page.keyboard.press("g")
    page.keyboard.press("n")
    assert row(page) == "" and not page.locator("#keys").is_visible() and page.url.endswith("/timeline")
    page.click(".menu > summary")
    page.click("[data-keys-open]")
    page.wait_for_selector("#keys[open]")
    page.check("#keys-on")
    page.click("#keys form button")
    page.keyboard.press("j")
    assert row(page)


def test_local_time_is_told_when_somebody_stands_in_the_row(home: House, signed_in: People) -> None:
    page = signed_in("noc", timezone_id="Europe/Warsaw")
    page.goto("/timeline")
    shown = "getComputedStyle(document.querySelector('.tl-row time'), '::after').content"
    assert page.evaluate(shown) == "none"
    page.keyboard.press("j")
    assert ":" in page.evaluate(shown)


def test_times_are_utc_and_the_local_one_is_in_the_title(home: House, signed_in: People) -> None:
    page = signed_in("noc", timezone_id="Pacific/Kiritimati")  # 14 hours ahead
    page.goto("/audit")
    live(page)
    times = page.locator("#main time")
    times.first.wait_for()
    for time in times.all():
        assert re.fullmatch(r"(\d{4}-\d\d-\d\d )?\d\d:\d\d(:\d\d)?( UTC)?", time.inner_text())
        assert re.fullmatch(
            r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC · local time (\d{4}-\d\d-\d\d )?\d\d:\d\d:\d\d",
            time.get_attribute("title") or "",
        )


def test_a_line_unfolds_by_keyboard_and_fits_one_line_on_a_desktop(home: House, signed_in: People) -> None:
    home.open("INC-2422", upto=2)
    page = signed_in("noc", viewport={"width": 1440, "height": 900})
    page.goto("/timeline?rollback=INC-2422")
    live(page)
    lines = page.eval_on_selector_all(
        ".tl-row", "rows => rows.map(row => Math.round(row.getBoundingClientRect().height))"
    )
    assert lines and max(lines) < 48, lines
    page.focus(".tl-row summary")
    page.keyboard.press("Enter")
    assert page.locator(".tl-parts li").first.is_visible()
