"""Who is believed about https and addresses: nobody, or the one proxy that ``--behind-proxy`` names."""

from __future__ import annotations

import socket
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlencode

import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient

from ledger.app import reverse_proxy as front
from ledger.app.doctor.examine import examine
from ledger.app.home.folders import Home
from ledger.app.home.setup import init
from ledger.app.people.accounts import Accounts
from ledger.app.people.guess_limits import FROM_ONE_PLACE
from ledger.cli.root import stage4
from ledger.errors import Refused
from tests.doors.served import served
from web import Site, create_app
from web.body import LARGEST
from web.proxy import among, networks

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
    assert "Too many" in answer.text


def test_behind_the_proxy_one_guesser_locks_nobody_else_out(client):
    browser = client(True)
    for number in range(FROM_ONE_PLACE + 1):
        form = {"login": f"nobody{number}", "password": "a wrong one"}
        browser.post("/sign-in", data=form, headers={"X-Forwarded-For": "203.0.113.9"})
    assert browser.post("/sign-in", data=FORM, headers={"X-Forwarded-For": "198.51.100.7"}).status_code == 303


def test_the_origin_is_compared_with_the_address_that_the_proxy_names(client):
    told = HTTPS | {"Origin": "https://ledger.example"}
    assert client(True, FlaskClient).post("/sign-in", data=FORM, headers=told).status_code == 303
    assert client(False, FlaskClient).post("/sign-in", data=FORM, headers=told).status_code == 403


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


def test_only_the_proxys_own_address_is_believed(site):
    """With ``--behind-proxy`` too: whoever reaches the port past the proxy is who the socket says."""
    app = create_app(
        Site(site.installation, site.accounts, site.lookout, secret=site.secret, proxies=networks("10.0.0.5"))
    )
    past, through = Browser(app), Browser(app)
    answer = past.post("/sign-in", data=FORM, headers=HTTPS | {"X-Forwarded-Prefix": "/x"})
    assert answer.status_code == 303 and answer.location == "/" and "; Secure" not in answer.headers["Set-Cookie"]
    own = {"REMOTE_ADDR": "10.0.0.5"}
    answer = through.post("/sign-in", data=FORM, headers=HTTPS, environ_overrides=own)
    assert "; Secure" in answer.headers["Set-Cookie"]
    assert {one.address for one in site.accounts.sessions("lab-noc")} == {"127.0.0.1", "198.51.100.7"}


@pytest.mark.parametrize(
    ("text", "peer", "believed"),
    [
        ("loopback", "127.0.0.1", True),
        ("loopback", "::1", True),
        ("loopback", "::ffff:127.0.0.1", True),
        ("loopback", "10.0.0.5", False),
        ("10.0.0.0/24", "10.0.0.5", True),
        ("10.0.0.0/24, ::1", "10.0.1.5", False),
        ("10.0.0.0/24, ::1", "::1", True),
        ("", "127.0.0.1", False),
        ("loopback", "", False),
    ],
)
def test_who_is_the_declared_proxy(text, peer, believed):
    assert among(peer, networks(text)) is believed


@pytest.mark.parametrize("text", ["nginx", "10.0.0.5/24", "10.0.0.300", "*"])
def test_what_is_no_address_of_a_proxy_is_refused(text):
    with pytest.raises(Refused, match="is no address of a proxy"):
        networks(text)


# --- cookies by the way that a browser came ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "prefix", "path"),
    [({}, "", "/"), (HTTPS, "__Host-", "/"), (HTTPS | {"X-Forwarded-Prefix": "/ops"}, "__Secure-", "/ops")],
)
def test_cookies_are_named_by_the_way(client, headers, prefix, path):
    browser = client(True)
    answer = browser.post("/sign-in", data=FORM, headers=headers)
    found = answer.headers.getlist("Set-Cookie")
    assert {one.partition("=")[0] for one in found} == {f"{prefix}stage4_session", f"{prefix}stage4_device"}
    assert all(f"; Path={path}" in one and "Domain" not in one and "; HttpOnly" in one for one in found)
    assert all(("; Secure" in one) is bool(prefix) for one in found)


def test_over_https_no_cookie_but_its_own_is_read(client):
    browser = client(True)
    browser.post("/sign-in", data=FORM)
    token = browser.get_cookie("stage4_session").value
    below = HTTPS | {"X-Forwarded-Prefix": "/ops"}
    ways = {"stage4_session": {}, "__Host-stage4_session": HTTPS, "__Secure-stage4_session": below}
    for name in ways:
        for way, headers in ways.items():
            asking = client(True)
            asking.set_cookie(name, token)
            got = asking.get("/", headers=headers)
            assert (got.status_code == 200) is (name == way), (name, way)


