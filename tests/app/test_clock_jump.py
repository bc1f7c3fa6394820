"""A clock that jumped into the future once: people see the wall time, and the clock is not blamed for it."""

from __future__ import annotations

from datetime import timedelta
from email.utils import format_datetime

import pytest

from ledger.app.doctor import machine as doctor_machine
from ledger.app.doctor.check import Check
from ledger.app.doctor.examine import examine
from ledger.app.installation import Installation
from ledger.app.press import Press
from ledger.app.reading.metrics import facts
from ledger.app.reading.queries import entry_json, shown_time, state_at
from ledger.app.reading.status import status_json
from ledger.app.reading.timeline import Timeline
from ledger.domain.command import SYSTEM
from ledger.store.values import Filter
from tests.adapters.neighbours import odd

from .builders import Clock, actor, note, opening
from .settings import changed


@pytest.fixture
def jumped(installation: Installation, clock: Clock) -> Installation:
    """One entry by a clock that was ten years ahead, then one by a clock that is right."""
    clock.move(days=3650)
    installation.submit(note(1), Press(SYSTEM))
    clock.move(days=-3650, seconds=60)
    installation.submit(opening(installation), Press(actor("incident_manager")))
    return installation


def text(moment) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}"


def test_an_entry_shows_when_it_was_made_and_says_what_stands_in_it(jumped: Installation, clock: Clock) -> None:
    ahead, after = (entry_json(*one) for one in list(jumped.ledger.records())[-2:])
    stamped = clock.now + timedelta(days=3650, seconds=-60)
    assert shown_time(ahead) == (text(stamped), "")
    assert shown_time(after) == (text(clock.now), text(stamped))
    assert after["timestamp"] == ahead["timestamp"]


def test_a_difference_that_nobody_sees_is_not_told(installation: Installation, clock: Clock) -> None:
    clock.now = (clock.now + timedelta(seconds=9)).replace(microsecond=900_000)
    installation.submit(note(1), Press(SYSTEM))
    clock.move(microseconds=-500)
    installation.submit(note(2), Press(SYSTEM))
    last = entry_json(*list(installation.ledger.records())[-1])
    assert last["wall_time"] and shown_time(last)[1] == ""


def test_the_age_of_the_last_entry_is_counted_by_the_wall_clock(jumped: Installation, clock: Clock) -> None:
    clock.move(seconds=90)
    page = status_json(jumped)
    assert page["last_entry_age_seconds"] == 90
    assert page["last_entry_at"] < page["last_entry_stamped"]
    gauges = {name: value for name, _, value in facts(jumped.state)}
    assert gauges["head_timestamp_seconds"] == pytest.approx(clock.now.timestamp() - 90)


def test_the_timeline_is_searched_by_the_time_that_it_shows(jumped: Installation, clock: Clock) -> None:
    kept = Timeline(jumped)
    kept.catch_up()
    since, until = clock.now - timedelta(seconds=5), clock.now + timedelta(seconds=5)
    shown = Filter(since=since.isoformat(timespec="microseconds"), until=until.isoformat(timespec="microseconds"))
    assert [row.status for row in kept.store.page(shown, None, 9, newest_first=True)] == ["rollback_opened"]


def test_what_was_true_at_a_moment_goes_by_when_entries_were_made(jumped: Installation, clock: Clock) -> None:
    assert state_at(jumped, clock.now).open
    assert not state_at(jumped, clock.now - timedelta(seconds=5)).open


def check(installation: Installation) -> Check:
    (found,) = doctor_machine.clock(installation)
    return found


def test_without_another_clock_to_ask_both_possibilities_are_named(jumped: Installation, clock: Clock) -> None:
    found, entry = check(jumped), jumped.state.sequence - 1
    assert found.state == "problem"
    assert found.found == (
        f"it is {text(clock.now)} UTC here, and entry {entry} is stamped {text(jumped.state.timestamp)} UTC"
    )
    assert "either this clock is behind: set it (NTP)" in found.remedy
    assert f"or entry {entry} was stamped by a clock in the future" in found.remedy


@pytest.mark.parametrize(("apart", "state"), [(0, "warning"), (3600, "problem")])
def test_another_machines_clock_says_which_it_is(jumped: Installation, clock: Clock, monkeypatch, apart, state) -> None:
    def answer(handler) -> None:
        handler.send_response(404)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    dates = lambda *_: format_datetime(clock.now + timedelta(seconds=apart), usegmt=True)  # noqa: E731
    monkeypatch.setattr("http.server.BaseHTTPRequestHandler.date_time_string", dates)
    with odd(answer) as server:
        jumped.config = changed(jumped.config, prometheus={"url": server.url})
        assert check(jumped).state == "problem", "a server on this machine has this machine's clock"
        monkeypatch.setattr(doctor_machine, "is_this_machine", lambda url: False)
        found = check(jumped)
    assert found.state == state
    assert ("agrees with" if apart == 0 else "differs from") + " prometheus at 127.0.0.1" in found.found
    assert found.remedy == "set this clock (NTP)" if apart else found.remedy.startswith("nothing: later entries carry")


def test_a_clock_that_is_right_is_not_mentioned(installation: Installation) -> None:
    assert list(doctor_machine.clock(installation)) == []
    assert "clock" not in {one.name for one in examine(installation.home.root)}
