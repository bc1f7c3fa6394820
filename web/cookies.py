"""Cookies: their names and paths by how the browser came here, and the device that somebody signed in on before.

Over https a name begins with ``__Host-``: a browser takes such a cookie only from this very host over TLS, for all of
its paths (draft-ietf-httpbis-rfc6265bis, 4.1.3.2), so neither a neighbour's host nor plain http can plant one. Under a
sub-path it is ``__Secure-`` with that path: what else lives on the host is not sent it.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any, Final

from flask import Flask, request
from flask.sessions import SecureCookieSessionInterface
from itsdangerous import BadSignature, URLSafeSerializer
from werkzeug.sansio.http import parse_cookie
from werkzeug.wrappers import Response

from ledger.app.people.guess_limits import STRANGE, Device

SESSION: Final = "stage4_session"
DEVICE: Final = "stage4_device"
PREFIXES: Final = ("", "__Host-", "__Secure-")
"""What a cookie's name may begin with."""
_SESSIONS: Final = tuple(prefix + SESSION for prefix in PREFIXES)
_OURS: Final = frozenset((*_SESSIONS, *(prefix + DEVICE for prefix in PREFIXES)))
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


def joined(headers: Sequence[str]) -> str:
    """The cookies of a request as one header, ours before whatever stands beside them.

    Cookies know no ports, and under a sub-path the host is shared: any other application there sets what it likes. A
    quotation mark that it leaves open takes in all that follows, and the server's library joins several headers with
    commas, which are part of a value (RFC 6265, 5.4; RFC 9113, 8.2.3).
    """
    pairs = [pair.strip(" \t") for header in headers for pair in header.split(";")]
    return "; ".join(sorted(filter(None, pairs), key=lambda pair: pair.partition("=")[0].rstrip(" \t") not in _OURS))


def sessions(header: str) -> list[str]:
    """The session of each way to come here, as the application reads it from such a header."""
    values = parse_cookie(header)
    return [values[name] for name in _SESSIONS if name in values]


def device(secret: bytes) -> Device:
    """The device that this browser proves to be; :data:`STRANGE` where it proves nothing."""
    try:
        page: Any = _serializer(secret).loads(request.cookies.get(named(DEVICE), ""))
        return Device(str(page["device"]), tuple(map(str, page["people"])))
    except (BadSignature, KeyError, TypeError):
        return STRANGE


def remember_device(answer: Response, secret: bytes, known: Device, person: str) -> None:
    """From now on this browser is known as one that the person signed in on."""
    people = [*(other for other in known.people if other != person), person][-_PEOPLE:]
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
