"""Prometheus: alerts, rules, series and the history of an observation window (docs/querying/api.md).

Only what is used is asked for: the runbook's alerts by name, critical ones of others as a count. Where even that is too
much to read, the answer says of what, and a smaller question is tried.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from ledger.adapters.coverage import Covered, Own, cover, quoted
from ledger.adapters.http import Clock, Server, TooMuch
from ledger.adapters.prometheus_api import Api, Remarks
from ledger.adapters.prometheus_wire import parse_groups
from ledger.adapters.restarts import Restarts
from ledger.adapters.shapes import line, reading
from ledger.domain.facts import AlertCount, AlertEpisode, AlertSeen, RuleSeen, Series, WatchSeen
from ledger.domain.moments import unix
from ledger.domain.runbook import ALERT_PATTERN
from ledger.domain.watching import history
from ledger.domain.watching.history import Grid, RuleGroup
from ledger.errors import Unreachable

_LISTED = 5


class Prometheus:
    """One Prometheus. ``job`` and ``labels`` find its own series: without them nothing vouches for its history.

    ``pattern`` is the anchored regex over ``alertname`` that names the runbook's alerts.
    """

    def __init__(
        self,
        server: Server,
        clock: Clock,
        job: str = "prometheus",
        labels: Sequence[tuple[str, str]] = (),
        pattern: str = ALERT_PATTERN,
    ) -> None:
        self._api = Api(server, clock)
        self._clock = clock
        self._own = Own(job, tuple(labels))
        self._pattern = pattern
        self._ours = f"alertname=~{quoted(pattern)}"
        self._theirs = f'alertname!~{quoted(pattern)},severity="critical"'

    def alerts(self) -> tuple[AlertSeen, ...]:
        """The runbook's alerts that fire or are pending now, with ``activeAt`` in whole seconds.

        Raises ``Unreachable``, also where the answer is not whole, and ``TooMuch`` where there are too many to read.
        For five minutes after a Prometheus was killed, what it evaluated last still stands there.
        """
        remarks = Remarks()
        ours = f"ALERTS{{{self._ours}}}"
        expr = f"{ours} * ignoring(alertstate) group_left ALERTS_FOR_STATE{{{self._ours}}} or {ours}"
        try:
            found = self._api.instant(expr, remarks)
        except TooMuch as error:
            raise self._too_much(error, self._ours) from error
        self._require_whole(remarks)
        with reading(self._api.place):
            return tuple(_alert(one, self._clock()) for one in found if one.points)

    def counts(self) -> tuple[AlertCount, ...]:
        """How many of the runbook's alerts there are now, by name, severity and state: one line each, however many.

        Raises ``Unreachable``, also where the answer is not whole.
        """
        return self._counted(self._ours)

    def critical_elsewhere(self) -> int:
        """How many critical alerts fire now that are none of the runbook's. Raises ``Unreachable``."""
        return sum(one.number for one in self._counted(f'{self._theirs},alertstate="firing"'))

    def lately(self) -> tuple[Series, ...]:
        """The runbook's alerts that it has shown within a week, one series each. Raises ``Unreachable``."""
        at = self._clock()
        return self.series(f"last_over_time(ALERTS{{{self._ours}}}[7d])", at, at, 60)

    def rules(self, names: Sequence[str] = ()) -> tuple[RuleSeen, ...]:
        """The alerting rules of those names, or all, by /api/v1/rules. Raises ``Unreachable``."""
        remarks = Remarks()
        found = tuple(rule for group in self._groups(names, remarks) for rule in group.rules)
        self._require_whole(remarks)
        return found

    def series(
        self, expr: str, start: datetime, end: datetime, step_seconds: int, warnings: list[str] | None = None
    ) -> tuple[Series, ...]:
        """``expr`` from ``start`` to ``end``, NaN and infinite points left out; the step grows beyond 10,000 points.

        Signs that the answer is not whole are added to ``warnings``. Raises ``Unreachable``, also for an expression
        that Prometheus rejects and for native histograms.
        """
        remarks = Remarks()
        found = self._api.drawn(expr, history.grid(start, end, step_seconds), remarks)
        if warnings is not None:
            warnings += remarks.warnings
        return found

    def watch(
        self,
        start: datetime,
        end: datetime,
        expected_rules: Sequence[str],
        step_seconds: int,
        stopped: datetime | None = None,
    ) -> WatchSeen:
        """What the history says about a window, computed after the fact; ``rules`` are the expected ones as of now.

        ``stopped`` is when the scheduler was (``start`` where it is not given): critical alerts of others that were
        not active then are counted. Raises ``Unreachable`` where one of the main sources cannot be had. An absent
        series is no error: it shows as missing samples, gaps and a sentence in ``warnings``.
        """
        window = history.grid(start, end, step_seconds)
        remarks = Remarks()
        groups = self._expected(expected_rules, remarks)
        rules = tuple(rule for group in groups for rule in group.rules)
        covered = cover(self._api, self._own, window, groups, remarks)
        since = (stopped or start).timestamp()
        episodes = self._episodes(window, start, end, since, remarks)
        episodes = self._continued(episodes, window, groups, covered, remarks)
        elsewhere = self._new(self._theirs, window, since, remarks)
        if remarks.clocks_differ:
            remarks.warnings.append(_clocks(remarks.skew))
        return WatchSeen(
            start=start,
            end=end,
            step_seconds=window.step,
            expected_samples=len(window.times()),
            up_samples=len(covered.up),
            evaluated_samples=len(covered.evaluated),
            gaps=history.gaps(covered.good, window),
            episodes=episodes,
            rules=rules,
            missing_rules=tuple(sorted(set(expected_rules) - {rule.name for rule in rules})),
            warnings=tuple(dict.fromkeys(remarks.warnings)),
            elsewhere=elsewhere,
            notes=tuple(dict.fromkeys(remarks.notes)),
            pattern=self._pattern,
        )

    def _expected(self, names: Sequence[str], remarks: Remarks) -> tuple[RuleGroup, ...]:
        """The groups of the expected rules; none, and a warning, where there is too much to read."""
        try:
            return self._groups(names, remarks)
        except TooMuch as error:
            remarks.warnings.append(str(error))
            return ()

    def _groups(self, names: Sequence[str], remarks: Remarks) -> tuple[RuleGroup, ...]:
        """Rules by name and without their alerts, which servers before 2.45 and 3.0 do not know and give all."""
        asked: dict[str, str | list[str]] = {"type": "alert", "exclude_alerts": "true", "rule_name[]": list(names)}
        try:
            data = self._api.get("/api/v1/rules", asked, remarks)
        except TooMuch as error:
            raise self._too_much(error, "") from error
        with reading(self._api.place):
            groups, lost = parse_groups(data, names)
        remarks.warnings += lost
        return groups

    def _episodes(
        self, window: Grid, start: datetime, end: datetime, since: float, remarks: Remarks
    ) -> tuple[AlertEpisode, ...]:
        """The runbook's alerts in the window; only critical ones, or only how many, where there are too many."""
        try:
            return self._listed(self._ours, window, start, end, remarks)
        except TooMuch as error:
            remarks.notes.append(line(str(self._too_much(error, self._ours, window.last)), 400))
        critical = f'{self._ours},severity="critical"'
        try:
            found = self._listed(critical, window, start, end, remarks)
            remarks.notes.append("only critical alerts were read: there are too many others")
        except TooMuch:
            new = self._new(critical, window, since, remarks)
            remarks.warnings.append(f"there are too many critical alerts to read; new since the stop: {_counts(new)}")
            return ()
        return found

    def _listed(
        self, selector: str, window: Grid, start: datetime, end: datetime, remarks: Remarks
    ) -> tuple[AlertEpisode, ...]:
        alerts, since = (
            self._api.range(f"last_over_time({name}{{{selector}}}[{window.step}s])", window, remarks)
            for name in ("ALERTS", "ALERTS_FOR_STATE")
        )
        with reading(self._api.place):
            return history.episodes(alerts, since, start, end)

    def _new(self, selector: str, window: Grid, since: float, remarks: Remarks) -> tuple[tuple[str, int], ...]:
        """How many alerts of each name were active in the window at once that were not at a moment before it."""
        metric = f"ALERTS_FOR_STATE{{{selector}}}"
        expr = f"count by (alertname) (last_over_time({metric}[{window.step}s]) unless {metric} @ {since:.3f})"
        try:
            found = self._api.range(expr, window, remarks)
        except Unreachable as error:
            remarks.warnings.append(str(error))
            return ()
        most = [(dict(one.labels).get("alertname", ""), max(v for _, v in one.points)) for one in found if one.points]
        return tuple(sorted((name, round(count)) for name, count in most))

    def _continued(
        self,
        episodes: tuple[AlertEpisode, ...],
        window: Grid,
        groups: Sequence[RuleGroup],
        covered: Covered,
        remarks: Remarks,
    ) -> tuple[AlertEpisode, ...]:
        """The episodes with what each continues; where that cannot be had, each stands for itself."""
        try:
            found = Restarts(self._api, self._own, groups, covered, f"{{{self._ours}}}").continued(episodes, window)
        except Unreachable as error:
            remarks.notes.append(line(f"whether alerts were carried across a restart is not known: {error}", 400))
            return episodes
        if count := sum(one.continues is not None for one in found):
            remarks.notes.append(f"{count} alerts were active before Prometheus began anew, and continue after it")
        return found

    def _counted(self, selector: str) -> tuple[AlertCount, ...]:
        remarks = Remarks()
        found = self._api.instant(f"count by (alertname, severity, alertstate) (ALERTS{{{selector}}})", remarks)
        self._require_whole(remarks)
        with reading(self._api.place):
            return tuple(sorted(_count(one) for one in found if one.points))

    def _require_whole(self, remarks: Remarks) -> None:
        if remarks.warnings:
            raise Unreachable(f"{self._api.place} answered, and not all: {'; '.join(remarks.warnings[:3])}")

    def _too_much(self, error: TooMuch, selector: str, at: float | None = None) -> TooMuch:
        """The error, with what there is too much of."""
        try:
            found = self._api.instant(f"topk({_LISTED}, count by (alertname) (ALERTS{{{selector}}}))", Remarks(), at)
        except Unreachable:
            return error
        most = sorted(
            ((one.points[0][1], dict(one.labels).get("alertname", "")) for one in found if one.points), reverse=True
        )
        return TooMuch(f"{error}. It holds most of: {_counts([(name, int(count)) for count, name in most])}")


