"""Real servers on loopback for the tests, and one whose answers a test writes itself."""

from __future__ import annotations

import gzip
import json
import os
import signal
import socket
import subprocess
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TypeVar

from ledger.adapters.http import Server

T = TypeVar("T")


def now() -> datetime:
    """The clock of the tests."""
    return datetime.now(UTC)


def quick(url: str) -> Server:
    """A server with short time-outs."""
    return Server(url, connect_timeout=0.5, read_timeout=0.5)


def until(question: Callable[[], T], seconds: float = 15.0) -> T:
    """Ask until the answer is true, and give it."""
    deadline = time.monotonic() + seconds
    while not (answer := question()):
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)
    return answer


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Process:
    """A real server: started, awaited at /-/ready, ended in order or killed."""

    def __init__(self, command: Sequence[str], folder: Path, port: int, working: Path | None) -> None:
        self.command, self.folder, self.working = list(command), folder, working or folder
        self.url = f"http://127.0.0.1:{port}"
        self._running: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with (self.folder / "log").open("ab") as log:
            environment = {"PATH": os.environ["PATH"], "HOME": str(self.folder)}
            self._running = subprocess.Popen(self.command, stdout=log, stderr=log, cwd=self.working, env=environment)
        until(self._ready)

    def _ready(self) -> bool:
        assert self._running is not None
        assert self._running.poll() is None, (self.folder / "log").read_text()[-2000:]
        try:
            with urllib.request.urlopen(f"{self.url}/-/ready", timeout=1) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def tell(self, what: signal.Signals) -> None:
        """Send a signal to a server that runs on: SIGHUP makes it read its configuration anew."""
        assert self._running is not None
        self._running.send_signal(what)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        if self._running:
            self._running.send_signal(how)
            self._running.wait(10)
            self._running = None

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Stopped by the kernel for as long as the block runs: it takes connections and never answers."""
        assert self._running is not None
        self._running.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, self._running.pid, os.WSTOPPED)  # until then a thread of it may answer yet
        try:
            yield
        finally:
            self._running.send_signal(signal.SIGCONT)


class Handler(BaseHTTPRequestHandler):
    """Gives every request to the function that the test chose."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # head and body are two writes: on a connection that is kept each would wait 40 ms
    answer: Callable[[Handler], None]
    seen: list[tuple[str, str, dict[str, str], bytes]]

    def _any(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.body = body
        type(self).seen.append((self.command, self.path, dict(self.headers), body))
        type(self).answer(self)

    do_GET = do_POST = do_DELETE = do_CONNECT = _any

    def say(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def drop(self) -> None:
        """Break the connection without an answer."""
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, format: str, *args: object) -> None:
        pass


class Odd(ThreadingHTTPServer):
    """A server of ours; ``seen`` lists (method, path, headers, body) of what came."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, answer: Callable[[Handler], None]) -> None:
        self.handler = type("OddHandler", (Handler,), {"answer": staticmethod(answer), "seen": []})
        super().__init__(("127.0.0.1", 0), self.handler)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"

    @property
    def seen(self) -> list[tuple[str, str, dict[str, str], bytes]]:
        return self.handler.seen

    def handle_error(self, request: object, client_address: object) -> None:
        pass  # clients that give up are what these tests are about


@contextmanager
def odd(answer: Callable[[Handler], None]) -> Iterator[Odd]:
    """Serve ``answer`` for as long as the block runs."""
    server = Odd(answer)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


def says(page: object, status: int = 200) -> Callable[[Handler], None]:
    """Always the same JSON."""
    return lambda handler: handler.say(status, json.dumps(page).encode())


def drip(handler: Handler) -> None:
    """Half a second of patience is never exhausted: a byte comes every tenth of a second, for a minute."""
    handler.send_response(200)
    handler.send_header("Content-Length", "600")
    handler.end_headers()
    for _ in range(600):
        handler.wfile.write(b" ")
        handler.wfile.flush()
        time.sleep(0.1)


def drip_headers(handler: Handler) -> None:
    """The same before the body: one letter of a header at a time."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    for _ in range(600):
        handler.wfile.write(b"x")
        handler.wfile.flush()
        time.sleep(0.1)


def hang(handler: Handler) -> None:
    """No answer until the client goes."""
    handler.connection.settimeout(10)
    handler.connection.recv(1)
    handler.close_connection = True


def cut(handler: Handler) -> None:
    """Promise 99 bytes and break off before the first."""
    handler.send_response(200)
    handler.send_header("Content-Length", "99")
    handler.end_headers()
    handler.drop()


def gzip_bomb(handler: Handler) -> None:
    """Eleven megabytes, small on the wire."""
    handler.say(200, gzip.compress(b" " * (11 * 1024 * 1024)), Content_Encoding="gzip")


WRONG: dict[str, Callable[[Handler], None]] = {
    "500": lambda handler: handler.say(500, b"boom password=hunter2"),
    "html": lambda handler: handler.say(200, b"<!doctype html><title>Sign in</title>"),
    "half": lambda handler: handler.say(200, b'{"status":"succ'),
    "cut": cut,
    "login": lambda handler: handler.say(302, b"", Location="/login?token=hunter2"),
    "list": says([[]]),
    "number": says(7),
    "null": says(None),
    "types": says({"status": 7, "data": 7, "silenceID": 7, "versionInfo": 7, "fields": 7}),
    "forbidden": lambda handler: handler.say(403, b"no"),
    "deep": lambda handler: handler.say(200, b"[" * 200_000),
    "bomb": gzip_bomb,
    "drop": lambda handler: handler.drop(),
    "hang": hang,
    "drip": drip,
    "headers": drip_headers,
}
"""Every way of answering wrongly that the adapters must survive."""
