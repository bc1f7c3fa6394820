"""``python -m bench.web [--browsers N] [--entries N] [--seconds N] [--json]``: the dashboard under load.

A ledger of 100,000 entries, the lab's real servers, the real server process. First every page alone, then all browsers
with a page open each, while another process appends entries. The browsers run on the same machine and cost their share.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any, Final, NamedTuple

import aiohttp

from bench.big_home import FIRST, OPEN, build
from bench.browsers import ACCEPT, Heard, Page, crowd, sign_in
from bench.machine import machine
from ledger.app.installation import open_home
from ledger.app.people.accounts import Accounts, generate
from ledger.app.press import Press
from ledger.domain.keeping.commands import AddNote
from ledger.lab.loopback import HOST, answers, free_ports, until
from ledger.lab.processes import Processes
from ledger.lab.rehearsal import configuration, find_tools
from ledger.lab.servers import Lab
from tests.verify.builders import BY

RESULTS: Final = Path(__file__).parent / "results"
AUDITOR: Final = ("auditor", "p-aud17")
ALONE: Final = {
    "Now": "/",
    "Rollbacks": "/rollbacks",
    "Open a rollback": "/rollbacks/new",
    "Rollback, open": f"/rollbacks/{OPEN}",
    "Rollback, the first": f"/rollbacks/{FIRST}",
    "Timeline": "/timeline",
    "Timeline, oldest first": "/timeline?order=oldest",
    "Timeline, searched": "/timeline?q=venue+telephone",
    "Timeline, nothing found": "/timeline?q=zebra",
    "Entry": "/entries/500",
    "Audit": "/audit",
    "Review, open": f"/rollbacks/{OPEN}/review",
    "Review, the first": f"/rollbacks/{FIRST}/review",
    "People": "/people",
    "Access": "/access",
}
_NOW = Page("/", ("/",))
_RUN = Page(f"/rollbacks/{OPEN}", (f"/rollbacks/{OPEN}",), f"/rollbacks/{OPEN}/charts.json")
_REVIEW = Page(f"/rollbacks/{OPEN}/review", (f"/rollbacks/{OPEN}/review",))
EVERY: Final = 2.0
"""Seconds between two entries."""


def opened(size: int) -> list[Page]:
    """What browsers have open in an incident, dealt out in turn: Now and the rollback most of all."""
    read = Page("/timeline", (f"/timeline/fresh?after={size}", "/top"))
    return [_NOW, _RUN, _NOW, _RUN, read, _REVIEW]


class Wanted(NamedTuple):
    """A figure that was set out to be reached, in milliseconds."""

    sentence: str
    most: float
    found: float


def measure(folder: Path, given: argparse.Namespace) -> dict[str, Any]:
    """All figures of one run; times in milliseconds."""
    page: dict[str, Any] = {
        "machine": machine(folder),
        "browsers": given.browsers,
        "seconds": given.seconds,
        "entries": given.entries,
    }
    tools = find_tools(folder, print)
    override = folder / "override" / "multi_strategy_disable.json"
    override.parent.mkdir(parents=True)
    with Lab(folder / "lab", override, tools=tools) as lab, Processes(folder / "log") as processes:
        _say(f"a ledger of {given.entries:,} entries is made")
        installation = build(folder / "home", given.entries, configuration(lab.addresses))
        page["entries"] = installation.ledger.view().size
        password = _accounts(folder / "home")
        installation.ledger.log.close()
        os.sync()  # hundreds of megabytes were written; nobody measures how they reach the disk
        port = free_ports().scheduler
        url = f"http://{HOST}:{port}"
        command = [sys.executable, "-m", "ledger.cli", "serve", "--port", str(port), "--home", str(folder / "home")]
        started = time.monotonic()
        processes.start("dashboard", command)

        def up() -> bool:
            processes.check()
            return answers(f"{url}/healthz")

        until(up, 120, f"the dashboard at {url}")
        page["ready_after_s"] = round(time.monotonic() - started, 1)
        _say("every page alone")
        page["alone"] = asyncio.run(alone(url, password, given.repeats))
        pid = processes.pids()["dashboard"]
        page["rss_alone_mb"], _ = spent(pid)
        _say(f"{given.browsers} browsers, {given.seconds} s")
        page |= under_load(folder / "home", url, password, given, pid, page["entries"])
    return page


def _accounts(root: Path) -> str:
    """An account for everybody, named by the role; one password."""
    installation = open_home(root)
    accounts, password = Accounts(installation.home, installation.clock), generate()
    for login, person in (*((role, actor.person) for role, actor in BY.items()), AUDITOR):
        accounts.add(login, person, password)
    installation.ledger.log.close()
    return password


async def alone(url: str, password: str, repeats: int) -> dict[str, dict[str, float]]:
    """Each page by itself, its first answer (timeline built) and the median and longest of the rest."""
    admin, auditor, reader = [await sign_in(url, login, password) for login in ("admin", "auditor", "incident_manager")]
    await _built(reader)
    figures = {}
    for name, page in ALONE.items():
        session = {"/people": admin, "/access": auditor}.get(page, reader)
        times = []
        for _ in range(repeats + 1):
            started = time.perf_counter()
            async with session.get(page, headers=ACCEPT) as answer:
                await answer.read()
                answer.raise_for_status()
            times.append((time.perf_counter() - started) * 1000)
        figures[name] = {"first": times[0], "median": statistics.median(times[1:]), "longest": max(times[1:])}
    for session in (admin, auditor, reader):
        await session.close()
    return figures


async def _built(session: aiohttp.ClientSession) -> None:
    """Until the timeline's read model is there: it is made once, in the background."""
    for _ in range(600):
        async with session.get("/timeline?q=zebra", headers=ACCEPT) as answer:
            if 'class="notice" role="status"' not in await answer.text():
                return
        await asyncio.sleep(0.2)
    raise RuntimeError("the timeline is not built after two minutes")


