"""What people type and what other systems say never becomes part of a page: driven by the table of acts.

A field or a page that is added later is attacked here without a word.
"""

from __future__ import annotations

import io
import itertools
import json
import re
import secrets
from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient

from ledger.app.acts import ACTS
from ledger.app.acts.act import Act, Field
from ledger.app.acts.opening import FIELDS as OPENING
from ledger.app.home.setup import LAB_ROLES, init
from ledger.app.installation import Installation
from ledger.app.press import Press
from ledger.app.steps import opening
from tests.adapters.neighbours import odd
from web.visible import broken

from .conftest import PASSWORD, ROLES, person
from .hostile import LINK, PAYLOAD, TURNED, Page, neighbour, odd_in

RUNBOOK = ROLES[:5]
FIT = {"duration": "5m", "number": "1", "when": "2026-11-23T03:14"}
"""What a field of a kind takes; a choice takes what its form offers."""
LAST = ("abort", "complete", "end-incident", "restore", "link-ticket")


@pytest.fixture
def installation(tmp_path) -> Iterator[Installation]:
    """A home whose every neighbour is hostile, and whose first person's name is."""
    with odd(neighbour("[stage4:INC-1]")) as server:
        starter = "".join(f'[{name}]\nurl = "{server.url}{path}"\n' for name, path in PATHS.items())
        starter += '[rollback]\nrestart_patience = "1s"\n'
        made = init(tmp_path / "home", purpose="lab", name=PAYLOAD, roles=LAB_ROLES, starter=starter)
        yield made
        made.ledger.log.close()


PATHS = {"scheduler": "/status", "alertmanager": "", "prometheus": "", "tickets": "/ticket/{ticket}"}


@pytest.fixture
def rollback(installation: Installation, site):
    """An open rollback of which nothing is harmless; the outside has been looked at."""
    path = installation.override_path()
    path.write_text(json.dumps({"reason": PAYLOAD, PAYLOAD: PAYLOAD}))
    path.chmod(0o600)
    made = opening.open_rollback(
        installation, Press(person("incident_manager")), ticket="INC-1", reason=PAYLOAD, channel=PAYLOAD, permalink=LINK
    ).rollback
    site.lookout.look()
    assert not site.lookout.outlook.missing
    return made


def value_of(field: Field, options: dict[str, list[str]], text: str) -> object:
    if field.kind == "file":
        return (io.BytesIO(f"<svg onload=xss()>{PAYLOAD}".encode()), f"{PAYLOAD}.svg")
    if field.kind in ("choice", "choices"):
        return next(iter(options.get(field.name, [])), text)
    return FIT.get(field.kind, text)


