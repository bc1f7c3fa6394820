"""Metrics of the ledger itself (docs: https://prometheus.io/docs/instrumenting/exposition_formats/)."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from ledger.app.installation import Installation
from ledger.app.reading.condition import condition
from ledger.app.soundness.found import REMEDIES
from ledger.app.soundness.guard import Guard
from ledger.domain.duties.owed import owed
from ledger.domain.runbook import COMPONENTS, TRADING
from ledger.domain.state import State
from ledger.errors import LedgerError


class LedgerMetrics(Collector):
    """Reads the view at each scrape. ``last_look`` is when the observer looked last, in Unix seconds."""

    def __init__(self, installation: Installation, guard: Guard) -> None:
        self._installation = installation
        self._guard = guard
        self.last_look = 0.0

    def collect(self) -> Iterator[Metric]:
        """One gauge a fact; of a ledger that cannot be read, what the guard says of it."""
        yield from _soundness(self._guard)
        with contextlib.suppress(LedgerError):
            for name, meaning, value in facts(self._installation.state):
                yield GaugeMetricFamily(f"stage4_ledger_{name}", meaning, value=value)
            yield from self._standing()
        meaning = "When the observer looked last, in Unix seconds."
        yield GaugeMetricFamily("stage4_observer_last_look_timestamp_seconds", meaning, value=self.last_look)

    def _standing(self) -> Iterator[Metric]:
        installation = self._installation
        meaning = "Publications that failed in this process."
        yield CounterMetricFamily("stage4_publish_failures", meaning, value=installation.publication.failures)
        meaning = "Entries that the published files do not have, or have without their checkpoint."
        yield GaugeMetricFamily("stage4_ledger_unpublished", meaning, value=installation.publisher.witness.lag())
        meaning = "Whether the store does not continue what was published: nothing is written then."
        yield GaugeMetricFamily("stage4_ledger_behind", meaning, value=bool(condition(installation).behind))


def _soundness(guard: Guard) -> Iterator[Metric]:
    """What the background look at the ledger itself found last."""
    findings = GaugeMetricFamily("stage4_ledger_findings", "What is wrong with the ledger, by part.", labels=["part"])
    for part in REMEDIES:
        findings.add_metric([part], sum(finding.part == part for finding in guard.findings))
    yield findings
    verified = guard.verified.timestamp() if guard.verified else 0.0
    for name, meaning, value in (
        ("held", "Whether nothing is written but the stop, because the ledger does not hold.", bool(guard.held)),
        ("verified_entries", "Entries that were read and found whole.", guard.verified_entries),
        ("verified_timestamp_seconds", "When everything was read last and found whole, in Unix seconds.", verified),
    ):
        yield GaugeMetricFamily(f"stage4_ledger_{name}", meaning, value=value)


def facts(state: State) -> Iterator[tuple[str, str, float]]:
    """Name, meaning and value of each gauge."""
    everyone = (*state.open.values(), *state.closed.candidates("owing"))
    present = state.file_at(COMPONENTS[TRADING][0]).kind != "absent"
    drifting = present != bool(state.holders) or any(holder.override.removed_outside for holder in state.holders)
    silenced = any(rollback.silence.state == "active" for rollback in state.open.values())
    yield "sequence", "Entries in the ledger.", state.sequence
    yield "head_timestamp_seconds", "Wall time of the last entry, in Unix seconds.", state.at.timestamp()
    yield "rollbacks_open", "Rollbacks that are open.", len(state.open)
    yield "override_active", "Whether the override file is there, as last seen.", present
    yield (
        "scheduler_enabled",
        "Whether the scheduler last said that it is enabled.",
        state.scheduler.status == "enabled",
    )
    yield "silence_active", "Whether a rollback's silence is active.", silenced
    yield "drift", "Whether the override is not what the ledger declares.", drifting
    yield "owed", "Confirmations, reviews and tickets that are owed.", sum(len(owed(rollback)) for rollback in everyone)