def _clocks(skew: float) -> str:
    if skew > 0:
        return (
            f"our clock is {skew:.0f} s ahead of Prometheus, so the window is another one there: set the clocks (NTP)"
        )
    return f"our clock is {-skew:.0f} s behind Prometheus, so the window is another one there: set the clocks (NTP)"


def _counts(found: Sequence[tuple[str, int]]) -> str:
    more = f", … (+{len(found) - _LISTED})" if len(found) > _LISTED else ""
    return ", ".join(f"{name} ({count})" for name, count in found[:_LISTED]) + more if found else "0"


def _alert(one: Series, now: datetime) -> AlertSeen:
    labels = dict(one.labels)
    state, value = labels.get("alertstate", ""), one.points[0][1]
    if state not in ("firing", "pending"):
        raise ValueError(f"alert state {state!r}")
    return AlertSeen(
        name=labels.get("alertname", ""),
        labels=history.identity(one),
        state="firing" if state == "firing" else "pending",
        active_at=unix(value) if value > 1 else now,  # 1 is ALERTS' own value: since when is not known
    )


def _count(one: Series) -> AlertCount:
    labels = dict(one.labels)
    return AlertCount(
        labels.get("alertname", ""), labels.get("severity", ""), labels.get("alertstate", ""), round(one.points[0][1])
    )
