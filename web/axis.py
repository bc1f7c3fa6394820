"""The Gantt of a review as one drawing of fixed size, for print: no stylesheet of a page reaches into it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from web.gantt import Gantt, Lane

NAME: Final = 200
TOOK: Final = 70
TRACK: Final = 410
ROW: Final = 20
TOP: Final = 26
_TONES: Final = {
    "bad": "#ab1f17",
    "warn": "#7a4a00",
    "info": "#4a4f9c",
    "accent": "#1d5280",
    "quiet": "#c4ccd5",
    "unknown": "#59636e",
}


class Rect(NamedTuple):
    """A bar: where, how wide, of which colour, how opaque."""

    x: float
    y: float
    width: float
    height: float
    fill: str
    opacity: float


class Text(NamedTuple):
    """Words at a place; ``anchor`` as in SVG."""

    x: float
    y: float
    anchor: str
    text: str


class Row(NamedTuple):
    """A lane and its middle."""

    lane: Lane
    y: float


class Axis:
    """The drawing, in units of its own."""

    width = NAME + TOOK + TRACK + 20

    def __init__(self, chart: Gantt) -> None:
        self._chart = chart
        self.top = TOP + max(0, chart.rows - 1) * 16
        self.bottom = self.top + ROW * len(chart.lanes)
        self.height = self.bottom + 18
        self.left, self.right = NAME + TOOK, NAME + TOOK + TRACK
        self.row = ROW

    def _at(self, percent: float) -> float:
        return round(self.left + TRACK * percent / 100, 1)

    @property
    def rows(self) -> Iterator[Row]:
        """Every lane with the middle of its row."""
        for number, lane in enumerate(self._chart.lanes):
            yield Row(lane, self.top + ROW * number + ROW / 2)

    @property
    def bars(self) -> Iterator[Rect]:
        """Bars, and paler their ends that nobody saw."""
        for lane, y in self.rows:
            for bar in lane.bars:
                fill, wide = _TONES[bar.tone], TRACK / 100
                if bar.tail:
                    yield Rect(self._at(bar.x + bar.width), y - 3, round(bar.tail * wide, 1), 6, fill, 0.2)
                yield Rect(self._at(bar.x), y - 6, round(max(1.5, bar.width * wide), 1), 12, fill, 1)

    @property
    def lines(self) -> list[float]:
        """Where marks stand."""
        return [self._at(x) for x in self._chart.lines]

    @property
    def flags(self) -> Iterator[Text]:
        """The numbers of the marks."""
        for flag in self._chart.flags:
            yield Text(self._at(flag.x), 12 + flag.row * 16, "middle", flag.text)

    @property
    def ticks(self) -> Iterator[Text]:
        """Times below."""
        for tick in self._chart.ticks:
            yield Text(self._at(tick.x), self.bottom + 12, "middle", f"{tick.date} {tick.text}".strip())
