"""Who is believed about https and addresses: nobody, or the one proxy that ``--behind-proxy`` names."""

from __future__ import annotations

import http.client
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

import pytest
from flask.testing import FlaskClient

from ledger.app.accounts import Accounts
from ledger.app.guesses import FROM_ONE_PLACE, GUESSES
from ledger.app.setup import init
from tests.adapters.neighbours import free_port, until
from web import Site, create_app
from web.body import LARGEST
from web.proxy import networks

from .conftest import PASSWORD, QUICK, Browser

HTTPS = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "ledger.example", "X-Forwarded-For": "198.51.100.7"}
FORM = {"login": "noc", "password": PASSWORD}


@pytest.fixture
def client(site: Site) -> Callable[..., FlaskClient]:
    """``client(True)``: a browser of the same site, served behind a proxy."""

    def made(behind_proxy: bool, kind: type[FlaskClient] = Browser) -> FlaskClient:
        here = Site(
            site.installation,
            site.accounts,
            site.lookout,
            secret=site.secret,
            proxies=networks("loopback") if behind_proxy else (),
        )
        app = create_app(here)
        return kind(app)

    return made


def test_behind_the_proxy_every_cookie_is_for_https_alone(client):
    browser = client(True)
    answer = browser.post("/sign-in", data=FORM, headers=HTTPS)
    assert "; Secure" in answer.headers["Set-Cookie"]
    assert answer.headers["Strict-Transport-Security"]
    answer = browser.post("/choose", data={"lang": "pl"}, headers=HTTPS)
    assert all("; Secure" in one for one in answer.headers.getlist("Set-Cookie"))
    plain = client(True).post("/sign-in", data=FORM)
    assert "; Secure" not in plain.headers["Set-Cookie"]


def test_without_the_option_nobody_is_believed(client, site):
    answer = client(False).post("/sign-in", data=FORM, headers=HTTPS)
    assert answer.status_code == 303
    assert "; Secure" not in answer.headers["Set-Cookie"]
    assert "Strict-Transport-Security" not in answer.headers
    (session,) = site.accounts.sessions("lab-noc")
    assert session.address == "127.0.0.1"


def test_behind_the_proxy_the_address_is_what_the_proxy_saw(client, site):
    told = {"X-Forwarded-For": "203.0.113.9, 198.51.100.7"}
    client(True).post("/sign-in", data=FORM, headers=told)
    (session,) = site.accounts.sessions("lab-noc")
    assert session.address == "198.51.100.7"


@pytest.mark.parametrize("behind_proxy", [True, False])
def test_nobody_gets_more_guesses_by_saying_where_they_come_from(client, behind_proxy):
    """Behind a proxy the last address counts, which the proxy adds; in front of none the socket's does."""
    browser = client(behind_proxy)
    for number in range(FROM_ONE_PLACE):
        told = f"203.0.113.{number}, 198.51.100.7" if behind_proxy else f"203.0.113.{number}"
        form = {"login": f"nobody{number}", "password": "a wrong one"}
        assert "is wrong" in browser.post("/sign-in", data=form, headers={"X-Forwarded-For": told}).text
    last = "203.0.113.250, 198.51.100.7" if behind_proxy else "203.0.113.250"
    answer = browser.post("/sign-in", data=FORM, headers={"X-Forwarded-For": last})
    assert "too many" in answer.text


def test_behind_the_proxy_one_guesser_locks_nobody_else_out(client):
    browser = client(True)
    for number in range(FROM_ONE_PLACE + 1):
        form = {"login": f"nobody{number}", "password": "a wrong one"}
        browser.post("/sign-in", data=form, headers={"X-Forwarded-For": "203.0.113.9"})
    assert browser.post("/sign-in", data=FORM, headers={"X-Forwarded-For": "198.51.100.7"}).status_code == 303


def test_another_address_gives_no_more_guesses_of_one_account(client):
    browser = client(True)
    for number in range(GUESSES):
        told = {"X-Forwarded-For": f"203.0.113.{number}"}
        browser.post("/sign-in", data={"login": "noc", "password": "a wrong one"}, headers=told)
    assert "too many" in browser.post("/sign-in", data=FORM, headers={"X-Forwarded-For": "198.51.100.7"}).text


def test_the_origin_is_compared_with_the_address_that_the_proxy_names(client):
    told = HTTPS | {"Origin": "https://ledger.example"}
    assert client(True, FlaskClient).post("/sign-in", data=FORM, headers=told).status_code == 303
    assert client(False, FlaskClient).post("/sign-in", data=FORM, headers=told).status_code == 403


class Served:
    """``stage4 serve`` as people start it."""

    def __init__(self, port: int) -> None:
        self.port = port

    def ask(self, method: str, path: str, body: object = None, **headers: str) -> http.client.HTTPResponse:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        own = {"Origin": f"http://127.0.0.1:{self.port}", "Accept": "text/html"}
        connection.request(method, path, body, own | named)
        answer = connection.getresponse()
        answer.page = answer.read().decode()
        connection.close()
        return answer

    def up(self) -> bool:
        try:
            return self.ask("GET", "/healthz").status == 200
        except OSError:
            return False


@contextmanager
def served(root: Path, *more: str) -> Iterator[Served]:
    port = free_port()
    command = [sys.executable, "-m", "ledger.cli", "serve", "--home", str(root), "--port", str(port), *more]
    environment = {"PATH": os.environ["PATH"], "HOME": str(root), "FORWARDED_ALLOW_IPS": "*"}
    with (root / "log").open("wb") as log:
        running = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
    try:
        yield until(lambda: Served(port) if Served(port).up() else None, 60)
    finally:
        running.send_signal(signal.SIGTERM)
        running.wait(20)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    made = init(tmp_path / "home", purpose="lab", starter="[scheduler]\n")
    Accounts(made.home, made.clock, QUICK).add("noc", "lab-noc", PASSWORD)
    made.ledger.log.close()
    return made.home.root


def test_the_server_itself_believes_nobody_either(root):
    """Not even somebody on this machine; the server's own library would."""
    with served(root) as here:
        form, kind = urlencode(FORM), "application/x-www-form-urlencoded"
        answer = here.ask("POST", "/sign-in", form, Content_Type=kind, X_Forwarded_Proto="https")
        assert answer.status == 303, answer.page
        assert "; Secure" not in answer.headers["Set-Cookie"]
        assert "Strict-Transport-Security" not in answer.headers
        assert "/evil" not in here.ask("GET", "/sign-in", SCRIPT_NAME="/evil").page
        large = b"x" * (LARGEST + 4_000_000)
        for body in (large, iter([large])):
            answer = here.ask("POST", "/sign-in", body, Content_Type=kind)
            assert answer.status == 413
            assert "What was sent is too large" in answer.page


def test_the_server_believes_its_proxy(root):
    with served(root, "--behind-proxy") as here:
        own = {"X_Forwarded_Proto": "https", "X_Forwarded_Host": "ledger.example", "Origin": "https://ledger.example"}
        answer = here.ask("POST", "/sign-in", urlencode(FORM), Content_Type="application/x-www-form-urlencoded", **own)
        assert answer.status == 303, answer.page
        assert "; Secure" in answer.headers["Set-Cookie"]
