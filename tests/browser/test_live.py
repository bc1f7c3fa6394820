"""What happens is on every open page at once, takes nothing away from it, and survives cut wires and killed servers."""

from __future__ import annotations

import statistics
import time

from playwright.sync_api import Page

from ledger.app.press import Press
from ledger.app.steps import opening
from ledger.lab.rehearsal import person

from .house import House, eventually
from .people import People, live, passed, press, unfold
from .wire import wire

CUT = ["net::ERR_", "htmx:(sendError|afterRequest)"]
"""What a console says when nothing answers."""
PLACE = """(() => {
  const at = document.activeElement;
  return [Math.round(at.getBoundingClientRect().top), at.name, at.selectionStart];
})()"""
"""Where somebody reads and types, as the eye sees it: what is above may grow or shrink unseen."""


def shown(page: Page, sequence: int, seconds: float = 5) -> None:
    """Wait until an entry is in the page's own list, not only in its foot."""
    page.wait_for_selector(f".entries a[href='/entries/{sequence}']", timeout=seconds * 1000)


def test_entries_of_another_process_are_on_the_page_within_a_second_and_move_nothing(
    home: House, signed_in: People
) -> None:
    name = home.open("INC-2201").id
    page = signed_in("noc", viewport={"width": 900, "height": 500})
    page.goto(f"/rollbacks/{name}")
    live(page)
    page.locator("#act-note").evaluate("form => form.closest('details').open = true")
    page.locator("#act-note [name=text]").press_sequentially("half a sent")
    before = page.evaluate(PLACE)
    assert page.evaluate("scrollY") > 0 and before[1:] == ["text", len("half a sent")]
    delays = []
    for number in range(10):
        receipt = home.note(name, f"note {number}")
        appended = time.monotonic()
        shown(page, receipt.last)
        delays.append(time.monotonic() - appended)
    assert statistics.median(delays) < 1, delays
    assert page.evaluate(PLACE) == before
    page.keyboard.type("ence")
    assert page.input_value("#act-note [name=text]") == "half a sentence"


def test_a_note_of_the_command_line_is_on_the_open_page_without_a_reload(home: House, signed_in: People) -> None:
    name = home.open("INC-2205").id
    page = signed_in("l2-ops", viewport={"width": 900, "height": 500})
    page.goto(f"/rollbacks/{name}")
    live(page)
    page.evaluate("window.loadedOnce = true")
    page.locator("#act-correct").evaluate("form => form.closest('details').open = true")
    page.locator("#act-correct [name=text]").press_sequentially("what I was wri")
    there = page.evaluate("scrollY")
    page.mouse.wheel(0, -40)
    page.wait_for_function("there => scrollY < there", arg=there)
    before = page.evaluate(PLACE)
    assert before[1:] == ["text", len("what I was wri")]
    home.stage4("rollback", "note", name, "typed at a terminal", "--as", "lab-noc")
    page.wait_for_selector(".entries li:has-text('typed at a terminal')", timeout=1000)
    assert page.evaluate("window.loadedOnce")
    assert page.evaluate(PLACE) == before
    page.keyboard.type("ting")
    assert page.input_value("#act-correct [name=text]") == "what I was writing"


def test_why_a_press_was_not_taken_stays_until_the_next_press(home: House, signed_in: People) -> None:
    """Its form is gone, because somebody else was quicker: only the answer still has what was typed."""
    rollback = home.open("INC-2206")
    signed_in.expected.append("409")
    page = signed_in("product-owner")
    page.add_init_script("Object.defineProperty(document, 'hidden', { configurable: true, get: () => true })")
    page.goto(f"/rollbacks/{rollback.id}")
    live(page)
    opening.confirm(home.installation, Press(person(home.installation, "product_owner")), rollback)
    unfold(page, "refuse")
    press(page, "refuse", reason="not tonight")
    page.wait_for_selector("#stranded:has-text('not tonight')")
    page.evaluate("delete document.hidden")
    shown(page, home.note(rollback.id, "something else").last)
    assert "not tonight" in page.inner_text("#stranded")
    unfold(page, "note")
    press(page, "note", text="then by hand")
    page.wait_for_selector("#stranded", state="detached")
    assert "then by hand" in page.inner_text("#main")


