"""Where the bars, marks and ticks of a review stand, in percent of the axis: the drawing is as wide as the page is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from ledger.app.review.parts import Mark, Review, Span, seconds_between

NARROWEST = 280
"""Pixels that the axis has on the smallest screen; numbers that would touch there stand in rows."""
LEAST = 0.6
"""Percent that the shortest bar is wide."""
CLOSE = 2.2
"""Marks nearer to each other than this share one flag."""
MOST_ALERTS = 12
"""Alerts that get a lane."""
MOST_BARS = 60
"""Bars that are drawn in an alert's lane; more would stand over each other."""
MOST_NOTES = 40
"""Notes that stand on the axis; the list of entries has all."""
_ORDER = ("scheduler_held", "alerts_silenced", "alert", "drift", "not_observed", "maintenance_window")
_TONES = {
    "alert": "bad",
    "drift": "bad",
    "not_observed": "unknown",
    "alerts_silenced": "warn",
    "scheduler_held": "info",
    "maintenance_window": "quiet",
    "fail": "bad",
    "error": "bad",
    "inconclusive": "warn",
}
Place = Callable[[datetime], float]
_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800)


@dataclass(frozen=True)
class Bar:
    """One bar. ``cut`` where it goes on beyond the axis; ``tail`` is how far its end, which nobody saw, can lie."""

    span: Span
    x: float
    width: float
    tone: str
    cut: bool
    tail: float = 0

    @property
    def moment(self) -> bool:
        """Whether it was seen once only: a moment, drawn as one."""
        return not self.span.ended and self.span.end is not None and self.span.end.at <= self.span.start.at


@dataclass(frozen=True)
class Lane:
    """One line of the drawing; ``label`` is set where the lane's code does not name it."""

    code: str
    label: str
    bars: tuple[Bar, ...]
    seconds: int
    """All its bars together, also what of them lies beyond the axis."""
    at_least: bool = False
    """Whether one of them lasted longer than was seen."""
    left_out: int = 0
    """How many more bars are not drawn: they are counted in its seconds."""


@dataclass(frozen=True)
class Flag:
    """The numbers of marks that stand (nearly) together, ``3`` or ``3–5``; ``row`` keeps neighbours apart."""

    text: str
    x: float
    row: int
    pixels: int
    """How wide it is drawn."""


@dataclass(frozen=True)
class Tick:
    """A time on the axis. ``date`` where the day is new; ``minor`` ones are left out where there is little room."""

    x: float
    at: datetime
    text: str
    date: str
    minor: bool


@dataclass(frozen=True)
class Gantt:
    """The drawing. ``marks`` in order of time: the n-th has the number n."""

    begin: datetime
    end: datetime
    lanes: tuple[Lane, ...]
    more_alerts: int
    """How many are not drawn."""
    more_notes: int
    marks: tuple[Mark, ...]
    lines: tuple[float, ...]
    flags: tuple[Flag, ...]
    ticks: tuple[Tick, ...]

    @property
    def rows(self) -> int:
        """Rows of flags."""
        return max((flag.row for flag in self.flags), default=-1) + 1


def gantt(found: Review) -> Gantt:
    """Everything on one axis, from the opening (or a little before) to where the review looks up to."""
    begin, end = _axis(found)

    def place(at: datetime) -> float:
        return min(100.0, max(0.0, 100 * ((at - begin) / (end - begin))))

    notes = [mark for mark in found.marks if mark.code == "note"]
    others = [mark for mark in found.marks if mark.code != "note"]
    marks = tuple(sorted([*others, *notes[:MOST_NOTES]], key=lambda mark: mark.point.at))
    places = [place(mark.point.at) for mark in marks]
    lanes = list(_lanes(found, place, begin, end))
    alerts = [lane for lane in lanes if lane.code == "alert"]
    left = {lane.label for lane in alerts[MOST_ALERTS:]}
    return Gantt(
        begin,
        end,
        tuple(lane for lane in lanes if lane.code != "alert" or lane.label not in left),
        sum(lane.left_out + len(lane.bars) * (lane.label in left) for lane in alerts),
        len(notes[MOST_NOTES:]),
        marks,
        tuple(dict.fromkeys(round(position, 2) for position in places)),
        tuple(flags(places)),
        tuple(_ticks(begin, end, place)),
    )


