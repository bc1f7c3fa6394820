"""Prometheus: alerts, rules, series and the history of an observation window (docs/querying/api.md).

Range queries go through prometheus-api-client. It drops ``warnings`` and raises four kinds of error, so a response hook
reads every answer first, with our own time-outs and sentences.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import requests
import urllib3
from prometheus_api_client.exceptions import PrometheusApiClientException
from prometheus_api_client.prometheus_connect import PrometheusConnect

from ledger.adapters import watch as history
from ledger.adapters.http import Clock, Server, ask, bounded_json, explain, masked, session
from ledger.adapters.masking import masked_text
from ledger.adapters.shapes import labels, listing, number, reading, table, text, unix, when
from ledger.adapters.watch import Grid, RuleGroup
from ledger.domain.facts import AlertSeen, RuleSeen, Series, WatchSeen
from ledger.errors import Unreachable

_WHO = "Prometheus"
_DURATION = re.compile(r"(\d+)(ms|[smhdwy])")
_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800, "y": 31_536_000}


class Prometheus:
    """One Prometheus. ``job`` is the one under which it scrapes itself: without it nothing vouches for its history."""

    def __init__(self, server: Server, clock: Clock, job: str = "prometheus") -> None:
        self._server = server
        self._clock = clock
        self._job = job
        self._place = f"{_WHO} at {masked(server.url)}"

    def alerts(self) -> tuple[AlertSeen, ...]:
        """Firing and pending alerts with ``activeAt``, by /api/v1/alerts. Raises ``Unreachable``."""
        data = self._get("/api/v1/alerts")
        with reading(self._place):
            return tuple(_alert(table(alert)) for alert in listing(table(data)["alerts"]))

    def rules(self) -> tuple[RuleSeen, ...]:
        """All alerting rules, by /api/v1/rules. Raises ``Unreachable``."""
        return tuple(rule for group in self._groups([]) for rule in group.rules)

    def series(self, expr: str, start: datetime, end: datetime, step_seconds: int) -> tuple[Series, ...]:
        """``expr`` from ``start`` to ``end``, NaN and infinite points left out; the step grows beyond 10,000 points.

        Raises ``Unreachable``, also for an expression that Prometheus rejects.
        """
        return self._range(expr, history.grid(start, end, step_seconds), [])

    def watch(self, start: datetime, end: datetime, expected_rules: Sequence[str], step_seconds: int) -> WatchSeen:
        """What the history says about a window, computed after the fact; ``rules`` are the expected ones as of now.

        Raises ``Unreachable`` where one of the main sources cannot be had. An absent series is no error: it shows as
        missing samples, gaps and a sentence in ``warnings``.
        """
        window = history.grid(start, end, step_seconds)
        warnings: list[str] = []
        groups = _relevant(self._groups(warnings), expected_rules)
        rules = tuple(rule for group in groups for rule in group.rules)
        scrape = self._scrape_seconds(warnings) or window.step
        up = self._up(window, scrape, warnings)
        evaluated = self._evaluated(window, groups, scrape, warnings)
        warnings += history.failures(self._own("prometheus_rule_evaluation_failures_total", window, warnings), groups)
        alerts, since = (self._range(f"last_over_time({name}[{window.step}s])", window, warnings) for name in _SERIES)
        with reading(self._place):
            return WatchSeen(
                start=start,
                end=end,
                step_seconds=window.step,
                expected_samples=len(window.times()),
                up_samples=len(up),
                evaluated_samples=len(evaluated),
                gaps=history.gaps(up & evaluated, window),
                episodes=history.episodes(alerts, since, start, end),
                rules=rules,
                missing_rules=tuple(sorted(set(expected_rules) - {rule.name for rule in rules})),
                warnings=tuple(dict.fromkeys(warnings)),
            )

    def _up(self, window: Grid, scrape: float, warnings: list[str]) -> frozenset[int]:
        look_back = math.ceil(max(window.step, 2 * scrape))
        series = self._range(f"min_over_time(up{self._itself()}[{look_back}s])", window, warnings)
        if not series:
            warnings.append(
                f"Prometheus has no series up of its own job {self._job!r} in the window: let it scrape itself, "
                "or name the job under which it does"
            )
        return history.up_times(series)

    def _evaluated(
        self, window: Grid, groups: Sequence[RuleGroup], scrape: float, warnings: list[str]
    ) -> frozenset[int]:
        metric = "prometheus_rule_group_last_evaluation_timestamp_seconds"
        ages = self._range(f"time() - max by (rule_group) ({metric}{self._itself()})", window, warnings)
        if not ages:
            warnings.append(
                f"Prometheus has no series {metric} in the window, so nothing shows that its rules were evaluated: "
                "let it scrape itself"
            )
        return history.evaluated_times(ages, groups, scrape)

    def _own(self, metric: str, window: Grid, warnings: list[str]) -> tuple[Series, ...]:
        return self._range(metric + self._itself(), window, warnings)

    def _itself(self) -> str:
        escaped = self._job.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        return f'{{job="{escaped}"}}'

    def _groups(self, warnings: list[str]) -> tuple[RuleGroup, ...]:
        data = self._get("/api/v1/rules", {"type": "alert"}, warnings)
        with reading(self._place):
            return tuple(_group(table(group)) for group in listing(table(data)["groups"]))

    def _scrape_seconds(self, warnings: list[str]) -> float:
        """How often Prometheus scrapes itself; 0 where that cannot be had (an old version, no such job)."""
        try:
            data = self._get("/api/v1/targets", {"state": "active", "scrapePool": self._job}, warnings)
            with reading(self._place):
                targets = [table(target) for target in listing(table(data)["activeTargets"])]
                own = [target for target in targets if table(target["labels"]).get("job") == self._job]
                return max((_seconds(text(target["scrapeInterval"])) for target in own), default=0)
        except Unreachable as error:
            warnings.append(str(error))
            return 0

    def _get(self, path: str, params: Mapping[str, str | list[str]] | None = None, warnings: Any = None) -> Any:
        answer = ask(self._server, _WHO, "GET", path, params=params)
        return self._data(answer, warnings if warnings is not None else [])

    def _data(self, answer: requests.Response, warnings: list[str]) -> Any:
        """``data`` of the envelope ``{status, data, errorType, error, warnings[]}``; its warnings are kept."""
        page = bounded_json(answer, _WHO)
        with reading(self._place):
            if table(page)["status"] != "success":
                raise ValueError(f"status {page['status']!r}: {page.get('error', '')}")
            warnings += [masked_text(text(warning)) for warning in listing(page.get("warnings") or [])]
            return page["data"]

    def _range(self, expr: str, window: Grid, warnings: list[str]) -> tuple[Series, ...]:
        def check(answer: requests.Response, *args: Any, **kwargs: Any) -> None:
            self._data(answer, warnings)

        result = self._ask_library(
            check,
            lambda connect: connect.custom_query_range(
                expr, start_time=unix(window.first), end_time=unix(window.last), step=str(window.step)
            ),
        )
        with reading(self._place):
            return tuple(_series(table(one)) for one in listing(result))

    def _ask_library(self, check: Callable[..., None], question: Callable[[PrometheusConnect], object]) -> object:
        server, url = self._server, self._server.url.rstrip("/")
        try:
            with session(server) as opened:
                opened.hooks["response"].append(check)
                connect = PrometheusConnect(url, timeout=server.timeout, retry=urllib3.Retry(0), session=opened)  # type: ignore[arg-type]
                return question(connect)
        except PrometheusApiClientException as error:
            raise Unreachable(f"{self._place} failed: {masked_text(str(error))[:160]}") from error
        except (KeyError, TypeError) as error:
            raise Unreachable(f"{self._place} answered JSON of another shape ({error}): check the address") from error
        except (requests.RequestException, urllib3.exceptions.HTTPError, ValueError, OSError) as error:
            raise explain(error, _WHO, url, server) from error


_SERIES = ("ALERTS", "ALERTS_FOR_STATE")


def _alert(page: Mapping[str, Any]) -> AlertSeen:
    found = labels(page["labels"])
    state = text(page["state"])
    if state not in ("firing", "pending"):
        raise ValueError(f"alert state {state!r}")
    return AlertSeen(
        name=dict(found).get("alertname", ""),
        labels=found,
        state="firing" if state == "firing" else "pending",
        active_at=when(page["activeAt"]),
    )


def _group(page: Mapping[str, Any]) -> RuleGroup:
    rules = [table(rule) for rule in listing(page["rules"])]
    return RuleGroup(
        key=f"{text(page['file'])};{text(page['name'])}",
        interval=number(page["interval"]),
        rules=tuple(_rule(rule) for rule in rules if rule.get("type") == "alerting"),
    )


def _rule(page: Mapping[str, Any]) -> RuleSeen:
    evaluated = when(page["lastEvaluation"])
    return RuleSeen(
        name=text(page["name"]),
        health=text(page["health"]),
        state=text(page["state"]),
        evaluated_at=evaluated if evaluated.year > 1 else None,  # Go's zero time: not evaluated yet
        error=text(page.get("lastError", "")),
    )


def _relevant(groups: Sequence[RuleGroup], expected: Sequence[str]) -> tuple[RuleGroup, ...]:
    """The groups with expected rules, and of them only those; all alerting rules where none are named."""
    wanted = [
        RuleGroup(one.key, one.interval, tuple(rule for rule in one.rules if not expected or rule.name in expected))
        for one in groups
    ]
    return tuple(group for group in wanted if group.rules)


def _series(page: Mapping[str, Any]) -> Series:
    points = ((number(at), number(value)) for at, value in listing(page["values"]))
    return Series(labels(page["metric"]), tuple((at, value) for at, value in points if math.isfinite(value)))


def _seconds(duration: str) -> float:
    """A duration as Prometheus writes it, ``1m30s``, in seconds."""
    return sum(int(count) * _SECONDS[unit] for count, unit in _DURATION.findall(duration))
