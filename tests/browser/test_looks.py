"""Every page for everybody: axe finds nothing, and a narrow screen scrolls one way only."""

from __future__ import annotations

import pytest

from . import axe
from .house import House
from .pages import PAGES
from .people import People

WIDER = """() => {
  for (const age of document.querySelectorAll("[data-since]")) age.textContent = "59 min 59 s";
  return document.documentElement.scrollWidth > innerWidth
    || [...document.querySelectorAll(".tile")].some((one) => one.scrollWidth > one.clientWidth);
}"""
"""With ages as long as they get."""


THEME = "theme => { document.documentElement.dataset.theme = theme; }"
WIDTHS = {"a narrow screen": 320, "a desktop": 1280, "a desktop at 200 %": 640}


@pytest.fixture(scope="session")
def program(tmp_path_factory: pytest.TempPathFactory) -> str:
    return axe.text(tmp_path_factory.mktemp("axe"))


@pytest.mark.parametrize("language", ["en", "pl"])
def test_axe_finds_nothing_on_any_page(language: str, home: House, signed_in: People, program: str) -> None:
    name, found = home.open("INC-2401", upto=3).id, {}
    for title, (login, path) in PAGES.items():
        page = signed_in(login, language)
        answer = page.goto(path.format(rollback=name))
        assert answer is not None and answer.ok, title
        for theme in ("light", "dark"):
            page.evaluate(THEME, theme)
            found[title, theme] = axe.violations(page, program)
        page.context.close()
    assert not any(found.values()), {where: one for where, one in found.items() if one}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_in_lines_that_are_unfolded_and_in_the_list_of_keys(
    theme: str, home: House, signed_in: People, program: str
) -> None:
    home.open("INC-2402", upto=2)
    page = signed_in("l2-ops", "pl", theme)
    page.goto("/timeline?category=stop,silence&at=x")
    page.locator(".tl-row summary").first.click()
    page.locator(".tl-rare summary").click()
    found = axe.violations(page, program)
    page.locator("h1").click()
    page.keyboard.press("?")
    page.wait_for_selector("#keys[open]")
    assert [*found, *axe.violations(page, program)] == []


def test_no_page_scrolls_sideways(home: House, signed_in: People) -> None:
    """In Polish, whose words are longer, also where nothing was verified yet and where something was."""
    name, wide = home.open("INC-2403", upto=3).id, []
    auditor = signed_in("auditor", "pl")
    auditor.goto("/audit")
    auditor.locator("form[action$='/audit/verify'] button").click()
    auditor.wait_for_selector("text=Zweryfikowano")
    for title, (login, path) in PAGES.items():
        page = signed_in(login, "pl")
        answer = page.goto(path.format(rollback=name))
        assert answer is not None and answer.ok, title
        page.evaluate("document.fonts.ready")
        for look, width in WIDTHS.items():
            page.set_viewport_size({"width": width, "height": 640})
            if page.evaluate(WIDER):
                wide.append(f"{title} on {look}")
        page.context.close()
    assert not wide
