"""How long alerts fired, as far as anybody saw.

That is at the opening, around an emergency stop, by the silence's checks, in a watch, after the restore.

A look is a moment. Only the history of a watch shows an end; else an alert is known to have fired up to the last look
that found it, and to be gone at the first one that did not.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple

from ledger.app.installation import Installation
from ledger.app.record.erasing import read
from ledger.app.review.fired import Begun, Fired, Telling, merged
from ledger.app.review.parts import Point, Span, said, seen, written
from ledger.domain.observing.events import AlertsSeen, CriticalAlertsSeen
from ledger.domain.opening.events import RollbackOpened
from ledger.domain.record import Recorded
from ledger.domain.silencing.events import SilenceChecked, SilenceChecked1
from ledger.domain.watching.events import WatchFinished, WatchStarted
from ledger.errors import LedgerError


class _Look(NamedTuple):
    """A look at all alerts: what is not among its names did not fire then."""

    at: Point
    names: frozenset[str]


@dataclass
class _Found:
    told: list[Telling] = field(default_factory=list)
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
    fired = merged(sightings.told)
    begun = Begun(fired)
    for alert in sorted(fired, key=lambda alert: (alert.start.at, alert.label)):
        gone = None if alert.ended else _gone(alert, sightings.looks, begun)
        critical = alert.labels.get("severity") == "critical"
        yield Span("alert", alert.label, alert.start, alert.end, alert.source, alert.ended, gone, critical)


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
    active = datetime.fromisoformat(row.get("continues") or row["active_at"]).astimezone(UTC)
    start = Point(at.entry, "continues" if row.get("continues") else "active_at", active)
    labels = {"alertname": row["name"], **row["labels"]}
    sightings.told.append(Telling(labels, start, at._replace(at=max(at.at, active)), name, ended))


def _gone(alert: Fired, looks: Sequence[_Look], begun: Begun) -> Point | None:
    """The first look after it that did not find it, or found it active anew."""
    name = alert.labels["alertname"]
    without = [look.at for look in looks if look.at.at > alert.end.at and name not in look.names]
    return min((*without, *begun.after(alert)), key=lambda point: point.at, default=None)


def _json(installation: Installation, name: str, kind: type) -> Any:
    try:
        page = json.loads(read(installation, name))
    except (LedgerError, ValueError):
        return kind()
    return page if isinstance(page, kind) else kind()
