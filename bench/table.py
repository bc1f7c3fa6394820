"""Rates as tables of ratios, and targets as sentences."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from typing import Any, NamedTuple

from bench import append, verifying

QUICK_DISK = 2_500
"""Flushes a second below which appending is mostly waiting, and every ratio comes near 1."""
Rates = Mapping[str, list[float]]


class Target(NamedTuple):
    """Something set out to be reached."""

    sentence: str
    wanted: float
    found: float

    @property
    def reached(self) -> bool:
        """Whether it was."""
        return self.found >= self.wanted


def medians(rates: Rates) -> dict[str, float]:
    """Each subject's median over the rounds, entries per second."""
    return {name: statistics.median(values) for name, values in rates.items()}


def ratio(rates: Rates, name: str, base: str) -> float:
    """Median over the rounds of the ratio within a round, where both saw the same machine."""
    return statistics.median(rate / other for rate, other in zip(rates[name], rates[base], strict=True))


def format_table(title: str, rates: Rates, bases: Mapping[str, str]) -> str:
    """One row a subject: median, least, most, and the ratio to each of ``bases`` (column title to subject)."""
    head = f"{title:36}{'per second':>11}{'least':>9}{'most':>9}" + "".join(f"{column:>14}" for column in bases)
    rows = []
    for name, values in rates.items():
        ratios = "".join(f"{ratio(rates, name, base):14.2f}" for base in bases.values())
        rows.append(f"{name:36}{statistics.median(values):11,.0f}{min(values):9,.0f}{max(values):9,.0f}{ratios}")
    return "\n".join([head, "-" * len(head), *rows])


def targets(appended: Rates, verified: Rates) -> list[Target]:
    """What issue 2 set out to reach; against SignLedger in each of the ways that it can be used."""
    speed = medians(verified)[verifying.OURS]
    return [
        Target("append / bare transaction", 0.55, ratio(appended, append.OURS, append.BARE)),
        *(Target(f"append / {name}", 1.5, ratio(appended, append.OURS, name)) for name in append.SIGNLEDGER),
        Target("entries verified per second and core", 30_000, speed),
        *(Target(f"verification / {name}", 12, ratio(verified, verifying.OURS, name)) for name in append.SIGNLEDGER),
    ]


def format_caution(machine: Mapping[str, Any]) -> str:
    """What the disk did: the slower it flushes, the less what is computed shows in the append ratios."""
    before, after = machine["fdatasync_per_second"], machine["fdatasync_per_second_after"]
    slow = min(before, after) < QUICK_DISK
    judged = "too slow: the append ratios say little, run again" if slow else "quick enough to tell the subjects apart"
    return f"The disk flushed {before:,}/s before and {after:,}/s after appending, {judged} (the targets: 4,400/s)."


def format_targets(reached: list[Target]) -> str:
    """One line a target."""
    lines = [f"{'Target':50}{'wanted':>10}{'found':>10}"]
    for target in reached:
        places = 0 if target.wanted > 1000 else 2
        wanted, found = (f"{value:,.{places}f}" for value in (target.wanted, target.found))
        lines.append(f"{target.sentence:50}{wanted:>10}{found:>10}   {'reached' if target.reached else 'NOT reached'}")
    return "\n".join(lines)
