"""The setup list on its page: what is not set is not broken, and a look says who looked when and changes nothing."""

from __future__ import annotations

import json
import re
from contextlib import contextmanager

import pytest
from flask import render_template_string

from ledger.app.doctor.drill import drill
from ledger.app.home import config
from ledger.app.press import Press
from ledger.app.setup_list.items import ITEMS
from ledger.app.steps import duties, opening
from ledger.domain.people.commands import ChangeRoles
from tests.adapters.neighbours import free_port, odd

from .conftest import person
from .hostile import PAYLOAD, Page, neighbour

SINCE = "2026-11-23T05:27:01Z"


@contextmanager
def scheduler(says):
    """A status page that says what it is told, one cycle further each time."""
    asked = 0

    def answer(handler) -> None:
        nonlocal asked
        asked += 1
        page = {"status": says(), "since": SINCE, "cycle": asked, "warnings": []}
        handler.say(200, json.dumps(page).encode())

    with odd(answer) as server:
        yield server.url


def settings(installation, text: str) -> None:
    """Write ``stage4.toml`` as a person would, while the server runs."""
    installation.home.config.write_text(text)


def reloaded(installation):
    """The settings that count once the server is started again."""
    return config.load(installation.home.config)


def item(page: str, name: str) -> str:
    """The part of the page about one item."""
    return re.search(rf'<details class="card setup-item" id="setup-{name}".*?</details>', page, re.DOTALL)[0]


def state(page: str, name: str) -> str:
    return re.search(r'<span class="badge \w+"><span aria-hidden="true">.</span> ([\w ]+)</span>', item(page, name))[1]


def states(page: str) -> dict[str, str]:
    return {one.name: state(page, one.name) for one in ITEMS}


def test_what_nobody_configured_is_not_yet_done_and_not_broken(browser):
    page = browser("admin").get("/setup").text
    assert states(page) == {**{one.name: "not yet" for one in ITEMS}, "people": "done"}
    assert "1 of 7 done" in page and 'id="setup-scheduler" open' in page
    assert "url = &#34;https://scheduler.example/status&#34;" in item(page, "scheduler")


def test_a_test_takes_the_file_as_it_is_now_and_says_that_the_server_began_before(browser, installation):
    admin = browser("admin")
    with scheduler(lambda: "enabled") as url:
        settings(installation, f'[scheduler]\nurl = "{url}"\n')
        assert admin.post("/setup/scheduler").location == "/setup?item=scheduler#setup-scheduler"
    found = item(admin.get("/setup").text, "scheduler")
    assert (
        "enabled, cycle 1, at" in found
        and "start the dashboard again" in found
        and state(found, "scheduler") == "not yet"
    )


def test_what_is_set_and_does_not_answer_does_not_work_and_says_why(browser, installation):
    settings(installation, f'[prometheus]\nurl = "http://127.0.0.1:{free_port()}"\n')
    admin = browser("admin")
    admin.post("/setup/prometheus")
    page = admin.get("/setup?item=prometheus").text
    assert state(page, "prometheus") == "does not work" and "refused the connection" in item(page, "prometheus")
    assert 'id="setup-prometheus" open' in page


def test_a_file_that_is_no_toml_does_not_work_and_breaks_nothing(browser, installation):
    settings(installation, "[scheduler\n")
    admin = browser("admin")
    assert admin.post("/setup/scheduler").status_code == 303
    assert state(admin.get("/setup").text, "scheduler") == "does not work"


def test_looking_changes_nothing_and_says_who_looked(browser, installation):
    size = installation.ledger.view().size
    admin = browser("admin")
    for one in ITEMS:
        assert admin.post(f"/setup/{one.name}", data={"head": "1:AAAA"}).status_code == 303
    assert installation.ledger.view().size == size
    assert "Seen by lab-admin" in re.sub(r"\s+", " ", item(admin.get("/setup").text, "scheduler"))


def test_an_auditor_reads_it_and_does_not_look(browser, site):
    client = browser("auditor")
    page = client.get("/setup")
    assert page.status_code == 200 and "Test it" not in page.text
    assert client.post("/setup/scheduler").status_code == 403 and not site.setup.looked


def test_a_stranger_sees_nothing_and_another_site_asks_for_nothing(stranger, browser, site):
    assert stranger.get("/setup").location == "/sign-in?to=/setup"
    assert stranger.post("/setup/scheduler").status_code == 401
    foreign = browser("admin").post("/setup/scheduler", headers={"Sec-Fetch-Site": "cross-site"})
    assert foreign.status_code == 403 and not site.setup.looked


def test_there_is_no_other_item(browser):
    assert browser("admin").post("/setup/nothing").status_code == 404


