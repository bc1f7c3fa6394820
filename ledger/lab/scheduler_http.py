"""The reference scheduler's HTTP side: ``GET /status``, ``GET /metrics`` and ``POST /lab/misbehave``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from ledger.errors import Unreachable
from ledger.lab.faults import BREACHES
from ledger.lab.status import Status, to_json, to_metrics

_BODY_LIMIT = 1024


class Served(Protocol):
    """What this module needs of a scheduler."""

    def status(self) -> Status:
        """The newest status."""

    def misbehave(self, mode: str) -> None:
        """Report breaches of ``mode`` from the next cycle on."""


class _StatusCollector(Collector):
    def __init__(self, served: Served) -> None:
        self._served = served

    def collect(self) -> Iterator[Metric]:
        return to_metrics(self._served.status())


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, served: Served, address: tuple[str, int]) -> None:
        self.served = served
        self.registry = CollectorRegistry()
        self.registry.register(_StatusCollector(served))
        super().__init__(address, _Handler)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    timeout = 10

    def do_GET(self) -> None:
        """Status as JSON, metrics as Prometheus text, 404 for anything else."""
        if self.path == "/status":
            self._answer_json(HTTPStatus.OK, to_json(self.server.served.status()))
        elif self.path == "/metrics":
            self._answer(HTTPStatus.OK, CONTENT_TYPE_LATEST, generate_latest(self.server.registry))
        else:
            self._answer_json(HTTPStatus.NOT_FOUND, {"error": "there are /status, /metrics and /lab/misbehave"})

    def do_POST(self) -> None:
        """Set the misbehaviour: 200, 400 for an unknown mode, 404 for another path or content type."""
        self.close_connection = True  # an unread body must not be taken for the next request
        # A page in somebody's browser cannot send this type to another origin without being asked first.
        if self.path != "/lab/misbehave" or self.headers.get_content_type() != "application/json":
            self._answer_json(HTTPStatus.NOT_FOUND, {"error": "POST application/json to /lab/misbehave"})
        elif (mode := self._mode()) is None:
            self._answer_json(HTTPStatus.BAD_REQUEST, {"error": 'send {"mode": …}, one of ' + ", ".join(BREACHES)})
        else:
            self.server.served.misbehave(mode)
            self._answer_json(HTTPStatus.OK, {"mode": mode})

    def _mode(self) -> str | None:
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdigit()) or int(length) > _BODY_LIMIT:
            return None
        try:
            body = json.loads(self.rfile.read(int(length)))
        except (ValueError, RecursionError):
            return None
        mode = body.get("mode") if isinstance(body, dict) else None
        return mode if isinstance(mode, str) and mode in BREACHES else None

    def _answer_json(self, status: HTTPStatus, value: dict[str, object]) -> None:
        self._answer(status, "application/json; charset=utf-8", json.dumps(value, ensure_ascii=False).encode())

    def _answer(self, status: HTTPStatus, content_type: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the library's name)
        """Nothing per request: a scrape a second would drown the log."""


def listen(served: Served, host: str, port: int) -> ThreadingHTTPServer:
    """Bind the server; the caller runs ``serve_forever``. Raises Unreachable when the address cannot be had."""
    try:
        return _Server(served, (host, port))
    except OSError as error:
        raise Unreachable(f"cannot listen on {host}:{port} ({error.strerror}): choose another port") from error
