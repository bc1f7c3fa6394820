"""The steps of a rollback on its page: whose turn it is, what waits for whom, what a form means."""

from __future__ import annotations

import re
import secrets
import threading
from datetime import timedelta

import pytest
from flask import g

from ledger.app.durations import as_typed, parse_duration
from ledger.app.press import Press
from ledger.app.steps import opening, stopping
from ledger.app.steps.common import Outcome
from ledger.app.steps.stop import stop
from ledger.domain.asked import fit
from ledger.domain.silencing.decide import latest_end
from ledger.said import Said
from web.jobs import Job
from web.told import clause, shorter, told

from .conftest import person
from .test_cards import text

PAGE = "/rollbacks/INC-7"


@pytest.fixture
def stopped(installation):
    """Opened for an hour, confirmed and stopped."""
    made = opening.open_rollback(
        installation, Press(person("incident_manager")), ticket="INC-7", reason="latency", window="1h"
    ).rollback
    opening.confirm(installation, Press(person("product_owner")), made)
    stopping.disable(installation, Press(person("l2_ops")), installation.rollback("INC-7"), requested_by="L2 Ops")
    return installation.rollback("INC-7")


def order(page: str) -> list[int]:
    return [int(number) for number in re.findall(r'<li class="step[^"]*" id="step-(\d)"', page)]


def words(page: str) -> list[str]:
    road = page.partition('<nav class="road"')[2].partition("</nav>")[0]
    return re.findall(r'<span class="word">(.*?)</span>', road)


def test_what_is_yours_is_first_and_has_the_one_loud_button(browser, stopped):
    page = browser("observability").get(PAGE).text
    assert order(page) == [2, 0, 1, 3, 4, 5, 6]
    assert page.count('class="act loud"') == 1 and '<form id="act-silence" class="act loud"' in page
    assert words(page) == ["pass", "pass", "yours", "not yet", "not yet", "not yet", "not yet"]


def test_who_waits_is_told_for_whom_and_since_when(browser, stopped):
    page = browser("noc").get(PAGE).text
    assert words(page)[2] == "waiting"
    assert "Waiting for Observability to silence the alerts" in text(page)
    since = stopped.steps[1].at.isoformat()
    assert f'data-since="{since}">' in page
    assert "act loud" not in page and "this needs the role" not in text(page)


def test_after_an_emergency_one_of_four_is_loud(browser, installation):
    made = stop(installation, Press(person("l2_ops")), fit(reason="it burns")).rollback
    page = browser("l2_ops").get(f"/rollbacks/{made.id}").text
    assert words(page) == ["waiting", "pass", "yours", "yours", "yours", "not yet", "not yet"]
    assert order(page)[:4] == [2, 3, 4, 0] and page.count("act loud") == 1
    unfolded = re.findall(r'class="fold" id="step-(\d)-fold"[^>]* open>', page)
    assert unfolded == ["2", "1"], "and the stop, of which nobody has seen yet that it stands"
    owner = browser("product_owner").get(f"/rollbacks/{made.id}").text
    assert order(owner)[0] == 0 and '<form id="act-confirm" class="act loud"' in owner


def test_the_stop_of_step_1_is_taken_also_where_the_rollback_moved_meanwhile(browser, installation):
    manager = Press(person("incident_manager"))
    made = opening.open_rollback(installation, manager, ticket="INC-7", reason="latency").rollback
    opening.confirm(installation, Press(person("product_owner")), made)
    client = browser("l2_ops")
    late = {"requested_by": "L2 Ops", "decided_on": "1"}
    answers = [client.post(f"{PAGE}/disable", data=late | {"request_id": one * 32}) for one in "ab"]
    assert installation.rollback("INC-7").holds and answers[0].status_code == 303
    assert "moved since" not in answers[1].text


