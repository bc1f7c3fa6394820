"""What every stand-in shares: an HTTP server on loopback with routes, strict bodies, and faults on demand.

A fault is asked for by :meth:`StandIn.fail`, or from another process by ``POST /standin/faults`` with
``{"fault": "429", "times": 2}``; ``GET /standin/state`` shows what the stand-in has.
"""

from __future__ import annotations

import json
import re
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, ClassVar, Final, NamedTuple, Self
from urllib.parse import parse_qs, unquote, urlsplit

import jsonschema

FAULTS: Final[Mapping[str, str]] = {
    "401": "who asks is not known",
    "403": "who asks has not the right",
    "404": "there is no such thing",
    "409": "it clashes with something",
    "429": "too many requests: Retry-After 1",
    "500": "it broke",
    "503": "it is not there for now, without saying how long",
    "html": "a sign-in page with status 200",
    "redirect": "a redirect to a sign-in page",
    "half": "an answer that breaks off in its middle, after the act",
    "slow": "an answer that comes after SLOW seconds, after the act",
    "lost": "no answer at all, after the act",
    "refused": "no answer at all, before the act",
}
"""What can go wrong on demand."""
SLOW: Final = 5.0
_LARGEST = 64 * 1024 * 1024


class Request(NamedTuple):
    """A request as a route gets it."""

    method: str
    path: str
    """Without the query, percent-encoding undone."""
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    """Names in small letters."""
    body: bytes

    def one(self, name: str, default: str = "") -> str:
        """The query's value of that name."""
        return self.query.get(name, [default])[-1]


class Answer(NamedTuple):
    """What a route says: JSON unless it is bytes."""

    status: int
    page: Any = None
    headers: Mapping[str, str] = {}
    content_type: str = "application/json; charset=utf-8"


class Wrong(Exception):
    """The request is not as the vendor's description has it; the answer says so."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer)
        self.answer = answer


Route = Callable[..., Answer]


def route(method: str, pattern: str) -> Callable[[Route], Route]:
    """Make a method the one that answers; its keyword arguments are the pattern's ``{names}``."""

    def mark(function: Route) -> Route:
        regex = re.compile(re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(pattern)))
        function.routed = (method, regex)  # type: ignore[attr-defined]
        return function

    return mark


