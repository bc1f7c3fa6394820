"""What the reference scheduler can be told to report wrongly, so that the alerts have something to fire on. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ledger.lab.strategies import Reading, Telemetry

NONE = "none"
# mode -> metric -> the value that every schedule with that metric reports
BREACHES: Mapping[str, Mapping[str, float]] = {
    NONE: {},
    "latency": {"latency_ms": 400.0},
    "drawdown": {"pnl_drawdown_pct": -6.0},
    "delay": {"secondary_delay_ms": 600.0},
    "exposure": {"allocation_error_pct": 30.0, "risk_exposure_deviation_pct": 30.0},
}


def distort(telemetry: Telemetry, mode: str) -> Telemetry:
    """Replace what ``mode`` (a key of ``BREACHES``) breaches, moved by up to 1 % so that the graphs look alive."""
    values = BREACHES[mode]
    wobble = 1 + 0.01 * ((telemetry.cycle % 5) - 2) / 2

    def shown(reading: Reading) -> Reading:
        breach = values.get(reading.metric)
        return reading if breach is None else replace(reading, value=breach * wobble)

    return replace(telemetry, readings=tuple(map(shown, telemetry.readings)))
