"""Serving: gunicorn, one process of many threads (one writer, one fan-out), observer and lookout inside.

Measured against the alternatives: 500 streams and pages beside them on two cores (docs/adr/0005).
"""

from __future__ import annotations

import contextlib
import gc
import os
import resource
import threading
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any, Final

from flask import Flask
from gunicorn.app.base import BaseApplication

from ledger.app import reverse_proxy as front
from ledger.app.home.folders import Home
from ledger.app.observer import Observer
from ledger.app.observer.alive import unobserved
from ledger.app.people.accounts import Accounts
from ledger.app.readable import open_readable
from ledger.app.reading.outlook import Lookout
from ledger.app.soundness.guard import Guard
from ledger.app.steps.pictures import warm
from ledger.errors import LedgerError
from ledger.files import make_folder, place_exclusive, read_bounded
from ledger.mistakes import mistake
from web.app import create_app
from web.caller import IDLE, LARGEST_HEAD
from web.doors import DoorWorker
from web.live import STREAMS, Follower
from web.proxy import among
from web.site import KEY, Networks, Site

THREADS: Final = STREAMS + 80
"""Each stream holds one; the rest answer pages."""
KEPT_OPEN: Final = 1500
"""Connections that may wait for their browser's next request; beyond them the one that waits longest is closed."""
LAG: Final = 0.05
"""Seconds for which pages take the ledger for unchanged: each asks several times, and hundreds ask at once."""
PATIENCE: Final = 5.0
"""Seconds that pages wait at the start until the ledger was looked at as a whole. With a very large one they are shown
before, and nothing is written yet."""
_RETRY: Final = 5.0
_SITES: list[Running] = []


class Running:
    """A site with its threads: lookout, follower, observer, guard."""

    def __init__(self, root: Path, *, proxies: Networks) -> None:
        installation = open_readable(root)
        installation.ledger.lag = LAG
        accounts = Accounts(installation.home, installation.clock)
        self.site = Site(installation, accounts, Lookout(installation), proxies=proxies)
        self.site.hosts = listed(installation.config.serve.hosts)
        if (seen := front.noted(installation.home, installation.clock())) and among(seen.peer, proxies):
            front.forget(installation.home)
        self.site.secret = cookie_secret(installation.home)
        self.site.jobs.finished = lambda _: self._moved()
        self._follower = Follower(self.site)
        self._observed = open_readable(root)  # its own connections: a slow page never holds the observer
        self._observed.publication = installation.publication  # it publishes; pages and metrics say how that went
        self._observed.oncall = installation.oncall  # looked at once for both
        self.site.guard_by(Guard(root, [installation.ledger, self._observed.ledger], installation.clock))
        self.site.guard.changed = self.site.setup.changed = installation.oncall.changed = self._moved
        began = installation.clock()
        self.site.unobserved = lambda: unobserved(installation.home, installation.clock(), began)
        self._stopped = threading.Event()
        self._guard = threading.Thread(target=self.site.guard.run, args=(self._stopped,), name="guard", daemon=True)
        self._setup = threading.Thread(target=self.site.setup.run, args=(self._stopped,), name="setup", daemon=True)
        self._observer = threading.Thread(target=self._observe, name="observer", daemon=True)

    def _moved(self) -> None:
        """Pages that are open look again."""
        self.site.hub.publish("outlook", {})

    def start(self) -> None:
        """Start everything, the look at the ledger itself first; then the outside is looked at within moments."""
        self.site.guard.begin()
        self._guard.start()
        self.site.guard.looked_once.wait(PATIENCE)
        self.site.lookout.start()
        self.site.installation.oncall.start()
        self._follower.start()
        self._observer.start()
        self._setup.start()
        threading.Thread(target=self._settle, name="settle", daemon=True).start()

    def _settle(self) -> None:
        """Read both ledgers and their lines' digests, then take what stays out of the garbage collector's rounds.

        With 100,000 entries each round of it stopped every page for a sixth of a second.
        """
        with contextlib.suppress(LedgerError):  # every page says what is wrong with the store
            ledger = self.site.installation.ledger
            self.site.digests.read(ledger.log, ledger.view().size)
            self._observed.ledger.view()
        gc.collect()
        gc.freeze()

    def hush(self) -> None:
        """End the streams, so that the server can end."""
        self._stopped.set()
        self.site.hub.close()

    def stop(self) -> None:
        """End everything."""
        self.hush()
        self._follower.stop()
        self.site.lookout.stop()
        self.site.installation.oncall.stop()
        self._observer.join(3)
        self._guard.join(3)

    def _observe(self) -> None:
        """Observe; where another observer is at work, wait for its place. One that ended is followed by another.

        Where the store did not hold at the start nothing that is seen could be written down, and nothing that the
        published lines still ask for is done.
        """
        while not self._stopped.is_set() and not self._observed.ledger.held_anyway:
            try:
                observer = Observer(self._observed, lambda _: None)
                observer.looked = lambda at: setattr(self.site, "last_look", at.timestamp())
                observer.run(self._stopped, self.site.guard.looked_once)
            except Exception as error:  # noqa: BLE001 (a stop that is undone must be seen, whatever happened)
                if not isinstance(error, LedgerError):
                    mistake(error)
            self._stopped.wait(_RETRY)


