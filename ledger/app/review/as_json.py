"""The post-mortem as JSON in no language: codes, RFC 3339 times in UTC, whole seconds, and sequences of entries.

A time is ``{"entry": 17, "field": "metadata.seen_at", "at": …}``: what stands in that field of that line of
``stage4.jsonl``. A figure is the difference of two of them, to the nearest second (a half goes up), never below 0; one
that still runs is counted up to ``up_to.at``. ``stopped`` is the runbook's duration, from the first stop until trading
was enabled again; ``key_times`` count from the first critical alert that an entry tells of, else from the opening
(:mod:`ledger.app.review.key_times`); ``override_in_place_seconds`` adds up the spans ``scheduler_held``. Only alerts
stand in an artefact, which is named by its digest: such a span goes ``to`` the last time that the alert was seen
firing, and ``end_seen`` says whether it ended there; else ``not_seen_any_more`` is the first look that did not find it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ledger.app.review.parts import (
    Duration,
    FollowUp,
    Point,
    Review,
    Span,
    StepTime,
    Words,
    seconds_between,
)
from ledger.proof.entry import format_time

FORMAT = "stage4-ledger review v2"


def review_json(review: Review) -> dict[str, Any]:
    """Texts, whole numbers, booleans and null."""
    rollback = review.rollback
    return {
        "format": FORMAT,
        "rollback": rollback.id,
        "phase": rollback.phase,
        "ticket": rollback.ticket,
        "purpose": rollback.purpose,
        "component": rollback.component,
        "reason": rollback.reason,
        "opened": rollback.opened_entry,
        "closed": review.closed or None,
        "entries": rollback.entries,
        "up_to": {"entry": review.closed or None, "at": format_time(review.at)},
        "override_in_place_seconds": review.held_seconds if review.held else None,
        "key_times": [_duration(figure) for figure in review.key_times],
        "durations": [_duration(duration) for duration in review.durations],
        "steps": [_step(step) | {"planned_seconds": review.planned.get(step.step)} for step in review.steps],
        "planned_window_seconds": seconds_between(rollback.window_start, rollback.window_end),
        "spans": [_span(span, review.at) for span in review.spans],
        "marks": [{"code": mark.code, "claimed": mark.claimed, **_point(mark.point)} for mark in review.marks],
        "attempts": [
            {
                "step": attempt.step,
                "number": attempt.number,
                "verdict": attempt.verdict,
                "reasons": list(attempt.reasons),
                "entry": attempt.entry,
                "at": format_time(attempt.at),
                "by": attempt.by,
            }
            for attempt in review.attempts
        ],
        "deviations": [
            {
                "code": departure.code,
                "by": departure.by,
                "seen": _point(departure.point),
                "settled": _maybe(departure.settled),
            }
            for departure in review.deviations
        ],
        "observations_left_off": review.left_off,
        "debts": [
            {
                "code": debt.code,
                "since": _point(debt.since),
                "paid": _maybe(debt.paid),
                "paid_by": debt.paid_by or None,
                "seconds": seconds_between(debt.since.at, debt.paid.at) if debt.paid else None,
            }
            for debt in review.debts
        ],
        "ended": _words(review.told.ended) if review.told.ended else None,
        "findings": [_words(one) | {"finding": one.kind} for one in review.told.findings],
        "follow_ups": [_follow_up(one) for one in review.told.follow_ups],
        "reviews": [_words(one) for one in review.told.reviews],
        "timeline": [
            {
                "entry": line.entry,
                "at": format_time(line.at),
                "by": line.by,
                "role": line.role,
                "code": line.code,
                "occurred_at": _time(line.occurred_at),
                "corrected_by": list(line.corrected_by),
            }
            for line in review.timeline
        ],
        "evidence": [
            {"name": proof.name, "entry": proof.entry, "sha384": proof.sha384, "size": proof.size, "state": proof.found}
            for proof in review.evidence
        ],
    }


def _words(words: Words) -> dict[str, Any]:
    about = {"about": words.about} if words.about else {}
    return {"entry": words.entry, "at": format_time(words.point.at), "by": words.by, "text": words.text, **about}


def _follow_up(one: FollowUp) -> dict[str, Any]:
    done = _words(one.done) if one.done else None
    return _words(one.what) | {"assignee": one.assignee, "due": format_time(one.due), "done": done}


def _point(point: Point) -> dict[str, Any]:
    return {"entry": point.entry, "field": point.field, "at": format_time(point.at)}


def _maybe(point: Point | None) -> dict[str, Any] | None:
    return _point(point) if point else None


def _time(moment: datetime | None) -> str | None:
    return format_time(moment) if moment else None


def _duration(duration: Duration) -> dict[str, Any]:
    ends = {"from": _point(duration.start), "to": _maybe(duration.end)}
    return {"code": duration.code, "state": duration.state, "seconds": duration.seconds, **ends}


def _step(step: StepTime) -> dict[str, Any]:
    return {
        "step": step.step,
        "verdict": step.shown,
        "attempts": step.attempts,
        "due": _maybe(step.due),
        "began": _point(step.began),
        "settled": _maybe(step.settled),
        "waited_seconds": step.waited,
        "took_seconds": step.took,
    }


def _span(span: Span, until: datetime) -> dict[str, Any]:
    end = span.end.at if span.end else until
    return {
        "lane": span.lane,
        "label": span.label or None,
        "artefact": span.source or None,
        "from": _point(span.start),
        "to": _maybe(span.end),
        "seconds": seconds_between(span.start.at, end),
        **(
            {"critical": span.critical, "end_seen": span.ended, "not_seen_any_more": _maybe(span.gone)}
            if span.lane == "alert"
            else {}
        ),
    }
