"""The page of connections: what waits where and why, sent again or given up by who may, and which heads went where."""

from __future__ import annotations

import re

import pytest

from ledger.app.press import Press
from ledger.domain.command import SYSTEM
from ledger.domain.event import Event
from ledger.domain.observing.commands import Record
from ledger.domain.telling.events import MessageFailed, MessageGivenUp, MessageRefused, MessageRetryAsked, MessageSent
from tests.app.settings import changed

from .hostile import PAYLOAD

HEAD = "3:" + "A" * 43 + "="
ABOUT = {"connection": "announce", "entry": 1, "about": "ledger_opened"}


@pytest.fixture
def installation(installation, monkeypatch):
    """One with a hook that nobody answers at."""
    config = changed(installation.config, announce={"url": "http://127.0.0.1:1/hook"})
    monkeypatch.setattr(installation, "config", config)
    return installation


def saw(installation, event: Event) -> None:
    installation.submit(Record(event=event), Press(SYSTEM))


def form(page: str, do: str) -> dict[str, str]:
    """What the form with that button sends."""
    own = next(one for one in re.findall(r"<form.*?</form>", page, re.DOTALL) if f'value="{do}"' in one)
    return dict(re.findall(r'name="(request_id|entry|part)" value="([^"]*)"', own)) | {"do": do}


def events(installation, kind) -> list[Event]:
    return [record.event for record, _ in installation.ledger.records() if isinstance(record.event, kind)]


def test_without_a_connection_it_says_what_to_do(browser, installation, monkeypatch) -> None:
    monkeypatch.setattr(installation, "config", changed(installation.config, announce={"url": ""}))
    page = browser("noc").get("/connections").text
    assert "Nobody elsewhere is told" in page and "stage4 announce test" in page


def test_one_that_was_sent_nothing_is_no_pass(browser) -> None:
    page = browser("noc").get("/connections").text
    assert "was sent nothing yet" in page and "took all" not in page


def test_what_waits_is_told_there_and_above_every_page(browser, installation) -> None:
    saw(installation, MessageFailed(**ABOUT, reason="it does not answer"))
    client = browser("auditor")
    for address in ("/connections", "/", "/audit"):
        page = re.sub(r"<wbr>", "", client.get(address).text)
        assert "the message about entry 1 waits: it does not answer" in page, address
    page = client.get("/connections?again").text
    assert "takes nothing" in page and 'name="do"' not in page, "an auditor changes nothing"


def test_a_person_has_it_sent_again_and_one_press_is_one(browser, installation) -> None:
    saw(installation, MessageFailed(**ABOUT, reason="it does not answer"))
    client = browser("l2_ops")
    sent = form(client.get("/connections").text, "retry")
    assert [client.post("/connections/announce", data=sent).status_code for _ in range(2)] == [303, 303]
    (asked,) = events(installation, MessageRetryAsked)
    assert (asked.connection, asked.entry) == ("announce", 1)


def test_a_person_gives_up_with_a_reason_and_not_without(browser, installation) -> None:
    saw(installation, MessageRefused(**ABOUT, reason="no such ticket", part="comment"))
    client = browser("incident_manager")
    sent = form(client.get("/connections").text, "give-up")
    answer = client.post("/connections/announce", data=sent | {"reason": " "})
    assert (
        400 <= answer.status_code < 500 and not events(installation, MessageGivenUp) and 'role="alert"' in answer.text
    )
    assert client.post("/connections/announce", data=sent | {"reason": "it was deleted"}).status_code == 303
    (given_up,) = events(installation, MessageGivenUp)
    assert (given_up.part, given_up.reason) == ("comment", "it was deleted")
    assert "refused" not in client.get("/connections").text.partition("<main")[2]


def test_who_only_reads_cannot(browser, installation) -> None:
    saw(installation, MessageFailed(**ABOUT, reason="down"))
    sent = {"request_id": "0" * 32, "entry": "1", "part": "", "do": "retry"}
    answer = browser("auditor").post("/connections/announce", data=sent)
    assert 400 <= answer.status_code < 500 and not events(installation, MessageRetryAsked)


@pytest.mark.parametrize(
    "sent", [{"entry": "x"}, {"entry": "-1"}, {"entry": "9" * 30}, {"part": PAYLOAD}, {"do": "all"}]
)
def test_what_no_form_of_ours_sends_does_nothing(browser, installation, sent) -> None:
    saw(installation, MessageFailed(**ABOUT, reason="down"))
    given = {"request_id": "0" * 32, "entry": "1", "part": "", "do": "retry"} | sent
    answer = browser("l2_ops").post("/connections/announce", data=given)
    assert 400 <= answer.status_code < 500 and PAYLOAD not in answer.text
    assert "see: stage4 connections" not in answer.text, "that is this page"
    assert not events(installation, MessageRetryAsked)


def test_hostile_words_of_the_other_side_are_text(browser, installation) -> None:
    saw(installation, MessageRefused(**ABOUT, reason=PAYLOAD, part=PAYLOAD))
    page = browser("noc").get("/connections").text
    assert PAYLOAD not in page and "&lt;" in page


@pytest.mark.parametrize(
    ("link", "leads"), [("https://jira.example.net/browse/INC-1", True), ("javascript:alert(1)", False), ("", False)]
)
def test_the_audit_lists_which_heads_went_where(browser, installation, link, leads) -> None:
    assert "no connection has taken a message" in browser("auditor").get("/audit").text
    for _ in range(2):
        saw(installation, MessageSent(**ABOUT, message_sha384="sha384:" + "0" * 96, head=HEAD, link=link))
    page = browser("auditor").get("/audit?again").text
    table = page[page.index("Which heads went where") :]
    assert HEAD in table and "announce" in table and "2, the first by entry" in table and "--heads-from" in table
    assert (f'href="{link}"' in page) is leads
