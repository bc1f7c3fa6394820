"""What guards every route: who may, where from, and what every answer carries."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from web.identity import OPEN

from .conftest import PASSWORD, ROLES

READERS = frozenset(ROLES)
ADMIN, AUDIT = frozenset(("admin",)), frozenset(("admin", "auditor"))
WHO = {
    "now.show": READERS,
    "now.top": READERS,
    "rollbacks.index": READERS,
    "rollbacks.new": frozenset(("incident_manager",)),
    "rollbacks.preview": READERS,
    "charts.before_stop": READERS,
    "spark.show": READERS,
    "rollbacks.coverage": READERS,
    "rollbacks.show": READERS,
    "charts.data": READERS,
    "review.show": READERS,
    "review.markdown": READERS,
    "review.as_json": READERS,
    "review.as_pdf": READERS,
    "timeline.show": READERS,
    "silences.show": READERS,
    "connections.show": READERS,
    "connections.settle": READERS,
    "timeline.fresh": READERS,
    "entries.show": READERS,
    "entries.download": READERS,
    "entries.to_check": READERS,
    "artefacts.show": READERS,
    "artefacts.picture": READERS,
    "artefacts.bytes": READERS,
    "audit.show": READERS,
    "audit.verify": READERS,
    "audit.find": READERS,
    "audit.lines": READERS,
    "audit.checkpoint": READERS,
    "audit.key": READERS,
    "setup.show": READERS,
    "setup.look": READERS - {"auditor"},
    "people.index": ADMIN,
    "people.add": ADMIN,
    "people.change": ADMIN,
    "access.show": AUDIT,
    "access.lines": AUDIT,
    "help.show": READERS,
    "live.stream": READERS,
    "live.poll": READERS,
    "signin.leave": READERS,
    "signin.password": READERS,
    "signin.change": READERS,
    "acts.stop": READERS,
    "acts.take": READERS,
    "acts.open_new": READERS,
}
"""Who may ask a route at all; what a press may do is the ledger's own decision (below)."""
ODD = {"rollback": "INC-9", "sequence": 1, "digest": "0" * 96, "stage": "stage4", "person": "lab-noc", "what": "roles"}


def routes(app, method):
    for rule in app.url_map.iter_rules():
        if method in rule.methods and rule.endpoint not in ("static", "favicon"):
            values = {name: ODD.get(name, "note") for name in rule.arguments}
            with app.test_request_context():
                yield rule.endpoint, app.url_for(rule.endpoint, **values)


def test_every_route_is_in_the_table(app):
    known = set(WHO) | OPEN
    assert {rule.endpoint for rule in app.url_map.iter_rules()} <= known


def test_a_stranger_sees_nothing_but_the_sign_in(app, stranger):
    for endpoint, path in routes(app, "GET"):
        if endpoint not in OPEN:
            assert stranger.get(path).status_code in (303, 401), path
    for endpoint, path in routes(app, "POST"):
        if endpoint not in OPEN:
            assert stranger.post(path).status_code == 401, path


@pytest.mark.parametrize("role", ROLES)
def test_each_role_sees_what_the_table_says(app, browser, role):
    client = browser(role)
    for endpoint, path in routes(app, "GET"):
        if endpoint in WHO and endpoint != "live.stream":
            assert (client.get(path).status_code != 403) == (role in WHO[endpoint]), path


@pytest.mark.parametrize("role", ["auditor", "admin"])
def test_who_has_no_role_of_the_runbook_changes_nothing(browser, installation, role):
    client, before = browser(role), installation.state.open
    if role == "auditor":
        assert client.post("/stop", data={"request_id": "c" * 32, "reason": "x"}).status_code == 422
    form = {"request_id": "d" * 32, "ticket": "X-1", "reason": "x", "purpose": "drill", "component": "multi_strategy"}
    assert client.post("/rollbacks", data=form).status_code == 422
    assert installation.state.open == before


FOREIGN = [
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "none"},
    {"Sec-Fetch-Site": "", "Origin": "https://evil.example"},
]


@pytest.mark.parametrize("headers", FOREIGN)
def test_a_change_that_another_site_asks_for_is_refused(app, browser, headers):
    client = browser("incident_manager")
    for _, path in routes(app, "POST"):
        assert client.post(path, headers=headers).status_code == 403, path


def test_a_press_that_says_nothing_of_its_origin_is_refused(app):
    form = {"login": "noc", "password": PASSWORD}
    assert FlaskClient(app).post("/sign-in", data=form).status_code == 403
    assert FlaskClient(app).post("/sign-in", data=form, headers={"Origin": "http://localhost"}).status_code == 303


@pytest.mark.parametrize("path", ["/", "/sign-in", "/nowhere", "/healthz", "/static/stage4.css"])
def test_every_answer_carries_the_headers(browser, path):
    answer = browser("noc").get(path)
    answer.close()
    assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert path.startswith("/static") or answer.headers["Cache-Control"] == "no-store"


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(browser):
    cookie = browser("noc").get_cookie("stage4_session")
    assert cookie.http_only
    assert cookie.same_site == "Lax"


@pytest.mark.parametrize("to", ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)"])
def test_signing_in_never_leads_elsewhere(stranger, to):
    answer = stranger.post("/sign-in", data={"login": "noc", "password": PASSWORD, "to": to})
    assert answer.location == "/"


def test_the_same_press_sent_twice_is_done_once_and_a_stale_one_is_told(browser, site):
    manager, form = browser("incident_manager"), {"ticket": "INC-1", "reason": "latency", "purpose": "incident"}
    form |= {"component": "multi_strategy", "request_id": "a" * 32}
    assert manager.post("/rollbacks", data=form).location == "/rollbacks/INC-1"
    assert manager.post("/rollbacks", data=form).location == "/rollbacks/INC-1"
    assert list(site.installation.state.open) == ["INC-1"]
    stale = {"request_id": "b" * 32, "decided_on": "0", "reason": "what I typed", "typed_ticket": "INC-1"}
    answer = manager.post("/rollbacks/INC-1/declare-emergency", data=stale)
    assert answer.status_code == 409
    assert "what I typed" in answer.text
    assert not site.installation.rollback("INC-1").emergency


def test_a_slip_on_another_rollback_needs_its_ticket_typed(browser, site):
    manager, form = browser("incident_manager"), {"ticket": "INC-1", "reason": "latency", "purpose": "incident"}
    manager.post("/rollbacks", data=form | {"component": "multi_strategy", "request_id": "a" * 32})
    wrong = {"request_id": "b" * 32, "decided_on": "1", "reason": "x", "typed_ticket": "INC-2"}
    assert manager.post("/rollbacks/INC-1/abort", data=wrong).status_code == 422
    assert site.installation.rollback("INC-1").is_open


@pytest.mark.parametrize("odd", ["\x00", "", "x" * 20_000, "x" * 300_000])
def test_odd_text_is_refused_with_a_page_that_says_so(browser, odd):
    form = {"request_id": "e" * 32, "ticket": "X-1", "reason": odd, "purpose": "drill", "component": "multi_strategy"}
    answer = browser("incident_manager").post("/rollbacks", data=form)
    assert 400 <= answer.status_code < 500
    assert "Traceback" not in answer.text
