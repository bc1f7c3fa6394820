"""One connection: what it sent so far, how long it may take, and the request once that is whole; no thread waits."""

from __future__ import annotations

import contextlib
import errno
import socket
import time
from typing import Any, Final, Literal

from gunicorn.config import Config
from gunicorn.http.body import ChunkedReader, LengthReader
from gunicorn.http.errors import LimitRequestHeaders
from gunicorn.http.parser import RequestParser
from gunicorn.workers.gthread import TConn

from web import cookies
from web.framing import Chunks, Framing, Length, Unheard

HEAD: Final = 10.0
"""Seconds for a head, from the connection's first moment or the first byte of a later request."""
BODY: Final = 20.0
"""Seconds for a body that is small or thrown away, and the base for a large one that is wanted."""
RATE: Final = 16 * 1024
"""Bytes for each of which such a body, or the reader of an answer, gets a second more."""
IDLE: Final = 15.0
"""Seconds that a connection may wait for its browser's next request."""
LINGER: Final = 2.0
"""Seconds for the last bytes of a connection that is closed: without them the answer may be cut off (RFC 9112, 9.6)."""
LARGEST_HEAD: Final = 16 * 1024
"""Bytes; what no browser comes near."""
HEARD_OUT: Final = 256 * 1024 * 1024
"""Bytes of an unwanted body that are thrown away before it is answered; a longer one is cut off."""
_CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"
State = Literal["idle", "head", "body", "asking", "working", "lingering"]


class Patient(socket.socket):
    """Gives whoever reads the answer its time, and no more: a thread waits for them."""

    def sendall(self, data: Any, flags: int = 0) -> None:
        """Send everything, in 20 s and one more for each 16 KiB; ``BrokenPipeError`` where nobody takes it."""
        self.settimeout(BODY + len(data) / RATE)
        self._heard(lambda: super(Patient, self).sendall(data, flags))

    def sendfile(self, file: Any, offset: int = 0, count: int | None = None) -> int:
        """The same with a file; the time-out is for each piece."""
        self.settimeout(BODY)
        return int(self._heard(lambda: super(Patient, self).sendfile(file, offset, count)))

    @staticmethod
    def _heard(send: Any) -> Any:
        try:
            return send()
        except TimeoutError:
            raise BrokenPipeError(errno.EPIPE, "whoever asked does not take the answer") from None


