"""Measuring side by side: the subjects take turns, so that drift of the machine hits all alike."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Mapping
from typing import NamedTuple


class Piece(NamedTuple):
    """A piece of work and how many entries it is."""

    entries: int
    run: Callable[[], None]


def take_turns(
    pieces: Mapping[str, Piece], rounds: int, clock: Callable[[], float] = time.perf_counter
) -> dict[str, list[float]]:
    """Entries per second of ``clock`` of each in each round; every round begins with another subject."""
    rates: dict[str, list[float]] = {name: [] for name in pieces}
    names = list(pieces)
    for number in range(rounds):
        at = number % len(names)
        for name in names[at:] + names[:at]:
            gc.collect()  # nobody pays for what another left
            started = clock()
            pieces[name].run()
            rates[name].append(pieces[name].entries / (clock() - started))
    return rates
