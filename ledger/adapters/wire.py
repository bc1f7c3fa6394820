"""HTTP with a hard end: an answer is read within a total time and up to a size, however slowly it drips.

``requests`` limits only the pause between two packets; a server that sends a byte a second would hold us for hours.
Here every receive, headers included, waits only for what is left of twice the read time-out.
"""

from __future__ import annotations

import http.client
import io
import socket
import time
from typing import Any, cast

import requests
import urllib3
from requests.adapters import BaseAdapter, HTTPAdapter

ANSWER_LIMIT = 10 * 1024 * 1024
_CHUNK = 65_536
_NO_TIMEOUT = 10.0


class TooLong(requests.RequestException):
    """The answer's body is longer than ``ANSWER_LIMIT``."""


class _Deadline(io.RawIOBase):
    """A socket's bytes, all of them due by one moment."""

    def __init__(self, raw: io.RawIOBase, connection: socket.socket) -> None:
        self._raw, self._connection = raw, connection
        self._patience = connection.gettimeout() or _NO_TIMEOUT
        self._due = time.monotonic() + 2 * self._patience

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._due - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out: the whole answer took too long")
        self._connection.settimeout(min(self._patience, left))
        return cast("int | None", self._raw.readinto(buffer))

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Response(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.line = sock
        self.fp = io.BufferedReader(_Deadline(self.fp.detach(), sock))


class _Plain(urllib3.connection.HTTPConnection):
    response_class = _Response


class _Secure(urllib3.connection.HTTPSConnection):
    response_class = _Response


class _PlainPool(urllib3.HTTPConnectionPool):
    ConnectionCls = _Plain


class _SecurePool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _Secure


_POOLS = {"http": _PlainPool, "https": _SecurePool}


class _BoundedAdapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, proxy: str, **proxy_kwargs: Any) -> Any:
        manager = super().proxy_manager_for(proxy, **proxy_kwargs)
        manager.pool_classes_by_scheme = _POOLS  # an answer through a proxy is bounded like every other
        return manager


class BoundedSession(requests.Session):
    """A session whose answers are bounded in time and size, that follows no redirect and ignores the environment."""

    def __init__(self) -> None:
        super().__init__()
        self.answers = 0
        """Whole answers so far."""
        self.connections = 0
        """Connections that answers came over; each is used until the other end closes it."""
        self._line: socket.socket | None = None
        self.trust_env = False
        self.stream = True
        self.hooks["response"] += [self._note, _read_whole, self._count]

    def mount(self, prefix: str | bytes, adapter: BaseAdapter) -> None:
        """Mount a bounded adapter whatever is asked for: prometheus-api-client mounts a plain one over ours."""
        super().mount(prefix, adapter if isinstance(adapter, _BoundedAdapter) else _BoundedAdapter())

    def _note(self, response: requests.Response, *args: Any, **kwargs: Any) -> None:
        line = getattr(getattr(response.raw, "_original_response", None), "line", None)
        self.connections += line is None or line is not self._line
        self._line = line
        self.cookies.update(
            response.cookies
        )  # of a balancer that keeps a client at one server; requests looks too late

    def _count(self, *_: Any, **kwargs: Any) -> None:
        self.answers += 1

    def get_redirect_target(self, resp: requests.Response) -> None:
        """No redirect is ever followed: a login page must not pass for an answer."""


def _read_whole(response: requests.Response, *args: Any, **kwargs: Any) -> None:
    body = bytearray()
    try:
        for chunk in response.raw.stream(_CHUNK, decode_content=True):
            body += chunk
            if len(body) > ANSWER_LIMIT:
                raise TooLong(f"more than {ANSWER_LIMIT} bytes")
    except urllib3.exceptions.HTTPError as error:
        raise requests.ConnectionError(error) from error
    finally:
        response.raw.close()
    response.raw = io.BytesIO(bytes(body))
