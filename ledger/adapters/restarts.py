"""Alerts that Prometheus carried across its own restart: the history before it tells them from new ones.

Prometheus gives an alert whose rule waits for less than ``--rules.alert.for-grace-period`` (10 minutes) a new
``activeAt`` when it begins anew, though the alert was active until it ended. Such an alert continues the earlier one if
it was active at the last evaluation before the restart and again at the first one after it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple

from ledger.adapters.coverage import EVALUATED, STARTED, Covered, Own
from ledger.adapters.prometheus_api import Api, Remarks
from ledger.domain.facts import AlertEpisode, Series
from ledger.domain.moments import unix
from ledger.domain.watching import history
from ledger.domain.watching.history import Grid, Labels, RuleGroup

_ITERATIONS = "prometheus_rule_group_iterations_total"
_LOOK_BACK = 86_400
"""Seconds before the window in which a restart is looked for; a watch lasts as long at most."""
_FIRST_LOOK = 120
_MOST_RESTARTS = 10


class Restart(NamedTuple):
    """A restart, by the server's own samples, in unix seconds: which are exact, as a process' start is not."""

    seen_before: float
    """Last sample of the old process."""
    seen_after: float
    """First sample of the new one."""


class Restarts:
    """The restarts of one server, and what was active before each. Raises ``Unreachable`` as the questions do."""

    def __init__(self, api: Api, own: Own, groups: Sequence[RuleGroup], covered: Covered, selector: str) -> None:
        self._api, self._own, self._groups, self._covered = api, own, groups, covered
        self._selector = selector
        self._remarks = Remarks()
        self._first: dict[tuple[Restart, str], float | None] = {}
        self._before: dict[tuple[Restart, str], Mapping[Labels, float]] = {}
        self._found: tuple[Restart, ...] = ()

    def continued(self, episodes: Sequence[AlertEpisode], window: Grid) -> tuple[AlertEpisode, ...]:
        """The episodes, each with what it continues. Where nobody can say which server answered, none does."""
        if not episodes or self._covered.itself is None:
            return tuple(episodes)
        self._found = self._restarts(window)
        return tuple(self._continued(episode) for episode in episodes) if self._found else tuple(episodes)

    def _continued(self, episode: AlertEpisode) -> AlertEpisode:
        group = next(
            (candidate for candidate in self._groups if episode.name in {rule.name for rule in candidate.rules}), None
        )
        at, hops = episode.active_at.timestamp(), 0
        while group is not None and hops < _MOST_RESTARTS:
            earlier = self._earlier(episode.labels, at, group)
            if earlier is None:
                break
            at, hops = earlier, hops + 1
        return replace(episode, continues=unix(at)) if hops else episode

    def _earlier(self, labels: Labels, became: float, group: RuleGroup) -> float | None:
        """``activeAt`` before the restart that an alert came back after; None where it did not."""
        restart = max((candidate for candidate in self._found if candidate.seen_before < became + 1), default=None)
        first = self._first_evaluation(restart, group) if restart else None
        if restart is None or first is None or became > first + group.interval + 1:
            return None
        earlier = self._active_before(restart, first, group).get(labels)
        return earlier if earlier is not None and earlier <= restart.seen_before else None

    def _restarts(self, window: Grid) -> tuple[Restart, ...]:
        """Every time at which the process' start was another one than the sample before.

        A new process looks at itself only seconds after it began: for one that began at the window's very end the
        samples after it are asked for too.
        """
        last = window.last + _FIRST_LOOK
        step = max(window.step, math.ceil((last - window.first + _LOOK_BACK) / (history.MOST_POINTS - 2)))
        span = history.grid(unix(window.first - _LOOK_BACK), unix(last), step)
        mine = STARTED + self._own.selector(instance=self._covered.itself or "")
        points = sorted(
            point
            for series in self._api.range(f"max_over_time({mine}[{step}s])", span, self._remarks)
            for point in series.points
        )
        changes = [(old[0] - step, new[0]) for old, new in pairwise(points) if new[1] != old[1]]
        return tuple(
            restart
            for begin, end in changes[-_MOST_RESTARTS:]
            for restart in _changes(self._api.instant(f"{mine}[{math.ceil(end - begin)}s]", self._remarks, end))
        )

    def _first_evaluation(self, restart: Restart, group: RuleGroup) -> float | None:
        """When the new process first evaluated a group: before its last evaluation by one interval for each but one.

        It looks at itself only seconds after it began, and has evaluated some times by then. None where that is not
        known.
        """
        key = (restart, group.key)
        if key not in self._first:
            last, count = (self._sample(metric, group, restart) for metric in (EVALUATED, _ITERATIONS))
            self._first[key] = last - (count - 1) * group.interval if last and count else None
        return self._first[key]

    def _sample(self, metric: str, group: RuleGroup, restart: Restart) -> float | None:
        """A metric of a group in the new process' first sample with an evaluation in it."""
        end = restart.seen_after + 2 * max(group.interval, self._covered.scrape)
        mine = metric + self._own.of_groups([group], instance=self._covered.itself or "")
        matrix = self._api.instant(f"{mine}[{math.ceil(end - restart.seen_after) + 1}s]", self._remarks, end)
        after = sorted(
            point for series in matrix for point in series.points if point[0] >= restart.seen_after and point[1] > 0
        )
        return after[0][1] if after else None

    def _active_before(self, restart: Restart, first: float, group: RuleGroup) -> Mapping[Labels, float]:
        """``activeAt`` of every alert at the last evaluation before a restart."""
        key = (restart, group.key)
        if key not in self._before:
            at = min(first, restart.seen_before + group.interval + self._covered.scrape)
            vector = self._api.instant(f"ALERTS_FOR_STATE{self._selector}", self._remarks, at)
            self._before[key] = {history.identity(series): series.points[0][1] for series in vector if series.points}
        return self._before[key]


def _changes(series: Sequence[Series]) -> list[Restart]:
    """The restarts in raw samples of the process' start."""
    points = sorted(point for samples in series for point in samples.points)
    return [Restart(old[0], new[0]) for old, new in pairwise(points) if new[1] != old[1]]
