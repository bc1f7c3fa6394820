"""The post-mortem of a rollback: a page to read and print, and its downloads."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import Blueprint, Response, abort, render_template

from ledger.app.review import review
from ledger.app.review_parts import Mark, Review, Span
from ledger.app.review_text import review_json, review_markdown
from web.site import site
from web.words import mark

blueprint = Blueprint("review", __name__)
LEFT, WIDTH, ROW, TOP = 230, 1000, 26, 64
"""The Gantt in its own units: the lanes' names, the whole, one lane, the marks above."""
TONES = {"alert": "bad", "not observed": "unknown", "alerts silenced": "warn", "scheduler held": "info"}
WORDS = (
    mark("to confirm"),
    mark("to disable"),
    mark("to silence"),
    mark("watched"),
    mark("to restore"),
    mark("total"),
)


@dataclass(frozen=True)
class Bar:
    """One bar, in the drawing's units."""

    span: Span
    x: float
    width: float
    y: int
    tone: str


@dataclass(frozen=True)
class Point:
    """One mark, in the drawing's units; ``row`` keeps neighbouring names apart."""

    mark: Mark
    x: float
    row: int


@dataclass(frozen=True)
class Gantt:
    """The drawing: lanes' names with their y, bars, points, ticks."""

    height: int
    lanes: tuple[tuple[str, int], ...]
    bars: tuple[Bar, ...]
    points: tuple[Point, ...]
    ticks: tuple[tuple[float, datetime], ...]


@blueprint.get("/rollbacks/<rollback>/review")
def show(rollback: str) -> str:
    """The page."""
    found = _review(rollback)
    pictures = [one for one in found.evidence if one.name == "picture" and one.found == "present"]
    return render_template(
        "review/show.html", review=found, rollback=found.rollback, chart=gantt(found), pictures=pictures
    )


@blueprint.get("/rollbacks/<rollback>/review.md")
def markdown(rollback: str) -> Response:
    """The Markdown, as a download."""
    names = {one.id: one.name for one in site().installation.people.people()}
    found = _review(rollback)
    return _attached(review_markdown(found, names), "text/markdown", f"{found.rollback.id}-review.md")


@blueprint.get("/rollbacks/<rollback>/review.json")
def as_json(rollback: str) -> Response:
    """The JSON, as a download."""
    found = _review(rollback)
    text = json.dumps(review_json(found), indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    return _attached(text, "application/json", f"{found.rollback.id}-review.json")


def _review(name: str) -> Review:
    installation = site().installation
    found = installation.state.rollback(name)
    if found is None:
        abort(404, f"there is no rollback {name[:64]!a}")
    return review(installation, found)


def _attached(text: str, kind: str, name: str) -> Response:
    answer = Response(text, mimetype=kind)
    answer.headers.set("Content-Disposition", "attachment", filename=name)
    return answer


def gantt(found: Review) -> Gantt:
    """Bars and points on one axis, from the first entry (or a little before) to where the review looks up to."""
    end = max([found.at, *(one.at for one in found.marks if not one.claimed)])
    begin = found.rollback.opened_at
    early = [one.start for one in found.spans if one.lane == "alert"] + [one.at for one in found.marks]
    begin = max(min([begin, *early]), begin - max(timedelta(minutes=10), (end - begin) / 4))
    length = max(1.0, (end - begin).total_seconds())

    def place(at: datetime) -> float:
        share = (at - begin).total_seconds() / length
        return round(LEFT + min(1.0, max(0.0, share)) * (WIDTH - LEFT - 12), 1)

    labels: list[str] = []
    bars = []
    for span in found.spans:
        label = span.label if span.lane in ("alert", "not observed") or span.lane.startswith("step") else span.lane
        if label not in labels:
            labels.append(label)
        x = place(span.start)
        tone = TONES.get(span.lane, "accent")
        bars.append(Bar(span, x, max(3.0, place(span.end) - x), TOP + labels.index(label) * ROW, tone))
    points = [Point(one, place(one.at), index % 3) for index, one in enumerate(sorted(found.marks, key=lambda m: m.at))]
    ticks = tuple((place(at), at) for at in (begin + timedelta(seconds=length * part / 5) for part in range(6)))
    lanes = tuple((label, TOP + index * ROW) for index, label in enumerate(labels))
    return Gantt(TOP + len(labels) * ROW + 30, lanes, tuple(bars), tuple(points), ticks)
