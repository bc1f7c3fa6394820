"""What every answer carries and every change must show: headers, and where a request comes from."""

from __future__ import annotations

import ipaddress
import re
import socket
from typing import Final

from flask import Flask, abort, redirect, request
from werkzeug.sansio.utils import host_is_trusted
from werkzeug.wrappers import Response

from ledger.said import Said
from web.proxy import ODD_PREFIX, THROUGH
from web.site import site

_OWN_NAMES: Final = ("localhost", socket.gethostname().lower())
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


def init_app(app: Flask) -> None:
    """Guard every request and dress every answer."""
    app.before_request(refuse_unknown_host)
    app.before_request(refuse_foreign)
    app.after_request(dress)


def refuse_unknown_host() -> None:
    """400 for a name that this server does not answer to: another site's name may have been pointed here.

    Addresses cannot be pointed elsewhere, and neither can the machine's own names. Where no names are configured the
    declared proxy vouches for what it passes on.
    """
    if request.environ.get(ODD_PREFIX):
        abort(400, "the proxy's X-Forwarded-Prefix is no path like /stage4; nothing was done")
    here, host = site(), request.host.lower()
    if host_is_trusted(host, _OWN_NAMES + here.hosts) or _is_address(host, loopback_only=bool(here.hosts)):
        return
    if not here.hosts and request.environ.get(THROUGH):
        return
    abort(
        400, Said("this server does not answer to the name {}; add it to serve.hosts in stage4.toml", ascii(host[:100]))
    )


def _is_address(host: str, *, loopback_only: bool) -> bool:
    name = host.rsplit("]", 1)[0].lstrip("[") if host.startswith("[") else host.partition(":")[0]
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return False
    return address.is_loopback or not loopback_only


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


def onwards(path: str) -> Response:
    """To a path of this site, below the proxy's prefix where there is one."""
    return redirect(request.script_root + own_path(path), code=303)
