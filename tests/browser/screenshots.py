"""``make screenshots``: every page as it looks, on a rollback in the middle of its watch and on a finished one."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from ledger.app.steps import watching
from ledger.lab.rehearsal import person, wait_for_alert

from .chromium import QUIET, executable
from .house import house
from .pages import PAGES
from .people import WIDE, People

SHAPES = {
    "desktop": ("en", "light", WIDE),
    "phone": ("en", "light", {"width": 390, "height": 844}),
    "dark": ("en", "dark", WIDE),
    "polish": ("pl", "light", WIDE),
}


def main(folder: Path) -> None:
    """Take them all into ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as scratch,
        sync_playwright() as playwright,
        house(Path(scratch) / "home") as home,
    ):
        browser = playwright.chromium.launch(executable_path=executable(), args=list(QUIET))
        people = People(home, browser, {})
        home.lab.misbehave("latency")
        wait_for_alert(home.installation, home.lab)
        name = home.open("INC-2042", upto=3).id
        watching.start(home.installation, person(home.installation, "noc"), home.installation.rollback(name), 900)
        take(people, name, folder, "watch")
        home.lab.misbehave("none")
        home.at_rest()
        take(people, name, folder, "finished")
        people.close()
        browser.close()


def take(people: People, rollback: str, folder: Path, when: str) -> None:
    """Each page in each shape: ``<page>-<shape>-<when>.png``."""
    for shape, (language, theme, size) in SHAPES.items():
        for title, (login, path) in PAGES.items():
            page = people(login, language, theme, viewport=size)
            answer = page.goto(path.format(rollback=rollback))
            if answer is not None and answer.ok:
                if login:
                    page.wait_for_selector("body[data-live=live]")
                page.screenshot(path=folder / f"{title}-{shape}-{when}.png", full_page=True)
            page.context.close()
    print(f"{when}: {len(list(folder.glob(f'*-{when}.png')))} pictures in {folder}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
