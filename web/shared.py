"""One rendering for everybody who would see the same: after an entry, all open browsers ask for the same few pages.

A page is made once for a person, language and address, as long as nothing that it shows has moved, and for two seconds
at most; who asks meanwhile waits for the one that is being made. Each answer gets form numbers of its own.
"""

from __future__ import annotations

import re
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from functools import wraps
from typing import Any, Final, Generic, TypeVar

from flask import g, request

from ledger.app import reverse_proxy as front
from ledger.app.press import new_request_id
from web.moments import after_restore
from web.site import Site, site

LIFE: Final = 2.0
"""Seconds after which a page is made anew although nothing moved: ages and countdowns."""
KEPT: Final = 256
"""Pages kept at most."""
_WAIT: Final = 30.0
MAKING: Final = 2
"""Pages made at a time. After an entry two dozen are wanted at once, and as many threads at work at once only take
Python's lock from one another (bench.web: p95 of 460 ms, against 200)."""
_MARK: Final = secrets.token_hex(16)
_MARKS: Final = re.compile(_MARK)


Made = TypeVar("Made")


class Renderings(Generic[Made]):
    """Pages, or what they are made of, being made and just made, by everything that they depend on. Thread-safe."""

    def __init__(self, kept: int = KEPT) -> None:
        self._most = kept
        self._guard = threading.Lock()
        self._making = threading.BoundedSemaphore(MAKING)
        self._kept: OrderedDict[Hashable, tuple[float, Future[Made]]] = OrderedDict()

    def get(self, key: Hashable, make: Callable[[], Made]) -> Made:
        """The page under ``key``, made by the first who asks. An error is everybody's who waits, and is not kept."""
        at = time.monotonic()
        with self._guard:
            begun, future = self._kept.get(key, (-LIFE, None))
            mine = future is None or at - begun >= LIFE
            if future is None or mine:
                future = Future()
                self._kept.pop(key, None)
                self._kept[key] = (at, future)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        if not mine:
            return future.result(_WAIT)
        try:
            with self._making:
                future.set_result(make())
        except BaseException as error:
            with self._guard:
                self._kept.pop(key, None)
            future.set_exception(error)
            raise
        return future.result()


_RENDERINGS: Final[Renderings[str]] = Renderings()


def shared(view: Callable[..., str]) -> Callable[..., str]:
    """A GET page that depends on who asks, the ledger, the outside and the presses, and on nothing else."""

    @wraps(view)
    def asked(*given: Any, **named: Any) -> str:
        def make() -> str:
            g.shared = True
            try:
                return view(*given, **named)
            finally:
                g.shared = False

        page = _RENDERINGS.get((view.__name__, *_key(site())), make)
        return _MARKS.sub(lambda _: new_request_id(), page)

    return asked


def request_id() -> str:
    """A new number for a form; in a shared page a mark in whose place each answer gets its own."""
    return _MARK if g.get("shared") else new_request_id()


def _key(here: Site) -> tuple[Hashable, ...]:
    return (
        id(here),
        g.person,
        g.roles,
        g.language,
        g.theme,
        request.script_root,
        request.full_path,
        here.installation.ledger.view().size,
        here.lookout.outlook.version,
        here.jobs.moved(),
        here.verified,
        here.guard.looked_whole,
        here.guard.verified_entries,
        here.guard.findings,
        here.setup.version,
        here.installation.oncall.version,
        here.installation.people.changed(),
        _windows_over(here),
        "admin" in g.roles and front.noted(here.installation.home, here.installation.clock()),
    )


def _windows_over(here: Site) -> tuple[str, ...]:
    """What was counted down and is over: pages ask again at that moment."""
    at, rollbacks = here.installation.clock(), here.installation.state.open.values()
    watched = [rollback.id for rollback in rollbacks if rollback.watch is not None and at >= rollback.watch.ends_at]
    after = [f"{rollback.id} restored" for rollback in rollbacks if after_restore(rollback, at) is not None]
    return (*watched, *after)
