"""Three demo strategies on one seeded feed. Pure and deterministic: the same seed gives the same numbers.

They trade nothing. They exist so that a rehearsal has telemetry whose shape is right: the metrics of the decision
log's format page, one ``schedule`` per strategy, healthy values far from every alert threshold.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import fmean, pstdev

from ledger.lab.feed import TICKS_PER_CYCLE, VOLATILITY, Feed, Tick

MEAN_REVERSION = "mean_reversion"
VOLATILITY_TARGETING = "volatility_targeting"
ARBITRAGE = "cross_exchange_arbitrage"
SCHEDULES = (MEAN_REVERSION, VOLATILITY_TARGETING, ARBITRAGE)

_FEES_BPS = 4.0
_ENTRY_ZSCORE = 1.5
_ZSCORE_TICKS = 3 * TICKS_PER_CYCLE
_FILLED = 0.9  # how much of a wanted change of position is filled within one cycle
_EQUITY_HISTORY = 240


@dataclass(frozen=True)
class Reading:
    """One value of one metric: ``metric`` is the name without its prefix, its unit is the name's ending."""

    schedule: str
    metric: str
    value: float


@dataclass(frozen=True)
class Telemetry:
    """What the strategies report for one finished cycle, counted from 1."""

    cycle: int
    readings: tuple[Reading, ...]


@dataclass(frozen=True)
class Book:
    """One strategy between two cycles: its exposure (1.0 is the limit) and its last equities (1.0 is the start)."""

    exposure: float = 0.0
    equity: tuple[float, ...] = (1.0,)


@dataclass(frozen=True)
class State:
    """All books after ``cycle`` finished cycles, in the order of ``SCHEDULES``."""

    cycle: int = 0
    books: tuple[Book, Book, Book] = (Book(), Book(exposure=1.0), Book())


def run_cycle(state: State, window: Sequence[Tick]) -> tuple[State, Telemetry]:
    """Run the three strategies once over the feed's window, newest tick last."""
    reversion, readings_1 = _mean_reversion(state.books[0], window)
    targeting, readings_2 = _volatility_targeting(state.books[1], window)
    arbitrage, readings_3 = _arbitrage(state.books[2], window)
    after = State(state.cycle + 1, (reversion, targeting, arbitrage))
    return after, Telemetry(after.cycle, readings_1 + readings_2 + readings_3)


def demo_telemetry(cycles: int, seed: int) -> dict[str, object]:
    """Summarise ``cycles`` (at least 1) runs as JSON-able numbers: schedule, metric, then last, min, max and avg."""
    feed, state = Feed(seed), State()
    series: dict[str, dict[str, list[float]]] = {name: {} for name in SCHEDULES}
    for _ in range(max(1, cycles)):
        state, telemetry = run_cycle(state, feed.advance())
        for reading in telemetry.readings:
            series[reading.schedule].setdefault(reading.metric, []).append(reading.value)
    schedules = {name: {metric: _spread(values) for metric, values in by.items()} for name, by in series.items()}
    return {"cycles": state.cycle, "seed": seed, "schedules": schedules}


def _mean_reversion(book: Book, window: Sequence[Tick]) -> tuple[Book, tuple[Reading, ...]]:
    prices = [tick.primary for tick in window]
    mean, spread = fmean(prices), pstdev(prices)
    zscores = [(price - mean) / spread for price in prices[-_ZSCORE_TICKS:]]
    signals = sum(abs(z) > _ENTRY_ZSCORE for z in zscores[-TICKS_PER_CYCLE:])
    wanted = max(-1.0, min(1.0, -zscores[-1] / 2))
    after = _trade(book, wanted, _move(window))
    values = {"avg_abs_zscore": fmean(abs(z) for z in zscores)}
    return after, _report(MEAN_REVERSION, after, wanted, signals, window[-1].jitter_ms, values)


def _volatility_targeting(book: Book, window: Sequence[Tick]) -> tuple[Book, tuple[Reading, ...]]:
    prices = [tick.primary for tick in window]
    realized = pstdev([later / earlier - 1 for earlier, later in pairwise(prices)])
    wanted = VOLATILITY / realized
    after = _trade(book, wanted, _move(window))
    values = {
        "allocation_error_pct": 100 * abs(after.exposure / wanted - 1),
        "realized_vs_target_vol_pct": 100 * (after.exposure * realized / VOLATILITY - 1),
    }
    signals = int(abs(wanted - book.exposure) > 0.01)
    return after, _report(VOLATILITY_TARGETING, after, wanted, signals, window[-2].jitter_ms, values)


def _arbitrage(book: Book, window: Sequence[Tick]) -> tuple[Book, tuple[Reading, ...]]:
    recent = window[-TICKS_PER_CYCLE:]
    gaps_bps = [abs(tick.secondary / tick.primary - 1) * 10_000 - _FEES_BPS for tick in recent]
    captured = [gap for gap in gaps_bps if gap > 0]
    wanted = len(captured) / (2 * TICKS_PER_CYCLE)
    after = _trade(book, wanted, fmean(captured or [0.0]) * 1e-6)
    values = {
        "spread_capture_bps": fmean(captured or [0.0]),
        "secondary_delay_ms": fmean(tick.delay_ms for tick in recent),
    }
    return after, _report(ARBITRAGE, after, wanted, len(captured), window[-3].jitter_ms, values)


def _move(window: Sequence[Tick]) -> float:
    return window[-1].primary / window[-1 - TICKS_PER_CYCLE].primary - 1


def _trade(book: Book, wanted: float, move: float) -> Book:
    equity = book.equity[-1] * (1 + book.exposure * move)
    filled = book.exposure + _FILLED * (wanted - book.exposure)
    return replace(book, exposure=filled, equity=(*book.equity, equity)[-_EQUITY_HISTORY:])


def _report(
    schedule: str, book: Book, wanted: float, signals: int, jitter_ms: float, values: dict[str, float]
) -> tuple[Reading, ...]:
    common = {
        "latency_ms": 45 + 1.5 * signals + jitter_ms,
        "signals": float(signals),
        "pnl_drawdown_pct": 100 * (book.equity[-1] / max(book.equity) - 1),
        "risk_exposure_deviation_pct": 100 * abs(book.exposure - wanted),
    }
    return tuple(Reading(schedule, metric, value) for metric, value in {**common, **values}.items())


def _spread(values: list[float]) -> dict[str, float]:
    shown = {"last": values[-1], "min": min(values), "max": max(values), "avg": fmean(values)}
    return {name: round(value, 4) for name, value in shown.items()}
