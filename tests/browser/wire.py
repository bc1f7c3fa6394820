"""A wire between browsers and the server that can be cut, and that counts the streams which pass through it."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator

from ledger.lab.loopback import HOST


class Wire:
    """Forwards TCP to a port of this machine."""

    def __init__(self, to: int) -> None:
        self._to = to
        self._listener = socket.create_server((HOST, 0))
        self.port: int = self._listener.getsockname()[1]
        self.url = f"http://{HOST}:{self.port}"
        self.asked: list[str] = []
        """The head of each request for the stream."""
        self._open: set[socket.socket] = set()
        self._down = False
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """Break every connection that is open, and refuse new ones until ``mend``."""
        self._down = True
        for one in list(self._open):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def mend(self) -> None:
        """Let connections through again."""
        self._down = False

    def close(self) -> None:
        """Cut for good."""
        self.cut()
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                if self._down:
                    near.close()
                    continue
                far = socket.create_connection((HOST, self._to))
                self._open |= {near, far}
                threading.Thread(target=self._carry, args=(near, far, True), daemon=True).start()
                threading.Thread(target=self._carry, args=(far, near, False), daemon=True).start()

    def _carry(self, source: socket.socket, target: socket.socket, out: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if out and data.startswith(b"GET /live "):
                    self.asked.append(data.decode("latin-1"))
                target.sendall(data)
        for one in (source, target):  # the other direction ends too, and each closes what it read from
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            self._open.discard(one)
        source.close()


@contextlib.contextmanager
def wire(to: int) -> Iterator[Wire]:
    """A wire for the length of a block."""
    made = Wire(to)
    try:
        yield made
    finally:
        made.close()
