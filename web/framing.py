"""Where the body of a request ends: by its length, or by its chunks (RFC 9112, 6.3 and 7.1). No IO is done here."""

from __future__ import annotations

import io
import re
from typing import Final, Protocol

from gunicorn.http.errors import ChunkMissingTerminator, InvalidChunkSize, LimitRequestHeaders

_SIZE: Final = re.compile(rb"([0-9a-fA-F]{1,12})(?:[ \t]*;[^\r\n]*)?")
_LINE: Final = 4096
_TRAILERS: Final = 8192


class Framing(Protocol):
    """Takes bytes of a connection as they come, and keeps what is the body."""

    done: bool
    """The body is whole."""
    read: int
    """Bytes of body so far, kept or not."""
    kept: io.BytesIO | None
    """The bytes, or None where they are thrown away."""

    def feed(self, data: bytes) -> bytes:
        """Take bytes; returns those behind the body's end. An error of the server's library for a broken frame."""


class Unheard(io.BytesIO):
    """In place of a body that was thrown away."""

    def __init__(self, why: str) -> None:
        super().__init__()
        self.why = why


class Length:
    """A body of so many bytes."""

    def __init__(self, length: int) -> None:
        self.kept: io.BytesIO | None = io.BytesIO()
        self.read = 0
        self.length = length
        """Bytes that it says it has."""
        self.done = length == 0

    def feed(self, data: bytes) -> bytes:
        """Take bytes; returns those behind the body's end."""
        mine = data[: self.length - self.read]
        self.read += len(mine)
        self.done = self.read == self.length
        if self.kept is not None:
            self.kept.write(mine)
        return data[len(mine) :]


class Chunks:
    """A body in chunks; extensions and trailers are bounded, and of no use here."""

    def __init__(self) -> None:
        self.kept: io.BytesIO | None = io.BytesIO()
        self.read = 0
        self.done = False
        self._line = b""
        self._left = 0
        """Bytes of this chunk and its line end that are still to come."""
        self._ending = False
        """The last chunk was there: trailers follow, up to an empty line."""
        self._trailers = 0

    def feed(self, data: bytes) -> bytes:
        """Take bytes; returns those behind the body's end."""
        at = 0
        while at < len(data) and not self.done:
            if self._left:
                at += self._take(data[at : at + self._left])
                continue
            end = data.find(b"\n", at)
            self._line += data[at : end + 1] if end >= 0 else data[at:]
            at = end + 1 if end >= 0 else len(data)
            if len(self._line) > _LINE:
                raise InvalidChunkSize(b"a line of a chunk is too long")
            if end >= 0:
                self._end_line(self._line)
                self._line = b""
        return data[at:]

    def _take(self, data: bytes) -> int:
        """Bytes of a chunk: two of them are its line end, not its content."""
        content = data[: max(0, self._left - 2)]
        end = data[len(content) :]
        if end != b"\r\n"[max(0, 2 - self._left) :][: len(end)]:
            raise ChunkMissingTerminator(end)
        self._left -= len(data)
        self.read += len(content)
        if self.kept is not None:
            self.kept.write(content)
        return len(data)

    def _end_line(self, line: bytes) -> None:
        if not line.endswith(b"\r\n"):
            raise InvalidChunkSize(line[:80])
        if self._ending:
            self._trailers += len(line)
            if self._trailers > _TRAILERS:
                raise LimitRequestHeaders("the trailers are too long")
            self.done = line == b"\r\n"
            return
        match = _SIZE.fullmatch(line[:-2])
        if match is None:
            raise InvalidChunkSize(line[:80])
        size = int(match.group(1), 16)
        self._ending = size == 0
        self._left = size + 2 if size else 0
