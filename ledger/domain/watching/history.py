"""Reading an observation window off Prometheus' history: pure functions over its answers, no clock and no network.

All samples lie on one grid of multiples of the step, as VictoriaMetrics and the front ends of Thanos and Mimir align
theirs: so a question means the same everywhere. Queries look back over one step (``last_over_time``) rather than
Prometheus' usual five minutes: so nothing between two samples is missed, and a dead Prometheus leaves a hole.
"""

from __future__ import annotations

import math
import statistics
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from ledger.domain.facts import AlertEpisode, RuleSeen, Series
from ledger.domain.moments import unix
from ledger.said import Said

MOST_POINTS = 10_000
"""Prometheus refuses a query of more than 11,000 points."""
_MISSED_INTERVALS = 3

Labels = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Grid:
    """Sample times in whole unix seconds, every ``step`` from ``first`` to ``last``, both included."""

    first: int
    last: int
    step: int

    def times(self) -> range:
        """All sample times."""
        return range(self.first, self.last + 1, self.step)


@dataclass(frozen=True, slots=True)
class RuleGroup:
    """A rule group: its name in Prometheus' metrics (``file;name``), seconds between evaluations, alerting rules."""

    key: str
    interval: float
    rules: tuple[RuleSeen, ...]


def grid(start: datetime, end: datetime, step_seconds: int) -> Grid:
    """The grid of a window; where it would have over ``MOST_POINTS`` samples the step grows.

    Each sample stands for the step before it. So the first one is the first multiple at or after ``start``, the last
    one the first at or after ``end``: together they stand for the whole window.
    """
    span = max(0.0, end.timestamp() - start.timestamp())
    step = max(1, step_seconds, math.ceil(span / (MOST_POINTS - 2)))
    first, last = (math.ceil(moment.timestamp() / step) * step for moment in (start, end))
    return Grid(min(first, last), last, step)


def instance(series: Series) -> str:
    """Which server a series is about."""
    return dict(series.labels).get("instance", "")


def present(series: Iterable[Series]) -> dict[str, frozenset[int]]:
    """Sample times at which each instance has a series at all: it was to be scraped then."""
    by_instance: dict[str, set[int]] = defaultdict(set)
    for timeseries in series:
        by_instance[instance(timeseries)].update(round(at) for at, _ in timeseries.points)
    return {name: frozenset(times) for name, times in by_instance.items()}


def up_times(series: Iterable[Series]) -> frozenset[int]:
    """Sample times at which every series that is there is 1 or more: the worst one counts."""
    seen: set[int] = set()
    down: set[int] = set()
    for timeseries in series:
        seen.update(round(at) for at, _ in timeseries.points)
        down.update(round(at) for at, value in timeseries.points if value < 1)
    return frozenset(seen - down)


def evaluated_times(
    ages: Iterable[Series],
    there: Mapping[str, frozenset[int]],
    groups: Sequence[RuleGroup],
    scrape_seconds: float,
) -> frozenset[int]:
    """Sample times at which every server that is there had evaluated each group within its last three intervals.

    ``ages`` are the seconds since the last evaluation, one series for an instance and a ``rule_group``; of several the
    oldest counts. ``there`` says when each instance was to be scraped: where it shows no evaluation then, it had none.
    None are evaluated where there is no group. Where Prometheus scrapes itself more rarely than it evaluates, it is the
    scrape's interval that counts.
    """
    oldest: dict[tuple[str, str], dict[int, float]] = defaultdict(dict)
    for series in ages:
        seen = oldest[instance(series), dict(series.labels).get("rule_group", "")]
        for at, age in series.points:
            seen[round(at)] = max(age, seen.get(round(at), age))

    def fresh(at: int) -> bool:
        here = [name for name, times in there.items() if at in times]
        known = (
            oldest[name, group.key].get(at, math.inf) <= _limit(group, scrape_seconds)
            for name in here
            for group in groups
        )
        return bool(here) and all(known)

    return frozenset(at for at in frozenset().union(*there.values()) if fresh(at)) if groups else frozenset()