def under_load(root: Path, url: str, password: str, given: argparse.Namespace, pid: int, size: int) -> dict[str, Any]:
    """All browsers at once while entries are appended by a process of its own."""
    context = multiprocessing.get_context("spawn")
    go, stop, written = context.Event(), context.Event(), context.Queue()
    writer = context.Process(target=write_notes, args=(root, go, stop, written))
    writer.start()
    logins = [(role, password) for role in (*BY, AUDITOR[0])]
    people = [logins[number % len(logins)] for number in range(given.browsers)]
    used: list[tuple[int, int]] = []

    def write(begun: bool) -> None:
        used.append(spent(pid))
        (go if begun else stop).set()

    try:
        heard = asyncio.run(crowd(url, people, opened(size), given.seconds, write))
    finally:
        go.set()
        stop.set()
    committed = dict(iter(written.get, None))
    writer.join(10)
    return _figures(heard, committed) | {
        "entries_written": len(committed),
        "rss_loaded_mb": used[-1][0],
        "processor_s": used[1][1] - used[0][1],
    }


def write_notes(root: Path, go: Event, stop: Event, written: Any) -> None:
    """Append a note every two seconds; tells (entry, time of the clock when it was on disk), then None."""
    installation = open_home(root)
    installation.ledger.view()
    go.wait()
    number = 0
    while not stop.wait(EVERY):
        number += 1
        receipt = installation.submit(
            AddNote(text=f"load {number}: desk informed by telephone"), Press(BY["noc"]), OPEN
        )
        written.put((receipt.last, time.time()))
    written.put(None)
    installation.ledger.log.close()


def _figures(heard: Heard, committed: dict[int, float]) -> dict[str, Any]:
    told = [at - committed[n] for n, times in heard.arrivals.items() if n in committed for at in times]
    shown = [at - committed[n] for n, times in heard.shown.items() if n in committed for at in times]
    return {
        "looks": spread(heard.looks),
        "loads": spread(heard.loads),
        "charts": spread(heard.charts),
        "told": spread(told),
        "shown": spread(shown),
        "failed": heard.failed,
        "silent": heard.silent,
        "broken": heard.broken,
    }


def spread(seconds: Iterable[float]) -> dict[str, float]:
    """Median, 95th percentile and longest, in milliseconds, and how many there were."""
    times = sorted(duration * 1000 for duration in seconds)
    if not times:
        return {"count": 0, "p50": 0.0, "p95": 0.0, "longest": 0.0}
    at = min(len(times) - 1, round(0.95 * len(times)))
    return {"count": len(times), "p50": statistics.median(times), "p95": times[at], "longest": times[-1]}


