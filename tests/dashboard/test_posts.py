"""Every POST there is: from elsewhere it does nothing; sent again it does nothing twice; under one number one thing."""

from __future__ import annotations

import itertools
import secrets
import threading

import pytest
from flask.testing import FlaskClient

from ledger.app.acts import ACTS
from ledger.app.press import Press
from ledger.app.steps import opening
from ledger.app.steps.common import Outcome
from ledger.errors import Conflict, Refused
from web.jobs import Job, Jobs

from .conftest import PASSWORD, Browser, person

FOREIGN = {
    "another site": {"Sec-Fetch-Site": "cross-site"},
    "another host of this site": {"Sec-Fetch-Site": "same-site"},
    "the address line": {"Sec-Fetch-Site": "none"},
    "something unknown": {"Sec-Fetch-Site": "same-origin, cross-site"},
    "nothing": {},
    "another origin": {"Origin": "https://evil.example"},
    "null": {"Origin": "null"},
    "another port": {"Origin": "http://localhost:81"},
    "another scheme": {"Origin": "https://localhost"},
    "a name that begins alike": {"Origin": "http://localhost.evil.example"},
    "two origins": {"Origin": "http://localhost http://evil.example"},
    "elsewhere, whatever the origin": {"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"},
    "a form of another site, by its referrer": {"Referer": "http://localhost/"},
}
NUMBER = itertools.count()


@pytest.fixture
def rollback(installation):
    made = opening.open_rollback(installation, Press(person("incident_manager")), ticket="INC-1", reason="latency")
    return made.rollback


def addresses(app) -> list[str]:
    """Every address that takes a POST, by the map of routes; of acts every one."""
    fill = {"rollback": ["INC-1"], "name": list(ACTS), "person": ["lab-noc"], "what": ["roles", "password", "sessions"]}
    found = []
    for rule in app.url_map.iter_rules():
        if "POST" in rule.methods:
            names = sorted(rule.arguments)
            for values in itertools.product(*(fill[name] for name in names)):
                with app.test_request_context():
                    found.append(app.url_for(rule.endpoint, **dict(zip(names, values, strict=True))))
    return found


def plain(app, client: FlaskClient) -> FlaskClient:
    """The same browser, which says nothing of where its requests come from."""
    other = FlaskClient(app)
    found = client.get_cookie("stage4_session")
    other.set_cookie("stage4_session", found.value)
    return other


def everything(installation, site) -> tuple[object, ...]:
    """All that a press could change."""
    accounts = [(one, len(site.accounts.sessions(one))) for one in sorted(installation.state.people)]
    return installation.state.sequence, accounts, installation.override_path().exists()


@pytest.mark.parametrize("where", FOREIGN)
def test_a_press_from_elsewhere_does_nothing(app, browser, site, installation, rollback, where):
    clients = [plain(app, browser(role)) for role in ("incident_manager", "admin", "noc")]
    before = everything(installation, site)
    form = {"request_id": "a" * 32, "reason": "x", "password": PASSWORD, "login": "noc", "roles": "admin", "lang": "pl"}
    for path in addresses(app):
        for client in clients:
            answer = client.post(path, data=form, headers=FOREIGN[where])
            assert answer.status_code == 403, path
            assert "Set-Cookie" not in answer.headers, path
    assert everything(installation, site) == before


def test_a_press_of_ones_own_page_is_let_through_by_either_header(app, rollback):
    for headers in ({"Sec-Fetch-Site": "same-origin"}, {"Origin": "http://localhost"}):
        for path in addresses(app):
            assert FlaskClient(app).post(path, headers=headers).status_code != 403, path


def test_no_change_is_asked_for_by_following_a_link(app, browser, site, installation, rollback):
    clients = [browser(role) for role in ("incident_manager", "admin")]
    before = everything(installation, site)
    for path in addresses(app):
        for client in clients:
            assert client.get(f"{path}?reason=x&request_id={'a' * 32}").status_code < 500
            for method in ("PUT", "DELETE", "PATCH"):
                assert client.open(path, method=method).status_code == 405, path
    assert everything(installation, site) == before


