"""Under a sub-path of somebody's host every address begins with it: pages, files, forms, streams, cookies."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest
import requests

from ledger.app.installation import opened
from ledger.app.press import Press
from ledger.app.steps import opening
from ledger.domain.command import Actor

from .front import KINDS, front
from .served import PASSWORD, Served

PREFIX = "/ops/stage4"
ADDRESS = re.compile(r'\b(?:href|src|action|hx-(?:get|post)|data-(?:worker|url|root))="([^"#][^"]*)"')
FORM = {"login": "noc", "password": PASSWORD}


@pytest.fixture(scope="module")
def rollback(behind: Served) -> None:
    manager = Actor(person="lab-incident-manager", auth="lab")
    with opened(behind.root) as installation:
        opening.open_rollback(installation, Press(manager), ticket="INC-1", reason="latency")


@pytest.fixture(params=KINDS)
def url(request: pytest.FixtureRequest, behind: Served, rollback: None, tmp_path: Path) -> Iterator[str]:
    with front(request.param, behind.port, tmp_path, PREFIX) as found:
        yield found


@pytest.fixture
def browser(url: str) -> Iterator[requests.Session]:
    with requests.Session() as made:
        made.headers.update({"Accept": "text/html", "Sec-Fetch-Site": "same-origin"})
        yield made


def test_every_address_of_every_page_begins_with_the_prefix_and_leads_somewhere(url, browser):
    entered = browser.post(f"{url}/sign-in", data=FORM | {"to": "/rollbacks"})
    assert urlsplit(entered.url).path == f"{PREFIX}/rollbacks"
    host, seen, ahead = url.removesuffix(PREFIX), set(), [f"{url}/"]
    while ahead and len(seen) < 150:
        address = ahead.pop(0)
        if address in seen:
            continue
        seen.add(address)
        answer = browser.get(address)
        assert answer.status_code in (200, 403), address
        if "text/html" not in answer.headers["Content-Type"]:
            continue
        for found in ADDRESS.findall(answer.text):
            whole = urljoin(address, found.replace("&amp;", "&"))
            assert whole.startswith((f"{url}/", url)), (address, found)
            assert whole.startswith(host)
        links = re.findall(r'(?:href|src|hx-get|data-worker|data-url)="([^"#][^"]*)"', answer.text)
        ahead += [urljoin(address, link.replace("&amp;", "&")) for link in links]
    paths = {urlsplit(one).path.removeprefix(PREFIX) for one in seen}
    assert {"/", "/rollbacks/INC-1", "/rollbacks/INC-1/review", "/timeline", "/entries/1", "/audit"} <= paths
    assert any(path.startswith("/static/vendor/") for path in paths)


def test_a_stranger_is_led_to_the_sign_in_and_on_below_the_prefix(url, browser):
    asked = browser.get(f"{url}/timeline?q=x", allow_redirects=False)
    assert asked.headers["Location"].startswith(f"{PREFIX}/sign-in?to=/timeline")
    onwards = browser.post(f"{url}/sign-in", data=FORM | {"to": "/timeline?q=x"}, allow_redirects=False)
    assert onwards.headers["Location"] == f"{PREFIX}/timeline?q=x"
    for to in ("//evil.example", "https://evil.example", "/\\evil"):
        found = browser.post(f"{url}/sign-in", data=FORM | {"to": to}, allow_redirects=False)
        assert found.headers["Location"] == f"{PREFIX}/"


@pytest.mark.parametrize(("who", "path"), [("", "/sign-in?to=/timeline"), ("noc", "/timeline?q=x")])
def test_who_chooses_a_language_comes_back_to_the_page(url, browser, who, path):
    if who:
        browser.post(f"{url}/sign-in", data=FORM)
    page = browser.get(url + path).text
    (to,) = re.findall(rf'action="{PREFIX}/choose">\s*<input type="hidden" name="to" value="([^"]*)"', page)
    chosen = browser.post(f"{url}/choose", data={"lang": "pl", "to": to}, allow_redirects=False)
    assert chosen.headers["Location"] == PREFIX + path


def test_cookies_are_sent_below_the_prefix_alone(url, browser):
    browser.post(f"{url}/sign-in", data=FORM)
    browser.post(f"{url}/choose", data={"lang": "pl"})
    assert {one.name for one in browser.cookies} == {"stage4_session", "stage4_device", "lang"}
    assert {one.path for one in browser.cookies} == {PREFIX}


def test_both_ways_to_the_same_page_have_addresses_of_their_own(url, browser, behind):
    """One page is made for both where nothing but the way differs; each gets its own."""
    browser.post(f"{url}/sign-in", data=FORM)
    cookie = behind.sign_in()
    for _ in range(2):
        assert f'href="{PREFIX}/rollbacks"' in browser.get(f"{url}/").text
        page = behind.ask("GET", "/", Cookie=cookie).page
        assert PREFIX not in page and 'href="/rollbacks"' in page


@pytest.mark.parametrize("odd", ["/a b", "//evil.example", "/../x", "/x/..", "javascript:x", "/<script>", "/a/%2e%2e"])
def test_a_prefix_that_is_no_path_is_refused(behind, odd):
    answer = behind.ask("GET", "/sign-in", X_Forwarded_Prefix=odd)
    assert answer.status == 400 and "X-Forwarded-Prefix is no path" in answer.page and "evil" not in answer.page


def test_without_a_declared_proxy_nobody_names_a_prefix(here):
    assert "/ops/" not in here.ask("GET", "/sign-in", X_Forwarded_Prefix="/ops/stage4").page


def test_over_https_each_way_has_a_cookie_of_its_own(behind, tmp_path):
    with front("plain", behind.port, tmp_path, https=True) as url:
        own = {"Accept": "text/html", "Sec-Fetch-Site": "same-origin"}
        answer = requests.post(f"{url}/sign-in", data=FORM, headers=own, allow_redirects=False, timeout=10)
        assert answer.status_code == 303
        assert answer.headers["Set-Cookie"].count("__Host-stage4_") == 2
