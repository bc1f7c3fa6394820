"""How long alerts fired, as far as anybody saw.

That is at the opening, around an emergency stop, by the silence's checks, in a watch, after the restore.

A look is a moment. Only the history of a watch shows an end; else an alert is known to have fired up to the last look
that found it, and to be gone at the first one that did not.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from ledger.app.installation import Installation
from ledger.app.record.erasing import read
from ledger.app.review.parts import Point, Span, said, seen, written
from ledger.domain.observing.events import AlertsSeen, CriticalAlertsSeen
from ledger.domain.opening.events import RollbackOpened
from ledger.domain.record import Recorded
from ledger.domain.silencing.events import SilenceChecked, SilenceChecked1
from ledger.domain.watching.events import WatchFinished, WatchStarted
from ledger.errors import LedgerError

_SLACK = timedelta(seconds=1)
"""``ALERTS_FOR_STATE`` gives whole seconds, rounded down."""


@dataclass
class _Fired:
    """One alert from when it became active to when it was last seen firing."""

    labels: Mapping[str, str]
    start: Point
    end: Point
    source: str
    ended: bool

    @property
    def label(self) -> str:
        return " ".join([self.labels.get("alertname", ""), self.labels.get("schedule", "")]).strip()


class _Look(NamedTuple):
    """A look at all alerts: what is not among its names did not fire then."""

    at: Point
    names: frozenset[str]


@dataclass
class _Found:
    fired: list[_Fired] = field(default_factory=list)
    kin: dict[str, list[_Fired]] = field(default_factory=dict)
    """The same, by name."""
    looks: list[_Look] = field(default_factory=list)


def alerts(installation: Installation, own: Sequence[Recorded]) -> Iterator[Span]:
    """Every alert that an entry's artefact tells of; an artefact that cannot be read gives none."""
    sightings = _Found()
    starts = {record.sequence: record for record in own if isinstance(record.event, WatchStarted)}
    for record in own:
        if isinstance(record.event, RollbackOpened) and record.event.firing_sha384:
            name = record.event.firing_sha384
            for row in _json(installation, name, list):
                _see(sightings, row, written(record), name)
        elif isinstance(record.event, (SilenceChecked, SilenceChecked1)):
            _checked(
                sightings, record, record.event.alerts_sha384, _json(installation, record.event.alerts_sha384, list)
            )
        elif isinstance(record.event, WatchFinished):
            page = _json(installation, record.event.report_sha384, dict)
            _watched(sightings, record, record.event.report_sha384, page, starts.get(record.event.started))
        elif isinstance(record.event, (AlertsSeen, CriticalAlertsSeen)):
            for row in _json(installation, record.event.alerts_sha384, list):
                _see(sightings, row, seen(record), record.event.alerts_sha384)
    for told in sorted(sightings.fired, key=lambda alert: (alert.start.at, alert.label)):
        gone = None if told.ended else _gone(told, sightings)
        critical = told.labels.get("severity") == "critical"
        yield Span("alert", told.label, told.start, told.end, told.source, told.ended, gone, critical)


def _checked(sightings: _Found, record: Recorded, name: str, page: list[Any]) -> None:
    """What fires at Alertmanager: version 1 has the alerts of one member, version 2 those of each."""
    members = page if page and "member" in page[0] else []
    rows = [row for member in members for row in member["alerts"] or ()] if members else page
    for row in rows:
        _see(sightings, row, written(record), name)
    if members and all(member["alerts"] is not None and not member["unread"] for member in members):
        sightings.looks.append(_Look(written(record), frozenset(row["name"] for row in rows)))


def _watched(sightings: _Found, record: Recorded, name: str, page: Mapping[str, Any], begun: Recorded | None) -> None:
    """The history of a window; where it is whole, an alert that is not in its last sample has ended."""
    rows = page.get("all_alerts", [])
    end = datetime.fromisoformat(page["window"]["end"]) if "window" in page else None
    coverage = page.get("coverage", {})
    samples = [coverage.get(kind) for kind in ("expected_samples", "up_samples", "evaluated_samples")]
    whole = end is not None and samples[0] is not None and len(set(samples)) == 1
    for row in rows:
        at = datetime.fromisoformat(row["last_seen"]).astimezone(UTC)
        ended = bool(whole and end and at < end)
        _see(sightings, row, Point(record.sequence, "last_seen", at), name, ended=ended)
    if whole and begun is not None and (start := said(begun, "starts_at")) is not None:
        sightings.looks.append(_Look(start, frozenset(row["name"] for row in rows)))


def _see(sightings: _Found, row: Mapping[str, Any], at: Point, name: str, *, ended: bool = False) -> None:
    """Make one alert of what is the same alert, still firing: then the newest telling counts."""
    active = datetime.fromisoformat(row.get("continues") or row["active_at"]).astimezone(UTC)
    labels = {"alertname": row["name"], **row["labels"]}
    start = Point(at.entry, "continues" if row.get("continues") else "active_at", active)
    at = at._replace(at=max(at.at, active))
    kin = sightings.kin.setdefault(labels["alertname"], [])
    known = next((alert for alert in kin if _same(alert, labels, active, at.at)), None)
    if known is None:
        kin.append(_Fired(labels, start, at, name, ended))
        sightings.fired.append(kin[-1])
        return
    if start.at <= known.start.at + _SLACK and (at.field == "last_seen" or known.end.field != "last_seen"):
        known.labels, known.start, known.source = labels, start, name
    if at.at >= known.end.at:
        known.end, known.ended = at, ended


def _same(alert: _Fired, labels: Mapping[str, str], active: datetime, at: datetime) -> bool:
    """Whether both are one alert at overlapping times; Prometheus adds labels on sending."""
    few, many = sorted((alert.labels.items(), labels.items()), key=len)
    return few <= many and active <= alert.end.at + _SLACK and at >= alert.start.at - _SLACK


def _gone(alert: _Fired, sightings: _Found) -> Point | None:
    """The first look after it that did not find it, or found it active anew."""
    name = alert.labels["alertname"]
    looks = [look.at for look in sightings.looks if look.at.at > alert.end.at and name not in look.names]
    anew = [
        two.start for two in sightings.kin.get(name, ()) if two.start.at > alert.end.at and two.labels == alert.labels
    ]
    return min((*looks, *anew), key=lambda point: point.at, default=None)


def _json(installation: Installation, name: str, kind: type) -> Any:
    try:
        page = json.loads(read(installation, name))
    except (LedgerError, ValueError):
        return kind()
    return page if isinstance(page, kind) else kind()
