"""The post-mortem of a rollback: a page to read and print, and its downloads."""

from __future__ import annotations

import json

from flask import Blueprint, Response, abort, render_template

from ledger.app.durations import format_duration
from ledger.app.review.as_json import review_json
from ledger.app.review.parts import Review
from ledger.app.review.post_mortem import review
from ledger.domain.runbook import STEPS
from ledger.said import Said
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
    postmortem = _review(rollback)
    pictures = [
        artefact for artefact in postmortem.evidence if artefact.name == "picture" and artefact.found == "present"
    ]
    drawn = {artefact.entry for artefact in postmortem.evidence if artefact.name == "picture"}
    return render_template(
        "review/show.html",
        review=postmortem,
        rollback=postmortem.rollback,
        chart=gantt(postmortem),
        pictures=pictures,
        undrawn=[
            artefact.entry
            for artefact in postmortem.evidence
            if artefact.name == "report" and artefact.entry not in drawn
        ],
        lines=postmortem.timeline[:MOST_LINES],
        took=format_duration,
        words=words,
        step_titles=STEPS,
    )


@blueprint.get("/rollbacks/<rollback>/review.md")
def markdown(rollback: str) -> Response:
    """The Markdown in the page's language, as a download."""
    postmortem = _review(rollback)
    answer = _attached(review_markdown(postmortem), "text/markdown", f"{postmortem.rollback.id}-review.md")
    answer.headers["Content-Language"] = language()
    return answer


@blueprint.get("/rollbacks/<rollback>/review.json")
def as_json(rollback: str) -> Response:
    """The JSON, as a download."""
    postmortem = _review(rollback)
    text = json.dumps(review_json(postmortem), indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    return _attached(text, "application/json", f"{postmortem.rollback.id}-review.json")


def _review(name: str) -> Review:
    installation = site().installation
    rollback = installation.state.rollback(name)
    if rollback is None:
        abort(404, Said("there is no rollback {}", ascii(name[:64])))
    return review(installation, rollback, timeline())


def _attached(text: str, kind: str, name: str) -> Response:
    answer = Response(text, mimetype=kind)
    answer.headers.set("Content-Disposition", "attachment", filename=name)
    return answer
