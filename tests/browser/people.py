"""People at browsers: each signs in for real, and each page fails the test for what its console complains of."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page

from .house import House

SENDS = "button:not([type=button])"
"""The one button of a form that sends it."""
WIDE = {"width": 1280, "height": 900}


class People:
    """Signs people in; keeps what every page complained of."""

    def __init__(self, house: House, browser: Browser, cookies: dict[str, list[Any]]) -> None:
        self._house, self._browser, self._cookies = house, browser, cookies
        self._contexts: list[BrowserContext] = []
        self.complaints: list[str] = []
        self.expected: list[str] = []
        """Patterns of what a test means to happen, e.g. an answer 409."""

    def __call__(self, login: str, language: str = "en", theme: str = "light", url: str = "", **context: Any) -> Page:
        """A page of a browser in which somebody is signed in; ``""`` is a stranger."""
        made = self.browser(login, language, theme, url, **context)
        return self.tab(made)

    def browser(
        self, login: str, language: str = "en", theme: str = "light", url: str = "", **context: Any
    ) -> BrowserContext:
        """A browser profile of somebody's own."""
        url = url or self._house.url
        made = self._browser.new_context(base_url=url, viewport=context.pop("viewport", WIDE), **context)
        made.set_default_timeout(10_000)
        self._contexts.append(made)
        made.add_cookies([{"name": n, "value": v, "url": url} for n, v in (("lang", language), ("theme", theme))])
        if login and login not in self._cookies:
            page = self.tab(made)
            sign_in(page, login, self._house.password)
            self._cookies[login] = [one for one in made.cookies() if one["name"] == "stage4_session"]
            page.close()
        made.add_cookies(self._cookies[login] if login else [])
        return made

    def tab(self, browser: BrowserContext) -> Page:
        """One more tab of a browser."""
        page = browser.new_page()
        page.on("console", lambda said: self._complain(f"console: {said.text}") if said.type == "error" else None)
        page.on("pageerror", lambda error: self._complain(f"error in the page: {error}"))
        return page

    def _complain(self, sentence: str) -> None:
        self.complaints.append(sentence)

    def close(self) -> list[str]:
        """Close all; what nobody meant to happen."""
        for one in self._contexts:
            one.close()
        return [one for one in self.complaints if not any(re.search(pattern, one) for pattern in self.expected)]


def sign_in(page: Page, login: str, password: str) -> None:
    """Through the form."""
    page.goto("/sign-in")
    page.fill("[name=login]", login)
    page.fill("[name=password]", password)
    page.click("form[action='/sign-in'] button")
    page.wait_for_selector("#main .glance")


def live(page: Page, seconds: float = 8) -> None:
    """Wait until the page says that it hears."""
    page.wait_for_selector("body[data-live=live]", timeout=seconds * 1000)


def press(page: Page, act: str, **typed: str) -> None:
    """Fill an act's form and press its button."""
    form = page.locator(f"#act-{act}")
    for name, value in typed.items():
        form.locator(f"[name={name}]").fill(value)
    form.locator(SENDS).click()


def unfold(page: Page, act: str) -> None:
    """Open what an act's form lies in: its own line, and that of its step."""
    page.locator(f"#act-{act}").evaluate("form => { for (let at = form; at; at = at.parentElement) at.open = true; }")


def passed(page: Page, step: int, seconds: float = 20) -> None:
    """Wait until the page shows the step as passed."""
    page.wait_for_selector(f"#step-{step}.good", timeout=seconds * 1000)
