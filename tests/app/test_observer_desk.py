"""What the observer says and when: flapping summarised, warnings ahead of ends, gaps, heartbeat."""

from __future__ import annotations

import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ledger.app.installation import Installation
from ledger.app.observer import Observer
from ledger.app.observer.coverage import Coverage
from ledger.app.observer.desk import FLAPS, Desk
from ledger.app.observer.warnings import Warnings
from ledger.domain.observing.events import FlappingObserved, Heartbeat, ObservationGap, WarningGiven
from ledger.errors import Unreachable
from ledger.files import locked, make_folder

from .builders import INC, Clock, ask, opening, records, statuses


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


def test_one_observer_at_a_time(installation: Installation) -> None:
    make_folder(installation.home.locks)
    with locked(installation.home.locks / "observer.lock"), pytest.raises(Unreachable):
        Observer(installation).run(threading.Event())
    assert "observer_started" not in statuses(installation)