PRESSES = {
    "stop": ("noc", "/stop", {"reason": "orders look wrong"}),
    "open": (
        "incident_manager",
        "/rollbacks",
        {"ticket": "INC-2", "reason": "latency", "purpose": "incident", "component": "multi_strategy"},
    ),
    "note": ("noc", "/rollbacks/INC-1/note", {"text": "called the desk", "occurred_at": ""}),
    "confirm": ("product_owner", "/rollbacks/INC-1/confirm", {"password": PASSWORD, "decided_on": "1"}),
    "emergency": (
        "incident_manager",
        "/rollbacks/INC-1/declare-emergency",
        {"reason": "now", "typed_ticket": "INC-1", "decided_on": "1"},
    ),
    "ticket": (
        "incident_manager",
        "/rollbacks/INC-1/link-ticket",
        {"ticket": "INC-7", "decided_on": "1"},
    ),
    "person": ("admin", "/people", {"name": "Ola", "login": "ola", "roles": "noc", "password": PASSWORD}),
    "roles": ("admin", "/people/lab-noc/roles", {"roles": "l2_ops", "password": PASSWORD}),
}


@pytest.mark.parametrize("what", PRESSES)
def test_what_is_sent_again_is_answered_alike_and_done_once(browser, site, installation, rollback, what):
    role, path, form = PRESSES[what]
    client, form = browser(role), form | {"request_id": secrets.token_hex(16)}
    first = client.post(path, data=form)
    assert first.status_code in (200, 303), first.text
    done = everything(installation, site)
    for _ in range(2):
        again = client.post(path, data=form)
        if path.startswith("/people"):  # a password is shown once
            assert (again.status_code, "sent already" in again.text) == (422, True)
            assert "fresh-password" not in again.text
        else:
            assert (again.status_code, again.location) == (first.status_code, first.location)
    assert everything(installation, site) == done


@pytest.mark.parametrize("what", [one for one in PRESSES if one != "stop"])
def test_a_number_that_was_used_stands_for_nothing_else(app, browser, site, installation, rollback, what):
    role, path, form = PRESSES[what]
    client, form = browser(role), form | {"request_id": secrets.token_hex(16)}
    client.post(path, data=form)
    done = everything(installation, site)
    field = next(name for name in ("reason", "text", "roles", "name", "ticket", "decided_on") if name in form)
    others = [(client, path, form | {field: "noc" if field == "roles" else "INC-77"})] if field != "decided_on" else []
    note = {"text": "another thing", "occurred_at": "", "request_id": form["request_id"]}
    others += [(client, "/rollbacks/INC-1/note", note), (browser("noc"), "/rollbacks/INC-1/note", note)]
    before = everything(installation, site)
    for other, where, content in others:
        answer = other.post(where, data=content)
        assert answer.status_code in (409, 422), (where, answer.text)
        assert "sent already" in answer.text
    assert everything(installation, site) == before
    assert done[0] == before[0]


def test_the_same_words_of_another_person_or_to_another_address_are_no_repeat(browser, site, installation, rollback):
    form = {"text": "called the desk", "occurred_at": "", "reason": "now", "typed_ticket": "INC-1", "decided_on": "1"}
    form |= {"request_id": "a" * 32}
    manager = browser("incident_manager")
    assert manager.post("/rollbacks/INC-1/note", data=form).status_code == 303
    done = everything(installation, site)
    for client, act in ((browser("noc"), "note"), (manager, "declare-emergency"), (manager, "abort")):
        assert client.post(f"/rollbacks/INC-1/{act}", data=form).status_code == 409, act
    assert everything(installation, site)[0] == done[0]


