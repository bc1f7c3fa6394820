"""Asking another server; what goes wrong is one sentence: who, what it answered, what to check."""

from __future__ import annotations

import contextlib
import json
import math
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any

import requests
import urllib3
from requests.auth import HTTPBasicAuth

from ledger.adapters.failures import Asked, Broken, TooMuch, Unsent
from ledger.adapters.failures import explain as explained
from ledger.adapters.server import Clock, Server
from ledger.adapters.transcript import Exchange, transcript
from ledger.adapters.wire import BoundedSession
from ledger.digest import sha384
from ledger.errors import Unreachable
from ledger.masking import excerpt, learn, masked
from ledger.said import Said

__all__ = [
    "BoundedSession",
    "Broken",
    "Clock",
    "Exchange",
    "Server",
    "TooMuch",
    "Unsent",
    "ask",
    "bounded_json",
    "explain",
    "masked",
    "session",
    "transcript",
    "turned_away",
]

_DIGITS = 40
_PLAIN_TO_TLS = (b"http request to an https server", b"http request was sent to https port")
"""What Go's servers and nginx say, in small letters, to whom speaks no TLS."""


def session(server: Server) -> BoundedSession:
    """A session with the server's credentials: no environment, no redirects, 10 MB and 2 x read_timeout at most.

    Raises ``Unreachable`` where a credential file cannot be read.
    """
    made = BoundedSession()
    made.headers["User-Agent"] = "stage4-ledger"
    if server.bearer_token_file:
        made.headers["Authorization"] = f"Bearer {_secret(server.bearer_token_file)}"
    elif server.username:
        password = _secret(server.password_file) if server.password_file else ""
        learn(f"{server.username}:{password}" if password else "")
        made.auth = HTTPBasicAuth(server.username.encode(), password.encode())
    made.verify = server.ca_file or True
    if server.client_certificate:
        if not server.client_key and not _holds_key(server.client_certificate):
            raise Unsent(
                Said("client_certificate {} holds no key: name its file in client_key", server.client_certificate)
            )
        made.cert = (server.client_certificate, server.client_key or server.client_certificate)
    made.headers.update(dict(server.headers))
    if server.proxy:
        made.proxies = {"http": server.proxy, "https": server.proxy}
    return made


def _holds_key(path: str) -> bool:
    """Whether a file of certificates has a key among them; one that cannot be read is told when it is used."""
    try:
        return b"PRIVATE KEY-----" in Path(path).read_bytes()
    except OSError:
        return True


def _secret(path: str) -> str:
    try:
        content = Path(path).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise Unsent(Said("cannot read the credential file {}: {}", path, _reason(error))) from error
    if not content.isprintable():
        raise Unsent(Said("the credential file {} holds more than one line of printable text: check it", path))
    learn(content)
    return content


def _reason(error: Exception) -> str:
    return error.strerror or type(error).__name__ if isinstance(error, OSError) else "no UTF-8 text"


def ask(
    server: Server,
    who: str,
    method: str,
    path: str = "",
    *,
    params: Mapping[str, str | list[str]] | None = None,
    body: object = None,
    data: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    clock: Clock | None = None,
    log: list[Exchange] | None = None,
    kept: BoundedSession | None = None,
) -> requests.Response:
    """One request; the answer has any status. Raises ``Unreachable`` (``Unsent`` where it surely did nothing).

    ``body`` is sent as JSON, ``data`` as it stands. With ``log`` and ``clock`` the exchange is appended to ``log``,
    also when no answer came. ``kept`` is a ``session`` of the server that stays open; without one the request has a
    connection of its own.
    """
    url = server.address(path)
    sent = (data or b"") if body is None else json.dumps(body, ensure_ascii=False).encode()
    at = clock() if clock else None
    status, received = 0, ""
    try:
        with contextlib.nullcontext(kept) if kept else session(server) as opened:
            answer = opened.request(
                method,
                url,
                params=params,
                data=sent or None,
                headers=_headers(body) | dict(headers or {}),
                timeout=server.timeout,
            )
        status, received = answer.status_code, _readable(answer.content) if log is not None else ""
    except (requests.RequestException, urllib3.exceptions.HTTPError, ValueError, OSError) as error:
        failure = explain(error, who, url, server)
        received = str(failure)
        raise failure from error
    else:
        return answer
    finally:
        if log is not None and at is not None:
            log.append(Exchange(method, url, _readable(sent), status, received, at))


def _readable(content: bytes) -> str:
    """Text as it is; of a picture or an archive how long it is and its digest."""
    if b"\0" in content:
        return f"({len(content)} bytes, {sha384(content)})"
    return content.decode("utf-8", "replace")


def _headers(body: object) -> dict[str, str]:
    accept = {"Accept": "application/json"}
    return accept if body is None else {**accept, "Content-Type": "application/json"}


def bounded_json(response: requests.Response, who: str = "the server") -> Any:
    """The parsed body of a 200 answer that a ``session()`` gave; anything else raises ``Unreachable``.

    A 3xx, 401, 403, 404 or 405 raises ``Unsent``: the server turned the request away.
    """
    if response.status_code != HTTPStatus.OK:
        raise turned_away(response, who)
    try:
        return _parsed(response.content)
    except (ValueError, RecursionError) as error:
        raise Unreachable(
            Said(
                '{} at {} answered 200 but no whole JSON ("{}"): check that the address is its API and '
                "no login page or proxy stands before it",
                who,
                masked(response.url.partition("?")[0]),
                excerpt(response.content),
            )
        ) from error


def _parsed(content: bytes) -> Any:
    try:
        return json.loads(content)
    except ValueError:  # Python reads no number of more than 4,300 digits: what else is said is read all the same
        return json.loads(content, parse_int=lambda digits: int(digits) if len(digits) < _DIGITS else math.inf)


def turned_away(response: requests.Response, who: str) -> Unreachable:
    """What an answer means that was not the wanted one: ``Unsent`` where the server turned the request away."""
    place = f"{who} at {masked(response.url.partition('?')[0])}"
    status = response.status_code
    told = '{} answered {} {} ("{}"): '
    said = place, status, response.reason or "", excerpt(response.content)
    if 300 <= status < 400:
        target = masked(response.headers.get("Location", ""))
        if not target:
            return Unsent(Said("{} answered {}, a redirect to nowhere: check credentials and address", place, status))
        return Unsent(Said("{} answered {}, a redirect to {}: check credentials and address", place, status, target))
    words = response.content[:1000].lower()
    if b"no org id" in words:
        tenants = "it keeps tenants apart, so set headers with X-Scope-OrgID to the name of yours"
        return Unsent(Said(told + tenants, *said))
    if any(mark in words for mark in _PLAIN_TO_TLS):
        return Unsent(Said(told + "it speaks TLS there, so write https:// in its address", *said))
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return Unsent(Said(told + "check the username, password or token file", *said))
    if status in (HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED):
        return Unsent(Said(told + "check the address", *said))
    if status == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED:
        return Unsent(Said(told + "check the name and password in the setting proxy", *said))
    return Unreachable(Said(told + "check the server's own log", *said))


def explain(error: Exception, who: str, url: str, server: Server) -> Unreachable:
    """What a failed request means, as the error to raise: ``Unsent`` where no connection was made."""
    asked = Asked(
        who,
        url,
        server.connect_timeout,
        server.read_timeout,
        server.proxy,
        certificate=bool(server.client_certificate),
        shown=server.shown(url),
    )
    return explained(error, asked)
