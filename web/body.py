"""How long the body of a request may be: that depends on who sends it, and is asked before it is read."""

from __future__ import annotations

from typing import Final, cast
from wsgiref.types import WSGIEnvironment

from flask import Flask, abort, g, request
from werkzeug.datastructures import ImmutableMultiDict
from werkzeug.exceptions import HTTPException

from ledger.errors import LedgerError
from web.framing import Unheard
from web.identity import STOP
from web.proxy import Proxied

LARGEST: Final = 16 * 1024 * 1024
"""Bytes of one request at most; evidence that is larger is attached from a terminal."""
SMALL: Final = 16 * 1024
"""The same for who may attach nothing, and for whom nobody knows: a form with a password fits."""


def init_app(app: Flask) -> None:
    """Bound every body, once it is known whose it is."""
    app.config.update(MAX_CONTENT_LENGTH=SMALL, MAX_FORM_MEMORY_SIZE=256 * 1024)
    app.before_request(bound)


def bound() -> None:
    """The limit of this request. A body that the server threw away is too large, or came at a bad moment."""
    thrown = request.environ.get("wsgi.input")
    if isinstance(thrown, Unheard):
        if thrown.why == "busy" and request.endpoint != STOP:
            abort(503, "too many files are being sent at the same time; nothing was kept, try again in a minute")
        request.max_content_length = 0
    else:
        request.max_content_length = allowed()


def readable() -> bool:
    """Whether the form can be read. Else it is an empty one from now on: the stop needs nothing that is typed."""
    try:
        return request.form is not None
    except HTTPException:
        request.form = ImmutableMultiDict()
        request.files = ImmutableMultiDict()
        return False


def allowed() -> int:
    """Bytes that the person of this request may send: an auditor changes nothing, and attaches nothing."""
    return LARGEST if g.roles - {"auditor"} else SMALL


def most(app: Flask, environ: WSGIEnvironment) -> int:
    """The same for a request whose body nobody has read, asked as the request itself will be asked."""
    cast("Proxied", app.wsgi_app).settle(environ)
    with app.request_context(environ):
        try:
            return SMALL if app.preprocess_request() is not None else allowed()
        except (HTTPException, LedgerError):
            return SMALL
