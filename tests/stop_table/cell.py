"""One cell of the table: a process of its own presses, and what it left is looked at."""

from __future__ import annotations

import os
import shutil
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from ledger import override
from ledger.domain.standing import why_it_does_not_stop
from tests.stop_table import world

PRESSED = ["--reason", "orders look wrong"]


class Cell(NamedTuple):
    """What the stop meets, and how it is pressed."""

    file: str
    ledger: str
    scheduler: str
    way: str
    held: bool
    """Whether the ledger believes that trading is stopped."""

    def __str__(self) -> str:
        believed = "held" if self.held else "free"
        return f"{self.file} / {self.ledger} / {self.scheduler} / {self.way} / {believed}"


class Came(NamedTuple):
    """What came of it."""

    status: int
    said: str
    broken: str
    """Why what is at the path does not stop trading; "" where it does."""
    seconds: float
    victim: bool
    """Whether what the link pointed at is what it was."""


def cells() -> list[Cell]:
    """All of them."""
    return [
        Cell(file, ledger, scheduler, way, held)
        for file in world.FILES
        for ledger in world.LEDGERS
        for scheduler in world.SCHEDULERS
        for way in world.WAYS
        for held in (False, True)
        if possible(ledger, held)
    ]


def possible(ledger: str, held: bool) -> bool:
    """A pending effect belongs to a home where nothing holds yet; only one that has entries can be set back."""
    return not (held and ledger == "pending") and not (not held and ledger == "behind")


def sample() -> list[Cell]:
    """Each file with each state of the ledger, and every other pair of states somewhere among them."""
    found = []
    for f, file in enumerate(world.FILES):
        for l, ledger in enumerate(world.LEDGERS):  # noqa: E741 (the place in a list of ledgers)
            held = (f + l) // 3 % 2 == 0
            way, scheduler = world.WAYS[(f + 2 * l) % 3], world.SCHEDULERS[(f + l) % 3]
            found.append(Cell(file, ledger, scheduler, way, held if possible(ledger, held) else not held))
    return found


def press(cell: Cell, prepared: Path, folder: Path, addresses: dict[str, str]) -> Came:
    """Make the world, press in a child process, look."""
    home = world.home_of(prepared, cell.held, cell.ledger, folder / "home")
    world.put_file(home, cell.file)
    output = os.pipe()
    began = time.monotonic()
    with world.lock_held(home, cell.ledger):
        child = os.fork()
        if child == 0:
            os.environ["STAGE4_SCHEDULER_URL"] = addresses[cell.scheduler]
            _in_child(cell, home, prepared, output[1])
        os.close(output[1])
        with os.fdopen(output[0], "rb") as stream:
            said = stream.read().decode("utf-8", "replace")
        _, status = os.waitpid(child, 0)
    seconds = time.monotonic() - began
    seen = override.look(home / world.OVERRIDE, lambda: datetime.now(UTC))
    broken = why_it_does_not_stop(seen, world.TRADING, datetime.now(UTC))
    victim = (home / "victim").read_bytes() == b"precious" if (home / "victim").exists() else True
    came = Came(os.waitstatus_to_exitcode(status), said, broken, seconds, victim)
    shutil.rmtree(folder, ignore_errors=True)
    return came


def wrong(cell: Cell, came: Came) -> str:
    """What is wrong with what came of it; "" where it is right."""
    told = came.said.lower()
    if not came.victim:
        return "it wrote through the link"
    if "traceback" in told:
        return "it ended in a traceback"
    if came.broken:
        return f"trading is not stopped: {came.broken}" if came.status == 0 or "nothing was stopped" not in told else ""
    runs_on = cell.scheduler == "enabled" and cell.file in world.GOOD and "runs on" in told
    if runs_on:
        return "" if came.status == 1 else f"the scheduler runs on, and the exit status is {came.status}"
    return "" if came.status == 0 else f"it is stopped, and the exit status is {came.status}"


def _in_child(cell: Cell, home: Path, prepared: Path, output: int) -> None:
    """Never returns."""
    os.dup2(output, 1)
    os.dup2(output, 2)
    status = 70
    try:
        import ledger.domain.stopping.stop as judged

        judged.OBEYS_WITHIN = timedelta(seconds=-1)  # a file that was made just now counts as one that was obeyed
        os.environ["STAGE4_HOME"] = str(home)
        status = {"command": _command, "script": _script, "page": _page}[cell.way](cell, home, prepared)
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 1
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _command(cell: Cell, home: Path, prepared: Path) -> int:
    from ledger.cli import main

    world.harm(home, cell.ledger, prepared)
    sys.argv = ["stage4", "--home", str(home), "stop", *PRESSED]
    main()
    return 0


def _script(cell: Cell, home: Path, prepared: Path) -> int:
    from ledger.cli.scripts import COMMANDS
    from ledger.stop.cord import arm

    world.harm(home, cell.ledger, prepared)
    sys.argv = ["disable_multi_strategy.py", *PRESSED, "--requested-by", "L2"]
    arm("disable_multi_strategy.py", sys.argv[1:])
    COMMANDS["disable"](prog_name="disable_multi_strategy.py")
    return 0


def _page(cell: Cell, home: Path, prepared: Path) -> int:
    """A browser that was signed in before the ledger came to harm. 200 and 303 are 0, else the status's first digit."""
    from ledger.app.installation import open_home
    from ledger.app.people.accounts import Accounts
    from ledger.app.reading.outlook import Lookout
    from web import Site, create_app

    installation = open_home(home)
    accounts = Accounts(installation.home, installation.clock, world.QUICK)
    site = Site(installation, accounts, Lookout(installation), secret=b"a secret of this test")
    client = create_app(site).test_client()
    headers = {"Accept": "text/html", "Sec-Fetch-Site": "same-origin"}
    client.post("/sign-in", data={"login": "ola", "password": world.PASSWORD}, headers=headers)
    client.get("/", headers=headers)
    world.harm(home, cell.ledger, prepared)
    answer = client.post("/stop", data={"reason": "orders look wrong"}, headers=headers)
    print(answer.text)
    if answer.status_code in (200, 303):
        return 1 if "RUNS ON" in answer.text else 0
    return 3 if "NOTHING WAS STOPPED" in answer.text else answer.status_code // 100
