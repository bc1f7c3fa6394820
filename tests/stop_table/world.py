"""The states of the world that a stop may meet, each made in a copy of a prepared home."""

from __future__ import annotations

import contextlib
import http.server
import json
import os
import resource
import shutil
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from argon2 import PasswordHasher

from ledger.app.home.setup import init
from ledger.app.installation import Installation, opened
from ledger.app.people.accounts import Accounts
from ledger.app.people.directory import os_identity
from ledger.app.press import Press
from ledger.app.steps.stop import stop
from ledger.domain.asked import fit
from ledger.domain.command import Actor
from ledger.domain.opening.commands import OpenRollback
from ledger.domain.override_text import format_override
from ledger.domain.stopping.commands import Stop, WriteOverride
from ledger.files import locked

TRADING = "multi_strategy"
OVERRIDE = Path("var/runtime/overrides/multi_strategy_disable.json")
STORE = Path("var/ledger/stage4.sqlite")
PASSWORD = "four plain words here"
QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
FILES = (
    "absent",
    "ours",
    "foreign",
    "garbage",
    "emptied",
    "wrong mode",
    "link",
    "folder",
    "pipe",
    "other component",
)
LEDGERS = ("well", "locked", "behind", "damaged", "no key", "no people", "full disk", "pending")
SCHEDULERS = ("disabled", "enabled", "unknown")
WAYS = ("command", "script", "page")
GOOD = ("ours", "foreign")
"""Files that stop trading as they are."""


@contextlib.contextmanager
def schedulers() -> Iterator[dict[str, str]]:
    """Status pages that say ``disabled`` and ``enabled``, and an address where nobody answers, by name."""

    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps({"status": self.path[1:], "since": "2026-11-23T03:00:00Z", "cycle": 7, "warnings": []})
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    base = f"http://127.0.0.1:{server.server_port}"
    try:
        yield {"disabled": f"{base}/disabled", "enabled": f"{base}/enabled", "unknown": "http://127.0.0.1:9/"}
    finally:
        server.shutdown()
        server.server_close()


def prepare(folder: Path) -> None:
    """``fresh``: nobody stopped anything; ``held``: Ola did; ``asked``: she asked for it, and it was never written."""
    made = init(folder / "fresh", name="Ola", roles=("incident_manager", "l2_ops"))
    person = next(iter(made.state.people))
    Accounts(made.home, made.clock, QUICK).add("ola", person, PASSWORD)
    made.ledger.log.close()
    (folder / "fresh" / OVERRIDE).parent.mkdir(parents=True, exist_ok=True)
    for name in ("held", "asked"):
        shutil.copytree(folder / "fresh", folder / name)
    ola = Actor(person=person, auth="os", os=os_identity())
    with opened(folder / "held") as installation:
        stop(installation, Press(ola), fit(reason="prepared"))
        installation.publish()
    with opened(folder / "asked") as installation:
        installation.submit(_asking(installation), Press(ola))


def _asking(installation: Installation) -> Stop:
    at, path = installation.clock(), installation.override_path()
    opening = OpenRollback(
        ticket="", purpose="incident", reason="asked", component=TRADING, channel="#c", window_start=at,
        window_end=at.replace(year=at.year + 1),
    )  # fmt: skip
    override = WriteOverride(
        path=str(path), reason="asked", requested_by="L2", component=TRADING, file=installation.look(path)
    )
    return Stop(opening=opening, override=override)


def home_of(prepared: Path, held: bool, ledger: str, target: Path) -> Path:
    """A copy of the home that a cell begins with."""
    name = "asked" if ledger == "pending" else "held" if held else "fresh"
    shutil.copytree(prepared / name, target, symlinks=True)
    return target


def put_file(home: Path, what: str) -> None:
    """Make the path what the cell says; ``ours`` is what is there in a home that is held."""
    path = home / OVERRIDE
    if what == "ours" and path.exists():
        return
    path.unlink(missing_ok=True)
    (home / "victim").write_bytes(b"precious")
    made: dict[str, Callable[[], object]] = {
        "absent": lambda: None,
        "ours": lambda: path.write_bytes(override("Ola", "prepared")),
        "foreign": lambda: path.write_bytes(override("Jan", "by hand")),
        "garbage": lambda: path.write_bytes(b"\xff{"),
        "emptied": lambda: path.write_bytes(b""),
        "wrong mode": lambda: path.write_bytes(override("Jan", "by hand")),
        "link": lambda: path.symlink_to(home / "victim"),
        "folder": lambda: path.mkdir(),
        "pipe": lambda: os.mkfifo(path),
        "other component": lambda: path.write_bytes(override("Jan", "by hand", "decision_orchestrator")),
    }
    made[what]()
    if path.is_file() and not path.is_symlink():
        path.chmod(0o644 if what == "wrong mode" else 0o600)


def override(by: str, reason: str, component: str = TRADING) -> bytes:
    """An override as somebody else would have made it."""
    from ledger.app.installation import now

    return format_override(
        component=component, reason=reason, requested_by=by, ticket="", written_at=now(), expires_at=None
    )


def harm(home: Path, ledger: str, prepared: Path) -> None:
    """Do to the ledger what the cell says; called in the process that presses, which ends afterwards."""
    if ledger == "behind":
        for extra in ("", "-wal", "-shm"):
            (home / f"{STORE}{extra}").unlink(missing_ok=True)
        shutil.copy(prepared / "fresh" / STORE, home / STORE)
    elif ledger == "damaged":
        for extra in ("-wal", "-shm"):
            (home / f"{STORE}{extra}").unlink(missing_ok=True)
        (home / STORE).write_bytes(b"\xff" * 8192)
    elif ledger == "no key":
        (home / "var/keys/hmac.key").unlink()
    elif ledger == "no people":
        (home / "var/people.json").unlink()
    elif ledger == "full disk":
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (4_000, 4_000))


def lock_held(home: Path, ledger: str) -> contextlib.AbstractContextManager[None]:
    """The store's lock in another process's hands, where the cell says so."""
    return locked(home / STORE.with_suffix(".lock")) if ledger == "locked" else contextlib.nullcontext()
