"""The post-mortem of a rollback: a page to read and print, and its downloads."""

from __future__ import annotations

import json

from flask import Blueprint, Response, abort, render_template

from ledger.app.durations import format_duration
from ledger.app.review.as_json import review_json
from ledger.app.review.parts import Review
from ledger.app.review.post_mortem import review
from ledger.domain.runbook import STEPS
from web import review_words as words
from web.gantt import gantt
from web.i18n import language
from web.pages.timeline import timeline
from web.review_markdown import review_markdown
from web.shared import shared
from web.site import site

blueprint = Blueprint("review", __name__)
MOST_LINES = 300
"""Entries that the page shows; the timeline and the downloads have all."""


@blueprint.get("/rollbacks/<rollback>/review")
@shared
def show(rollback: str) -> str:
    """The page."""
    found = _review(rollback)
    pictures = [one for one in found.evidence if one.name == "picture" and one.found == "present"]
    drawn = {one.entry for one in found.evidence if one.name == "picture"}
    return render_template(
        "review/show.html",
        review=found,
        rollback=found.rollback,
        chart=gantt(found),
        pictures=pictures,
        undrawn=[one.entry for one in found.evidence if one.name == "report" and one.entry not in drawn],
        lines=found.timeline[:MOST_LINES],
        took=format_duration,
        words=words,
        step_titles=STEPS,
    )


@blueprint.get("/rollbacks/<rollback>/review.md")
def markdown(rollback: str) -> Response:
    """The Markdown in the page's language, as a download."""
    found = _review(rollback)
    answer = _attached(review_markdown(found), "text/markdown", f"{found.rollback.id}-review.md")
    answer.headers["Content-Language"] = language()
    return answer


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
    return review(installation, found, timeline())


def _attached(text: str, kind: str, name: str) -> Response:
    answer = Response(text, mimetype=kind)
    answer.headers.set("Content-Disposition", "attachment", filename=name)
    return answer