def test_a_press_that_runs_is_not_joined_by_one_of_other_content():
    jobs, going_on = Jobs(), threading.Event()

    def work(say: object) -> Outcome:
        going_on.wait(10)
        raise Refused("as ever")

    first = jobs.run(Job("a" * 32, "INC-1", "note", "lab-noc", "one"), work, 0)
    assert jobs.run(Job("a" * 32, "INC-1", "note", "lab-noc", "one"), work, 0) is first
    with pytest.raises(Conflict):
        jobs.run(Job("a" * 32, "INC-1", "note", "lab-noc", "two"), work, 0)
    going_on.set()
    assert first.done.wait(10)


def test_a_conflict_keeps_what_was_typed(browser, rollback):
    client, number = browser("noc"), "a" * 32
    form = {"text": "the first", "occurred_at": "", "request_id": number}
    assert client.post("/rollbacks/INC-1/note", data=form).status_code == 303
    answer = client.post("/rollbacks/INC-1/note", data=form | {"text": "the second, long in the writing"})
    assert answer.status_code == 409
    assert "the second, long in the writing" in answer.text
    assert f'value="{number}"' not in answer.text


def test_who_comes_second_is_told_so_although_the_form_is_gone(browser, rollback):
    form = {"reason": "now", "typed_ticket": "INC-1", "decided_on": "1"}
    for reason, status in (("now", 303), ("me too, for these words", 409)):
        more = {"request_id": secrets.token_hex(16), "reason": reason}
        answer = browser("incident_manager").post("/rollbacks/INC-1/declare-emergency", data=form | more)
        assert answer.status_code == status
    told = answer.text.partition('<div class="error" id="stranded"')[2].partition("</div>")[0]
    assert 'role="alert"' in told and "me too, for these words" in told


def test_a_stop_is_never_refused_for_its_number(browser, installation, site):
    """A page that a browser kept for days still stops: with other words it is another press."""
    client, form = browser("noc"), {"request_id": "a" * 32}
    assert client.post("/stop", data=form | {"reason": "the first time"}).status_code == 303
    again = client.post("/stop", data=form | {"reason": "the second time"})
    assert again.status_code == 200
    assert "Already stopped by" in again.text
    assert not list(installation.home.spool.glob("stop-*.json"))


def test_two_presses_of_one_form_at_the_same_time_are_one_or_a_conflict(app, browser, installation, rollback):
    client, answers = browser("noc"), []
    value = client.get_cookie("stage4_session").value
    number = secrets.token_hex(16)

    def press(text: str) -> None:
        other = Browser(app)
        other.set_cookie("stage4_session", value)
        form = {"text": text, "occurred_at": "", "request_id": number}
        answers.append(other.post("/rollbacks/INC-1/note", data=form).status_code)

    before = installation.state.sequence
    threads = [threading.Thread(target=press, args=(text,)) for text in ("one", "two", "one", "two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [303, 303, 409, 409]
    assert installation.state.sequence == before + 1


@pytest.mark.parametrize("number", ["", "a" * 31, "A" * 32, "g" * 32, "a" * 32 + "\n", "../" + "a" * 29, "é" * 32])
def test_a_number_that_no_form_has_is_refused(browser, installation, rollback, number):
    size = installation.state.sequence
    for role, path, form in PRESSES.values():
        if path != "/stop":  # which is never refused for its number
            answer = browser(role).post(path, data=form | {"request_id": number})
            assert answer.status_code == 422, path
    assert installation.state.sequence == size


def test_the_number_in_the_ledger_tells_nothing_of_what_was_typed(app, browser, installation, rollback):
    """Else an erased text could be guessed."""
    numbers = set()
    for secret in (b"one secret", b"another secret"):
        app.extensions["stage4"].secret = secret
        form = {"text": "no", "occurred_at": "", "request_id": secrets.token_hex(16)}
        with app.test_request_context("/x", method="POST", data=form):
            from flask import g

            from web.acts import press

            g.person = "lab-noc"
            numbers.add(press.content())
    assert len(numbers) == 2
