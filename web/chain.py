"""Where things stand in the picture of the chain: every bar and mark in thousandths of the ledger's length."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from ledger.app.soundness.coverage import Check, Name
from ledger.app.words import mark

WIDE: Final = 1000
"""Units of the drawing from the first entry to the newest."""
MOST: Final = 40
"""Blocks that are drawn for the entries; where there are more, each stands for several."""
TITLES: Final[dict[Name, str]] = {
    "lines": mark("Form, order, chain and both HMACs"),
    "rules": mark("Rules of the runbook, replayed"),
    "checkpoints": mark("Checkpoints: signature and Merkle root"),
    "published": mark("Published file"),
    "artefacts": mark("Artefacts that entries name"),
    "elsewhere": mark("A head kept elsewhere"),
}


class Lane(NamedTuple):
    """One check, as the picture shows it beside the entries."""

    check: Check
    title: str
    width: int
    """Of the bar; what is right of it was not reached."""
    crosses: tuple[int, ...]
    """Where something is wrong."""


class Picture(NamedTuple):
    """The picture."""

    blocks: tuple[tuple[int, int], ...]
    """Each block's place and width."""
    lanes: tuple[Lane, ...]
    seals: tuple[int, ...]
    """Where the newest checkpoints stand."""
    size: int


def picture(checks: Sequence[Check], size: int, checkpoints: Iterable[int]) -> Picture:
    """The checks of a ledger that has so many entries."""
    seals = sorted({_place(one, size) for one in checkpoints if 0 < one <= size})
    lanes = (Lane(check, TITLES[check.name], _place(check.upto, size), _crosses(check, size)) for check in checks)
    return Picture(tuple(_blocks(size)), tuple(lanes), tuple(seals), size)


def _place(entry: int, size: int) -> int:
    return round(WIDE * min(entry, size) / size) if size else 0


def _crosses(check: Check, size: int) -> tuple[int, ...]:
    places = {_place(one.sequence, size) for one in check.wrong if one.sequence}
    return tuple(sorted(min(WIDE - 8, max(8, place)) for place in places))


def _blocks(size: int) -> Iterable[tuple[int, int]]:
    number = min(size, MOST)
    for block in range(number):
        start, end = WIDE * block // number, WIDE * (block + 1) // number
        yield start, max(2, end - start - 4)
