"""One lab, one server process and one headless Chromium for all tests in a browser."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright

from .chromium import QUIET, executable
from .house import House, house
from .people import People


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    try:
        path = executable()
    except FileNotFoundError as error:
        pytest.fail(str(error), pytrace=False)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(QUIET))
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def whole(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with house(tmp_path_factory.mktemp("browser") / "home") as made:
        yield made


@pytest.fixture
def home(whole: House) -> Iterator[House]:
    """The shared house; what a test leaves open is closed after it."""
    yield whole
    whole.at_rest()


@pytest.fixture(scope="session")
def cookies() -> dict[str, list[Any]]:
    """Sessions by login: each person signs in once."""
    return {}


@pytest.fixture
def signed_in(home: House, chromium: Browser, cookies: dict[str, list[Any]]) -> Iterator[People]:
    """``signed_in("noc")``: a page of that person. Whatever a console complains of fails the test."""
    people = People(home, chromium, cookies)
    yield people
    left = people.close()
    assert not left, "\n".join(left)