class Options(Page):
    """What the selects of one act's form offer."""

    def __init__(self, text: str, act: str) -> None:
        self.act, self.inside, self.name = f"act-{act}", False, ""
        self.options: dict[str, list[str]] = {}
        super().__init__(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "form":
            self.inside = given.get("id") == self.act
        if tag == "select" and self.inside:
            self.name = given["name"] or ""
        if tag == "option" and self.inside and given.get("value"):
            self.options.setdefault(self.name, []).append(given["value"] or "")
        super().handle_starttag(tag, attrs)


def press(client: FlaskClient, act: Act, typed: str, **more: object):
    """The act's form, each field of which says ``typed`` where it takes any."""
    options = Options(client.get("/rollbacks/INC-1").text, act.name).options
    form = {field.name: value_of(field, options, typed) for field in act.asked} | {"request_id": secrets.token_hex(16)}
    guard = {"password": PASSWORD, "typed_ticket": "INC-1", "decided_on": "999999"}
    return client.post(f"/rollbacks/INC-1/{act.name}", data={**form, **guard, **more})


def typed_fields(act: Act) -> list[str]:
    return [one.name for one in act.asked if one.kind in ("text", "long")]


def test_a_form_that_comes_back_gives_back_what_was_typed_as_text(browser, rollback):
    client = browser("incident_manager")
    for act in ACTS.values():
        wrong = {"password": PAYLOAD, "typed_ticket": PAYLOAD, "decided_on": "0"}
        odd_fields = {field.name: f"{field.name} {PAYLOAD}" for field in act.asked if field.kind != "file"}
        for text, more in ((PAYLOAD, odd_fields | wrong), ("\x07" + PAYLOAD, {})):
            answer = press(client, act, text, **more)
            assert answer.status_code in (303, 409, 422, 503), (act.name, answer.text)
            check(answer, act.name)


def test_every_act_of_every_role_leaves_only_text_behind(browser, app, site, installation, rollback):
    clients = {role: browser(role) for role in RUNBOOK}
    taken = set()
    order = sorted(ACTS, key=lambda name: LAST.index(name) + 1 if name in LAST else 0)
    for name in ["declare-emergency", *order]:
        for client in clients.values():
            seen = site.installation.rollback("INC-1").entries
            answer = press(client, ACTS[name], PAYLOAD, decided_on=str(seen), permalink=LINK, run_url=LINK)
            assert answer.status_code < 500 or answer.status_code == 503, (name, answer.text)
            check(answer, name)
            if answer.status_code == 303:
                taken.add(name)
                break
    site.lookout.look()
    attacked = {name for name in taken if typed_fields(ACTS[name])}
    assert len(attacked) > 15, sorted(attacked)
    for role, language in (("auditor", "en"), ("l2_ops", "pl"), ("admin", "en")):
        look_everywhere(app, browser(role), installation, language)


QUERY = dict.fromkeys(("q", "rollback", "person", "status", "verdict", "since", "until", "order", "to"), PAYLOAD)
ODD = ("INC-1", "NO-1", PAYLOAD)


def look_everywhere(app, client: FlaskClient, installation: Installation, language: str) -> None:
    """Every page there is, with and without a hostile query; what is no page must not be taken for one."""
    client.set_cookie("lang", language)
    artefacts = sorted(path.name for path in installation.home.artefacts.rglob("*") if path.is_file())[:40]
    sequences = range(1, installation.state.sequence + 1)
    fill = {"rollback": ODD, "sequence": sequences, "digest": (*artefacts, PAYLOAD), "stage": ("stage4", PAYLOAD)}
    for rule in app.url_map.iter_rules():
        if "GET" not in rule.methods or rule.endpoint in ("static", "live.stream"):
            continue
        names = sorted(rule.arguments)
        for values in itertools.product(*(fill.get(name, (PAYLOAD,)) for name in names)):
            given = dict(zip(names, values, strict=True))
            with app.test_request_context():
                path = app.url_for(rule.endpoint, **given)
            for query in ({}, QUERY) if rule.endpoint != "entries.show" else ({},):
                check(client.get(path, query_string=query), path)


def check(answer, path: str) -> None:
    kind, text = answer.mimetype, answer.get_data()
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    if answer.status_code in (301, 302, 303, 308):
        assert re.match(r"/(?![/\\])", answer.location), path
    elif kind == "text/html":
        assert odd_in(text.decode()) == [], path
    elif kind in ("application/json", "application/problem+json"):
        json.loads(text)
    elif kind not in ("image/png", "image/svg+xml", "text/plain"):
        assert answer.headers["Content-Disposition"].startswith("attachment"), path
        assert kind in ("application/octet-stream", "text/markdown", "application/pdf"), path
        if kind == "text/markdown":
            assert not re.search(rb"(?<!\\)[<`\[]", text), path
            assert TURNED not in text.decode()
    for value in answer.headers.values():
        assert "\n" not in value


def test_the_names_of_people_and_what_they_sign_in_with_are_text(browser, app, site, rollback):
    admin = browser("admin")
    for login in ("mallory", PAYLOAD):
        form = {"request_id": secrets.token_hex(16), "password": PASSWORD, "name": PAYLOAD, "roles": ["noc", PAYLOAD]}
        for roles in (["noc"], ["noc", PAYLOAD]):
            answer = admin.post("/people", data=form | {"login": login, "roles": roles})
            check(answer, "people and sign-in")
    mallory = next(one for one in site.installation.people.people() if one.id.startswith("p-") and "xss" in one.name)
    for what in ("roles", "password", "sessions", "erase", PAYLOAD):
        form = {"request_id": secrets.token_hex(16), "password": PAYLOAD, "login": PAYLOAD, "roles": PAYLOAD}
        for who in (mallory.id, PAYLOAD):
            check(admin.post(f"/people/{who}/{what}", data=form), what)
    guest = app.test_client()
    for form in ({"login": PAYLOAD, "password": PAYLOAD, "to": LINK}, {"login": "noc", "password": PASSWORD}):
        answer = guest.post("/sign-in", data=form, headers={"User-Agent": PAYLOAD.replace(TURNED, "")})
        check(answer, "people and sign-in")
    assert "xss" in admin.get("/people").text
    assert odd_in(admin.get("/people").text) == []
    form = {"password": PAYLOAD, "new": PAYLOAD, "again": "", "to": LINK}
    check(guest.post("/password", data=form), "/password")


def test_the_stop_and_the_opening_give_back_what_was_typed_as_text(browser, rollback):
    client = browser("incident_manager")
    for path, fields in (("/rollbacks", OPENING), ("/stop", (Field("reason", ""), Field("ticket", "")))):
        for field in fields:
            form = {one.name: FIT.get(one.kind, "x") for one in fields} | {field.name: PAYLOAD}
            number = {"request_id": "" if field.name == "reason" else "e" * 32}
            answer = client.post(path, data=form | number, follow_redirects=True)
            page = Page(answer.text)
            assert page.odd == []
            assert answer.status_code == (200 if path == "/stop" else 422), (path, field.name)
            assert page.seen or (field.name == "ticket" and path == "/stop")  # no ticket id: left out, and noted


def test_a_character_that_turns_the_line_over_is_named_and_still_in_the_bytes(browser, rollback, installation):
    page = browser("auditor").get(f"/entries/{rollback.opened_entry}").text
    assert "[U+202E]" in page
    line = installation.ledger.log.line(rollback.opened_entry)
    assert TURNED in line.decode()
    assert browser("auditor").get(f"/entries/{rollback.opened_entry}/bytes").data == line


def test_what_comes_back_in_a_field_is_exactly_what_was_typed(browser, rollback):
    typed = f"he said {TURNED}so\u2069 & <b>"
    form = {"request_id": "f" * 32, "text": typed, "occurred_at": "nonsense"}
    answer = browser("noc").post("/rollbacks/INC-1/note", data=form)
    assert f"he said {TURNED}so\u2069 &amp; &lt;b&gt;</textarea>" in answer.text


@pytest.mark.parametrize("name", ["100% sure", "%(x)s", "{{ 7*7 }}"])
def test_a_name_is_never_a_format(browser, site, name):
    form = {"request_id": "a" * 32, "password": PASSWORD, "name": name, "login": "ola", "roles": ["noc"]}
    assert browser("admin").post("/people", data=form).status_code == 200
    opening.open_rollback(site.installation, Press(person("incident_manager")), ticket="INC-1", reason=name)
    for client in (browser("noc"), browser("incident_manager")):
        page = client.get("/rollbacks/INC-1")
        assert page.status_code == 200
    assert name in page.text.replace("&amp;", "&")


def test_the_reader_sees_an_attack_that_gets_through():
    for let_in in (PAYLOAD, "<a href='javascript:xss()'>x</a>", "<p title='\u202e'>x</p>", "<p>a</p></section>"):
        assert odd_in(f"<p>{let_in}</p>")
    assert odd_in("<p>fine &lt;script&gt; <a href='/x'>y</a></p>") == []


def test_where_a_long_name_may_be_broken_it_stays_text():
    assert broken("MultiStrategyLatencyCritical{a_venue} <b>ok</b>") == (
        "Multi<wbr>Strategy<wbr>Latency<wbr>Critical<wbr>{a_<wbr>venue} &lt;b&gt;ok&lt;/b&gt;"
    )
    assert broken("alertmanager.url is not_set") == "alertmanager.url is not_set"
    assert broken("\u202e" + "a" * 30) == "[U+202E]" + "a" * 30
