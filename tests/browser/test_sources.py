"""Bad nights in a browser: a source that is down, a ledger that is locked."""

from __future__ import annotations

import contextlib
import sqlite3
import time

import pytest

from .house import House, eventually
from .people import People, live

TILES = {"scheduler": "scheduler", "prometheus": "prometheus", "alertmanager": "alertmanager"}


@pytest.mark.parametrize("source", TILES)
def test_a_source_that_is_down_is_named_and_nothing_of_it_is_green(source: str, home: House, signed_in: People) -> None:
    name = home.open(f"INC-23{len(source)}", upto=0).id
    page = signed_in("l2-ops")
    home.lab.stop_server(source)
    try:
        page.goto("/")
        page.wait_for_selector(f"#drift li:has-text('{source} does not answer')", timeout=15_000)
        page.wait_for_selector(f".tile[data-source={source}].unknown", timeout=15_000)
        for path in ("/", "/rollbacks", f"/rollbacks/{name}", "/drift", "/healthz"):
            started = time.monotonic()
            answer = page.request.get(path)
            assert answer.ok and time.monotonic() - started < 1
        assert page.locator(f".tile[data-source={source}].good").count() == 0
    finally:
        home.lab.start_server(source)
    page.wait_for_selector(f".tile[data-source={source}]:not(.unknown)", timeout=20_000)


def test_the_stop_works_in_time_while_the_store_is_locked(home: House, signed_in: People) -> None:
    page = signed_in("noc")
    page.goto("/")
    live(page)
    page.fill("#stop [name=reason]", "orders are duplicated")
    with contextlib.closing(sqlite3.connect(home.installation.home.store, isolation_level=None)) as held:
        held.execute("BEGIN IMMEDIATE")
        started = time.monotonic()
        page.click("#stop form button")
        page.wait_for_selector("#main [role=alert] .mono", timeout=8000)
        took = time.monotonic() - started
        assert home.installation.override_path().exists()
        held.execute("ROLLBACK")
    assert took < 3, took
    eventually(lambda: home.installation.state.open, 15, "the stop to be taken into the ledger")
    page.goto("/")
    page.wait_for_selector(".sentence:has-text('Trading STOPPED since')", timeout=15_000)


def test_the_stop_opens_the_rollback_it_made(home: House, signed_in: People) -> None:
    page = signed_in("noc")
    page.goto("/")
    page.fill("#stop [name=reason]", "orders are duplicated")
    page.click("#stop form button")
    page.wait_for_selector("#step-1.good")
    assert "STOP-" in page.url
    assert home.installation.override_path().exists()