class Caller(TConn):  # type: ignore[misc]
    """A connection whose requests are read without a thread."""

    def __init__(self, config: Config, sock: socket.socket, client: Any, server: Any) -> None:
        super().__init__(config, sock, client, server)
        self.initialized = True  # no TLS, no HTTP/2: the proxy in front speaks those
        self.state: State = "head"
        self.deadline = time.monotonic() + HEAD
        self.signed = False
        """Whether the last request showed a cookie that this server signed."""
        self.request: Any = None
        self.problem: Exception | None = None
        """Why there is no request: what the server's library says of it."""
        self.body: Framing | None = None
        self.large = False
        """Whether its body is one of the few large ones that are kept at a time."""
        self.limit: int | None = None
        """Bytes that its body may have, once somebody was asked."""
        self.unwanted = ""
        """Why the body is thrown away."""
        self._expects = False
        """Whether it waits for the word before it sends its body."""
        self._bytes = b""
        self._began = 0.0

    # --- the request -------------------------------------------------------------------------------------------------

    def feed(self, data: bytes) -> None:
        """Take what came. An error of the server's library stands in :attr:`problem`."""
        if self.state == "idle":
            self.state, self.deadline = "head", time.monotonic() + HEAD
        try:
            if self.body is None:
                self._bytes += data
                self._try_head()
            else:
                self._bytes = self.body.feed(data)
        except Exception as error:  # noqa: BLE001  (whatever the parser says of it is answered, never raised here)
            self.problem = error

    @property
    def whole(self) -> bool:
        """Whether a thread can answer now without reading anything."""
        return self.problem is not None or (self.body is not None and self.body.done)

    @property
    def begun(self) -> bool:
        """Whether anything of a request came."""
        return self.body is not None or bool(self._bytes)

    def exceeds(self, limit: int) -> bool:
        """Whether the body is longer, or says so."""
        if self.body is None:
            return False
        length = getattr(self.body, "length", None)
        return (length if length is not None else self.body.read) > limit

    def want(self) -> None:
        """Read the body on; a client that waits for the word gets it (RFC 9110, 10.1.1)."""
        self.state = "body"
        if self._expects:
            self._expects = False
            with contextlib.suppress(OSError):
                self.sock.send(_CONTINUE)

    def refuse_body(self, why: str) -> None:
        """Hear the body out without keeping it; a client that waits for the word is spared sending it."""
        assert self.body is not None
        self.unwanted = why
        self.body.kept = None
        self.state, self._began = "body", time.monotonic()
        if self._expects or self.exceeds(HEARD_OUT):
            self.cut_off()

    def cut_off(self) -> None:
        """Answer without the rest of the body: nothing after it is a request."""
        assert self.body is not None
        self.body.done = True
        self.request.force_close()

    def extend(self) -> None:
        """The deadline, now that more of the body is there."""
        assert self.body is not None
        self.deadline = self._began + BODY
        if not self.unwanted and self.limit:
            self.deadline += self.body.read / RATE

    def _try_head(self) -> None:
        if len(self._bytes) > LARGEST_HEAD and b"\r\n\r\n" not in self._bytes[:LARGEST_HEAD]:
            raise LimitRequestHeaders("the head is too long")
        end = self._bytes.find(b"\r\n\r\n", 2 if self._bytes.startswith(b"\r\n") else 0)
        if end < 0:
            return
        head, rest = self._bytes[: end + 4], self._bytes[end + 4 :]
        self._bytes = b""
        self.request = next(RequestParser(self.cfg, [head], self.client))
        self.request.headers = _one_cookie_header(self.request.headers)
        self._expects = bool(self.request._expected_100_continue)  # noqa: SLF001
        self.request._expected_100_continue = False  # noqa: SLF001  (it is answered here, without a thread)
        self.body = self._framing()
        self._began = time.monotonic()
        self.state, self.deadline = "body", self._began + BODY
        self._bytes = self.body.feed(rest)

    def _framing(self) -> Framing:
        reader = self.request.body.reader
        if isinstance(reader, ChunkedReader):
            return Chunks()
        return Length(reader.length if isinstance(reader, LengthReader) else 0)

    # --- a thread's turn ---------------------------------------------------------------------------------------------

    def hand_over(self) -> None:
        """The request as the server's worker expects it: with its body in memory and of a known length."""
        self.state = "working"
        self.parser = _Whole(self.request, self.problem)
        if self.request is None or self.body is None or self.problem is not None:
            return
        self.request.body = self.body.kept or Unheard(self.unwanted)
        self.request.body.seek(0)
        if isinstance(self.body, Chunks):
            headers = [header for header in self.request.headers if header[0] != "TRANSFER-ENCODING"]
            self.request.headers = [*headers, ("CONTENT-LENGTH", str(self.body.read))]

    def next_request(self) -> None:
        """Begin again, with what came behind the last request."""
        rest, self._bytes = self._bytes, b""
        self.request = self.problem = self.body = None
        self.unwanted, self.limit = "", None
        self.state, self.deadline = "idle", time.monotonic() + IDLE
        self.sock.setblocking(False)
        if rest:
            self.feed(rest)

    def linger(self) -> bool:
        """Say that nothing more comes; False where the other end is gone already."""
        self.state, self.deadline = "lingering", time.monotonic() + LINGER
        self.request = self.body = None
        self.unwanted, self._bytes = "", b""
        try:
            self.sock.setblocking(False)
            self.sock.shutdown(socket.SHUT_WR)
        except OSError:
            return False
        return True


def _one_cookie_header(headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
    given = [value for name, value in headers if name == "COOKIE"]
    rest = [header for header in headers if header[0] != "COOKIE"]
    return [*rest, ("COOKIE", cookies.joined(given))] if given else rest


class _Whole:
    """In place of the library's parser: the one request that is there, whole."""

    def __init__(self, request: Any, problem: Exception | None) -> None:
        self._request, self._problem = request, problem

    def __next__(self) -> Any:
        if self._problem is not None:
            raise self._problem
        return self._request

    def finish_body(self, deadline: float | None = None) -> bool:
        """Nothing of this request is on the wire any more."""
        return True
