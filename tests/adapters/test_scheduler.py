"""The scheduler's status page, and why it is unknown where it is."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from ledger.adapters.http import Server
from ledger.adapters.scheduler import read_status

from .neighbours import WRONG, free_port, now, odd, quick, says

PAGE = {"status": "disabled", "since": "2026-11-23T05:27:01.5+01:00", "cycle": 7, "warnings": ["slow"]}


def test_a_status_page_is_read_whole() -> None:
    with odd(says(PAGE)) as server:
        seen = read_status(quick(server.url + "/status"), now)
    assert (seen.status, seen.cycle, seen.warnings, seen.error) == ("disabled", 7, ("slow",), "")
    assert seen.since == datetime(2026, 11, 23, 4, 27, 1, 500_000, UTC)
    assert seen.source == server.url + "/status"


@pytest.mark.parametrize("how", sorted(WRONG))
def test_a_wrong_answer_is_unknown_and_says_why(how: str) -> None:
    with odd(WRONG[how]) as server:
        seen = read_status(quick(server.url), now)
    assert seen.status == "unknown"
    assert "check" in seen.error


@pytest.mark.parametrize(
    "change",
    [
        {"status": "Disabled"},
        {"status": None},
        {"since": "2026-11-23T05:27:01"},
        {"since": "yesterday"},
        {"cycle": "7"},
        {"cycle": True},
        {"cycle": 7.0},
        {"warnings": "none"},
        {"warnings": [1]},
    ],
)
def test_a_page_of_another_shape_is_unknown(change: dict[str, object]) -> None:
    with odd(lambda handler: handler.say(200, json.dumps({**PAGE, **change}).encode())) as server:
        seen = read_status(quick(server.url), now)
    assert seen.status == "unknown"
    assert "another shape" in seen.error


def test_a_missing_field_is_unknown() -> None:
    for name in PAGE:
        with odd(says({key: value for key, value in PAGE.items() if key != name})) as server:
            assert f"no '{name}'" in read_status(quick(server.url), now).error


def test_nobody_there_is_unknown_and_shows_no_password() -> None:
    seen = read_status(Server(f"http://u:hunter2@127.0.0.1:{free_port()}/status"), now)
    assert seen.status == "unknown"
    assert "hunter2" not in seen.error + seen.source
