"""``make screenshots``: every page as it looks in the middle of a watch, and those of a rollback that was completed."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from ledger.app.press import Press
from ledger.app.steps import watching
from ledger.lab.rehearsal import Step, person, rehearse, wait_for_alert

from .chromium import QUIET, executable
from .house import House, house
from .pages import PAGES
from .people import WIDE, People

SHAPES = {
    "desktop": ("en", "light", WIDE),
    "phone": ("en", "light", {"width": 390, "height": 844}),
    "dark": ("en", "dark", WIDE),
    "polish": ("pl", "light", WIDE),
}

AFTERWARDS = ("now", "rollbacks", "rollback", "timeline", "review")
"""Pages that look different once a rollback is closed."""
WATCHED = 10
"""Seconds of its watch."""


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
        take(people, complete(home), folder, "finished", AFTERWARDS)
        home.lab.misbehave("latency")
        wait_for_alert(home.installation, home.lab)
        name = home.open("INC-2042", upto=3).id
        watching.start(
            home.installation, Press(person(home.installation, "noc")), home.installation.rollback(name), 900
        )
        take(people, name, folder, "watch", tuple(PAGES))
        people.close()
        browser.close()


def complete(home: House) -> str:
    """A rollback run from its opening to its close as the rehearsal runs one; its id."""

    def told(step: Step) -> None:
        print(f"step {step.number} {step.name}: {step.outcome.verdict}")
        if step.number == 3:
            home.note("INC-2041", "The deployment of 14:20 is taken back; the exchange was told.")

    steps = rehearse(home.installation, home.lab, ticket="INC-2041", seconds=WATCHED, say=lambda _: None, done=told)
    found = steps[-1].outcome.rollback
    if found.phase != "completed":
        raise SystemExit(f"{found.id} is {found.phase}: {steps[-1].outcome.reasons}")
    return found.id


def take(people: People, rollback: str, folder: Path, when: str, titles: tuple[str, ...]) -> None:
    """Each page in each shape: ``<page>-<shape>-<when>.png``."""
    for shape, (language, theme, size) in SHAPES.items():
        for title in titles:
            login, path = PAGES[title]
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
