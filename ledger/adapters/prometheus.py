"""Prometheus: alerts, rules, series and the history of an observation window (docs/querying/api.md).

Only what is used is asked for: the runbook's alerts by name, critical ones of others as a count. Where even that is too
much to read, the answer says of what, and a smaller question is tried.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from ledger.adapters.coverage import Own, quoted
from ledger.adapters.http import Clock, Server, TooMuch
from ledger.adapters.prometheus_api import Api, Remarks
from ledger.adapters.prometheus_rules import conditions
from ledger.adapters.prometheus_window import About, Asked, rule_groups, too_much, watch
from ledger.adapters.shapes import reading
from ledger.domain.facts import AlertCount, AlertRule, AlertSeen, RuleSeen, Series, WatchSeen
from ledger.domain.moments import unix
from ledger.domain.runbook import ALERT_PATTERN
from ledger.domain.watching import history
from ledger.errors import Unreachable
from ledger.said import Said, joined


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
        self._about = About(Own(job, tuple(labels)), pattern)
        self._ours = self._about.ours

    def alerts(self) -> tuple[AlertSeen, ...]:
        """The runbook's alerts that fire or are pending now, with ``activeAt`` in whole seconds.

        Raises ``Unreachable``, also where the answer is not whole, and ``TooMuch`` where there are too many to read.
        For five minutes after a Prometheus was killed, what it evaluated last still stands there.
        """
        remarks = Remarks()
        ours = f"ALERTS{{{self._ours}}}"
        expr = f"{ours} * ignoring(alertstate) group_left ALERTS_FOR_STATE{{{self._ours}}} or {ours}"
        try:
            vector = self._api.instant(expr, remarks)
        except TooMuch as error:
            raise too_much(self._api, error, self._ours) from error
        self._require_whole(remarks, vector)
        with reading(self._api.place):
            return tuple(_alert(series, self._clock()) for series in vector)

    def lasting(self, seconds: int) -> tuple[AlertSeen, ...]:
        """The runbook's alerts that fire now and fired ``seconds`` ago; since when is not said.

        Raises ``Unreachable``, also where the answer is not whole, and ``TooMuch`` where there are too many to read.
        """
        remarks = Remarks()
        firing = f'ALERTS{{{self._ours},alertstate="firing"}}'
        vector = self._api.instant(f"{firing} and {firing} offset {seconds}s", remarks)
        self._require_whole(remarks, vector)
        with reading(self._api.place):
            return tuple(_alert(series, self._clock()) for series in vector)

    def counts(self) -> tuple[AlertCount, ...]:
        """How many of the runbook's alerts there are now, by name, severity and state: one line each, however many.

        Raises ``Unreachable``, also where the answer is not whole.
        """
        return self._counted(self._ours)

    def critical_elsewhere(self) -> int:
        """How many critical alerts fire now that are none of the runbook's. Raises ``Unreachable``."""
        return sum(count.number for count in self._counted(f'{self._about.theirs},alertstate="firing"'))

    def lately(self) -> tuple[Series, ...]:
        """The runbook's alerts that it has shown within a week, one series each. Raises ``Unreachable``."""
        at = self._clock()
        return self.series(f"last_over_time(ALERTS{{{self._ours}}}[7d])", at, at, 60)

    def rules(self, names: Sequence[str] = ()) -> tuple[RuleSeen, ...]:
        """The alerting rules of those names, or all, by /api/v1/rules. Raises ``Unreachable``."""
        remarks = Remarks()
        rules = tuple(rule for group in rule_groups(self._api, names, remarks) for rule in group.rules)
        self._require_whole(remarks)
        return rules

    def conditions(self, names: Sequence[str]) -> tuple[AlertRule, ...]:
        """What the alerting rules of those names ask for, by /api/v1/rules. Raises ``Unreachable``."""
        remarks = Remarks()
        rules = conditions(self._api, names, remarks)
        self._require_whole(remarks)
        return rules

    def series(
        self, expr: str, start: datetime, end: datetime, step_seconds: int, warnings: list[str] | None = None
    ) -> tuple[Series, ...]:
        """``expr`` from ``start`` to ``end``, NaN and infinite points left out; the step grows beyond 10,000 points.

        Signs that the answer is not whole are added to ``warnings``. Raises ``Unreachable``, also for an expression
        that Prometheus rejects and for native histograms.
        """
        remarks = Remarks()
        drawn = self._api.drawn(expr, history.grid(start, end, step_seconds), remarks)
        if warnings is not None:
            warnings += remarks.warnings
        return drawn

    def samples(self, metrics: Sequence[str], start: datetime, end: datetime, step_seconds: int) -> tuple[Series, ...]:
        """The metrics themselves, as far as it had samples of them.

        An instant question looks back five minutes, over its own outages too: what it says of times at which Prometheus
        did not look even at itself is left out. Raises ``Unreachable``, also where the answer is not whole.
        """
        remarks, window = Remarks(), history.grid(start, end, step_seconds)
        found = self._api.drawn(f"{{__name__=~{quoted('|'.join(metrics))}}}", window, remarks)
        up = f"last_over_time(up{self._about.own.selector()}[{3 * window.step}s])"
        alive = {at for series in self._api.drawn(up, window, remarks) for at, _ in series.points}
        self._require_whole(remarks)
        if not alive:  # it does not look at itself under that job: nothing is known of its outages
            return found
        return tuple(Series(series.labels, tuple(p for p in series.points if p[0] in alive)) for series in found)

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
        asked = Asked(start, end, step_seconds, stopped or start, expected_rules)
        return watch(self._api, self._about, asked)

    def _counted(self, selector: str) -> tuple[AlertCount, ...]:
        remarks = Remarks()
        vector = self._api.instant(f"count by (alertname, severity, alertstate) (ALERTS{{{selector}}})", remarks)
        self._require_whole(remarks, vector)
        with reading(self._api.place):
            return tuple(sorted(_count(series) for series in vector))

    def _require_whole(self, remarks: Remarks, vector: Sequence[Series] = ()) -> None:
        if not all(series.points for series in vector):
            remarks.warnings.append("alerts came with a value that is no number")
        if remarks.warnings:
            raise Unreachable(Said("{} answered, and not all: {}", self._api.place, joined(remarks.warnings[:3], "; ")))


def _alert(series: Series, now: datetime) -> AlertSeen:
    labels = dict(series.labels)
    state, value = labels.get("alertstate", ""), series.points[0][1]
    if state not in ("firing", "pending"):
        raise ValueError(Said("alert state {}", repr(state)))
    return AlertSeen(
        name=labels.get("alertname", ""),
        labels=history.identity(series),
        state="firing" if state == "firing" else "pending",
        active_at=unix(value) if value > 1 else now,  # 1 is ALERTS' own value: since when is not known
    )


def _count(series: Series) -> AlertCount:
    labels = dict(series.labels)
    return AlertCount(
        labels.get("alertname", ""),
        labels.get("severity", ""),
        labels.get("alertstate", ""),
        round(series.points[0][1]),
    )
