"""The arithmetic of an observation window, without a server."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from ledger.adapters.watch import (
    MOST_POINTS,
    Grid,
    RuleGroup,
    episodes,
    evaluated_times,
    failures,
    gaps,
    grid,
    up_times,
)
from ledger.domain.facts import Series

START = datetime(2026, 11, 23, 5, 27, 0, 300_000, UTC)
ZERO = datetime(1970, 1, 1, tzinfo=UTC)
WINDOW = Grid(0, 60, 10)


def _at(seconds: float) -> datetime:
    return ZERO + timedelta(seconds=seconds)


def _alerts(state: str, *times: int, name: str = "A") -> Series:
    return Series((("__name__", "ALERTS"), ("alertname", name), ("alertstate", state)), tuple((t, 1.0) for t in times))


def _since(*points: tuple[int, float], name: str = "A") -> Series:
    return Series((("__name__", "ALERTS_FOR_STATE"), ("alertname", name)), points)


def _ages(group: str, *points: tuple[int, float]) -> Series:
    return Series((("rule_group", group),), points)


def test_both_ends_of_a_window_are_samples() -> None:
    made = grid(START, START + timedelta(minutes=15), 15)
    assert len(made.times()) == 61
    assert made.last >= (START + timedelta(minutes=15)).timestamp()


def test_a_window_that_is_no_multiple_of_the_step_keeps_its_end() -> None:
    made = grid(_at(0), _at(65), 15)
    assert list(made.times()) == [5, 20, 35, 50, 65]


def test_a_long_window_never_asks_for_more_points_than_prometheus_gives() -> None:
    for days in (1, 7, 365):
        assert len(grid(START, START + timedelta(days=days), 1).times()) <= MOST_POINTS < 11_000


def test_an_empty_window_has_one_sample() -> None:
    assert len(grid(START, START, 15).times()) <= 2
    assert list(grid(_at(5), _at(5), 15).times()) == [5]


def test_a_window_without_holes_has_no_gap() -> None:
    assert gaps(set(WINDOW.times()), WINDOW) == ()


def test_a_gap_reaches_from_the_last_good_sample_to_the_next() -> None:
    assert gaps({0, 10, 40, 50, 60}, WINDOW) == ((_at(10), _at(40)),)


def test_gaps_at_both_ends_and_between_are_told_apart() -> None:
    assert gaps({20, 40}, WINDOW) == ((_at(0), _at(20)), (_at(20), _at(40)), (_at(40), _at(60)))


def test_nothing_good_is_one_gap_over_the_whole_window() -> None:
    assert gaps((), WINDOW) == ((_at(0), _at(60)),)


def test_prometheus_is_up_only_where_up_is_one() -> None:
    assert up_times([Series((), ((0, 1.0), (10, 0.0))), Series((), ((10, 0.0), (20, 1.0)))]) == {0, 20}


def test_a_sample_counts_as_evaluated_where_every_group_was() -> None:
    groups = [RuleGroup("f;a", 15, ()), RuleGroup("f;b", 15, ())]
    ages = [_ages("f;a", (0, 3), (10, 45), (20, 3)), _ages("f;b", (0, 3), (10, 45), (20, 46))]
    assert evaluated_times(ages, groups, 15) == {0, 10}


def test_a_group_without_a_series_was_never_evaluated() -> None:
    assert evaluated_times([_ages("f;a", (0, 3))], [RuleGroup("f;a", 15, ()), RuleGroup("f;b", 15, ())], 15) == set()


def test_without_a_group_nothing_was_evaluated() -> None:
    assert evaluated_times([_ages("f;a", (0, 3))], [], 15) == set()


def test_an_alert_that_came_back_is_two_episodes() -> None:
    found = episodes(
        [_alerts("firing", 0, 10, 40, 50)], [_since((0, -5), (10, -5), (40, 33), (50, 33))], _at(0), _at(60)
    )
    assert [(one.active_at, one.first_seen, one.last_seen) for one in found] == [
        (_at(-5), _at(0), _at(10)),
        (_at(33), _at(40), _at(50)),
    ]


def test_an_alert_that_was_only_pending_did_not_fire() -> None:
    [one] = episodes([_alerts("pending", 0, 10)], [_since((0, -5), (10, -5))], _at(0), _at(60))
    assert not one.fired


def test_pending_that_became_firing_is_one_episode() -> None:
    series = [_alerts("pending", 0, 10), _alerts("firing", 10, 20)]
    [one] = episodes(series, [_since((0, -5), (10, -5), (20, -5))], _at(0), _at(60))
    assert one.fired
    assert (one.first_seen, one.last_seen) == (_at(0), _at(20))


def test_without_its_start_an_alert_began_when_first_seen() -> None:
    [one] = episodes([_alerts("firing", 10, 20)], [], _at(0), _at(60))
    assert one.active_at == _at(10)


def test_an_episode_lies_inside_its_window() -> None:
    [one] = episodes([_alerts("firing", 10, 60)], [_since((10, -5), (60, -5))], _at(0.4), _at(59.5))
    assert (one.first_seen, one.last_seen) == (_at(10), _at(59.5))


def test_an_alert_that_ended_before_the_window_is_not_in_it() -> None:
    assert episodes([_alerts("firing", 0)], [_since((0, -5))], _at(0.4), _at(59.5)) == ()


def test_failed_evaluations_are_counted_across_a_restart() -> None:
    counter = Series((("rule_group", "f;stage4"),), ((0, 5.0), (10, 7.0), (20, 0.0), (30, 1.0)))
    assert failures([counter], [RuleGroup("f;stage4", 15, ())]) == (
        "the rule group stage4 failed 3 evaluations in the window: see Prometheus' log",
    )
    assert failures([counter], [RuleGroup("f;other", 15, ())]) == ()