def test_a_press_of_who_is_signed_out_is_said_beside_it_and_the_page_asks_no_more(
    home: House, signed_in: People
) -> None:
    name = home.open("INC-2207").id
    signed_in.expected += ["401", "htmx:responseError"]
    page = signed_in("noc")
    page.goto(f"/rollbacks/{name}")
    live(page)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if request.url.endswith(name) else None)
    page.context.clear_cookies(name="stage4_session")
    unfold(page, "note")
    press(page, "note", text="half a shift")
    page.wait_for_selector("#act-note .error:has-text('signed out')")
    page.wait_for_timeout(2_000)  # that it does not ask on and on
    assert page.input_value("#act-note [name=text]") == "half a shift"
    assert len(asked) <= 3, asked


def test_what_was_typed_outlives_a_server_that_does_not_answer(home: House, signed_in: People) -> None:
    name = home.open("INC-2208").id
    signed_in.expected += CUT
    page = signed_in("noc")
    page.goto(f"/rollbacks/{name}")
    live(page)
    unfold(page, "note")
    page.route("**/note", lambda route: route.abort())
    press(page, "note", text="typed in the dark")
    page.wait_for_selector("#act-note .error:has-text('Press again')")
    page.unroute("**/note")
    shown(page, home.note(name, "somebody else's").last)
    assert page.input_value("#act-note [name=text]") == "typed in the dark"
    page.click("#act-note button")
    page.wait_for_selector("#main:has-text('typed in the dark')")
    page.wait_for_selector("#act-note .error", state="detached")


def test_seven_tabs_are_all_live_on_one_stream(home: House, signed_in: People) -> None:
    name = home.open("INC-2202").id
    signed_in.expected += CUT
    with wire(home.port) as between:
        browser = signed_in.browser("noc", url=between.url)
        tabs = [signed_in.tab(browser) for _ in range(7)]
        for page in tabs:
            page.goto(f"/rollbacks/{name}")
            live(page)
        receipt = home.note(name, "seen in seven tabs")
        for page in tabs:
            page.wait_for_selector(f"#ticker[data-sequence='{receipt.last}']", timeout=3000)
        assert len(between.asked) == 1


def test_a_cut_stream_resumes_after_the_last_entry_that_it_had(home: House, signed_in: People) -> None:
    name = home.open("INC-2203").id
    signed_in.expected += CUT
    with wire(home.port) as between:
        page = signed_in("noc", url=between.url)
        page.goto(f"/rollbacks/{name}")
        live(page)
        had = home.note(name, "heard").last
        page.wait_for_selector(f"#ticker[data-sequence='{had}']")
        between.cut()
        page.wait_for_selector("body[data-live=deaf]", timeout=5000)
        missed = home.note(name, "missed").last
        between.mend()
        live(page, 10)
        shown(page, missed)
        eventually(lambda: f"last-event-id: {had}" in between.asked[-1].lower(), 5, "the stream to resume")


def test_a_killed_server_that_comes_back_goes_on_with_the_watch(home: House, signed_in: People) -> None:
    name = home.open("INC-2204", upto=3).id
    signed_in.expected += CUT
    page = signed_in("noc")
    page.goto(f"/rollbacks/{name}")
    live(page)
    press(page, "watch", duration="6s")
    page.wait_for_selector(".watch progress")
    home.kill()
    page.wait_for_selector("body[data-live=deaf]", timeout=5000)
    missed = home.note(name, "while it was gone").last
    home.serve()
    live(page, 15)
    shown(page, missed)
    passed(page, 4, 30)
    assert home.statuses(name).count("watch_started") == 1
