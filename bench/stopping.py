"""``python -m bench.stopping [--presses N] [--json]``: how long a stop takes while everything that is told hangs.

Two real servers with an observer each: one without connections, one whose every connection leads to a server that
takes requests and never answers. Presses go to both in turn; after each the override is removed by hand, so that the
next one has something to write. A press is measured from the form's sending to the answer, and the file is there then.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import secrets
import shutil
import socket
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

import aiohttp

from bench.browsers import ACCEPT, sign_in
from bench.machine import machine
from ledger.app.home.setup import LAB_ROLES, init
from ledger.app.people.accounts import Accounts, generate
from ledger.lab.loopback import HOST, answers, free_ports, until
from ledger.lab.processes import Processes

RESULTS: Final = Path(__file__).parent / "results"
KINDS: Final = ("nothing connected", "all connections hang")
HANGING: Final = """
[announce]
url = "{url}/hook"

[oncall]
kind = "pagerduty"
url = "{url}"

[oncall.roles]
l2_ops = "PSCHED1"
"""


@contextmanager
def hanging() -> Iterator[str]:
    """The address of a server that takes every connection and never says anything."""
    with socket.create_server((HOST, 0), backlog=1024) as server:
        kept: list[socket.socket] = []

        def take() -> None:
            while True:
                try:
                    kept.append(server.accept()[0])
                except OSError:
                    return

        threading.Thread(target=take, daemon=True).start()
        yield f"http://{HOST}:{server.getsockname()[1]}"
        for one in kept:
            one.close()


def home(root: Path, settings: str) -> str:
    """A home with one person, who may stop; gives the password."""
    installation = init(root, purpose="lab", name="You", roles=LAB_ROLES)
    with installation.home.config.open("a", encoding="utf-8") as config:
        config.write(settings)
    accounts, password = Accounts(installation.home, installation.clock), generate()
    accounts.add("ops", next(iter(installation.state.people)), password)
    installation.ledger.log.close()
    return password


async def press(session: aiohttp.ClientSession, root: Path) -> float:
    """Seconds that one stop takes; the override is there when it ends."""
    override = root / "var" / "runtime" / "overrides" / "multi_strategy_disable.json"
    override.unlink(missing_ok=True)
    form = {"request_id": secrets.token_hex(16), "reason": "measured"}
    started = time.perf_counter()
    async with session.post("/stop", data=form, headers=ACCEPT, allow_redirects=False) as answer:
        await answer.read()
        took = time.perf_counter() - started
        if answer.status != 303 or not override.exists():
            raise RuntimeError(f"the stop was answered {answer.status}, the file is there: {override.exists()}")
    return took


async def rounds(urls: list[str], passwords: list[str], roots: list[Path], presses: int) -> list[list[float]]:
    """The seconds of each kind, pressed in turn."""
    sessions = [await sign_in(url, "ops", password) for url, password in zip(urls, passwords, strict=True)]
    took: list[list[float]] = [[] for _ in KINDS]
    for number in range(presses + 1):
        order = range(len(KINDS)) if number % 2 else reversed(range(len(KINDS)))
        for kind in order:
            seconds = await press(sessions[kind], roots[kind])
            if number:  # the first opens the rollback
                took[kind].append(seconds)
    for session in sessions:
        await session.close()
    return took


def measure(folder: Path, presses: int) -> dict[str, Any]:
    """All figures; times in milliseconds."""
    with hanging() as url, Processes(folder / "log") as processes:
        roots = [folder / "without", folder / "with"]
        passwords = [home(root, settings) for root, settings in zip(roots, ("", HANGING.format(url=url)), strict=True)]
        urls = []
        for name, root in zip(KINDS, roots, strict=True):
            port = free_ports().scheduler
            urls.append(f"http://{HOST}:{port}")
            processes.start(
                name, [sys.executable, "-m", "ledger.cli", "serve", "--port", str(port), "--home", str(root)]
            )
        for one in urls:
            until(partial(answers, f"{one}/healthz"), 60, f"the dashboard at {one}")
        took = asyncio.run(rounds(urls, passwords, roots, presses))
    told = {
        name: {"median": 1000 * statistics.median(times), "longest": 1000 * max(times)}
        for name, times in zip(KINDS, took, strict=True)
    }
    ratio = statistics.median(hung / free for free, hung in zip(*took, strict=True))
    return {"machine": machine(folder), "presses": presses, "milliseconds": told, "ratio": ratio}


def main() -> None:
    """Measure and tell."""
    parser = argparse.ArgumentParser(prog="python -m bench.stopping", description=__doc__)
    parser.add_argument("--presses", type=int, default=40, help="stops at each server")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    given = parser.parse_args()
    RESULTS.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=RESULTS, prefix="run-"))  # the project's own disk
    try:
        page = measure(folder, given.presses)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    text = json.dumps(page, indent=2)
    (RESULTS / f"stopping-{datetime.now(UTC):%Y-%m-%dT%H%M%S}.json").write_text(text + "\n", "utf-8")
    if given.json:
        print(text)
        return
    for name, times in page["milliseconds"].items():
        print(f"{name:24} median {times['median']:6.0f} ms  longest {times['longest']:6.0f} ms")
    print(f"ratio (median of the pairs) {page['ratio']:.2f}")


if __name__ == "__main__":
    main()
