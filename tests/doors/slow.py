"""Slow clients against the server: connections that hold back what they began, and come again when they are closed.

``python -m tests.doors.slow [--connections 600] [--seconds 60]`` starts a server, lets them at it, and measures the
pages of a signed-in person, the sign-in page and the stop meanwhile.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import selectors
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlencode

from .served import KIND, Served, made_home, served

POST = b"POST /sign-in HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n"
FONT = b"GET /static/vendor/inter-latin-ext.woff2 HTTP/1.1\r\nHost: localhost\r\n\r\n"
BEGINNINGS = {
    "half a header": b"GET / HTTP/1.1\r\nHost: local",
    "a body announced": POST + b"Content-Length: 1000\r\n\r\nlogin=",
    "a chunk announced": POST + b"Transfer-Encoding: chunked\r\n\r\n400\r\nlogin=",
    "a large body announced": POST + b"Content-Length: 15000000\r\n\r\nlogin=",
    "a word at a time": b"GET / HTTP/1.1\r\n",
    "an answer not read": FONT,
    "nothing": b"",
}


class Crowd:
    """So many connections, one kind after the other."""

    def __init__(self, port: int, number: int) -> None:
        self._port = port
        self._selector = selectors.DefaultSelector()
        self.opened = 0
        for _ in range(number):
            self._open()

    def hold(self, seconds: float) -> None:
        """Hold on for so long: feed those that speak slowly, and open anew what the server closes."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            for key, _ in self._selector.select(0.5):
                if key.data == "an answer not read":
                    self._selector.modify(key.fileobj, selectors.EVENT_WRITE, "held")
                elif key.data != "held" and not self._still(key.fileobj):
                    self._close(key.fileobj)
                    self._open()
            self._feed()

    def _feed(self) -> None:
        for key in list(self._selector.get_map().values()):
            if key.data == "a word at a time":
                with contextlib.suppress(OSError):
                    key.fileobj.send(b"X-A: b\r\n")

    def _open(self) -> None:
        kind = list(BEGINNINGS)[self.opened % len(BEGINNINGS)]
        self.opened += 1
        made = socket.socket()
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        made.settimeout(10)
        with contextlib.suppress(OSError):
            made.connect(("127.0.0.1", self._port))
            made.send(BEGINNINGS[kind])
        made.setblocking(False)
        self._selector.register(made, selectors.EVENT_READ, kind)

    @staticmethod
    def _still(connection: socket.socket) -> bool:
        try:
            return bool(connection.recv(65536))
        except BlockingIOError:
            return True
        except OSError:
            return False

    def _close(self, connection: socket.socket) -> None:
        self._selector.unregister(connection)
        connection.close()


@contextlib.contextmanager
def crowd(port: int, number: int, seconds: float) -> Iterator[subprocess.Popen[bytes]]:
    """The crowd in a process of its own, once all of it is there; it goes when the block ends."""
    command = [sys.executable, "-m", "tests.doors.slow", "--at", str(port)]
    command += ["--connections", str(number), "--seconds", str(seconds)]
    running = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert running.stdout is not None
    try:
        assert running.stdout.readline().strip() == b"there"
        yield running
    finally:
        running.kill()
        running.wait()
        running.stdout.close()


class Waits(NamedTuple):
    """Seconds that each request took."""

    page: list[float]
    """The first page, of somebody signed in."""
    door: list[float]
    """The sign-in page, of nobody."""


def measure(here: Served, cookie: str, seconds: float) -> Waits:
    """Ask for both pages again and again, each on a new connection."""
    found = Waits([], [])
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        for times, path, given in ((found.page, "/", {"Cookie": cookie}), (found.door, "/sign-in", {})):
            began = time.monotonic()
            answer = here.ask("GET", path, **given)
            times.append(time.monotonic() - began)
            assert answer.status == 200, answer.page
        time.sleep(0.05)
    return found


def stop(here: Served, cookie: str) -> float:
    """Press the stop; seconds until it was answered and the file was there."""
    began = time.monotonic()
    answer = here.ask("POST", "/stop", urlencode({"reason": "orders look wrong"}), Content_Type=KIND, Cookie=cookie)
    took = time.monotonic() - began
    assert answer.status in (200, 303), answer.page
    assert list((here.root / "var/runtime/overrides").glob("*_disable.json"))
    return took


def spread(times: list[float]) -> str:
    """Median, 95th percentile and worst, in milliseconds."""
    cut = statistics.quantiles(times, n=20)
    return f"{len(times)} x p50 {cut[9] * 1000:.0f} ms, p95 {cut[18] * 1000:.0f} ms, worst {max(times) * 1000:.0f} ms"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--connections", type=int, default=600)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--at", type=int, default=0, help="be the crowd at this port")
    given = parser.parse_args()
    if given.at:
        held = Crowd(given.at, given.connections)
        print("there", flush=True)
        held.hold(given.seconds)
        print(json.dumps({"opened": held.opened}), flush=True)
        return
    with tempfile.TemporaryDirectory() as folder, served(made_home(Path(folder) / "home")) as here:
        cookie = here.sign_in()
        quiet = measure(here, cookie, 5)
        before = here.resident()
        with crowd(here.port, given.connections, given.seconds) as running:
            found = measure(here, cookie, given.seconds - 2)
            pressed = stop(here, cookie)
            held_memory = here.resident()
            opened = json.loads(running.stdout.readline())["opened"]
        print(f"{given.connections} slow connections, {given.seconds:.0f} s, {opened} opened in all")
        for name, waits in (("alone", quiet), ("beside them", found)):
            print(f"{name:12} page of a person {spread(waits.page)}; sign-in page {spread(waits.door)}")
        print(f"the stop {pressed * 1000:.0f} ms; memory {before / 2**20:.0f} -> {held_memory / 2**20:.0f} MiB")


if __name__ == "__main__":
    main()
