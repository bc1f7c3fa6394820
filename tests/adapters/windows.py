"""Windows of a real Prometheus, as the tests of its shapes ask for them."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta

from ledger.adapters.prometheus import Prometheus
from ledger.domain.facts import WatchSeen

from .neighbours import Process, now, until

HIGH, SLOW = EXPECTED = ["MultiStrategyProbeHigh", "MultiStrategyProbeSlow"]
Make = Callable[..., Process]


def watch(prometheus: Prometheus, start: datetime, end: datetime, stopped: datetime | None = None) -> WatchSeen:
    return prometheus.watch(start, end, EXPECTED, 1, stopped)


def settled(prometheus: Prometheus) -> WatchSeen:
    """Two seconds from now on without a gap."""
    began = now()

    def whole() -> WatchSeen | None:
        end = now()
        seen = watch(prometheus, end - timedelta(seconds=2), end)
        return None if seen.gaps or seen.start < began else seen

    found = until(whole, 30)
    assert found is not None
    return found


def jobs(process: Process, **targets: list[str]) -> None:
    """Write what a prepared Prometheus scrapes: job -> addresses."""
    path = process.folder / "prometheus.yml"
    page = json.loads(path.read_text())
    page["scrape_configs"] = [
        {"job_name": job, "static_configs": [{"targets": found}]} for job, found in targets.items()
    ]
    path.write_text(json.dumps(page))


def address(process: Process) -> str:
    return process.url.removeprefix("http://")