def test_what_hostile_servers_say_stays_text(browser, installation):
    with odd(neighbour("[stage4:INC-1]")) as server:
        tables = (f'[{name}]\nurl = "{server.url}"\n' for name in ("scheduler", "prometheus", "alertmanager"))
        settings(installation, "".join(tables) + f"[silence.labels]\nenv = {json.dumps(PAYLOAD[:20])}\n")
        admin = browser("admin")
        for one in ITEMS:
            admin.post(f"/setup/{one.name}", data={"head": PAYLOAD})
    page = Page(admin.get("/setup").text)
    assert page.odd == [] and page.seen


# --- by the ledger ----------------------------------------------------------------------------------------------------


def test_roles_that_nobody_holds_are_named_with_the_line_for_each(browser, installation):
    for holder in [one for one, roles in installation.state.people.items() if "noc" in roles]:
        installation.submit(ChangeRoles(person=holder, revoke=("noc",)), Press(person("admin")))
    found = item(browser("admin").get("/setup").text, "people")
    assert "nobody has the role NOC" in found and "--role noc --login" in found and "--role l2_ops" not in found


def drilled(installation) -> None:
    """A drill of the override alone, run for real against a scheduler that obeys."""
    made = opening.open_rollback(
        installation, Press(person("incident_manager")), ticket="DRILL-1", reason="x", purpose="drill"
    ).rollback
    made = opening.confirm(installation, Press(person("product_owner")), made).rollback
    duties.assume(installation, Press(person("l2_ops")), made, "incident_manager", "nobody answers")
    assert drill(installation, person("l2_ops"), lambda what, at: None, 2).obeyed


def test_a_scheduler_that_obeyed_is_told_with_who_saw_it_and_a_part_of_a_drill_is_none(browser, installation):
    path = installation.override_path()
    with scheduler(lambda: "disabled" if path.exists() else "enabled") as url:
        settings(installation, f'[scheduler]\nurl = "{url}"\n')
        installation.config = reloaded(installation)
        drilled(installation)
        admin = browser("admin")
        admin.post("/setup/scheduler")
        page = admin.get("/setup").text
    assert (state(page, "scheduler"), state(page, "stop"), state(page, "drill")) == ("done", "done", "not yet")
    assert "seen disabled by the override of DRILL-1" in item(page, "stop")
    assert "DRILL-1 was completed without these steps: 2, 4" in item(page, "drill")


# --- the head that was kept elsewhere ---------------------------------------------------------------------------------


def kept(installation) -> str:
    note = installation.ledger.log.newest_checkpoint()
    return note.decode()


def shown(client, head: str) -> str:
    client.post("/setup/witness", data={"head": head})
    return client.get("/setup?item=witness").text


def test_a_checkpoint_that_was_kept_is_compared_with_the_ledger_itself(browser, installation):
    head = kept(installation)
    opening.open_rollback(installation, Press(person("incident_manager")), ticket="INC-1", reason="latency")
    page = shown(browser("admin"), head.replace("\n", "\r\n"))  # as a form sends it
    assert state(page, "witness") == "done" and "newer: 1" in item(page, "witness")


@pytest.mark.parametrize(
    "change",
    [
        lambda head: head.replace("\n", "\nx", 1),
        lambda head: "nonsense",
        lambda head: "",
        lambda head: "0:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
        lambda head: "3:" + "A" * 43 + "=",
        lambda head: "99999:" + "A" * 43 + "=",
        lambda head: "x" * 10_000,
    ],
)
def test_what_is_no_head_of_this_ledger_never_counts(browser, installation, change):
    page = shown(browser("admin"), change(kept(installation)))
    assert state(page, "witness") == ("does not work" if change("x") else "not yet")


# --- the line on other pages ------------------------------------------------------------------------------------------


def line(app) -> str:
    """The include as the first page shows it."""
    with app.test_request_context("/"):
        return render_template_string('{% include "parts/setup_line.html" %}')


@pytest.fixture
def real(monkeypatch):
    """The home as if it were no lab, which needs no setup."""
    monkeypatch.setattr("web.pages.setup._is_lab", lambda: False)


def test_other_pages_of_a_lab_ask_for_no_setup(app, site):
    assert line(app).strip() == ""


def test_other_pages_say_in_a_line_what_is_next(app, site, real):
    assert "Setup: 1 of 7 done" in line(app) and "Connect the scheduler" in line(app)


def test_what_nobody_looked_at_yet_is_not_said_to_be_undone(app, site, installation, real):
    settings(installation, '[scheduler]\nurl = "http://127.0.0.1:1"\n')
    installation.config = reloaded(installation)
    assert line(app).strip() == ""
    site.setup.take("scheduler")
    assert "does not work:" in line(app)