def test_no_path_of_the_machine_stands_in_what_is_read(browser, stopped):
    page = browser("noc").get(PAGE).text
    newest = page.partition('id="newest"')[2].partition("</section>")[0]
    assert "multi_strategy_disable.json" in newest
    assert stopped.override.path not in newest and "the ledger itself" not in newest


def test_paths_and_identifiers_are_short_and_addresses_are_not():
    assert shorter("wrote /srv/s4/run/x.json (mode 0600), then '/a/b'") == "wrote x.json (mode 0600), then 'b'"
    assert shorter("silence f3cf9e49-1b2c-4d5e-8f90-a1b2c3d4e5f6 ends") == "silence f3cf9e49… ends"
    assert shorter("see https://host/a/b and 1/2/3") == "see https://host/a/b and 1/2/3"


def test_a_refusal_names_roles_and_no_command(app):
    with app.test_request_context("/"):
        said = clause("incident_manager: extend the window: stage4 rollback extend-window INC-7")
        assert said == "Incident Manager: extend the window"
        assert clause("noc: step 4") == "NOC: step 4" and clause("tej nocy noc: x") == "tej nocy noc: x"


@pytest.mark.parametrize(
    ("sentence", "language", "said"),
    [
        (Said("this needs the role {}; {} holds {}", "l2_ops or noc", "lab-noc", "noc"), "en",
         "This needs the role L2 Ops or NOC; Iga Bąk holds NOC."),
        (Said("this needs the role {}; {} holds {}", "product_owner", "lab-noc", "noc"), "pl",
         "Potrzebna rola: właściciel produktu; Iga Bąk ma: NOC."),
        (Said("{} has no account; give one with: stage4 people password {}", "lab-noc", "lab-noc"), "en",
         "Iga Bąk has no account."),
        (Said("{} is open for that ticket already; see: stage4 rollback show {}", "INC-7", "INC-7"), "en",
         "INC-7 is open for that ticket already."),
        (Said("the window of {} starts at {}; until then only the stop is taken", "INC-7", "2026-11-28T22:25+00:00"),
         "en", "The window of INC-7 starts at 2026-11-28 22:25 UTC; until then only the stop is taken."),
        ("the scheduler does not answer", "pl", "Scheduler nie odpowiada."),
        ("Nothing is written yet.", "en", "Nothing is written yet."),
    ],
)  # fmt: skip
def test_a_refusal_is_a_sentence_with_people_and_roles_by_name(app, sentence, language, said):
    with app.test_request_context("/"):
        g.language = language
        assert told(sentence) == said


# --- durations --------------------------------------------------------------------------------------------------------


def silence(browser, typed: str, **more: str):
    form = {"request_id": secrets.token_hex(16), "duration": typed, **more}
    return browser("observability").post(f"{PAGE}/silence", data=form)


def test_the_form_shows_how_long_it_will_be_and_the_whole_of_it_is_taken(browser, installation, stopped):
    page = browser("observability").get(PAGE).text
    shown = re.search(r'name="duration_shown" value="(\w+)"', page)
    assert shown and 73 * 60 <= parse_duration(shown[1]) <= 75 * 60, "an hour's window and 15 minutes"
    assert silence(browser, shown[1], duration_shown=shown[1]).status_code == 303
    asked = installation.rollback("INC-7").silence.request
    assert asked.ends_at == latest_end(stopped)


def test_a_form_that_stood_open_is_taken_as_it_was_meant(browser, installation, stopped):
    assert silence(browser, "1h30m", duration_shown="1h30m").status_code == 303
    assert installation.rollback("INC-7").silence.request.ends_at == latest_end(stopped)


