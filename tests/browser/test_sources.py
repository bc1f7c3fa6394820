"""Bad nights in a browser: a source that is down, a ledger that is locked."""

from __future__ import annotations

import contextlib
import re
import sqlite3
import time

import pytest
from playwright.sync_api import Page

from ledger.domain.override_text import format_override
from ledger.domain.runbook import TRADING
from ledger.override import place

from .house import House, eventually
from .pages import PAGES
from .people import People, live, press

STEPS = {"alertmanager": 2, "scheduler": 3, "prometheus": 4}
"""What hangs, and the step that needs it."""
QUICK = 2.0
"""Seconds for a page on a busy machine: one that asked what hangs would take the three that an answer is waited for."""


@pytest.mark.parametrize("source", STEPS)
def test_a_source_that_hangs_or_is_down_holds_up_no_page_and_is_named_on_each(
    source: str, home: House, signed_in: People
) -> None:
    name = home.open(f"INC-23{STEPS[source]}", upto=0).id
    people = {login: signed_in(login) for login in {login for login, _ in PAGES.values()}}
    page, took = people["l2-ops"], {}
    page.goto("/")
    home.hang(source)
    try:
        named = page.locator(f"#drift li:has-text('{source} does not answer since')")
        named.wait_for(timeout=15_000)
        page.wait_for_selector(f".tile[data-source={source}].unknown", timeout=15_000)
        assert page.locator(f".tile[data-source={source}].good").count() == 0
        told = f"{source.capitalize()} does not answer since {_since(named.inner_text())}"
        for title, (login, path) in PAGES.items():
            started = time.monotonic()
            answer = people[login].request.get(path.format(rollback=name))
            took[title] = time.monotonic() - started
            assert answer.ok and (not login or told in answer.text()), title
        assert max(took.values()) < QUICK, took
        home.lab.kill_server(source)
        refused = eventually(lambda: _refused(page), 15, "the refused connection to be told")
        assert told in refused
    finally:
        home.lab.kill_server(source)
        home.lab.start_server(source)
    page.wait_for_selector(f".tile[data-source={source}]:not(.unknown)", timeout=20_000)
    assert named.count() == 0


def _refused(page: Page) -> str:
    text = page.request.get("/top").text()
    return text if "refused the connection" in text else ""


def _since(sentence: str) -> str:
    found = re.search(r"since (.+? UTC):", sentence)
    assert found, sentence
    return found[1]


@pytest.mark.parametrize("source", STEPS)
def test_the_step_that_needs_a_source_that_is_down_has_a_manual_way_and_it_is_marked(
    source: str, home: House, signed_in: People
) -> None:
    number = STEPS[source]
    name, step = home.open(f"INC-24{number}", upto=number - 1).id, f"#step-{number}"
    home.lab.kill_server(source)
    try:
        manager, noc = signed_in("incident-manager"), signed_in("noc")
        for page in (manager, noc):
            page.goto(f"/rollbacks/{name}")
            page.wait_for_selector(f"{step} .silent:has-text('{source} does not answer since')", timeout=15_000)
            live(page)
        proof = {"name": "seen.txt", "mimeType": "text/plain", "buffer": b"what the other console showed"}
        noc.locator(f"{step} summary:has-text('Attach evidence')").click()
        noc.locator(f"#act-attach-{number} [name=file]").set_input_files(proof)
        press(noc, f"attach-{number}", note="the other console")
        for page in (manager, noc):
            attached = page.locator(f"{step} tr:has-text('seen.txt') .badge")
            attached.wait_for(state="attached")
            assert attached.text_content() == "attached by hand"
        manager.locator(f"{step} summary:has-text('Waive this step')").click()
        press(manager, f"waive-{number}", reason=f"{source} is down; see the evidence")
        for page in (manager, noc):
            page.wait_for_selector(f"{step}.info .badge:has-text('waived')")
            page.wait_for_selector("section.warning:has-text('review')")
            assert page.locator(f"{step} .silent").count() == 0
        assert [home.statuses(name).count(one) for one in ("evidence_attached", "step_waived")] == [1, 1]
    finally:
        home.lab.start_server(source)


def test_the_stop_works_in_time_while_the_store_is_locked(home: House, signed_in: People) -> None:
    page = signed_in("noc")
    page.goto("/")
    live(page)
    with contextlib.closing(sqlite3.connect(home.installation.home.store, isolation_level=None)) as held:
        held.execute("BEGIN IMMEDIATE")
        started = time.monotonic()
        page.click("#stop-now button")
        page.wait_for_selector("#main [role=alert] .mono", timeout=8000)
        took = time.monotonic() - started
        assert home.installation.override_path().exists()
        held.execute("ROLLBACK")
    assert took < 3, took
    eventually(lambda: home.installation.state.open, 15, "the stop to be taken into the ledger")
    page.goto("/")
    page.wait_for_selector(".sentence:has-text('Trading STOPPED since')", timeout=15_000)


def test_the_stop_is_one_press_again_where_what_stopped_trading_is_gone(home: House, signed_in: People) -> None:
    page, path = signed_in("noc"), home.installation.override_path()
    button = page.locator("#stop-now button")
    at = home.installation.clock()
    text = {"component": TRADING, "reason": "by hand", "requested_by": "Jan", "ticket": "", "expires_at": None}
    place(path, format_override(written_at=at, **text), TRADING, home.installation.clock)
    try:
        eventually(lambda: page.goto("/") and not button.is_visible(), 10, "the override to be seen")
        live(page)
    finally:
        path.unlink()
    button.wait_for(state="visible", timeout=10_000)


def test_the_stop_opens_the_rollback_it_made(home: House, signed_in: People) -> None:
    page = signed_in("noc")
    page.goto("/")
    page.click("#stop-now button")
    page.wait_for_selector("#step-1.good")
    assert "STOP-" in page.url
    assert home.installation.override_path().exists()
