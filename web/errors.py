"""What goes wrong becomes a page that says what to do: never a traceback, never a secret."""

from __future__ import annotations

import logging

from flask import Flask, render_template, request
from werkzeug.exceptions import HTTPException, InternalServerError
from werkzeug.wrappers import Response

from ledger.errors import Conflict, Corrupt, LedgerError, Refused, Unreachable

logger = logging.getLogger("stage4.web")
STATUS: dict[type[LedgerError], int] = {Refused: 422, Conflict: 409, Corrupt: 500, Unreachable: 503}


def init_app(app: Flask) -> None:
    """Answer errors with pages."""
    app.register_error_handler(LedgerError, _ledger)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _unforeseen)


def status_of(error: LedgerError) -> int:
    """The HTTP status of an error of ours."""
    return next((status for kind, status in STATUS.items() if isinstance(error, kind)), 500)


def _ledger(error: LedgerError) -> tuple[str, int]:
    return page(status_of(error), str(error), getattr(error, "owed", ())), status_of(error)


def _http(error: HTTPException) -> tuple[str, int] | Response:
    if error.code is None or error.code < 400:
        return Response(status=error.code or 500)
    return page(error.code, error.description or ""), error.code


def _unforeseen(error: Exception) -> tuple[str, int]:
    logger.error("unforeseen error on %s %s", request.method, request.path, exc_info=error)
    return page(500, InternalServerError.description or ""), 500


def page(status: int, sentence: str, owed: tuple[str, ...] = ()) -> str:
    """The error page."""
    return render_template("error.html", status=status, sentence=sentence, owed=owed)
