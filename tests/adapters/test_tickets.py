"""A ticket as Jira or ServiceNow shows it."""

from __future__ import annotations

import json

import pytest

from ledger.adapters.tickets import seen
from ledger.errors import Refused, Unreachable

from .neighbours import WRONG, now, odd, quick, says

JIRA = {"key": "INC-2042", "fields": {"status": {"name": "In Progress"}}}
PAGES = [
    JIRA,
    {"result": {"state": "In Progress"}},
    {"result": [{"state": "In Progress"}]},
    {"result": {"state": {"value": "2", "display_value": "In Progress"}}},
]


@pytest.mark.parametrize("page", PAGES)
def test_the_status_is_read_from_jira_and_servicenow(page: object) -> None:
    with odd(says(page)) as server:
        ticket = seen(quick(server.url), server.url + "/issue/{ticket}", "INC-2042", now)
    assert ticket is not None
    assert (ticket.status, ticket.ticket, ticket.source) == ("In Progress", "INC-2042", server.url + "/issue/INC-2042")
    assert json.loads(ticket.body) == page


def test_without_a_ticket_system_there_is_only_the_claim() -> None:
    assert seen(None, "", "INC-2042", now) is None
    assert seen(quick("http://127.0.0.1:1"), "", "INC-2042", now) is None


def test_a_ticket_id_cannot_leave_its_place_in_the_address() -> None:
    with odd(says(JIRA)) as server:
        seen(quick(server.url), server.url + "/issue/{ticket}?f=1", "../a?b#c/ł", now)
    assert server.seen[0][1] == "/issue/..%2Fa%3Fb%23c%2F%C5%82?f=1"


def test_an_unknown_ticket_is_refused() -> None:
    with odd(lambda handler: handler.say(404, b"{}")) as server, pytest.raises(Refused, match="knows no ticket INC-9"):
        seen(quick(server.url), server.url + "/{ticket}", "INC-9", now)


@pytest.mark.parametrize("how", sorted(set(WRONG) - {"hang", "drip", "headers", "bomb"}))
def test_a_wrong_answer_is_unreachable(how: str) -> None:
    with odd(WRONG[how]) as server, pytest.raises(Unreachable, match="the ticket system"):
        seen(quick(server.url), server.url + "/{ticket}", "INC-1", now)


def test_an_address_without_a_place_for_the_ticket_is_refused() -> None:
    with pytest.raises(Refused, match="no {ticket} in it"):
        seen(quick("http://127.0.0.1:1"), "http://127.0.0.1:1/", "INC-1", now)
