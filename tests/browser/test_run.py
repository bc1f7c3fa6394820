"""The runbook run in browsers: by five people, by two at once, by an impatient one."""

from __future__ import annotations

import pytest

from ledger.lab.rehearsal import wait_for_alert

from .house import House
from .people import People, live, passed, press, unfold


@pytest.mark.parametrize(("language", "ticket"), [("en", "INC-2042"), ("pl", "INC-2043")])
def test_five_people_run_steps_0_to_6(language: str, ticket: str, home: House, signed_in: People) -> None:
    home.lab.misbehave("latency")
    wait_for_alert(home.installation, home.lab)
    manager, owner, l2 = (signed_in(one, language) for one in ("incident-manager", "product-owner", "l2-ops"))
    observability, noc = signed_in("observability", language, "dark"), signed_in("noc", language)
    manager.goto("/rollbacks/new")
    manager.fill("#main [name=ticket]", ticket)
    manager.fill("#main [name=reason]", "Scheduler latency <b>is</b> critical & 'rising'")
    manager.click("form[action='/rollbacks'] button.primary")
    manager.wait_for_url(f"**/rollbacks/{ticket}")
    for page in (owner, l2, observability, noc):
        page.goto(f"/rollbacks/{ticket}")
        live(page)
    press(owner, "confirm", password=home.password)
    passed(owner, 0)
    press(l2, "disable", requested_by="L2 Ops")
    passed(l2, 1)
    press(observability, "silence", duration="1h")
    passed(observability, 2)
    press(l2, "check")
    passed(l2, 3)
    home.lab.misbehave("none")
    press(noc, "watch", duration="3s")
    for page in (manager, owner, l2, observability, noc):
        passed(page, 4, 60)  # judged by the server, seen by everybody, pressed by nobody
    press(manager, "end-incident", note="The deployment was taken back")
    l2.wait_for_selector("#act-restore [name=typed_ticket]")
    assert not l2.is_visible("#act-restore [data-unequal]")
    l2.fill("#act-restore [name=typed_ticket]", ticket.lower())
    assert l2.is_visible("#act-restore [data-unequal]") and l2.is_disabled("#act-restore [data-guarded]")
    l2.fill("#act-restore [name=typed_ticket]", ticket)
    l2.click("#act-restore button")
    passed(l2, 5, 40)
    manager.wait_for_selector("#act-complete button:enabled")
    press(manager, "complete")
    passed(manager, 6)
    for page in (manager, owner, l2, observability, noc):
        page.wait_for_selector("#main h1 .badge.good")
    assert "<b>is</b>" in manager.inner_text(".reason")
    assert home.installation.state.closed[ticket].phase == "completed"
    assert not home.installation.override_path().exists()
    home.stage4("verify")


def test_of_two_who_press_the_same_button_one_does_it_and_the_other_is_told(home: House, signed_in: People) -> None:
    name = home.open("INC-2101", upto=2).id
    first, second = signed_in("l2-ops"), signed_in("incident-manager")
    for page in (first, second):
        page.goto(f"/rollbacks/{name}")
        live(page)
    signed_in.expected.append("status of 409|Error Code 409")
    unfold(second, "waive-4")
    second.fill("#act-waive-4 [name=reason]", "what I was writing")
    stale = second.locator("#act-waive-4 [name=decided_on]").input_value()
    press(first, "check")
    passed(first, 3)
    passed(second, 3)  # the new state is shown while the text stays
    assert second.input_value("#act-waive-4 [name=reason]") == "what I was writing"
    assert second.locator("#act-waive-4 [name=decided_on]").input_value() == stale
    with second.expect_response(lambda answer: answer.request.method == "POST") as answered:
        second.locator("#act-waive-4 button").last.click()
    assert answered.value.status == 409
    second.wait_for_selector("#act-waive-4 .error")
    assert second.input_value("#act-waive-4 [name=reason]") == "what I was writing"
    assert home.statuses(name).count("step_waived") == 0
    second.locator("#act-waive-4 button").last.click()
    second.wait_for_selector("#step-4.info")
    assert home.statuses(name).count("step_waived") == 1


def test_a_note_never_waits_for_what_others_do(home: House, signed_in: People) -> None:
    name = home.open("INC-2106", upto=2).id
    first, second = signed_in("l2-ops"), signed_in("noc")
    for page in (first, second):
        page.goto(f"/rollbacks/{name}")
        live(page)
    second.locator("#act-note").evaluate("form => form.closest('details').open = true")
    second.fill("#act-note [name=text]", "what I was writing")
    press(first, "check")
    passed(second, 3)
    second.locator("#act-note button").last.click()
    second.wait_for_selector("text=what I was writing >> nth=0")
    assert home.statuses(name).count("note_added") == 1


def test_a_double_click_and_a_reload_do_nothing_twice(home: House, signed_in: People) -> None:
    name = home.open("INC-2102", upto=0).id
    page = signed_in("l2-ops")
    page.goto(f"/rollbacks/{name}")
    live(page)
    page.dblclick("#act-disable .send button")
    passed(page, 1)
    page.reload()
    passed(page, 1)
    statuses = home.statuses(name)
    assert statuses.count("override_requested") == 1 and statuses.count("override_written") == 1


def test_the_same_post_sent_again_does_nothing_twice(home: House, signed_in: People) -> None:
    name = home.open("INC-2103").id
    page = signed_in("noc")
    page.goto(f"/rollbacks/{name}")
    form = page.locator("#act-note").evaluate(
        "form => { form.querySelector('[name=text]').value = 'once'; return Object.fromEntries(new FormData(form)) }"
    )
    headers = {"Sec-Fetch-Site": "same-origin", "Accept": "text/html"}
    for _ in range(3):
        answer = page.request.post(f"/rollbacks/{name}/note", form=form, headers=headers)
        assert answer.ok
    assert home.statuses(name).count("note_added") == 1
