"""The bodies of requests: one that comes in chunks gets a length, one that is refused is heard out within bounds."""

from __future__ import annotations

import contextlib
import io
import time
from collections.abc import Iterable
from typing import Final
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from flask import Flask, Response, request

LARGEST: Final = 16 * 1024 * 1024
"""Bytes of one request at most; evidence that is larger is attached from a terminal."""
MOST_UNWANTED: Final = 16 * LARGEST
"""Bytes of a refused body that are read on; a longer one is cut off."""
PATIENCE: Final = 20.0
"""Seconds for that."""


def init_app(app: Flask) -> None:
    """Bound every body."""
    app.config.update(MAX_CONTENT_LENGTH=LARGEST, MAX_FORM_MEMORY_SIZE=256 * 1024)
    app.wsgi_app = Measured(app.wsgi_app)  # type: ignore[method-assign]
    app.after_request(hear_out)


class Measured:
    """Gives a body in chunks (RFC 9112, 7.1) its length.

    The library below cuts a form without a length off where it grows too long, and takes what is left for the whole.
    """

    def __init__(self, application: WSGIApplication) -> None:
        self._application = application

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """WSGI (PEP 3333)."""
        if environ.get("wsgi.input_terminated") and environ.pop("HTTP_TRANSFER_ENCODING", ""):
            data = environ["wsgi.input"].read(LARGEST + 1)
            environ["CONTENT_LENGTH"] = str(len(data))
            if len(data) <= LARGEST:
                environ["wsgi.input"] = io.BytesIO(data)
        return self._application(environ, start_response)


def hear_out(response: Response) -> Response:
    """Read on what is refused before it is answered.

    A browser that is cut off while it sends shows "connection reset" in place of the page that says why. Only where
    the server itself ends the body (``wsgi.input_terminated``): elsewhere reading on may wait for ever.
    """
    if response.status_code < 400 or not request.environ.get("wsgi.input_terminated"):
        return response
    until, left = time.monotonic() + PATIENCE, MOST_UNWANTED
    if (request.content_length or 0) <= left:
        with contextlib.suppress(OSError):
            while left > 0 and time.monotonic() < until and (read := len(request.environ["wsgi.input"].read(65536))):
                left -= read
    return response
