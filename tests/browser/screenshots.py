"""``make screenshots``: every page as it looks in the middle of a watch, and those of a rollback that was completed."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

from playwright.sync_api import sync_playwright
from werkzeug.serving import make_server

from ledger.app.home.setup import init
from ledger.app.people.accounts import Accounts, generate
from ledger.app.press import Press
from ledger.app.reading.outlook import Lookout
from ledger.app.steps import watching
from ledger.lab.loopback import HOST
from ledger.lab.rehearsal import Step, person, rehearse, wait_for_alert
from web import Site, create_app

from .chromium import QUIET, executable
from .house import House, house
from .pages import PAGES
from .people import WIDE, People, sign_in

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
        first_run(people, folder, Path(scratch))
        completed = complete(home)
        take(people, completed, folder, "finished", AFTERWARDS)
        document(people, completed, folder)
        home.lab.misbehave("latency")
        wait_for_alert(home.installation, home.lab)
        take(people, home.open("INC-2043", upto=1).id, folder, "stopped", ("now", "rollback"))
        home.at_rest()
        name = home.open("INC-2042", upto=3).id
        watching.start(
            home.installation, Press(person(home.installation, "noc")), home.installation.rollback(name), 900
        )
        take(people, name, folder, "watch", tuple(PAGES))
        people.close()
        browser.close()


def first_run(people: People, folder: Path, scratch: Path) -> None:
    """A home that was just made, as its administrator sees it: nothing is connected yet."""
    installation = init(scratch / "fresh", name="Maria Nowa", roles=("admin",))
    accounts, password = Accounts(installation.home, installation.clock), generate()
    (first,) = installation.state.people
    accounts.add("admin", first, password)
    app = create_app(Site(installation, accounts, Lookout(installation), secret=password.encode()))
    server = make_server(HOST, 0, app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        for shape, (language, theme, size) in SHAPES.items():
            page = people("", language, theme, f"http://{HOST}:{server.server_port}", viewport=size)
            sign_in(page, "admin", password)
            for title, path in (("now", "/"), ("setup", "/setup")):
                page.goto(path)
                page.screenshot(path=folder / f"{title}-{shape}-first.png", full_page=True)
            page.context.close()
    finally:
        server.shutdown()


def document(people: People, rollback: str, folder: Path) -> None:
    """The post-mortem's PDF as a reviewer saves it, and its pages where poppler is there to draw them."""
    page = people("l2-ops")
    answer = page.request.get(f"/rollbacks/{rollback}/review.pdf")
    (folder / "review.pdf").write_bytes(answer.body())
    if shutil.which("pdftoppm"):
        command = ["pdftoppm", "-r", "60", "-png", str(folder / "review.pdf"), str(folder / "review-pdf")]
        subprocess.run(command, check=True)
    page.context.close()


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
