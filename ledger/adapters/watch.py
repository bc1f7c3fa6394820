"""Reading an observation window off Prometheus' history: pure functions over its answers, no clock and no network.

All samples lie on one grid that ends at the window's end. Queries look back over one step (``last_over_time``) rather
than Prometheus' usual five minutes: so nothing between two samples is missed, and a dead Prometheus leaves a hole.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from ledger.adapters.shapes import unix
from ledger.domain.facts import AlertEpisode, RuleSeen, Series

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
    """The grid of a window; where it would have over ``MOST_POINTS`` samples the step grows."""
    last = math.ceil(end.timestamp())
    span = max(0, last - math.floor(start.timestamp()))
    step = max(1, step_seconds, math.ceil(span / (MOST_POINTS - 1)))
    return Grid(last - span // step * step, last, step)


def up_times(series: Iterable[Series]) -> frozenset[int]:
    """Sample times at which at least one series is 1 or more."""
    return frozenset(round(at) for one in series for at, value in one.points if value >= 1)


def evaluated_times(ages: Iterable[Series], groups: Sequence[RuleGroup], scrape_seconds: float) -> frozenset[int]:
    """Sample times at which each group was evaluated within its last three intervals; none where there is no group.

    ``ages`` are the seconds since the last evaluation, one series per ``rule_group``. Where Prometheus scrapes itself
    more rarely than it evaluates, it is the scrape's interval that counts.
    """
    by_group = {dict(one.labels).get("rule_group", ""): one.points for one in ages}
    fresh = [
        {round(at) for at, age in by_group.get(group.key, ()) if age <= _limit(group, scrape_seconds)}
        for group in groups
    ]
    return frozenset(set.intersection(*fresh)) if fresh else frozenset()


def _limit(group: RuleGroup, scrape_seconds: float) -> float:
    return _MISSED_INTERVALS * max(group.interval, scrape_seconds)


def gaps(good: Collection[int], window: Grid) -> tuple[tuple[datetime, datetime], ...]:
    """Stretches without good samples, from the last good sample before to the first after (or the window's ends)."""
    found: list[tuple[int, int]] = []
    before, missing = window.first, False
    for at in window.times():
        if at in good:
            if missing:
                found.append((before, at))
            before, missing = at, False
        else:
            missing = True
    if missing:
        found.append((before, window.last))
    return tuple((unix(first), unix(last)) for first, last in found)


def episodes(
    alerts: Iterable[Series], since: Iterable[Series], start: datetime, end: datetime
) -> tuple[AlertEpisode, ...]:
    """What ``ALERTS`` and ``ALERTS_FOR_STATE`` say: one episode per label set and time at which it became active.

    The value of ``ALERTS_FOR_STATE`` is ``activeAt`` in whole unix seconds, rounded down. Where it is missing the first
    sample counts.
    """
    active = {_identity(one): dict(one.points) for one in since}
    samples: dict[Labels, dict[float, bool]] = defaultdict(dict)
    for one in alerts:
        firing = dict(one.labels).get("alertstate") == "firing"
        seen = samples[_identity(one)]
        seen.update({at: firing or seen.get(at, False) for at, _ in one.points})
    found = [
        episode
        for labels, seen in samples.items()
        for episode in _split(labels, seen, active.get(labels, {}), start, end)
    ]
    return tuple(sorted(found, key=lambda one: (one.active_at, one.name, one.labels)))


def _identity(one: Series) -> Labels:
    return tuple(pair for pair in one.labels if pair[0] not in ("__name__", "alertstate"))


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
    """One sentence per group whose counter of failed evaluations grew; counters that restart are followed."""
    keys = {group.key for group in groups}
    grown = {
        dict(one.labels).get("rule_group", ""): sum(
            max(0.0, later - earlier) for (_, earlier), (_, later) in pairwise(one.points)
        )
        for one in counters
    }
    return tuple(
        f"the rule group {key.rpartition(';')[2]} failed {count:.0f} evaluations in the window: see Prometheus' log"
        for key, count in sorted(grown.items())
        if count and key in keys
    )
