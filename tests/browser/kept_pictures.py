"""``make kept-pictures``: the main pages as they are to look, into ``tests/browser/pictures``.

A page that looks otherwise fails ``test_pictures.py``. Where that is meant, they are taken anew and are part of the
change: whoever reads it sees the screen before and after.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, sync_playwright

from tests.domain.builders import INC

from .chromium import QUIET, executable
from .likeness import save
from .stills import PASSWORD, Stage, stage

PICTURES: Final = Path(__file__).with_name("pictures")
DESKTOP: Final = ViewportSize(width=1280, height=720)
PHONE: Final = ViewportSize(width=390, height=844)
STILL: Final = """
*, *::before, *::after { animation: none !important; transition: none !important; caret-color: transparent !important;
  text-rendering: geometricPrecision !important; }
code, pre, kbd, .mono { font-family: Inter, sans-serif !important; }
"""
"""Nothing moves; letters stand between pixels, also where a machine would set them on whole ones; and none is of the
machine's own font for code, which is another one elsewhere."""
DEAF: Final = """
window.SharedWorker = class { constructor() { this.port = { start() {}, postMessage() {} }; } };
"""
"""A page hears of nothing: what stands on it is what the server made."""
IN_ORDER: Final = r"""([home, url]) => {
  document.body.dataset.live = "live";
  for (const sign of document.querySelectorAll("#live")) sign.querySelector(".word").textContent = sign.dataset.live;
  const random = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|(?=[a-f]*\d)[0-9a-f]{8,}|[A-Za-z0-9+\/]{40,}=+/g;
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) walker.currentNode.data = walker.currentNode.data
    .replaceAll(home, "/srv/stage4").replaceAll(url, "http://127.0.0.1:8090")
    .replace(random, (found) => found.replace(/[A-Za-z0-9+\/]/g, "0"));
}"""
"""Keys, digests and ids are random, and a test's home lies where there is room."""


class Still(NamedTuple):
    """One picture: at which place of the story, which page, who sees it and how."""

    place: str
    path: str
    login: str = "noc"
    size: ViewportSize = DESKTOP
    language: str = "en"
    theme: str = "light"
    top: str = ""
    """What is scrolled to the top of the screen."""


STILLS: Final = {
    "setup": Still("begun", "/setup", "admin"),
    "now-running": Still("running", "/"),
    "now-stopped": Still("watch", "/"),
    "now-stopped-phone": Still("watch", "/", size=PHONE),
    "watch": Still("watch", f"/rollbacks/{INC}"),
    "watch-charts": Still("watch", f"/rollbacks/{INC}", top="#charts"),
    "watch-phone-polish": Still("watch", f"/rollbacks/{INC}", size=PHONE, language="pl"),
    "now-runs-on-dark": Still("mismatch", "/", "ops", theme="dark"),
    "audit": Still("over", "/audit", "auditor"),
    "entry": Still("over", "/entries/20", "auditor"),
    "review": Still("over", f"/rollbacks/{INC}/review", "im"),
    "review-axis-polish": Still("over", f"/rollbacks/{INC}/review", "im", language="pl", top="#gantt-head"),
}
"""In the order of the story."""


class Camera:
    """Takes pictures of a stage; everybody signs in once."""

    def __init__(self, browser: Browser, on: Stage) -> None:
        self._browser, self.stage = browser, on
        self._sessions: dict[str, list[dict[str, object]]] = {}

    def take(self, still: Still) -> Image.Image:
        """The first screen, or that which begins where ``top`` says."""
        with self.at(still) as page:
            return picture(page)

    @contextmanager
    def at(self, still: Still) -> Iterator[Page]:
        """The page, at rest."""
        self.stage.to(still.place)
        context = self._browser.new_context(
            base_url=self.stage.url, viewport=still.size, timezone_id="UTC", bypass_csp=True, reduced_motion="reduce"
        )
        cookies = {"lang": still.language, "theme": still.theme}
        context.add_cookies([{"name": n, "value": v, "url": self.stage.url} for n, v in cookies.items()])
        page = self._signed_in(context, still.login)
        page.goto(still.path, wait_until="networkidle")
        self._put_in_order(page, still.top)
        yield page
        context.close()

    def _signed_in(self, context: BrowserContext, login: str) -> Page:
        context.add_init_script(DEAF)
        page = context.new_page()
        page.clock.set_fixed_time(self.stage.story.now)
        if login not in self._sessions:
            page.goto("/sign-in")
            page.fill("[name=login]", login)
            page.fill("[name=password]", PASSWORD)
            page.click("form[action='/sign-in'] button")
            page.wait_for_selector("#main .glance")
            self._sessions[login] = [dict(one) for one in context.cookies() if one["name"] == "stage4_session"]
        context.add_cookies(self._sessions[login])  # type: ignore[arg-type]
        return page

    def _put_in_order(self, page: Page, top: str) -> None:
        page.add_style_tag(content=STILL)
        page.evaluate(IN_ORDER, [str(self.stage.installation.home.root), self.stage.url])
        if top:
            page.locator(top).scroll_into_view_if_needed()
            page.locator(top).evaluate("one => scrollTo(0, one.getBoundingClientRect().top + scrollY - 190)")
        page.evaluate("document.fonts.ready")


def picture(page: Page) -> Image.Image:
    """What is on the screen."""
    return Image.open(io.BytesIO(page.screenshot(animations="disabled", caret="hide", scale="css")))


def main() -> None:
    """Take them all."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    with sync_playwright() as playwright, stage() as on:
        browser = playwright.chromium.launch(executable_path=executable(), args=list(QUIET))
        camera = Camera(browser, on)
        for old in PICTURES.glob("*.png"):
            old.unlink()
        for name, still in STILLS.items():
            save(camera.take(still), PICTURES / f"{name}.png")
        browser.close()
    print(f"{len(STILLS)} pictures in {PICTURES}")


if __name__ == "__main__":
    main()