def cookie_secret(home: Home) -> bytes:
    """The key that signs the cookies: ``var/keys/web.key``, made on first use with mode 600."""
    path = home.var / "keys" / "web.key"
    if path.exists():
        return read_bounded(path, 1024)
    fresh = os.urandom(32).hex().encode()
    try:
        make_folder(path.parent)
        place_exclusive(path, fresh, 0o600)
    except FileExistsError:  # somebody else was quicker
        return read_bounded(path, 1024)
    except OSError:
        return fresh  # the disk takes no writes: sessions last as long as this server
    return fresh


def listed(text: str) -> tuple[str, ...]:
    """The names of a setting, which has them with commas."""
    return tuple(name.strip().lower() for name in text.split(",") if name.strip())


def build(root: Path, *, proxies: Networks = ()) -> Flask:
    """A running application."""
    running = Running(root, proxies=proxies)
    app = create_app(running.site)
    running.start()
    _SITES.append(running)
    return app


class Worker(DoorWorker):
    """Ends the streams when it is told to end: they would hold it otherwise."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """SIGTERM."""
        for running in _SITES:
            threading.Thread(target=running.hush, daemon=True).start()
        super().handle_exit(sig, frame)


class Server(BaseApplication):  # type: ignore[misc]
    """gunicorn, configured by us alone."""

    def __init__(self, root: Path, host: str, port: int, *, proxies: Networks) -> None:
        self._root = root
        self._proxies = proxies
        self._bind = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        super().__init__()

    def load_config(self) -> None:
        """The settings."""
        settings: dict[str, Any] = {
            "bind": self._bind,
            "worker_class": "web.server.Worker",
            "workers": 1,
            "threads": THREADS,
            "worker_connections": THREADS + KEPT_OPEN,
            "graceful_timeout": 3,
            "timeout": 60,
            "keepalive": round(IDLE),
            "limit_request_field_size": LARGEST_HEAD,  # cookies of other applications on this host are one field
            "loglevel": "warning",
            "proc_name": "stage4",
            "control_socket_disable": True,
            # gunicorn would believe X-Forwarded-Proto and SCRIPT_NAME of anybody on this machine: only the one proxy of
            # --behind-proxy is believed, and by the application.
            "forwarded_allow_ips": "",
            "worker_exit": _ended,
        }
        for name, value in settings.items():
            if name in self.cfg.settings:
                self.cfg.set(name, value)

    def load(self) -> Flask:
        """The application, made in the worker: no connection or thread crosses a fork."""
        allow_files(THREADS + KEPT_OPEN + 500)
        app = build(self._root, proxies=self._proxies)
        installation = app.extensions[KEY].installation
        threading.Thread(target=warm, args=(installation,), name="warm", daemon=True).start()
        return app


def allow_files(wanted: int) -> None:
    """Raise the soft limit of open files to ``wanted`` where the hard limit lets it: each connection is one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def _ended(server: Any, worker: Any) -> None:
    for running in _SITES:
        running.stop()


@contextlib.contextmanager
def serving(root: Path) -> Iterator[Flask]:
    """A running application for the length of a block, to be served by whoever asks (tests, screenshots)."""
    app = build(root)
    try:
        yield app
    finally:
        running = next(candidate for candidate in _SITES if candidate.site is app.extensions[KEY])
        running.stop()
        _SITES.remove(running)
