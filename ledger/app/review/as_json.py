"""The post-mortem as JSON in no language: codes, RFC 3339 times in UTC, whole seconds, and sequences of entries.

A time is ``{"entry": 17, "field": "metadata.seen_at", "at": …}``: what stands in that field of that line of
``stage4.jsonl``. A figure is the difference of two of them, to the nearest second (a half goes up), never below 0; one
that still runs is counted up to ``up_to.at``. Only alerts stand in an artefact, which is named by its digest.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ledger.app.review.parts import Duration, Point, Review, Span, StepTime, seconds_between
from ledger.proof.entry import format_time

FORMAT = "stage4-ledger review v2"


def review_json(found: Review) -> dict[str, Any]:
    """Texts, whole numbers, booleans and null."""
    rollback = found.rollback
    return {
        "format": FORMAT,
        "rollback": rollback.id,
        "phase": rollback.phase,
        "ticket": rollback.ticket,
        "purpose": rollback.purpose,
        "component": rollback.component,
        "reason": rollback.reason,
        "opened": rollback.opened_entry,
        "closed": found.closed or None,
        "entries": rollback.entries,
        "up_to": {"entry": found.closed or None, "at": format_time(found.at)},
        "durations": [_duration(one) for one in found.durations],
        "steps": [_step(one) for one in found.steps],
        "spans": [_span(one, found.at) for one in found.spans],
        "marks": [{"code": one.code, "claimed": one.claimed, **_point(one.point)} for one in found.marks],
        "attempts": [
            {
                "step": one.step,
                "number": one.number,
                "verdict": one.verdict,
                "reasons": list(one.reasons),
                "entry": one.entry,
                "at": format_time(one.at),
                "by": one.by,
            }
            for one in found.attempts
        ],
        "deviations": [
            {"code": one.code, "by": one.by, "seen": _point(one.point), "settled": _maybe(one.settled)}
            for one in found.deviations
        ],
        "observations_left_off": found.left_off,
        "debts": [
            {
                "code": one.code,
                "since": _point(one.since),
                "paid": _maybe(one.paid),
                "paid_by": one.paid_by or None,
                "seconds": seconds_between(one.since.at, one.paid.at) if one.paid else None,
            }
            for one in found.debts
        ],
        "timeline": [
            {
                "entry": one.entry,
                "at": format_time(one.at),
                "by": one.by,
                "role": one.role,
                "code": one.code,
                "occurred_at": _time(one.occurred_at),
                "corrected_by": list(one.corrected_by),
            }
            for one in found.timeline
        ],
        "evidence": [
            {"name": one.name, "entry": one.entry, "sha384": one.sha384, "size": one.size, "state": one.found}
            for one in found.evidence
        ],
    }


def _point(point: Point) -> dict[str, Any]:
    return {"entry": point.entry, "field": point.field, "at": format_time(point.at)}


def _maybe(point: Point | None) -> dict[str, Any] | None:
    return _point(point) if point else None


def _time(moment: datetime | None) -> str | None:
    return format_time(moment) if moment else None


def _duration(one: Duration) -> dict[str, Any]:
    ends = {"from": _point(one.start), "to": _maybe(one.end)}
    return {"code": one.code, "state": one.state, "seconds": one.seconds, **ends}


def _step(one: StepTime) -> dict[str, Any]:
    return {
        "step": one.step,
        "verdict": one.shown,
        "attempts": one.attempts,
        "due": _maybe(one.due),
        "began": _point(one.began),
        "settled": _maybe(one.settled),
        "waited_seconds": one.waited,
        "took_seconds": one.took,
    }


def _span(one: Span, until: datetime) -> dict[str, Any]:
    end = one.end.at if one.end else until
    return {
        "lane": one.lane,
        "label": one.label or None,
        "artefact": one.source or None,
        "from": _point(one.start),
        "to": _maybe(one.end),
        "seconds": seconds_between(one.start.at, end),
    }
