"""The whole rollback by people who have no mouse: Tab, Shift+Tab, Enter, Space, arrow keys and typing."""

from __future__ import annotations

from ledger.app.press import Press
from ledger.app.steps import stopping
from ledger.lab.rehearsal import person

from .house import House, eventually
from .keyboard import Keyboard
from .people import People, live, passed


def seated(home: House, signed_in: People, login: str, path: str, language: str = "en") -> Keyboard:
    """Somebody who signed in by keyboard and was led to a page."""
    page = signed_in("", language)
    page.goto(f"/sign-in?to={path}")
    keyboard = Keyboard(page).type(login).press("Tab").type(home.password).press("Enter")
    page.wait_for_url(f"**{path}")
    live(page)
    return keyboard


def test_the_keyboard_alone_runs_steps_0_to_6(home: House, signed_in: People) -> None:
    manager = seated(home, signed_in, "incident-manager", "/")
    manager.to("a[href='/rollbacks/new']").press("Enter")
    manager.page.wait_for_selector("#main [name=ticket]")
    manager.to("#main [name=ticket]").type("INC-2411").to("#main [name=reason]").type("Latency is critical")
    manager.to("#more-opening summary").press("Enter").to("[name=component]")
    manager.to("form[action='/rollbacks'] button.primary").press("Enter")
    manager.page.wait_for_url("**/rollbacks/INC-2411")
    owner = seated(home, signed_in, "product-owner", "/rollbacks/INC-2411", "pl")
    owner.act("confirm", password=home.password)
    done(owner, 0)
    l2 = seated(home, signed_in, "l2-ops", "/rollbacks/INC-2411")
    l2.to("#act-disable .send button").to("#act-disable [name=requested_by]", "Shift+Tab").type("L2 night")
    l2.act("disable")
    done(l2, 1)
    observability = seated(home, signed_in, "observability", "/rollbacks/INC-2411")
    observability.act("silence", "Space", duration="1h")
    done(observability, 2)
    passed(l2.page, 2)
    l2.act("check", way="Shift+Tab")  # the step that is next stands before the one just done
    done(l2, 3)
    noc = seated(home, signed_in, "noc", "/rollbacks/INC-2411")
    noc.act("watch", duration="3s")
    noc.page.wait_for_selector(".watch progress")
    noc.stands_in("#step-4")
    done(noc, 4, 60)
    manager.act("end-incident", note="The deployment was taken back")
    l2.page.wait_for_selector("#act-restore [name=typed_ticket]")
    manager.stands_in("#step-5")
    l2.act("restore", way="Shift+Tab", typed_ticket="INC-2411")
    done(l2, 5, 40)
    manager.page.wait_for_selector("#act-complete button:enabled")
    manager.act("complete", way="Shift+Tab")
    done(manager, 6)
    closed = home.installation.state.closed["INC-2411"]
    assert closed.phase == "completed" and closed.purpose == "incident"
    requests = [record.event for record, _ in home.installation.ledger.records() if record.rollback == "INC-2411"]
    assert "L2 night" in [getattr(event, "requested_by", "") for event in requests]


def test_a_button_that_somebody_else_pressed_leaves_the_focus_at_its_step(home: House, signed_in: People) -> None:
    rollback = home.open("INC-2412", upto=2)
    page = signed_in("l2-ops")
    page.goto(f"/rollbacks/{rollback.id}")
    live(page)
    keyboard = Keyboard(page).to("#act-check .send button")
    stopping.check(home.installation, Press(person(home.installation, "l2_ops")), rollback)
    done(keyboard, 3)


def test_a_press_that_is_refused_leads_back_to_its_form_and_to_why(home: House, signed_in: People) -> None:
    name = home.open("INC-2413").id
    signed_in.expected.append("status of 422|Error Code 422")
    page = signed_in("product-owner")
    page.goto(f"/rollbacks/{name}")
    live(page)
    keyboard = Keyboard(page).act("confirm", password="wrong")
    page.wait_for_selector("#act-confirm .error")
    keyboard.stands_in("#act-confirm")
    assert page.locator("#act-confirm .error").bounding_box()["y"] > 0
    keyboard.to("#act-confirm [name=password]", "Shift+Tab").type(home.password).press("Enter")
    done(keyboard, 0)


def test_the_keyboard_alone_stops_and_stands_on_a_whole_page(home: House, signed_in: People) -> None:
    page = signed_in("noc")
    page.goto("/")
    live(page)
    Keyboard(page).to("#stop-now button").press("Enter")
    page.wait_for_selector("#step-1.good")
    # A sheet is in the list only when it has been loaded, and the step can be seen before that.
    whole = "[...document.styleSheets].some(sheet => sheet.href.includes('/rollback.css'))"
    eventually(lambda: page.evaluate(whole), 10, "the page's own styles")


def done(keyboard: Keyboard, step: int, seconds: float = 20) -> None:
    """The step has passed, and the focus is still at it."""
    passed(keyboard.page, step, seconds)
    keyboard.stands_in(f"#step-{step}")
