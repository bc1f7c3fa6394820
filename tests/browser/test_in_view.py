"""The step that is next: its heading and its button are in view through a whole rollback, on five sizes of screen."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page

from ledger.app.press import Press
from ledger.app.steps import closing, restoring, silencing, stopping, watching
from ledger.app.steps.stop import stop
from ledger.domain.asked import fit
from ledger.lab.rehearsal import person, wait_for_alert

from .house import House, eventually
from .people import SENDS, People, live, press

DESKTOPS = [(1280, 720), (1440, 900), (1024, 768)]
PHONES = [(390, 844), (360, 640)]
SWIPE = 0.6
"""Of the screen's height: what a thumb moves at once."""
ROOM = """() => {
  document.body.style.paddingTop = "";
  const warning = document.querySelector("#drift").offsetHeight;
  const above = document.querySelector("main").getBoundingClientRect().top - warning;
  const room = parseFloat(getComputedStyle(document.querySelector(".road")).top);
  document.body.style.paddingTop = `${Math.max(0, room - above)}px`;
}"""
"""Gives the bar above every page all the room that it may take."""
PLACES = """sends => {
  const first = document.querySelector(".step.first"), box = (one) => one && one.getBoundingClientRect();
  const button = first?.querySelector(`.act.loud ${sends}`), heading = box(first?.querySelector("h2"));
  const road = document.querySelector(".road");
  return {
    step: first?.id, loud: document.querySelectorAll(".act.loud").length, button: !!button, height: innerHeight,
    top: heading && heading.top, bottom: (box(button) || heading)?.bottom,
    hidden: parseFloat(getComputedStyle(road).top) + box(road).height,
  };
}"""


def seen(page: Page, size: tuple[int, int], step: int, button: bool) -> str:
    """What is wrong with what a person sees who has just come to the page; on a telephone after one swipe at most."""
    page.evaluate(ROOM)
    found: dict[str, Any] = page.evaluate(PLACES, SENDS)
    if found["step"] != f"step-{step}" or found["button"] != button or found["loud"] != int(button):
        return f"not the step that is next, or not one button: {found}"
    down = max(0, found["bottom"] - found["height"])
    if down > (SWIPE * found["height"] if size in PHONES else 0) or found["top"] - down < found["hidden"]:
        return f"heading and button are not in view together: {found}"
    return ""


def look(people: People, login: str, path: str, step: int, *, button: bool = True) -> None:
    """At the page on every size, in the language that has the longer words."""
    wrong, page = [], people(login, "pl")
    page.goto(path)
    page.evaluate("document.fonts.ready")
    page.wait_for_selector(f"#step-{step}.first")
    for width, height in DESKTOPS + PHONES:
        page.set_viewport_size({"width": width, "height": height})
        if why := seen(page, (width, height), step, button):
            wrong.append(f"{width} x {height}, step {step}: {why}")
    page.context.close()
    assert not wrong, "\n".join(wrong)


def test_the_step_that_is_next_is_in_view_through_a_whole_rollback(home: House, signed_in: People) -> None:
    home.lab.misbehave("latency")
    wait_for_alert(home.installation, home.lab)
    who = {role: Press(person(home.installation, role)) for role in ("incident_manager", "l2_ops", "observability")}
    rollback = home.open("INC-2701")
    path, installation = f"/rollbacks/{rollback.id}", home.installation
    look(signed_in, "product-owner", path, 0)
    look(signed_in, "noc", path, 0, button=False)
    home.at_rest()
    path = f"/rollbacks/{home.open('INC-2702', upto=0).id}"
    look(signed_in, "l2-ops", path, 1)
    name = path.rpartition("/")[2]
    stopping.disable(installation, who["l2_ops"], installation.rollback(name), requested_by="L2 Ops")
    look(signed_in, "observability", path, 2)
    silencing.silence(installation, who["observability"], installation.rollback(name))
    look(signed_in, "l2-ops", path, 3)
    stopping.check(installation, who["l2_ops"], installation.rollback(name))
    look(signed_in, "noc", path, 4)
    home.lab.misbehave("none")
    watching.start(installation, Press(person(installation, "noc")), installation.rollback(name), 45)
    look(signed_in, "noc", path, 4, button=False)
    eventually(lambda: installation.rollback(name).steps[4].passed, 90, "the watch to be judged")
    look(signed_in, "incident-manager", path, 5)
    restoring.end_incident(installation, who["incident_manager"], installation.rollback(name), "taken back")
    look(signed_in, "l2-ops", path, 5)
    restoring.restore(installation, who["l2_ops"], installation.rollback(name), lambda _: None)
    look(signed_in, "incident-manager", path, 6)
    closing.complete(installation, who["incident_manager"], installation.rollback(name))


def test_after_the_stop_one_step_is_loud_and_the_others_are_lines(home: House, signed_in: People) -> None:
    made = stop(home.installation, Press(person(home.installation, "l2_ops")), fit(reason="it burns"))
    path = f"/rollbacks/{made.rollback.id}"
    look(signed_in, "l2-ops", path, 2)
    page = signed_in("l2-ops")
    page.goto(path)
    assert page.locator(".step.yours").count() == 3
    assert page.locator(".step .fold[open]").count() == 1
    assert page.locator(".road li").count() == 7
    for word in ("waiting", "pass", "yours", "not yet"):
        assert page.locator(f".road .word:text-is('{word}')").count(), word
    page.click(".road a[href='#step-3-all']")
    page.locator("#act-check .send button").wait_for(state="visible")


def test_the_preview_follows_what_is_typed(home: House, signed_in: People) -> None:
    name = home.open("INC-2703", upto=1).id
    page = signed_in("observability")
    page.goto(f"/rollbacks/{name}")
    live(page)
    shown, field = page.locator("#act-silence-shown"), page.locator("#act-silence [name=duration]")
    usual = shown.locator(".ends").inner_text()
    assert field.input_value() == "2h" and "(2 h 00 min)" in usual
    field.fill("30m")
    page.wait_for_selector("#act-silence-shown .ends:has-text('(30 min)')")
    field.fill("soon")
    page.wait_for_selector("#act-silence-shown .warning:has-text('is no duration')")
    page.click("#act-silence .chip >> nth=1")
    page.wait_for_selector("#act-silence-shown .ends:has-text('(1 h 00 min)')")
    assert field.input_value() == "1h"
    press(page, "silence")
    page.wait_for_selector("#step-2.good")
    asked = home.installation.rollback(name).silence.request
    assert asked is not None and (asked.ends_at - asked.starts_at).total_seconds() == 3600


def test_what_somebody_unfolded_stays_so_until_its_turn_changes(home: House, signed_in: People) -> None:
    rollback = home.open("INC-2704", upto=2)
    page = signed_in("noc")
    page.goto(f"/rollbacks/{rollback.id}")
    live(page)
    page.locator("#step-0-fold > summary").click()
    home.note(rollback.id, "something happened")
    page.wait_for_selector(".entries li:has-text('something happened')")
    assert page.locator("#step-0-fold").get_attribute("open") is not None
    assert page.locator("#step-4-fold").get_attribute("open") is None
    stopping.check(home.installation, Press(person(home.installation, "l2_ops")), rollback)
    page.wait_for_selector("#step-4.first .fold[open]")
    assert page.locator("#step-3-fold").get_attribute("open") is None
    assert page.locator(".steps > li").first.get_attribute("id") == "step-4"