# --- names of hosts ---------------------------------------------------------------------------------------------------


def answered(site, host: str, hosts: tuple[str, ...] = (), proxies: str = "", **headers: str) -> int:
    here = Site(site.installation, site.accounts, site.lookout, proxies=networks(proxies), hosts=hosts)
    answer = Browser(create_app(here)).get("/sign-in", headers={"Host": host} | headers)
    assert answer.status_code in (200, 400)
    assert answer.status_code == 200 or "does not answer to the name" in answer.text
    return answer.status_code


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:8044", "127.0.0.1:8044", "[::1]:8044", "192.0.2.7", socket.gethostname()]
)
def test_without_a_setting_it_answers_to_this_machine(site, host):
    assert answered(site, host) == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "evil.example:8044"]
)
def test_a_name_that_is_pointed_here_gets_400(site, host):
    """Another site's name that resolves to this machine would make that site's pages the same origin."""
    assert answered(site, host) == 400


def test_names_are_a_setting(site):
    for proxies in ("", "loopback"):
        own = ("stage4.example", ".ops.example")
        for host in ("stage4.example", "Stage4.Example:443", "a.ops.example", "ops.example", "localhost", "127.0.0.1"):
            assert answered(site, host, own, proxies) == 200, host
        for host in ("evil.example", "192.0.2.7", "stage4.example.evil.example"):
            assert answered(site, host, own, proxies) == 400, host


def test_the_proxy_vouches_for_names_where_none_are_set(site):
    assert answered(site, "ledger.example", proxies="loopback") == 200
    assert answered(site, "localhost", proxies="loopback", X_Forwarded_Host="ledger.example") == 200
    assert answered(site, "ledger.example", proxies="10.0.0.5") == 400


def test_a_foreign_name_is_told_in_ones_own_language(client):
    answer = client(False).get("/sign-in", headers={"Host": "evil.example", "Accept-Language": "pl"})
    assert answer.status_code == 400 and "nie odpowiada pod nazwą" in answer.text


# --- a proxy that nobody declared -------------------------------------------------------------------------------------


def test_a_proxy_that_nobody_declared_is_said_to_admins_to_the_doctor_and_at_the_next_start(client, site):
    home = site.installation.home
    client(False).get("/sign-in", headers={"X-Forwarded-For": "203.0.113.9"})
    seen = front.noted(home, site.installation.clock())
    assert seen.peer == "127.0.0.1"
    (told,) = [check for check in examine(home.root) if check.name == "proxy"]
    assert told.state == "warning" and "X-Forwarded-For" in told.found
    assert told.remedy == "if that is your proxy: stage4 serve --behind-proxy"
    for login, warned in (("admin", True), ("noc", False)):
        browser = client(False)
        browser.post("/sign-in", data={"login": login, "password": PASSWORD})
        page = browser.get("/healthz").json
        assert ("X-Forwarded-For" in str(page.get("warnings"))) is warned
        assert ("through 127.0.0.1 with X-Forwarded-For" in browser.get("/").text) is warned
        browser.post("/choose", data={"lang": "pl"})
        assert ("przez 127.0.0.1 z nagłówkiem X-Forwarded-For" in browser.get("/timeline").text) is warned
    assert "warnings" not in client(False).get("/healthz").json


def test_nothing_is_said_of_the_declared_one_or_after_a_day(client, site):
    home, at = site.installation.home, site.installation.clock()
    client(True).get("/sign-in", headers={"X-Forwarded-For": "203.0.113.9"})
    assert front.noted(home, at) is None
    front.note(home, front.Front("10.0.0.5", at))
    assert "--behind-proxy=10.0.0.5" in front.remedy(front.noted(home, at))
    assert front.noted(home, at + front.TOLD) is None
    (home.var / "web/undeclared_proxy.json").write_text("{}")
    assert front.noted(home, at) is None


def test_the_start_says_it_and_forgets_it_once_it_is_declared(root):
    at = datetime.now(UTC)
    front.note(Home(root), front.Front("127.0.0.1", at))
    with served(root):
        said = " ".join((root / "log").read_text().split())
        assert "no --behind-proxy names it" in said and "stage4 serve --behind-proxy" in said
    with served(root, "--behind-proxy"):
        said = " ".join((root / "log").read_text().split())
        assert "no --behind-proxy names it" not in said and "every name that the proxy passes on" in said
        assert front.noted(Home(root), at) is None


def test_an_address_of_a_proxy_that_is_none_is_refused_at_the_start(root):
    done = CliRunner().invoke(stage4, ["serve", "--home", str(root), "--behind-proxy=nginx"])
    assert done.exit_code == 1 and "is no address of a proxy" in done.output
