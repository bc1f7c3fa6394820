"""Loopback helpers: free ports, small HTTP calls that no proxy setting can divert, and waiting with a deadline."""

from __future__ import annotations

import http.client
import json
import socket
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import astuple, dataclass
from typing import Any
from urllib.parse import urlsplit

from ledger.errors import Unreachable

HOST = "127.0.0.1"


@dataclass(frozen=True)
class Ports:
    """The three loopback ports of a lab."""

    scheduler: int
    prometheus: int
    alertmanager: int


def free_ports() -> Ports:
    """Three different ports that were free a moment ago; somebody may still be quicker."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(3)]
        for opened in sockets:
            opened.bind((HOST, 0))
        return Ports(*(opened.getsockname()[1] for opened in sockets))


def require_free(ports: Ports) -> None:
    """Raise Unreachable that names the first port which is taken."""
    for port in astuple(ports):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except (OSError, OverflowError) as error:
                sentence = f"port {port} on {HOST} cannot be had ({error}): stop what uses it, or choose another port"
                raise Unreachable(sentence) from error


def call(url: str, body: object = None, timeout: float = 2.0) -> tuple[int, bytes]:
    """GET ``url``, or POST ``body`` as JSON if there is one; returns status and bytes. Raises Unreachable."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or HOST, parts.port, timeout=timeout)
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    try:
        if body is None:
            connection.request("GET", target)
        else:
            connection.request("POST", target, json.dumps(body), {"Content-Type": "application/json"})
        answer = connection.getresponse()
        return answer.status, answer.read()
    except (OSError, http.client.HTTPException) as error:
        raise Unreachable(f"{url} does not answer ({error or type(error).__name__}): is the lab running?") from error
    finally:
        connection.close()


def call_json(url: str, body: object = None) -> Any:
    """Like ``call``, for an answer that must be 200 with JSON. Raises Unreachable for anything else."""
    status, content = call(url, body)
    if status != 200:
        raise Unreachable(f"{url} answered with HTTP status {status}; the lab's log folder may say why")
    try:
        return json.loads(content)
    except ValueError as error:
        raise Unreachable(f"{url} gave an unusable answer ({error}); the lab's log folder may say why") from error


def answers(url: str) -> bool:
    """Whether ``url`` gives HTTP status 200 now."""
    try:
        return call(url)[0] == 200
    except Unreachable:
        return False


def until(done: Callable[[], bool], seconds: float, what: str) -> None:
    """Poll ``done`` until it is true. Raises Unreachable, saying ``what`` was waited for, after ``seconds``."""
    deadline = time.monotonic() + seconds
    while not done():
        if time.monotonic() > deadline:
            raise Unreachable(f"waited {seconds:g} s in vain for {what}")
        time.sleep(0.03)
