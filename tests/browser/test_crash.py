"""The server killed in the middle of a step: the page comes back by itself, and what was begun is finished once."""

from __future__ import annotations

import contextlib
import sqlite3

from playwright.sync_api import Page, Request

from ledger.app.steps.silencing import carries_marker
from ledger.files import locked

from .house import House, eventually
from .people import People, live, passed, press
from .test_live import CUT


def pressed(page: Page, act: str, **typed: str) -> Request:
    """Press, and go on without the answer; what was sent."""
    with page.expect_request(lambda one: one.method == "POST") as sent:
        press(page, act, **typed)
    return sent.value


def sent_again(page: Page, sent: Request) -> None:
    """The same press once more, as a browser repeats what was not answered."""
    form = {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin", "Accept": "text/html"}
    assert page.request.post(sent.url, data=sent.post_data or "", headers=form).ok


def test_a_stop_that_was_asked_for_and_not_yet_written_is_written_once(home: House, signed_in: People) -> None:
    name = home.open("INC-2601", upto=0).id
    signed_in.expected += CUT
    page = signed_in("l2-ops")
    page.goto(f"/rollbacks/{name}")
    live(page)
    with locked(home.installation.home.locks / "deliver.lock", 5):  # whoever delivers waits here
        sent = pressed(page, "disable", requested_by="L2 Ops")
        eventually(lambda: "override_requested" in home.statuses(name), 5, "the stop to be asked for")
        home.crash()
    page.wait_for_selector("body[data-live=deaf]", timeout=5000)
    assert not home.installation.override_path().exists()
    home.serve()
    live(page, 15)
    passed(page, 1)
    sent_again(page, sent)
    for status in ("override_requested", "override_written"):
        assert home.statuses(name).count(status) == 1, status
    assert home.installation.override_path().exists()


def test_a_silence_that_the_dying_server_had_made_is_found_and_not_made_again(home: House, signed_in: People) -> None:
    name = home.open("INC-2602", upto=1).id
    signed_in.expected += CUT
    page = signed_in("observability")
    page.goto(f"/rollbacks/{name}")
    live(page)
    with contextlib.closing(sqlite3.connect(home.installation.home.store, isolation_level=None)) as held:
        home.hang("alertmanager")
        try:
            sent = pressed(page, "silence", duration="1h")
            eventually(lambda: "silence_requested" in home.statuses(name), 15, "the silence to be asked for")
            held.execute("BEGIN IMMEDIATE")  # so that what comes of it cannot be recorded
        finally:
            home.go_on("alertmanager")
        made = eventually(lambda: silences(home, name), 10, "Alertmanager to have the silence")
        home.crash()
        held.execute("ROLLBACK")
    assert home.statuses(name)[-1] == "silence_requested"
    page.wait_for_selector("body[data-live=deaf]", timeout=5000)
    home.serve()
    live(page, 15)
    page.wait_for_selector("#act-check-silence button:enabled", timeout=10_000)
    sent_again(page, sent)
    press(page, "check-silence")
    passed(page, 2)
    told = home.statuses(name)
    assert [told.count(status) for status in ("silence_requested", "silence_found", "silence_created")] == [1, 1, 0]
    assert silences(home, name) == made and len(made) == 1


def silences(house: House, rollback: str) -> list[str]:
    """Every silence of a rollback that Alertmanager has, ended ones too."""
    return [one.id for one in house.installation.alertmanager.silences() if carries_marker(one.comment, rollback)]
