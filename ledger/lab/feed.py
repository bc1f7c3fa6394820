"""The market of the rehearsal: one seeded random walk, quoted at two venues. Pure and deterministic."""

from __future__ import annotations

import random
from collections import deque
from dataclasses import dataclass

TICKS_PER_CYCLE = 20
WINDOW_TICKS = 240
VOLATILITY = 0.0002  # of one tick, as a fraction of the price
_START_PRICE = 100.0
_PULL = 0.04  # towards the start price, so that a rehearsal of hours stays in a healthy range
_GAP = 0.0025  # between the venues


@dataclass(frozen=True)
class Tick:
    """One quote: prices at both venues, how late the second one came, and how busy the loop was (milliseconds)."""

    primary: float
    secondary: float
    delay_ms: float
    jitter_ms: float


class Feed:
    """Endless ticks; ``advance`` moves on by one cycle."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._price = _START_PRICE
        self._ticks = deque((self._tick() for _ in range(WINDOW_TICKS)), maxlen=WINDOW_TICKS)

    def advance(self) -> tuple[Tick, ...]:
        """Add one cycle's ticks and return the whole window, newest last."""
        self._ticks.extend(self._tick() for _ in range(TICKS_PER_CYCLE))
        return tuple(self._ticks)

    def _tick(self) -> Tick:
        draw = self._random
        self._price *= 1 + draw.gauss(0, VOLATILITY) + _PULL * (_START_PRICE / self._price - 1)
        secondary = self._price * (1 + draw.gauss(0, _GAP))
        return Tick(self._price, secondary, draw.uniform(90, 190), draw.uniform(0, 40))