def interval(series: Iterable[Series]) -> float:
    """Seconds between two samples of the series that is scraped most rarely, by the median; 0 where there are none."""
    usual = [
        statistics.median(later - earlier for (earlier, _), (later, _) in pairwise(sorted(timeseries.points)))
        for timeseries in series
        if len(timeseries.points) > 1
    ]
    return round(max(usual, default=0.0), 1)


def _limit(group: RuleGroup, scrape_seconds: float) -> float:
    return _MISSED_INTERVALS * max(group.interval, scrape_seconds)


def gaps(good: Collection[int], window: Grid) -> tuple[tuple[datetime, datetime], ...]:
    """Stretches without good samples, from the last good sample before to the first after (or the window's ends)."""
    stretches: list[tuple[int, int]] = []
    before, missing = window.first, False
    for at in window.times():
        if at in good:
            if missing:
                stretches.append((before, at))
            before, missing = at, False
        else:
            missing = True
    if missing:
        stretches.append((before, window.last))
    return tuple((unix(first), unix(last)) for first, last in stretches)


def episodes(
    alerts: Iterable[Series], since: Iterable[Series], start: datetime, end: datetime
) -> tuple[AlertEpisode, ...]:
    """What ``ALERTS`` and ``ALERTS_FOR_STATE`` say: one episode per label set and time at which it became active.

    The value of ``ALERTS_FOR_STATE`` is ``activeAt`` in whole unix seconds, rounded down. Where it is missing the first
    sample counts.
    """
    active = {identity(series): dict(series.points) for series in since}
    samples: dict[Labels, dict[float, bool]] = defaultdict(dict)
    for series in alerts:
        firing = dict(series.labels).get("alertstate") == "firing"
        seen = samples[identity(series)]
        seen.update({at: firing or seen.get(at, False) for at, _ in series.points})
    unsorted = [
        episode
        for labels, seen in samples.items()
        for episode in _split(labels, seen, active.get(labels, {}), start, end)
    ]
    return tuple(sorted(unsorted, key=lambda episode: (episode.active_at, episode.name, episode.labels)))


def identity(series: Series) -> Labels:
    """The labels that tell one alert from another, whatever its state."""
    return tuple(pair for pair in series.labels if pair[0] not in ("__name__", "alertstate"))


def _split(
    labels: Labels, seen: Mapping[float, bool], active: Mapping[float, float], start: datetime, end: datetime
) -> Iterator[AlertEpisode]:
    """Episodes of one label set, told apart by ``activeAt``; a sample before ``start`` looks back to before it."""
    inside = sorted(at for at in seen if at >= start.timestamp())
    parts: dict[float, list[float]] = defaultdict(list)
    for at in inside:
        parts[active.get(at, inside[0])].append(at)
    for became, times in parts.items():
        yield AlertEpisode(
            name=dict(labels).get("alertname", ""),
            labels=labels,
            active_at=unix(became),
            first_seen=max(start, unix(times[0])),
            last_seen=min(end, unix(times[-1])),
            fired=any(seen[at] for at in times),
        )


def failures(counters: Iterable[Series], groups: Sequence[RuleGroup]) -> tuple[str, ...]:
    """One sentence per group whose counters of failed evaluations grew; those of all servers are added up.

    Where a counter is less than before it began anew, and all that it shows since is growth.
    """
    grown: dict[str, float] = {group.key: 0.0 for group in groups}
    for series in counters:
        key = dict(series.labels).get("rule_group", "")
        if key in grown:
            values = [value for _, value in sorted(series.points)]
            grown[key] += sum(later - earlier if later >= earlier else later for earlier, later in pairwise(values))
    return tuple(
        Said(
            "the rule group {} failed {} evaluations in the window: see Prometheus' log",
            key.rpartition(";")[2],
            f"{count:.0f}",
        )
        for key, count in sorted(grown.items())
        if count
    )
