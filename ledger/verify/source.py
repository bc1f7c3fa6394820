"""Where the log comes from: a file, a gzip file of any number of members, or standard input."""

from __future__ import annotations

import contextlib
import io
import sys
import zlib
from collections.abc import Iterator
from typing import Any, BinaryIO, cast

from ledger.errors import Corrupt, Unreachable

_CHUNK = 1 << 18
_GZIP = 31
"""zlib's ``wbits`` for gzip with header and checksum only."""


class _Gunzip(io.RawIOBase):
    """Unpacks gzip members one after the other (RFC 1952), in bounded memory; anything else after them is ``Corrupt``.

    Python's own reader passes over zero bytes at the end in silence.
    """

    def __init__(self, packed: BinaryIO) -> None:
        self._packed = packed
        self._rest = b""
        self._member = zlib.decompressobj(_GZIP)
        self._members = 0
        self._begun = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = b""
        while not data:
            if self._member.eof:
                self._member, self._begun = zlib.decompressobj(_GZIP), False
                self._members += 1
            self._rest = self._rest or self._packed.read(_CHUNK)
            if not self._rest:
                return self._end()
            data = self._unpack(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def _unpack(self, most: int) -> bytes:
        try:
            data = self._member.decompress(self._rest, most)
        except zlib.error as error:
            where = f"something else follows gzip member {self._members}" if not self._begun else "damaged gzip data"
            raise Corrupt(f"{where} ({error})") from error
        self._begun = True
        self._rest = self._member.unused_data if self._member.eof else self._member.unconsumed_tail
        return data

    def _end(self) -> int:
        if self._begun or not self._members:
            raise Corrupt("the gzip data end in the middle")
        return 0


@contextlib.contextmanager
def open_log(path: str) -> Iterator[BinaryIO]:
    """The log's bytes: ``-`` is standard input, a name that ends in ``.gz`` is unpacked.

    ``Unreachable`` where it cannot be opened. Damaged gzip data raise ``Corrupt`` while reading, which
    :func:`ledger.verify.verify` turns into a finding.
    """
    if path == "-":
        yield sys.stdin.buffer
        return
    try:
        stream = open(path, "rb")  # noqa: PTH123, SIM115  closed below; only opening may be called unreachable
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise Unreachable(f"cannot read {path}: {reason}") from error
    with stream:
        yield io.BufferedReader(_Gunzip(stream), _CHUNK) if path.endswith(".gz") else cast("BinaryIO", stream)