def test_what_somebody_typed_is_taken_by_the_word(browser, installation, stopped):
    assert silence(browser, "1h30m", duration_shown="1h14m").status_code == 422
    assert installation.rollback("INC-7").silence.request is None
    assert silence(browser, "30m", duration_shown="1h14m").status_code == 303
    asked = installation.rollback("INC-7").silence.request
    assert asked.ends_at - asked.starts_at == timedelta(minutes=30)


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("30m", "(30 min)"),
        ("", "(1 h 1"),
        ("soon", "is no duration"),
        ("9h", "it may last until"),
    ],
)
def test_the_preview_says_what_the_duration_comes_to(browser, stopped, typed, told):
    answer = browser("observability").get(f"{PAGE}/preview/silence?duration={typed}")
    assert answer.status_code == 200 and told in text(answer.text)
    assert 'id="act-silence-shown"' in answer.text


def test_an_override_without_an_end_says_so(browser, installation):
    opening.open_rollback(installation, Press(person("incident_manager")), ticket="INC-7", reason="latency")
    opening.confirm(installation, Press(person("product_owner")), installation.rollback("INC-7"))
    client = browser("l2_ops")
    assert "No end: it stands until somebody removes it." in client.get(PAGE).text
    assert 'placeholder="no end"' in client.get(PAGE).text
    ended = text(client.get(f"{PAGE}/preview/disable?duration=2h").text)
    assert "No end" not in ended and '"expires_at": "20' in ended.replace("&#34;", '"')


@pytest.mark.parametrize("path", ["/rollbacks/INC-8/preview/silence", f"{PAGE}/preview/nothing"])
def test_there_is_no_preview_of_what_is_not(browser, stopped, path):
    assert browser("observability").get(path).status_code == 404


def test_a_duration_is_written_as_it_is_read():
    assert [as_typed(one) for one in (7200, 6899, 3659, 59, 60)] == ["2h", "1h54m", "1h", "59s", "1m"]
    assert all(parse_duration(as_typed(one)) <= one for one in range(1, 20_000, 7))


# --- presses and lists ------------------------------------------------------------------------------------------------


def test_a_press_that_has_ended_well_is_told_of_no_more(browser, site, stopped):
    job = Job("a" * 32, "INC-7", "silence", "lab-observability")
    site.jobs.run(job, lambda say: (say("half way"), Outcome(stopped, "pass"))[1], 0.0)
    job.done.wait(5)
    job.told = False
    assert "half way" not in browser("noc").get(PAGE).text


def test_a_press_that_was_refused_while_anothers_runs_is_told_why(browser, site, stopped):
    running = threading.Event()
    site.jobs.run(Job("a" * 32, "INC-7", "silence", "lab-observability"), lambda _: running.wait(10), 0.0)
    client = browser("observability")
    try:
        assert '<form id="act-silence"' not in client.get(PAGE).text, "it runs"
        sent = {"request_id": "b" * 32, "decided_on": "1", "comment": "mine", "duration": "1h"}
        answer = client.post(f"{PAGE}/silence", data=sent)
        told = answer.text.partition('<form id="act-silence"')[2].partition("</form>")[0]
        assert answer.status_code == 409 and "moved since you looked" in told and "press again" in told
    finally:
        running.set()


def test_the_list_says_whose_turn_it_is_and_how_long_the_stop_took(browser, stopped):
    page = browser("observability").get("/rollbacks").text
    assert re.findall(r'<li class="badge \w+" title="\d ([\w ]+)"', page)[:4] == ["pass", "pass", "yours", "not yet"]
    assert "Time to stop" in page
    assert "waiting" in browser("noc").get("/rollbacks").text


def test_planned_work_has_a_form_of_its_own(browser, site):
    client = browser("incident_manager")
    incident, planned = (client.get(f"/rollbacks/new{query}").text for query in ("", "?purpose=load_test"))
    assert 'type="hidden" name="purpose" value="incident"' in incident and 'name="expected"' not in incident
    assert '<option value="maintenance">' in planned and 'name="expected"' in planned
    form = {"request_id": "b" * 32, "ticket": "", "reason": "r", "purpose": "drill", "component": "multi_strategy"}
    again = client.post("/rollbacks", data=form)
    assert again.status_code == 422 and '<option value="drill" selected>' in again.text
