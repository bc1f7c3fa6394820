"""Cookies: their names and paths by how the browser came here, and the device that somebody signed in on before.

Over https a name begins with ``__Host-``: a browser takes such a cookie only from this very host over TLS, for all of
its paths (draft-ietf-httpbis-rfc6265bis, 4.1.3.2), so neither a neighbour's host nor plain http can plant one. Under a
sub-path it is ``__Secure-`` with that path: what else lives on the host is not sent it.
"""

from __future__ import annotations

import secrets
from typing import Any, Final

from flask import Flask, request
from flask.sessions import SecureCookieSessionInterface
from itsdangerous import BadSignature, URLSafeSerializer
from werkzeug.wrappers import Response

from ledger.app.people.guess_limits import STRANGE, Device

SESSION: Final = "stage4_session"
DEVICE: Final = "stage4_device"
PREFIXES: Final = ("", "__Host-", "__Secure-")
"""What a cookie's name may begin with."""
_LONG: Final = 400 * 24 * 3600
"""Seconds; browsers keep no cookie longer."""
_PEOPLE: Final = 8
"""People that one browser remembers; the one who has not signed in for longest is forgotten first."""


class Cookies(SecureCookieSessionInterface):
    """Session cookies that are ``Secure`` wherever the browser speaks https (RFC 6265, 4.1.2.5)."""

    def get_cookie_name(self, app: Flask) -> str:
        """One name for each way to come here; a cookie of another way is not read."""
        return named(SESSION)

    def get_cookie_path(self, app: Flask) -> str:
        """The part of the host that is ours."""
        return path()

    def get_cookie_secure(self, app: Flask) -> bool:
        """Whether this answer goes over TLS, by the proxy's word where there is one."""
        return request.is_secure


def named(name: str) -> str:
    """The name under which this request's browser keeps a cookie."""
    if not request.is_secure:
        return name
    return f"__Secure-{name}" if request.script_root else f"__Host-{name}"


def path() -> str:
    """Where a cookie of ours is sent."""
    return request.script_root or "/"


def device(secret: bytes) -> Device:
    """The device that this browser proves to be; :data:`STRANGE` where it proves nothing."""
    try:
        page: Any = _serializer(secret).loads(request.cookies.get(named(DEVICE), ""))
        return Device(str(page["device"]), tuple(map(str, page["people"])))
    except (BadSignature, KeyError, TypeError):
        return STRANGE


def remember_device(answer: Response, secret: bytes, known: Device, person: str) -> None:
    """From now on this browser is known as one that the person signed in on."""
    people = [*(one for one in known.people if one != person), person][-_PEOPLE:]
    page = {"device": known.id or secrets.token_hex(16), "people": people}
    answer.set_cookie(
        named(DEVICE),
        str(_serializer(secret).dumps(page)),
        max_age=_LONG,
        path=path(),
        secure=request.is_secure,
        httponly=True,
        samesite="Lax",
    )


def _serializer(secret: bytes) -> URLSafeSerializer:
    return URLSafeSerializer(secret, salt="stage4-device")
