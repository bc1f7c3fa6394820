"""The post-mortem of a rollback: a page to read and print, and its downloads."""

from __future__ import annotations

import json
from bisect import bisect_right
from itertools import accumulate
from typing import Any, Final

from flask import Blueprint, Response, abort, current_app, render_template, url_for

from ledger.app.acts import ACTS
from ledger.app.durations import format_duration
from ledger.app.review.as_json import review_json
from ledger.app.review.parts import Review
from ledger.app.review.post_mortem import review
from ledger.app.review.printing import INSTALL, engine, pdf
from ledger.errors import LedgerError
from ledger.said import Said
from web import review_story
from web import review_words as words
from web.gantt import gantt
from web.i18n import language
from web.pages.rollbacks import offers
from web.pages.timeline import timeline
from web.review_document import document
from web.review_markdown import review_markdown
from web.shared import Renderings, request_id, shared
from web.site import site

blueprint = Blueprint("review", __name__)
SHOWN, PRINTED = 50_000, 500_000
"""Room for entries on the page and in the PDF, in characters; the timeline and the other downloads have all."""
_BESIDE = 450
"""What stands around the text of one."""


_REVIEWS: Final = "stage4.reviews"


@blueprint.get("/rollbacks/<rollback>/review")
@shared
def show(rollback: str) -> str:
    """The page."""
    return render(rollback)


def render(name: str, failed: str = "", error: LedgerError | None = None, typed: dict[str, str] | None = None) -> str:
    """The page; with ``failed`` the act that was not taken, its form open with what was typed."""
    found = _review(name)
    asking, offered = offers(found.rollback, failed, in_review=True)
    offered.sort(key=lambda one: one.act.name == "review")
    return render_template(
        "review/show.html",
        own_address=url_for("review.show", rollback=found.rollback.id),
        asking=asking,
        offered=offered,
        request_id=request_id,
        failed=failed,
        pdf_missing="" if engine() else INSTALL,
        # Its form is gone because the rollback moved on: the answer stands alone.
        stranded=ACTS[failed] if failed and all(one.act.name != failed for one in offered) else None,
        error=error,
        typed=typed or {},
        **shown(found),
    )


def shown(found: Review, room: int = SHOWN) -> dict[str, Any]:
    """What the page and the document show; of its entries as many as there is ``room`` for."""
    ends = list(accumulate(_BESIDE + len(line.text) for line in found.timeline))
    pictures = [artefact for artefact in found.evidence if artefact.name == "picture" and artefact.found == "present"]
    drawn = {artefact.entry for artefact in found.evidence if artefact.name == "picture"}
    return {
        "review": found,
        "rollback": found.rollback,
        "chart": gantt(found),
        "pictures": pictures,
        "undrawn": [
            artefact.entry for artefact in found.evidence if artefact.name == "report" and artefact.entry not in drawn
        ],
        "lines": found.timeline[: bisect_right(ends, room)],
        "now": site().installation.clock(),
        "took": format_duration,
        "words": words,
        "story": review_story,
    }


@blueprint.get("/rollbacks/<rollback>/review.md")
def markdown(rollback: str) -> Response:
    """The Markdown in the page's language, as a download."""
    postmortem = _review(rollback)
    answer = _attached(review_markdown(postmortem), "text/markdown", f"{postmortem.rollback.id}-review.md")
    answer.headers["Content-Language"] = language()
    return answer


@blueprint.get("/rollbacks/<rollback>/review.pdf")
def as_pdf(rollback: str) -> Response:
    """The document, in the page's language; where nothing here can make one the answer says what to install."""
    found = _review(rollback)
    return _attached(made_pdf(found), "application/pdf", f"{found.rollback.id}-post-mortem.pdf")


def made_pdf(found: Review) -> bytes:
    """The PDF of a review; needs a request's language. ``Unreachable`` where nothing here can make one."""
    return pdf(document(site().installation, found, shown(found, PRINTED), "review/document.html"))


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
    # It is the same for everybody, whatever the language: after an entry, when all who have it open ask, made once.
    made: Renderings[Review] = current_app.extensions.setdefault(_REVIEWS, Renderings(8))
    key = (name, installation.ledger.view().size, installation.clock().replace(microsecond=0))
    return made.get(key, lambda: review(installation, rollback, timeline()))


def _attached(text: str | bytes, kind: str, name: str) -> Response:
    answer = Response(text, mimetype=kind)
    answer.headers.set("Content-Disposition", "attachment", filename=name)
    return answer
