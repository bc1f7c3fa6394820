"""What the observer says and when: flapping summarised, warnings ahead of ends, gaps, heartbeat, the hook."""

from __future__ import annotations

import json
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ledger.adapters.http import ask as ask_really
from ledger.app.installation import Installation
from ledger.app.observer import Observer
from ledger.app.observer.announcing import MOST
from ledger.app.observer.coverage import Coverage
from ledger.app.observer.desk import FLAPS, Desk
from ledger.app.observer.warnings import Warnings
from ledger.domain.observing.events import FlappingObserved, Heartbeat, ObservationGap, WarningGiven
from ledger.errors import Unreachable
from ledger.files import locked, make_folder
from ledger.verify import find_heads
from tests.adapters.neighbours import Handler, odd

from .builders import INC, Clock, ask, opening, records, statuses
from .settings import changed


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def desk(installation: Installation, clock: Clock, said: list[str]) -> Desk:
    return Desk(installation, said.append)


def events(installation: Installation, kind: type) -> list[Any]:
    return [record.event for record in records(installation) if isinstance(record.event, kind)]


def test_a_reading_counts_when_it_was_seen_twice(desk: Desk) -> None:
    assert [desk.twice("x", value, "a") for value in ("b", "c", "c", "a", "c")] == [False, False, True, False, False]


def test_more_than_four_changes_in_a_minute_are_one_entry(desk: Desk, clock: Clock, installation: Installation) -> None:
    damped = [desk.damped("scheduler", f"{number % 2}") for number in range(7)]
    assert damped == [False] * FLAPS + [True] * 3
    desk.settle("scheduler")
    assert events(installation, FlappingObserved) == []
    clock.move(seconds=60)
    desk.settle("scheduler")
    desk.settle("scheduler")
    (event,) = events(installation, FlappingObserved)
    assert (event.source, event.changes, event.now) == ("scheduler", 7, "0")
    assert not desk.damped("scheduler", "1")


def test_an_end_is_told_at_fifteen_five_and_one_minutes_once_each(
    desk: Desk, clock: Clock, installation: Installation
) -> None:
    installation.ledger.submit(ask(installation, "incident_manager", opening(installation, purpose="drill")))
    rollback = installation.rollback(INC)
    ends = clock.now + timedelta(minutes=20)
    held = rollback._replace(silence=rollback.silence._replace(state="active", ends_at=ends))
    warnings, state = Warnings(desk), installation.state._replace(open={INC: held})
    told = []
    for _ in range(21 * 4):
        before = len(events(installation, WarningGiven))
        warnings.look(state)
        if len(events(installation, WarningGiven)) > before:
            told.append((ends - clock.now).total_seconds() / 60)
        clock.move(seconds=15)
    assert told == [15, 5, 1]


def test_a_source_that_was_away_for_more_than_five_seconds_is_a_gap(
    desk: Desk, clock: Clock, installation: Installation, tmp_path: Path, said: list[str]
) -> None:
    coverage = Coverage(desk, tmp_path / "alive")
    for away in (4, 7):
        coverage.missed("prometheus", "it is down")
        clock.move(seconds=away)
        coverage.missed("prometheus", "it is down")
        coverage.had("prometheus")
    (gap,) = events(installation, ObservationGap)
    assert (gap.source, gap.why, gap.gap_end - gap.gap_start) == ("prometheus", "it is down", timedelta(seconds=7))
    assert said.count("it is down") == 2, "once for each gap"


def test_the_time_without_an_observer_is_a_gap(
    desk: Desk, clock: Clock, installation: Installation, tmp_path: Path
) -> None:
    Coverage(desk, tmp_path / "alive").alive()
    clock.move(minutes=3)
    Coverage(desk, tmp_path / "alive").begin()
    (gap,) = events(installation, ObservationGap)
    assert gap.source == "observer" and timedelta(minutes=2, seconds=59) < gap.gap_end - gap.gap_start


def test_a_heartbeat_comes_once_a_day_with_the_coverage(
    desk: Desk, clock: Clock, installation: Installation, tmp_path: Path
) -> None:
    coverage = Coverage(desk, tmp_path / "alive")
    coverage.had("scheduler")
    coverage.missed("scheduler", "down")
    coverage.beat()
    clock.move(days=1)
    coverage.beat()
    coverage.beat()
    (beat,) = events(installation, Heartbeat)
    assert beat.coverage == ("scheduler 1/2",)


def test_every_warning_goes_to_the_announcement_command(
    desk: Desk, installation: Installation, tmp_path: Path, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "told.json"
    event = WarningGiven(warning="silence_expiry", text="near")
    for command in (f"tee {out}", "false"):
        settings = changed(installation.config, announce={"command": command})
        monkeypatch.setattr(installation, "config", settings)
        desk.warn(event, "the silence ends", "")
        desk.announcing.join(10)
    told = json.loads(out.read_text())
    text, _, line = told.pop("text").partition("\n")
    assert told == {"kind": "warning_given", "rollback": "", "stage": "stage4"} and text == "the silence ends"
    (head,) = find_heads(line.encode())
    sizes = [size for size, _ in installation.ledger.log.newest_checkpoints(2)]  # the second warning came after it
    assert (head.origin, head.size) == (installation.ledger.origin, sizes[1])
    assert "status 1" in said[-1] and len(events(installation, WarningGiven)) == 2, "a hook that fails stops nothing"


def test_a_hook_that_hangs_holds_up_nobody(
    desk: Desk, installation: Installation, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    here, go_on = threading.Event(), threading.Event()
    heard: list[str] = []

    def answer(handler: Handler) -> None:
        heard.append(json.loads(handler.body)["text"].partition("\n")[0])
        here.set()
        go_on.wait(30)
        handler.say(200)

    with odd(answer) as server:
        monkeypatch.setattr(installation, "config", changed(installation.config, announce={"url": server.url}))
        desk.warn(WarningGiven(warning="silence_expiry", text="near"), "first")
        assert here.wait(10)
        for number in range(MOST + 5):  # the hook still has the first one
            desk.announcing.put(installation.config, {"kind": "x", "rollback": "", "stage": "", "text": str(number)})
        assert heard == ["first"] and len(events(installation, WarningGiven)) == 1
        go_on.set()
        desk.announcing.join(30)
    assert heard == ["first", *map(str, range(5, MOST + 5))], "the oldest were left out"
    assert "5 warnings were not announced, as the announcement hook is too slow for them" in said


def test_a_hook_that_has_just_failed_is_given_a_second(
    desk: Desk, installation: Installation, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(handler: Handler) -> None:
        handler.say(500)

    patience: list[float] = []
    monkeypatch.setattr(
        "ledger.adapters.announce.ask",
        lambda server, *given, **named: patience.append(server.read_timeout) or ask_really(server, *given, **named),
    )
    with odd(refuse) as server:
        monkeypatch.setattr(installation, "config", changed(installation.config, announce={"url": server.url}))
        for _ in range(2):
            desk.warn(WarningGiven(warning="silence_expiry", text="near"), "near")
            desk.announcing.join(10)
    assert patience == [3.0, 1.0]
    assert sum("answered 500" in one for one in said) == 2


def test_one_observer_at_a_time(installation: Installation) -> None:
    make_folder(installation.home.locks)
    with locked(installation.home.locks / "observer.lock"), pytest.raises(Unreachable):
        Observer(installation).run(threading.Event())
    assert "observer_started" not in statuses(installation)
