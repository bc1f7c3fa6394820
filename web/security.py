"""What every answer carries and every change must show: headers, and where a request comes from."""

from __future__ import annotations

import re
from typing import Final

from flask import Flask, Response, abort, request
from flask.sessions import SecureCookieSessionInterface

_PATH: Final = re.compile(r"/(?![/\\])[!-\[\]-~]*")
SAFE = frozenset(("GET", "HEAD", "OPTIONS"))
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "worker-src 'self'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
"""No inline script or style, no eval, no framing, nothing from elsewhere (CSP level 3)."""
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


class Cookies(SecureCookieSessionInterface):
    """Session cookies that are ``Secure`` wherever the browser speaks https (RFC 6265, 4.1.2.5)."""

    def get_cookie_secure(self, app: Flask) -> bool:
        """Whether this answer goes over TLS, by the proxy's word where there is one."""
        return request.is_secure


def init_app(app: Flask) -> None:
    """Guard every request and dress every answer."""
    app.session_interface = Cookies()
    app.before_request(refuse_foreign)
    app.after_request(dress)


def refuse_foreign() -> None:
    """403 for a change that another site asks this browser for.

    A browser says where a request comes from in ``Sec-Fetch-Site`` (W3C Fetch Metadata); an older one at least in
    ``Origin`` (RFC 6454). One that says neither is refused. Over plain http from another machine none says either
    (Fetch, 3.2: with ``no-referrer`` a form's ``Origin`` is ``null``), and passwords have no business there anyway.
    """
    if request.method in SAFE:
        return
    fetched_from = request.headers.get("Sec-Fetch-Site")
    if fetched_from is not None:
        if fetched_from != "same-origin":
            abort(403, "this request comes from another site; nothing was done")
        return
    if request.headers.get("Origin") != request.host_url.rstrip("/"):
        abort(
            403,
            "this request does not say that it comes from this site; nothing was done. Browsers say so over https, and "
            "over http on the server's own machine: open the dashboard there, or over https",
        )


def dress(response: Response) -> Response:
    """Add the headers; private pages are never cached."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if request.endpoint != "static":
        response.headers["Cache-Control"] = "no-store"
    if request.is_secure:
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    return response


def own_path(path: str) -> str:
    """A path of this site to go on to, in printable ASCII; anything else is the first page."""
    return path if _PATH.fullmatch(path) else "/"