class StandIn:
    """A context manager: serves on loopback from entering to leaving. Subclasses have routes and what they answer from.

    ``requests`` lists every request that came, faults included, in order.
    """

    NAME: ClassVar[str] = ""

    def __init__(self, port: int = 0) -> None:
        self.requests: list[Request] = []
        self.lock = threading.RLock()
        """Held while a route answers: what it has is changed by one request at a time."""
        self._faults: deque[tuple[str, Callable[[Request], bool]]] = deque()
        self._routes = [(*function.routed, function) for function in _routed(type(self))]
        self._server = _Server(self, port)
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, name=f"standin-{self.NAME}", daemon=True
        )

    @property
    def url(self) -> str:
        """Base address, without a slash at the end."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        """Listen."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    def fail(self, fault: str, times: int = 1, when: Callable[[Request], bool] = lambda _: True) -> None:
        """Answer the next requests that fit wrongly: a name of ``FAULTS``."""
        if fault not in FAULTS:
            raise ValueError(f"no fault {fault!r}; there are {', '.join(FAULTS)}")
        with self.lock:
            self._faults.extend([(fault, when)] * times)

    def heal(self) -> None:
        """Forget the faults that did not come about so far."""
        with self.lock:
            self._faults.clear()

    def state(self) -> Any:
        """What it has, as JSON, for who tries it by hand."""
        return {}

    def wrong(self, status: int, why: str) -> Answer:
        """An error in the vendor's own form; subclasses override it."""
        return Answer(status, {"error": why})

    def allow(self, request: Request) -> None:
        """Raise :class:`Wrong` for who may not ask; subclasses check their header here."""

    def respond(self, request: Request) -> Answer:
        """The answer of the route that fits."""
        if request.path == "/standin/state" and request.method == "GET":
            return Answer(200, self.state())
        if request.path == "/standin/faults" and request.method == "POST":
            asked = json.loads(request.body)
            self.fail(asked["fault"], asked.get("times", 1))
            return Answer(200, {"faults": len(self._faults)})
        try:
            self.allow(request)
            known = False
            for method, regex, function in self._routes:
                if found := regex.fullmatch(request.path):
                    known = True
                    if method == request.method:
                        answer: Answer = function(self, request, **found.groupdict())
                        return answer
            return self.wrong(405 if known else 404, f"no {request.method} {request.path}")
        except Wrong as wrong:
            return wrong.answer

    def checked(self, request: Request, schema: Mapping[str, Any]) -> Any:
        """The body as JSON by a schema, which should forbid what it does not name; else :class:`Wrong` with 400."""
        if not request.headers.get("content-type", "").startswith("application/json"):
            raise Wrong(self.wrong(415, "Content-Type is to be application/json"))
        try:
            page = json.loads(request.body)
            jsonschema.validate(page, schema)
        except ValueError as error:
            raise Wrong(self.wrong(400, f"no JSON: {error}")) from error
        except jsonschema.ValidationError as error:
            raise Wrong(self.wrong(400, f"{error.json_path}: {error.message[:200]}")) from error
        return page

    def take(self, request: Request) -> tuple[str, Answer]:
        """The fault that is due, ``""`` for none, and the answer; what the fault says comes before the act, is none."""
        with self.lock:
            self.requests.append(request)
            fault = "" if request.path.startswith("/standin/") else self._due(request)
            if fault.isdigit() or fault in ("html", "redirect", "refused"):
                return fault, _faulty(self, fault)
            return fault, self.respond(request)

    def _due(self, request: Request) -> str:
        for waiting in self._faults:
            if waiting[1](request):
                self._faults.remove(waiting)
                return waiting[0]
        return ""


def _routed(kind: type[StandIn]) -> list[Any]:
    found = {name: function for base in reversed(kind.__mro__) for name, function in vars(base).items()}
    return [function for function in found.values() if hasattr(function, "routed")]


def _faulty(standin: StandIn, fault: str) -> Answer:
    if fault == "html":
        return Answer(200, b"<!doctype html><title>Sign in</title>", content_type="text/html")
    if fault == "redirect":
        return Answer(302, b"", {"Location": "/login"}, "text/html")
    if fault == "refused":
        return Answer(0)
    answer = standin.wrong(int(fault), FAULTS[fault])
    return answer._replace(headers={**answer.headers, "Retry-After": "1"}) if fault == "429" else answer


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, standin: StandIn, port: int) -> None:
        super().__init__(("127.0.0.1", port), type("Handler", (_Handler,), {"standin": standin}))

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that give up are what faults are for."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # head and body are two writes
    standin: StandIn

    def _any(self) -> None:
        length = self.headers.get("Content-Length") or "0"
        body = self.rfile.read(min(int(length), _LARGEST)) if length.isdigit() else b""
        parts = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        query = parse_qs(parts.query, keep_blank_values=True)
        fault, answer = self.standin.take(Request(self.command, unquote(parts.path), query, headers, body))
        if fault == "slow":
            time.sleep(SLOW)
        if fault in ("lost", "refused"):
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        self._say(answer, half=fault == "half")

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = _any  # noqa: N815

    def _say(self, answer: Answer, *, half: bool) -> None:
        empty = answer.page is None or answer.status in (204, 304)
        content = b"" if empty else answer.page if isinstance(answer.page, bytes) else json.dumps(answer.page).encode()
        self.send_response(answer.status)
        if not empty:
            self.send_header("Content-Type", answer.content_type)
        for name, value in {"Content-Length": str(len(content)), **answer.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if half:
            self.wfile.write(content[: len(content) // 2])
            self.wfile.flush()
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Nothing: what came is in ``requests``."""
