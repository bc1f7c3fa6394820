"""The arithmetic of an observation window, without a server."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from ledger.domain.facts import Series
from ledger.domain.watching.history import (
    MOST_POINTS,
    Grid,
    RuleGroup,
    episodes,
    evaluated_times,
    failures,
    gaps,
    grid,
    interval,
    present,
    up_times,
)

START = datetime(2026, 11, 23, 5, 27, 0, 300_000, UTC)
ZERO = datetime(1970, 1, 1, tzinfo=UTC)
WINDOW = Grid(0, 60, 10)


def _at(seconds: float) -> datetime:
    return ZERO + timedelta(seconds=seconds)


def _alerts(state: str, *times: int, name: str = "A") -> Series:
    return Series((("__name__", "ALERTS"), ("alertname", name), ("alertstate", state)), tuple((t, 1.0) for t in times))


def _since(*points: tuple[int, float], name: str = "A") -> Series:
    return Series((("__name__", "ALERTS_FOR_STATE"), ("alertname", name)), points)


def _ages(group: str, *points: tuple[int, float], of: str = "a:9090") -> Series:
    return Series((("instance", of), ("rule_group", group)), points)


def _up(*points: tuple[int, float], of: str = "a:9090") -> Series:
    return Series((("__name__", "up"), ("instance", of), ("job", "prometheus")), points)


THERE = {"a:9090": frozenset({0, 10, 20, 30, 40, 50, 60})}
PAIR = {**THERE, "b:9090": THERE["a:9090"]}
STAGE4 = RuleGroup("f;stage4", 15, ())


def test_both_ends_of_a_window_are_samples() -> None:
    made = grid(START, START + timedelta(minutes=15), 15)
    assert len(made.times()) == 61
    assert made.last >= (START + timedelta(minutes=15)).timestamp()


@given(st.floats(0, 2e9), st.floats(0, 90_000), st.integers(1, 600))
def test_the_samples_stand_for_the_whole_window_and_are_multiples_of_the_step(
    first: float, seconds: float, step: int
) -> None:
    """Each sample stands for the step before it; what aligns a question to the step changes nothing then."""
    start, end = _at(first), _at(first + seconds)
    made = grid(start, end, step)
    assert made.first % made.step == made.last % made.step == 0
    assert made.first - made.step < start.timestamp() or made.first == made.last
    assert made.last >= end.timestamp()
    assert made.first >= start.timestamp()
    assert len(made.times()) <= MOST_POINTS


def test_a_window_that_is_no_multiple_of_the_step_is_covered_to_its_end() -> None:
    assert list(grid(_at(0), _at(65), 15).times()) == [0, 15, 30, 45, 60, 75]


def test_a_long_window_never_asks_for_more_points_than_prometheus_gives() -> None:
    for days in (1, 7, 365):
        assert len(grid(START, START + timedelta(days=days), 1).times()) <= MOST_POINTS < 11_000


def test_an_empty_window_has_one_sample() -> None:
    assert len(grid(START, START, 15).times()) <= 2
    assert list(grid(_at(5), _at(5), 15).times()) == [15]


def test_a_window_without_holes_has_no_gap() -> None:
    assert gaps(set(WINDOW.times()), WINDOW) == ()


def test_a_gap_reaches_from_the_last_good_sample_to_the_next() -> None:
    assert gaps({0, 10, 40, 50, 60}, WINDOW) == ((_at(10), _at(40)),)


def test_gaps_at_both_ends_and_between_are_told_apart() -> None:
    assert gaps({20, 40}, WINDOW) == ((_at(0), _at(20)), (_at(20), _at(40)), (_at(40), _at(60)))


def test_nothing_good_is_one_gap_over_the_whole_window() -> None:
    assert gaps((), WINDOW) == ((_at(0), _at(60)),)


def test_prometheus_is_up_only_where_every_series_that_is_there_is_one() -> None:
    assert up_times([_up((0, 1.0), (10, 0.0))]) == {0}
    assert up_times([_up((0, 1.0), (10, 1.0)), _up((10, 0.0), (20, 1.0), of="b:9090")]) == {0, 20}
    assert up_times([]) == set()


def test_a_server_is_there_where_it_was_to_be_scraped() -> None:
    there = present([_up((0, 1.0), (10, 0.0)), _up((10, 1.0), of="b:9090")])
    assert there == {"a:9090": {0, 10}, "b:9090": {10}}


def test_how_often_it_is_scraped_is_read_off_the_samples() -> None:
    assert interval([_up((0, 1), (15, 1), (30, 1), (300, 1), (315, 1))]) == 15, "a hole is no interval"
    assert interval([_up((0, 1), (1, 1)), _up((0, 1), (30, 1), of="b:9090")]) == 30, "the rarest counts"
    assert interval([_up((0, 1))]) == interval([]) == 0


def test_a_sample_counts_as_evaluated_where_every_group_was() -> None:
    groups = [RuleGroup("f;a", 15, ()), RuleGroup("f;b", 15, ())]
    ages = [_ages("f;a", (0, 3), (10, 45), (20, 3)), _ages("f;b", (0, 3), (10, 45), (20, 46))]
    assert evaluated_times(ages, THERE, groups, 15) == {0, 10}


def test_a_group_without_a_series_was_never_evaluated() -> None:
    groups = [RuleGroup("f;a", 15, ()), RuleGroup("f;b", 15, ())]
    assert evaluated_times([_ages("f;a", (0, 3))], THERE, groups, 15) == set()


def test_without_a_group_nothing_was_evaluated() -> None:
    assert evaluated_times([_ages("f;a", (0, 3))], THERE, [], 15) == set()


def test_one_server_of_a_pair_does_not_vouch_for_the_other() -> None:
    whole = tuple((at, 3.0) for at in range(0, 61, 10))
    holed = tuple(point for point in whole if not 20 <= point[0] <= 40)
    ages = [_ages("f;stage4", *holed), _ages("f;stage4", *whole, of="b:9090")]
    assert evaluated_times(ages, PAIR, [STAGE4], 15) == {0, 10, 50, 60}
    assert evaluated_times(ages[::-1], PAIR, [STAGE4], 15) == {0, 10, 50, 60}, "in whatever order they come"
    assert evaluated_times(ages[1:], PAIR, [STAGE4], 15) == set(), "one that shows nothing evaluated nothing"


def test_a_server_that_is_no_more_to_be_scraped_is_asked_for_nothing() -> None:
    there = {"a:9090": frozenset({0, 10}), "b:9090": frozenset({10, 20})}
    ages = [_ages("f;stage4", (0, 3), (10, 3)), _ages("f;stage4", (10, 3), (20, 3), of="b:9090")]
    assert evaluated_times(ages, there, [STAGE4], 15) == {0, 10, 20}


def test_of_two_series_of_one_server_the_older_evaluation_counts() -> None:
    ages = [_ages("f;stage4", (0, 3), (10, 300)), _ages("f;stage4", (0, 300), (10, 3))]
    assert evaluated_times(ages, THERE, [STAGE4], 15) == set()


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
    fell = Series((("rule_group", "f;stage4"),), ((0, 10.0), (10, 3.0)))
    assert "failed 3 evaluations" in failures([fell], [STAGE4])[0], "what it shows after it began anew is growth"
    assert failures([counter], [RuleGroup("f;other", 15, ())]) == ()


def test_failed_evaluations_of_all_servers_are_added_up_in_whatever_order() -> None:
    mine = Series((("instance", "a"), ("rule_group", "f;stage4")), ((0, 0.0), (10, 7.0)))
    other = Series((("instance", "b"), ("rule_group", "f;stage4")), ((0, 0.0), (10, 0.0)))
    for counters in ([mine, other], [other, mine]):
        assert "failed 7 evaluations" in failures(counters, [STAGE4])[0]
