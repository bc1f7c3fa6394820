"""Asking another server; what goes wrong is one sentence: who, what it answered, what to check."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3
from requests.auth import HTTPBasicAuth

from ledger.adapters.masking import MASK, excerpt, masked, masked_addresses, masked_text
from ledger.adapters.transcript import Exchange, transcript
from ledger.adapters.wire import BoundedSession, TooLong
from ledger.errors import Unreachable

__all__ = ["Exchange", "Server", "Unsent", "ask", "bounded_json", "explain", "masked", "session", "transcript"]

Clock = Callable[[], datetime]
"""Gives the current time, aware UTC."""


@dataclass(frozen=True, slots=True)
class Server:
    """Where a server is and how to speak to it. Credentials are files, read at each use; times are seconds."""

    url: str
    username: str = ""
    password_file: str = ""
    bearer_token_file: str = ""
    ca_file: str = ""
    client_certificate: str = ""
    client_key: str = ""
    secret_path: bool = False
    """What follows the host is a secret, as of a webhook: whoever knows it may post."""
    connect_timeout: float = 1.0
    read_timeout: float = 3.0

    @property
    def timeout(self) -> tuple[float, float]:
        """Seconds for connecting and for each pause of the answer; the whole answer gets twice the latter."""
        return (self.connect_timeout, self.read_timeout)

    def address(self, path: str = "") -> str:
        """The URL with ``path`` after it."""
        return self.url.rstrip("/") + path if path else self.url

    def shown(self, url: str) -> str:
        """An address of this server as people may see it."""
        return masked_addresses(url) if self.secret_path else masked(url)

    def told(self, text: str) -> str:
        """A library's sentence about this server as people may see it: it names the path without the host."""
        if self.secret_path:
            parts = urlsplit(self.url)
            for secret in (f"{parts.path}?{parts.query}", parts.path, parts.query):
                text = text.replace(secret, MASK) if len(secret) > 1 else text
        return masked_text(text)


class Unsent(Unreachable):
    """The request surely had no effect: nothing was connected, or the server turned it away unread."""


def session(server: Server) -> requests.Session:
    """A session with the server's credentials: no environment, no redirects, 10 MB and 2 x read_timeout at most.

    Raises ``Unreachable`` where a credential file cannot be read.
    """
    made = BoundedSession()
    made.headers["User-Agent"] = "stage4-ledger"
    if server.bearer_token_file:
        made.headers["Authorization"] = f"Bearer {_secret(server.bearer_token_file)}"
    elif server.username:
        password = _secret(server.password_file) if server.password_file else ""
        made.auth = HTTPBasicAuth(server.username.encode(), password.encode())
    made.verify = server.ca_file or True
    if server.client_certificate:
        made.cert = (server.client_certificate, server.client_key or server.client_certificate)
    return made


def _secret(path: str) -> str:
    try:
        content = Path(path).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise Unsent(f"cannot read the credential file {path}: {_reason(error)}") from error
    if not content.isprintable():
        raise Unsent(f"the credential file {path} holds more than one line of printable text: check it")
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
    clock: Clock | None = None,
    log: list[Exchange] | None = None,
) -> requests.Response:
    """One request; the answer has any status. Raises ``Unreachable`` (``Unsent`` where it surely did nothing).

    With ``log`` and ``clock`` the exchange is appended to ``log``, also when no answer came.
    """
    url = server.address(path)
    sent = "" if body is None else json.dumps(body, ensure_ascii=False)
    at = clock() if clock else None
    status, received = 0, ""
    try:
        with session(server) as opened:
            answer = opened.request(
                method, url, params=params, data=sent.encode() or None, headers=_headers(body), timeout=server.timeout
            )
        status, received = answer.status_code, answer.content.decode("utf-8", "replace") if log is not None else ""
    except (requests.RequestException, urllib3.exceptions.HTTPError, ValueError, OSError) as error:
        failure = explain(error, who, url, server)
        received = str(failure)
        raise failure from error
    else:
        return answer
    finally:
        if log is not None and at is not None:
            log.append(Exchange(method, url, sent, status, received, at))


def _headers(body: object) -> dict[str, str]:
    accept = {"Accept": "application/json"}
    return accept if body is None else {**accept, "Content-Type": "application/json"}


def bounded_json(response: requests.Response, who: str = "the server") -> Any:
    """The parsed body of a 200 answer that a ``session()`` gave; anything else raises ``Unreachable``.

    A 3xx, 401, 403, 404 or 405 raises ``Unsent``: the server turned the request away.
    """
    place = f"{who} at {masked(response.url)}"
    if response.status_code != HTTPStatus.OK:
        raise _turned_away(response, place)
    try:
        return json.loads(response.content)
    except (ValueError, RecursionError) as error:
        raise Unreachable(
            f'{place} answered 200 but no whole JSON ("{excerpt(response.content)}"): '
            "check that the address is its API and no login page or proxy stands before it"
        ) from error


def _turned_away(response: requests.Response, place: str) -> Unreachable:
    status = response.status_code
    said = f'answered {status} {response.reason or ""} ("{excerpt(response.content)}")'
    if 300 <= status < 400:
        target = masked(response.headers.get("Location", ""))
        return Unsent(f"{place} answered {status}, a redirect to {target or 'nowhere'}: check credentials and address")
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return Unsent(f"{place} {said}: check the username, password or token file")
    if status in (HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED):
        return Unsent(f"{place} {said}: check the address")
    return Unreachable(f"{place} {said}: check the server's own log")


def explain(error: Exception, who: str, url: str, server: Server) -> Unreachable:
    """What a failed request means, as the error to raise: ``Unsent`` where no connection was made."""
    place = f"{who} at {server.shown(url)}"
    if isinstance(error, requests.ConnectTimeout):
        return Unsent(f"{place} did not connect within {server.connect_timeout:g} s: check that the host is up")
    if _timed_out(error):
        return Unreachable(f"{place} did not answer whole within {server.read_timeout:g} s: check its load and log")
    if isinstance(error, requests.exceptions.SSLError):
        detail = server.told(str(error))[:160]
        return Unreachable(f"{place} has no trusted TLS ({detail}): check ca_file and the certificates")
    if _refused(error):
        return Unsent(f"{place} refused the connection: check that it runs and that the address is right")
    if isinstance(error, TooLong):
        return Unreachable(f"{place} answered {error}: check that the address is right")
    if isinstance(error, requests.ConnectionError):
        return Unreachable(f"{place} broke the connection before its answer was whole: check its log")
    return Unsent(f"{place} cannot be asked ({type(error).__name__}): check the address and the certificate files")


def _causes(error: BaseException | None) -> list[BaseException]:
    """The error and all that it wraps; ``requests`` and ``urllib3`` keep the real one in ``args`` or ``reason``."""
    found: list[BaseException] = []
    waiting: list[object] = [error]
    while waiting:
        one = waiting.pop()
        if isinstance(one, BaseException) and one not in found:
            found.append(one)
            waiting += [one.__cause__, getattr(one, "reason", None), *one.args]
    return found


def _timed_out(error: Exception) -> bool:
    kinds = (requests.Timeout, urllib3.exceptions.ReadTimeoutError, TimeoutError)
    return any(isinstance(cause, kinds) for cause in _causes(error))


def _refused(error: Exception) -> bool:
    return any(isinstance(cause, urllib3.exceptions.NewConnectionError) for cause in _causes(error))
