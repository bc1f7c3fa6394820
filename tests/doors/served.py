"""``stage4 serve`` as people start it, in a process of its own."""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

from argon2 import PasswordHasher

from ledger.app.home.setup import init
from ledger.app.people.accounts import Accounts
from ledger.app.press import Press
from tests.adapters.neighbours import free_port, until

PASSWORD = "four plain words here"
QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
KIND = "application/x-www-form-urlencoded"


class Served:
    """The server, and requests to it that say where they come from."""

    def __init__(self, port: int, root: Path) -> None:
        self.port, self.root = port, root
        self.url = f"http://127.0.0.1:{port}"
        self.pid = 0

    def ask(self, method: str, path: str, body: object = None, **headers: str) -> http.client.HTTPResponse:
        """One request on a connection of its own; ``.page`` of the answer is its text."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        own = {"Origin": self.url, "Accept": "text/html"}
        connection.request(method, path, body, own | named)
        answer = connection.getresponse()
        answer.page = answer.read().decode()
        connection.close()
        return answer

    def sign_in(self, login: str = "noc", **headers: str) -> str:
        """Sign in; the cookies as a header."""
        form = urlencode({"login": login, "password": PASSWORD})
        answer = self.ask("POST", "/sign-in", form, Content_Type=KIND, **headers)
        assert answer.status == 303, answer.page
        return "; ".join(one.partition(";")[0] for one in answer.headers.get_all("Set-Cookie"))

    def up(self) -> bool:
        with contextlib.suppress(OSError):
            return self.ask("GET", "/healthz").status == 200
        return False

    def worker(self) -> int:
        """The process that answers: the server's child."""
        return int(Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()[0])

    def resident(self) -> int:
        """Bytes of memory that it holds now."""
        pages = int(Path(f"/proc/{self.worker()}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")


@contextmanager
def served(root: Path, *more: str) -> Iterator[Served]:
    """A server on a home for the length of a block; what it says is in ``<root>/log``."""
    port = free_port()
    command = [sys.executable, "-m", "ledger.cli", "serve", "--home", str(root), "--port", str(port), *more]
    environment = {"PATH": os.environ["PATH"], "HOME": str(root), "FORWARDED_ALLOW_IPS": "*"}
    with (root / "log").open("wb") as log:
        running = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
    here = Served(port, root)
    here.pid = running.pid
    try:
        until(here.up, 60)
        yield here
    finally:
        running.send_signal(signal.SIGTERM)
        running.wait(20)


def made_home(root: Path) -> Path:
    """A home of the lab's people without servers; ``noc``, ``auditor`` and ``admin`` have accounts."""
    from ledger.domain.command import SYSTEM
    from ledger.domain.people.commands import AddPerson

    made = init(root, purpose="lab", starter="[scheduler]\n")
    accounts = Accounts(made.home, made.clock, QUICK)
    for role in ("auditor", "admin"):
        made.submit(AddPerson(person=f"lab-{role}", roles=(role,)), Press(SYSTEM))
    for role in ("noc", "auditor", "admin"):
        accounts.add(role, f"lab-{role}", PASSWORD)
    made.ledger.log.close()
    return made.home.root
