"""What goes wrong becomes a page that says what to do: never a traceback, never a secret."""

from __future__ import annotations

import logging
from typing import Final

from flask import Flask, g, jsonify, render_template, request
from jinja2 import TemplateError
from werkzeug import exceptions
from werkzeug.exceptions import HTTPException, InternalServerError
from werkzeug.wrappers import Response

from ledger.app.people.access import count_refusal
from ledger.app.words import mark
from ledger.errors import Conflict, Corrupt, LedgerError, Refused, Unreachable
from web.i18n import gettext
from web.shared import request_id
from web.site import site

logger = logging.getLogger("stage4.web")
STATUS: dict[type[LedgerError], int] = {Refused: 422, Conflict: 409, Corrupt: 500, Unreachable: 503}
SENTENCES: Final[dict[type[HTTPException], str]] = {
    exceptions.BadRequest: mark("What the browser sent cannot be read. Go back, load the page and try again."),
    exceptions.Unauthorized: mark("Nobody is signed in here, or the session has ended."),
    exceptions.NotFound: mark("Check the address, or go on from the first page."),
    exceptions.MethodNotAllowed: mark("This address takes no such request; use the page's own buttons."),
    exceptions.RequestEntityTooLarge: mark("What was sent is too large; nothing was kept. Attach a smaller excerpt."),
    exceptions.UnsupportedMediaType: mark("This address takes forms of this site only."),
}
"""In place of the library's own descriptions."""


def init_app(app: Flask) -> None:
    """Answer errors with pages."""
    app.register_error_handler(LedgerError, _ledger)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _unforeseen)


def status_of(error: LedgerError) -> int:
    """The HTTP status of an error of ours."""
    return next((status for kind, status in STATUS.items() if isinstance(error, kind)), 500)


def _ledger(error: LedgerError) -> Response:
    count_refusal(site().installation.home.root, error)
    trouble = isinstance(error, (Corrupt, Unreachable))
    return _answer(status_of(error), str(error), getattr(error, "owed", ()), stop=trouble)


def _http(error: HTTPException) -> Response:
    """With the headers that belong to the error, such as ``Allow``."""
    response = error.get_response()
    if error.code is None or error.code < 400:
        return Response(status=response.status_code, headers=response.headers)
    if error.code == 403:
        count_refusal(site().installation.home.root, Refused(error.description or ""))
    own = SENTENCES.get(type(error)) if error.description == type(error).description else None
    answer = _answer(error.code, gettext(own) if own else error.description or "")
    for name, value in response.headers.items():
        if name.lower() not in ("content-type", "content-length"):
            answer.headers[name] = value
    return answer


def _unforeseen(error: Exception) -> Response:
    # The path alone: a query may hold what somebody typed. As ASCII: a line end in it would be a line of the log.
    logger.error("unforeseen error on %s %s", request.method, ascii(request.path), exc_info=error)
    return _answer(500, InternalServerError.description or "")


def _answer(status: int, sentence: str, owed: tuple[str, ...] = (), *, stop: bool = False) -> Response:
    """The error as a page, or as ``application/problem+json`` (RFC 9457) for who asks for JSON and no page."""
    asked = request.accept_mimetypes
    if asked.accept_json and not asked.accept_html:
        answer = jsonify(type="about:blank", status=status, title=sentence, owed=list(owed))
        answer.status_code, answer.mimetype = status, "application/problem+json"
        return answer
    try:
        text, kind = page(status, sentence, owed, stop=stop), "text/html"
    except (TemplateError, OSError):  # whoever asks is told all the same
        text, kind = f"{status}: {sentence}\n", "text/plain"
    return Response(text, status=status, mimetype=kind)


def page(status: int, sentence: str, owed: tuple[str, ...] = (), *, stop: bool = False) -> str:
    """The error page; without the person's frame where the ledger that fills it cannot be read.

    With ``stop`` it has the stop's form, which needs no ledger, for who is signed in and may press it.
    """
    may = stop and bool(g.get("person")) and g.roles != {"auditor"}
    given = {"status": status, "sentence": sentence, "owed": owed, "stop": request_id() if may else ""}
    try:
        return render_template("error.html", **given)
    except LedgerError:
        g.person = ""
        return render_template("error.html", **given)
