"""The scheduler's status page, and why it is unknown where it is."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from ledger.adapters.http import Server
from ledger.adapters.scheduler import Shape, read_status
from ledger.domain.facts import SchedulerSeen

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


def _read(change: dict[str, object]) -> SchedulerSeen:
    """What JSON can spell: a lone surrogate too."""
    body = json.dumps({**PAGE, **change}).encode()
    with odd(lambda handler: handler.say(200, body)) as server:
        seen = read_status(quick(server.url), now)
    assert seen.answer == body, "the bytes are kept as they came"
    return seen


def test_a_lone_surrogate_in_a_warning_is_named_and_the_status_counts() -> None:
    seen = _read({"warnings": ["a\ud800b"]})
    assert (seen.status, seen.warnings) == ("disabled", ("a[U+D800]b",))
    assert seen.warnings[0].encode()
    assert seen.notes


def test_escape_codes_and_line_ends_never_reach_a_log() -> None:
    [warning] = _read({"warnings": ["a\0\x1b[31m\nenabled\u202e\x9b"]}).warnings
    assert warning == "a[U+0000][U+001B][31m enabled[U+202E][U+009B]"
    assert warning.isprintable()


@pytest.mark.parametrize("cycle", [10**30, -(2**53), 2**53, 1e300])
def test_a_cycle_beyond_what_json_keeps_is_left_out_and_said(cycle: float) -> None:
    seen = _read({"cycle": cycle})
    assert (seen.status, seen.cycle) == ("disabled", None)
    assert "2^53" in seen.notes[0]


def test_a_cycle_of_five_thousand_digits_is_left_out_too() -> None:
    body = json.dumps({**PAGE, "cycle": 1}).replace('"cycle": 1', '"cycle": ' + "9" * 5000).encode()
    with odd(lambda handler: handler.say(200, body)) as server:
        seen = read_status(quick(server.url), now)
    assert (seen.status, seen.cycle) == ("disabled", None)


def test_the_largest_cycle_is_taken() -> None:
    assert _read({"cycle": 2**53 - 1}).cycle == 2**53 - 1


def test_many_and_long_warnings_fit_twice_into_an_entry() -> None:
    """Once as they are and once inside a verdict's reason."""
    seen = _read({"warnings": ["ż" * 20_000] * 50})
    assert len(seen.warnings) == 20
    assert 2 * sum(len(json.dumps(one, ensure_ascii=False).encode()) for one in seen.warnings) < 32_768
    assert any("50 warnings" in note for note in seen.notes)


def test_what_is_fit_is_taken_word_for_word() -> None:
    seen = _read({"warnings": ["zażółć  \xa0 „gęślą” \u200djaźń"]})
    assert seen.warnings == ("zażółć  \xa0 „gęślą” \u200djaźń",)
    assert seen.notes == ()


OTHER = {"data": {"jobs": [{"state": "HALTED", "at": "2026-11-23T05:27:01Z", "loops": 7, "problems": []}]}}
"""A page as another scheduler may have it."""
SHAPE = Shape(
    "data.jobs.0.state", ("RUNNING", "IDLE"), ("HALTED",), "data.jobs.0.at", "data.jobs.0.loops", "data.jobs.0.problems"
)


def _by(shape: Shape, page: object) -> SchedulerSeen:
    with odd(says(page)) as server:
        return read_status(quick(server.url), now, shape)


@pytest.mark.parametrize(("word", "status"), [("HALTED", "disabled"), ("RUNNING", "enabled"), ("IDLE", "enabled")])
def test_a_page_of_another_shape_is_read_by_its_paths_and_words(word: str, status: str) -> None:
    seen = _by(SHAPE, json.loads(json.dumps(OTHER).replace("HALTED", word)))
    assert (seen.status, seen.cycle, seen.warnings, seen.notes) == (status, 7, (), ())
    assert seen.since == datetime(2026, 11, 23, 5, 27, 1, tzinfo=UTC)


@pytest.mark.parametrize("word", ["halted", "HALTED ", "disabled", "enabled", ""])
def test_a_word_that_nobody_named_is_neither_state(word: str) -> None:
    seen = _by(SHAPE, json.loads(json.dumps(OTHER).replace("HALTED", word)))
    assert (
        seen.status == "unknown"
        and "data.jobs.0.state is none of the words that it may be: RUNNING, IDLE, HALTED" in seen.error
    )


@pytest.mark.parametrize("path", ["data.jobs.1.state", "data.jobs.-1.state", "data.jobs.state", "data", "x.y"])
def test_a_path_that_leads_nowhere_is_unknown_and_named(path: str) -> None:
    seen = _by(SHAPE._replace(status=path), OTHER)
    assert seen.status == "unknown" and "another shape" in seen.error
    assert path == "data" or f"no '{path}'" in seen.error


@pytest.mark.parametrize(("value", "status"), [(True, "disabled"), (False, "enabled")])
def test_true_and_false_are_words(value: bool, status: str) -> None:
    shape = Shape("halted", ("false",), ("true",), since="", cycle="", warnings="")
    assert _by(shape, {"halted": value}).status == status


def test_what_a_page_does_not_tell_is_not_known() -> None:
    seen = _by(Shape(since="", cycle="", warnings=""), {"status": "enabled"})
    assert (seen.status, seen.since, seen.cycle, seen.warnings) == ("enabled", None, None, ())
    assert seen.notes == ("its page tells no warnings, so whether it has any is not known",)