def spent(pid: int) -> tuple[int, int]:
    """Resident megabytes and processor seconds so far, of a process and its children."""
    command = ["ps", "-eo", "pid=,ppid=,rss=,cputimes="]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    rows = [tuple(map(int, line.split())) for line in listed.splitlines()]
    family = {pid}
    for child, parent, *_ in rows:
        if parent in family:
            family.add(child)
    mine = [row for row in rows if row[0] in family]
    return sum(row[2] for row in mine) // 1024, sum(row[3] for row in mine)


def wanted(page: dict[str, Any]) -> list[Wanted]:
    """What issue 4 set out to reach."""
    slowest = max(page["alone"], key=lambda name: page["alone"][name]["median"])
    return [
        Wanted(f"slowest page alone ({slowest})", 200, page["alone"][slowest]["median"]),
        Wanted("page opened under load, p95", 300, page["loads"]["p95"]),
        Wanted("page brought up to date under load, p95", 300, page["looks"]["p95"]),
        Wanted("samples for charts under load, p95", 300, page["charts"]["p95"]),
        Wanted("entry heard by every browser, longest", 1000, page["told"]["longest"]),
    ]


def show(page: dict[str, Any]) -> str:
    """The run as text."""
    lines = [
        ", ".join(f"{name} {value}" for name, value in page["machine"].items()),
        "",
        f"{page['entries']:,} entries, the server ready after {page['ready_after_s']} s",
        f"{'Every page alone':40}{'first':>10}{'median':>10}{'longest':>10}   ms",
        *(f"{name:40}{t['first']:10.0f}{t['median']:10.0f}{t['longest']:10.0f}" for name, t in page["alone"].items()),
        "",
        f"{page['browsers']} browsers, an entry every {EVERY:g} s ({page['entries_written']} entries)",
        f"{'':40}{'count':>10}{'p50':>10}{'p95':>10}{'longest':>10}   ms",
    ]
    names = {"loads": "a page is opened", "looks": "an open page looks again",
        "charts": "samples for charts", "told": "commit to news in the browser",
             "shown": "commit to page up to date"}  # fmt: skip
    for key, name in names.items():
        figures = page[key]
        lines.append(
            f"{name:40}{figures['count']:10}{figures['p50']:10.0f}{figures['p95']:10.0f}{figures['longest']:10.0f}"
        )
    lines += [
        f"failed requests {sum(page['failed'].values())}, browsers that heard nothing {page['silent']}",
        *(f"{number} x {failed}" for failed, number in page["failed"].items()),
        *(f"a stream ended: {error}" for error in page["broken"][:3]),
        f"processor time of the server {page['processor_s']} s of {page['seconds']} s",
        f"memory of the server {page['rss_alone_mb']} MB, with all browsers {page['rss_loaded_mb']} MB",
        "",
        f"{'Target':50}{'at most':>10}{'found':>10}",
    ]
    for sentence, most, found in wanted(page):
        verdict = "reached" if found <= most else "NOT reached"
        lines.append(f"{sentence:50}{most:10.0f}{found:10.0f}   {verdict}")
    return "\n".join(lines)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main() -> None:
    """Measure and tell; a target that is missed is said, and is no error."""
    parser = argparse.ArgumentParser(prog="python -m bench.web", description=__doc__)
    parser.add_argument("--browsers", type=int, default=200)
    parser.add_argument("--entries", type=int, default=100_000)
    parser.add_argument("--seconds", type=int, default=60, help="how long the browsers stay")
    parser.add_argument("--repeats", type=int, default=10, help="how often each page is asked for alone")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON instead of a table")
    given = parser.parse_args()
    RESULTS.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=RESULTS, prefix="web-"))
    try:
        page = measure(folder, given)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    page["targets"] = [target._asdict() | {"reached": target.found <= target.most} for target in wanted(page)]
    text = json.dumps(page, indent=2)
    (RESULTS / f"web-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.json").write_text(text + "\n")
    print(text if given.json else show(page))


if __name__ == "__main__":
    main()
