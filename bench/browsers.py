"""Many open browsers in one process: each hears its stream and looks again, as ``static/stage4.js`` has it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import re
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import aiohttp

ACCEPT: Final = {"Accept": "text/html", "Sec-Fetch-Site": "same-origin"}
HTMX: Final = ACCEPT | {"HX-Request": "true", "HX-Trigger": "main"}
_BUILD: Final = re.compile(r"hx-headers='([^']*)'")
"""What a page sends along when it looks again: of which build it is. Another one's is told to load anew."""
SOON: Final = 60
LEAST: Final = 100
"""Milliseconds between news and the look that it causes, and the least spread of it (static/stage4.js, ``refresh``)."""
CHARTS: Final = 5.0
"""Seconds between two looks at the samples of a watch (static/charts.js)."""


class Page(NamedTuple):
    """A page that somebody has open."""

    opened: str
    looked_at: tuple[str, ...]
    """What it asks for when there is news."""
    samples: str = ""
    """Where its charts get their samples from."""


@dataclass
class Heard:
    """What was measured, in seconds."""

    looks: list[float] = field(default_factory=list)
    """Answers to pages that look again because of news."""
    loads: list[float] = field(default_factory=list)
    """Answers to whole pages that somebody asked for."""
    charts: list[float] = field(default_factory=list)
    """Answers with samples."""
    arrivals: dict[int, list[float]] = field(default_factory=dict)
    """Entry to the clock's times at which browsers heard of it."""
    shown: dict[int, list[float]] = field(default_factory=dict)
    """Entry to the times at which a page that knows of it had been answered."""
    failed: Counter[str] = field(default_factory=Counter)
    """Requests that were answered otherwise than with 200, by status and address."""
    silent: int = 0
    """Browsers that never heard anything."""
    broken: list[str] = field(default_factory=list)
    """Why streams ended that should not have."""


class OpenBrowser:
    """One browser with one page open."""

    def __init__(self, session: aiohttp.ClientSession, page: Page, heard: Heard) -> None:
        self._session, self._page, self._heard = session, page, heard
        self._news, self._spread = asyncio.Event(), 0.0
        self._entries: set[int] = set()
        self._headers = dict(HTMX)
        self.ready = asyncio.Event()

    async def run(self) -> None:
        """Load the page, then hear the stream and look again until cancelled."""
        async with self._session.get(self._page.opened, headers=ACCEPT) as answer:
            answer.raise_for_status()
            if build := _BUILD.search(await answer.text()):
                self._headers |= json.loads(build[1])
        async with asyncio.TaskGroup() as group:
            group.create_task(self._stream())
            group.create_task(self._look())
            if self._page.samples:
                group.create_task(self._charts())

    async def _stream(self) -> None:
        async with self._session.get("/live", timeout=aiohttp.ClientTimeout(total=None)) as stream:
            event = name = data = ""
            async for raw in stream.content:
                field, _, value = raw.decode().rstrip("\n").partition(": ")
                if field == "event":
                    event = value
                elif field == "id":
                    name = value
                elif field == "data":
                    data = value
                elif not field and event:
                    self._hear(event, name, json.loads(data))
                    event = name = data = ""
        raise EOFError("the stream ended")

    def _hear(self, event: str, name: str, data: dict[str, Any]) -> None:
        self.ready.set()
        if event == "entry":
            self._heard.arrivals.setdefault(int(name), []).append(time.time())
            self._entries.add(int(name))
        if event in ("entry", "outlook", "resync"):
            self._spread = float(data.get("spread", 0))
            self._news.set()

    async def _look(self) -> None:
        """One look at a time; what is heard meanwhile causes one more."""
        while await self._news.wait():
            await asyncio.sleep((SOON + random.random() * max(LEAST, self._spread)) / 1000)
            self._news.clear()
            entries, self._entries = self._entries, set()
            started = time.perf_counter()
            await asyncio.gather(*(self._ask(path) for path in self._page.looked_at))
            self._heard.looks.append(time.perf_counter() - started)
            for entry in entries:
                self._heard.shown.setdefault(entry, []).append(time.time())

    async def _charts(self) -> None:
        await asyncio.sleep(random.random() * CHARTS)
        while True:
            started = time.perf_counter()
            await self._ask(self._page.samples)
            self._heard.charts.append(time.perf_counter() - started)
            await asyncio.sleep(CHARTS)

    async def _ask(self, page: str) -> None:
        try:
            async with self._session.get(page, headers=self._headers) as answer:
                await answer.read()
                if answer.status != 200:
                    self._heard.failed[f"{answer.status} {page}"] += 1
        except (aiohttp.ClientError, TimeoutError) as error:
            self._heard.failed[f"{type(error).__name__} {page}"] += 1


async def sign_in(url: str, login: str, password: str) -> aiohttp.ClientSession:
    """A browser of its own with a session of its own. At most six connections, as browsers have."""
    session = aiohttp.ClientSession(
        url,
        cookie_jar=aiohttp.CookieJar(unsafe=True),  # the address is a number
        connector=aiohttp.TCPConnector(limit_per_host=6),
        timeout=aiohttp.ClientTimeout(total=30),
    )
    form = {"login": login, "password": password}
    async with session.post("/sign-in", data=form, headers=ACCEPT, allow_redirects=False) as answer:
        if answer.status != 303:
            raise RuntimeError(f"{login} cannot sign in: {answer.status} {(await answer.text())[:200]}")
    return session


async def load(session: aiohttp.ClientSession, page: str, heard: Heard) -> None:
    """Somebody opens a page."""
    started = time.perf_counter()
    async with session.get(page, headers=ACCEPT) as answer:
        await answer.read()
        if answer.status != 200:
            heard.failed[f"{answer.status} {page}"] += 1
    heard.loads.append(time.perf_counter() - started)


async def crowd(url: str, people: list[tuple[str, str]], pages: list[Page], seconds: float, write: Any) -> Heard:
    """One browser for each of ``people`` (login, password), pages dealt out in turn, for ``seconds``.

    ``write`` is called with True when all are open and with False at the end. Beside them one more person walks
    through the pages, two a second.
    """
    heard, gate = Heard(), asyncio.Semaphore(4)
    async with contextlib.AsyncExitStack() as stack:

        async def enter(login: str, password: str) -> aiohttp.ClientSession:
            async with gate:  # argon2 is slow on purpose
                return await stack.enter_async_context(await sign_in(url, login, password))

        sessions = await asyncio.gather(*(enter(*person) for person in people))
        browsers = [OpenBrowser(session, pages[n % len(pages)], heard) for n, session in enumerate(sessions)]
        tasks = [asyncio.create_task(browser.run()) for browser in browsers]
        for browser in browsers:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(browser.ready.wait(), 30)
        heard.looks.clear()
        write(True)
        await _walk(sessions, sorted({page.opened for page in pages}), seconds, heard)
        write(False)
        await asyncio.sleep(2)  # what was under way arrives
        heard.silent = sum(not browser.ready.is_set() for browser in browsers)
        for task in tasks:
            task.cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
        heard.broken = [repr(outcome) for outcome in ended if not isinstance(outcome, asyncio.CancelledError)]
    return heard


async def _walk(sessions: list[aiohttp.ClientSession], pages: list[str], seconds: float, heard: Heard) -> None:
    """Somebody opens pages, two a second."""
    begun = time.monotonic()
    for number in range(int(seconds * 2)):
        await load(sessions[number % len(sessions)], pages[number % len(pages)], heard)
        await asyncio.sleep(max(0.0, begun + (number + 1) / 2 - time.monotonic()))
