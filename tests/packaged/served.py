"""``stage4 serve`` as it runs from the wheel, and the pages that a signed-in person asks it for."""

from __future__ import annotations

import http.client
import json
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlencode

from ledger.lab.loopback import HOST, until

from .installed import Installed

ACCOUNTS = """
import pathlib, sys
from ledger.app.installation import open_home
from ledger.cli.serve import give_accounts
print(give_accounts(open_home(pathlib.Path(sys.argv[1]))))
"""
ADDRESSES = """
import json, pathlib, sys
from ledger.app.people.accounts import Accounts
from ledger.app.installation import open_home
from ledger.app.reading.outlook import Lookout
from web import Site, create_app
home = open_home(pathlib.Path(sys.argv[1]))
app = create_app(Site(home, Accounts(home.home, home.clock), Lookout(home), secret=b"unused"))
print(json.dumps({rule.endpoint: rule.rule for rule in app.url_map.iter_rules() if "GET" in rule.methods}))
"""


class Answer(NamedTuple):
    """What the server said."""

    status: int
    kind: str
    body: bytes


class Person:
    """Somebody signed in, or nobody."""

    def __init__(self, port: int, login: str = "", password: str = "") -> None:
        self._port, self._cookie = port, ""
        if login:
            status, headers, _ = self._ask("POST", "/sign-in", urlencode({"login": login, "password": password}))
            assert status == 303, status
            self._cookie = headers["Set-Cookie"].partition(";")[0]

    def get(self, address: str, language: str = "en") -> Answer:
        """Ask for a page."""
        status, headers, body = self._ask("GET", address, language=language)
        return Answer(status, headers.get("Content-Type", ""), body)

    def _ask(
        self, method: str, address: str, body: str | None = None, language: str = "en"
    ) -> tuple[int, Mapping[str, str], bytes]:
        connection = http.client.HTTPConnection(HOST, self._port, timeout=20)
        headers = {"Sec-Fetch-Site": "same-origin", "Accept": "text/html,*/*", "Cookie": self._cookie}
        headers["Accept-Language"] = language
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        connection.request(method, address, body, headers)
        answer = connection.getresponse()
        try:
            return answer.status, dict(answer.getheaders()), answer.read()
        finally:
            connection.close()


@contextmanager
def serving(installed: Installed, home: Path, packages: Path | None = None) -> Iterator[int]:
    """The server's port. ``packages`` come before those of the environment."""
    port = free_port()
    command = [str(installed.bin / "python"), "-m", "ledger.cli", "serve", "--port", str(port)]
    with _running(installed, home, command, packages) as server:
        until(lambda: server.poll() is not None or answers_at_all(port), 30, "the server to listen")
        assert server.poll() is None
        yield port


@contextmanager
def lab(installed: Installed, home: Path) -> Iterator[None]:
    """``stage4 lab``: the home's servers."""
    with _running(installed, home, [str(installed.bin / "stage4"), "lab"]) as running:
        until(lambda: running.poll() is not None or (home / "var/lab/lab.json").exists(), 30, "the lab's servers")
        assert running.poll() is None
        yield


@contextmanager
def _running(
    installed: Installed, home: Path, command: list[str], packages: Path | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    environment = installed.environment(home) | ({"PYTHONPATH": str(packages)} if packages else {})
    with (installed.folder / "output.log").open("ab") as out:
        process = subprocess.Popen(command, cwd=home, env=environment, stdout=out, stderr=out)
        try:
            yield process
        finally:
            process.terminate()
            process.wait(20)


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def answers_at_all(port: int) -> bool:
    """Whether somebody listens."""
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) == 0


def addresses(installed: Installed, home: Path) -> dict[str, str]:
    """Endpoint -> rule of everything that answers GET."""
    found: dict[str, str] = json.loads(installed.python(home, "-c", ADDRESSES, str(home)))
    return found
