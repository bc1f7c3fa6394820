"""Every page for everybody: axe finds nothing, and a narrow screen scrolls one way only."""

from __future__ import annotations

import pytest

from . import axe
from .house import House
from .pages import PAGES
from .people import People


@pytest.fixture(scope="session")
def program(tmp_path_factory: pytest.TempPathFactory) -> str:
    return axe.text(tmp_path_factory.mktemp("axe"))


@pytest.mark.parametrize(("language", "theme"), [("en", "light"), ("en", "dark"), ("pl", "light"), ("pl", "dark")])
def test_axe_finds_nothing_on_any_page(language: str, theme: str, home: House, signed_in: People, program: str) -> None:
    name, found = home.open("INC-2401", upto=3).id, {}
    for title, (login, path) in PAGES.items():
        page = signed_in(login, language, theme)
        answer = page.goto(path.format(rollback=name))
        assert answer is not None and answer.ok, title
        found[title] = axe.violations(page, program)
        page.context.close()
    assert not any(found.values()), {title: one for title, one in found.items() if one}


def test_no_page_scrolls_sideways_at_320_pixels(home: House, signed_in: People) -> None:
    name, wide = home.open("INC-2402", upto=3).id, []
    for title, (login, path) in PAGES.items():
        page = signed_in(login, "pl", viewport={"width": 320, "height": 640})
        answer = page.goto(path.format(rollback=name))
        assert answer is not None and answer.ok, title
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            wide.append(title)
        page.context.close()
    assert not wide
