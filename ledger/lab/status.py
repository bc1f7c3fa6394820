"""What the reference scheduler says about itself, as JSON and as metrics."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from ledger.lab.strategies import Telemetry

ENABLED = "enabled"
DISABLED = "disabled"
METRIC_PREFIX = "bot_core_multi_strategy_"


@dataclass(frozen=True)
class Status:
    """``value`` is ENABLED or DISABLED since ``since``; ``cycle`` counts finished cycles since the process started.

    ``telemetry`` is the last cycle's, and None while disabled: frozen values must not look like living ones.
    """

    value: str
    since: datetime
    cycle: int = 0
    warnings: tuple[str, ...] = ()
    telemetry: Telemetry | None = None


def to_json(status: Status) -> dict[str, object]:
    """The answer of ``GET /status``; ``since`` is RFC 3339 with microseconds."""
    return {
        "status": status.value,
        "since": status.since.isoformat(timespec="microseconds"),
        "cycle": status.cycle,
        "warnings": list(status.warnings),
    }


def to_metrics(status: Status) -> Iterator[Metric]:
    """The scheduler's own two metrics always, the strategies' gauges (label ``schedule``) only while enabled."""
    enabled = float(status.value == ENABLED)
    yield GaugeMetricFamily("stage4_scheduler_enabled", "1 while the scheduler runs, 0 while it is stopped.", enabled)
    yield CounterMetricFamily("stage4_scheduler_cycles", "Finished cycles since the process started.", status.cycle)
    if status.telemetry:
        yield from _gauges(status.telemetry)


def _gauges(telemetry: Telemetry) -> Iterator[Metric]:
    families: dict[str, GaugeMetricFamily] = {}
    for reading in telemetry.readings:
        name = METRIC_PREFIX + reading.metric
        text = f"Multi-strategy {reading.metric} of the last cycle."
        family = families.setdefault(name, GaugeMetricFamily(name, text, labels=["schedule"]))
        family.add_metric([reading.schedule], reading.value)
    return iter(families.values())
