"""Which tellings of alerts are of one alert: the same labels, or more of them, at overlapping times.

Thousands may have one name, so each is compared with those alone that share its labels.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from ledger.app.review.parts import Point

_SLACK = timedelta(seconds=1)
"""``ALERTS_FOR_STATE`` gives whole seconds, rounded down."""


class Telling(NamedTuple):
    """What an entry's artefact says of one alert; ``ended`` where its end was seen too."""

    labels: Mapping[str, str]
    start: Point
    end: Point
    source: str
    ended: bool


@dataclass
class Fired:
    """One alert from when it became active to when it was last seen firing."""

    labels: Mapping[str, str]
    start: Point
    end: Point
    source: str
    ended: bool
    number: int

    @property
    def label(self) -> str:
        """Its name, and the schedule that it is about."""
        return " ".join([self.labels.get("alertname", ""), self.labels.get("schedule", "")]).strip()


Items = frozenset[tuple[str, str]]


class _Known:
    """The alerts of one name, found by their labels, of which every telling has one of a few sets of names."""

    def __init__(self, shapes: Collection[frozenset[str]]) -> None:
        self._shapes, self._shared = shapes, frozenset.intersection(*shapes)
        self._whole: dict[Items, list[Fired]] = defaultdict(list)
        self._parts: dict[Items, list[Fired]] = defaultdict(list)
        """Under every part of an alert's labels that a telling can have, the whole too."""
        self._latest: dict[Items, datetime] = {}
        """By what all have: when one of them was seen last. An alert that comes and goes begins after that."""

    def add(self, alert: Fired) -> None:
        """Once more where its labels have become others; what it had before no longer leads to it."""
        self._whole[frozenset(alert.labels.items())].append(alert)
        for part in self._of(alert.labels):
            self._parts[part].append(alert)

    def lasted(self, alert: Fired) -> None:
        """It was seen firing up to its end."""
        core = _part(alert.labels, self._shared)
        self._latest[core] = max(alert.end.at, self._latest.get(core, alert.end.at))

    def find(self, told: Telling) -> Fired | None:
        """The first one that it is; its labels are among those of the other, or the other's among them."""
        latest = self._latest.get(_part(told.labels, self._shared))
        if latest is None or told.start.at > latest + _SLACK:
            return None
        near = [*self._parts[frozenset(told.labels.items())]]
        near += [alert for part in self._of(told.labels) for alert in self._whole[part]]
        return min((one for one in near if _same(one, told)), key=lambda one: one.number, default=None)

    def _of(self, labels: Mapping[str, str]) -> Iterator[Items]:
        return (_part(labels, names) for names in self._shapes if names <= labels.keys())


def _part(labels: Mapping[str, str], names: Iterable[str]) -> Items:
    return frozenset((name, labels[name]) for name in names)


def merged(tellings: Sequence[Telling]) -> list[Fired]:
    """Every alert that they tell of, in the order in which they come."""
    shapes: dict[str, set[frozenset[str]]] = defaultdict(set)
    for told in tellings:
        shapes[told.labels["alertname"]].add(frozenset(told.labels))
    known = {name: _Known(found) for name, found in shapes.items()}
    fired: list[Fired] = []
    for told in tellings:
        kin = known[told.labels["alertname"]]
        alert = kin.find(told)
        if alert is None:
            alert = Fired(*told, len(fired))
            fired.append(alert)
            kin.add(alert)
        elif _bring_up(alert, told):
            kin.add(alert)
        kin.lasted(alert)
    return fired


def _same(alert: Fired, told: Telling) -> bool:
    """Whether both are one alert at overlapping times; Prometheus adds labels on sending."""
    if told.start.at > alert.end.at + _SLACK or told.end.at < alert.start.at - _SLACK:
        return False
    few, many = sorted((alert.labels.items(), told.labels.items()), key=len)
    return few <= many


def _bring_up(alert: Fired, told: Telling) -> bool:
    """What is still firing: then the newest telling counts. Whether its labels are others now."""
    before, last = alert.labels, "last_seen"
    if told.start.at <= alert.start.at + _SLACK and (told.end.field == last or alert.end.field != last):
        alert.labels, alert.start, alert.source = told.labels, told.start, told.source
    if told.end.at >= alert.end.at:
        alert.end, alert.ended = told.end, told.ended
    return alert.labels != before


class Begun:
    """When alerts with the same labels became active."""

    def __init__(self, fired: Sequence[Fired]) -> None:
        self._starts: dict[Items, list[Point]] = defaultdict(list)
        for alert in sorted(fired, key=lambda alert: alert.start.at):
            self._starts[frozenset(alert.labels.items())].append(alert.start)

    def after(self, alert: Fired) -> list[Point]:
        """The first time that it became active anew after it was seen last, where it did."""
        starts = self._starts[frozenset(alert.labels.items())]
        at = bisect_right(starts, alert.end.at, key=lambda point: point.at)
        return starts[at : at + 1]