def _axis(review: Review) -> tuple[datetime, datetime]:
    end = max([review.at, *(mark.point.at for mark in review.marks if not mark.claimed)])
    opened = min(
        [review.rollback.opened_at, *(span.start.at for span in review.spans if span.lane == "scheduler_held")]
    )
    lead = max(timedelta(minutes=10), (end - opened) / 4)
    early = [span.start.at for span in review.spans if span.lane in ("alert", "drift")]
    early += [mark.point.at for mark in review.marks]
    begin = max(min([opened, *early]), opened - lead)
    return begin, max(end, begin + timedelta(seconds=1))


def _lanes(review: Review, place: Place, begin: datetime, end: datetime) -> Iterator[Lane]:
    steps = sorted({span.lane for span in review.spans if span.lane.startswith("step_")})
    for code in (*steps, *_ORDER):
        spans = [span for span in review.spans if span.lane == code and _inside(span, begin, end)]
        named = code in ("alert", "not_observed", "drift")
        lanes: dict[str, list[Span]] = {}
        for span in spans:
            lanes.setdefault(span.label if named else "", []).append(span)
        for label, of_lane in lanes.items():
            of_lane.sort(key=lambda span: span.start.at)
            drawn = of_lane[:MOST_BARS] if code == "alert" else of_lane
            bars = tuple(_bar(span, place, end) for span in drawn)
            lasted = sum(seconds_between(span.start.at, span.end.at if span.end else end) for span in of_lane)
            at_least = not all(span.ended for span in of_lane)
            yield Lane(code, label, bars, lasted, at_least, len(of_lane) - len(bars))


def _inside(span: Span, begin: datetime, end: datetime) -> bool:
    last = end if span.end is None or not (span.ended or span.gone) else (span.gone or span.end).at
    return span.start.at <= end and last >= begin


def _bar(span: Span, place: Place, end: datetime) -> Bar:
    x, last = place(span.start.at), place(span.end.at if span.end else end)
    width = max(LEAST, last - x)
    tone = _TONES.get(span.label if span.lane.startswith("step_") else span.lane, "accent")
    x = round(min(x, 100 - width), 2)
    tail = 0.0 if span.ended else max(0.0, place(span.gone.at if span.gone else end) - x - width)
    return Bar(span, x, round(width, 2), tone, bool(span.end and span.end.at > end), round(tail, 2))


def flags(places: Sequence[float]) -> Iterator[Flag]:
    """Flags for marks at these places, in order: no two touch, however narrow the axis is."""
    groups: list[list[int]] = []
    for number, x in enumerate(places):
        if groups and x - places[groups[-1][0]] < CLOSE:
            groups[-1].append(number)
        else:
            groups.append([number])
    ends: list[float] = []
    for group in groups:
        x = (places[group[0]] + places[group[-1]]) / 2
        text = str(group[0] + 1) if len(group) == 1 else f"{group[0] + 1}–{group[-1] + 1}"
        pixels = 12 + 7 * len(text)
        half = 50 * (pixels + 2) / NARROWEST
        row = next((row for row, edge in enumerate(ends) if x - half >= edge), len(ends))
        ends[row : row + 1] = [x + half]
        yield Flag(text, round(x, 2), row, pixels)


def _ticks(begin: datetime, end: datetime, place: Place) -> Iterator[Tick]:
    length = (end - begin).total_seconds()
    step = next((seconds for seconds in _STEPS if length / seconds <= 7), 604800 * (int(length / 604800 / 6) + 1))
    at = int(begin.timestamp() // step + 1) * step
    form = "%H:%M:%S" if step < 60 else "%H:%M"
    days, number, before = begin.date() != end.date(), 0, None
    while at <= end.timestamp():
        moment = datetime.fromtimestamp(at, UTC)
        date = f"{moment:%m-%d}" if days and moment.date() != before else ""
        yield Tick(round(place(moment), 2), moment, format(moment, form), date, bool(number % 2))
        # A date that stands with a tick which is left out where room is little comes again with the next.
        before = moment.date() if number % 2 == 0 else before
        at, number = at + step, number + 1
