"""Steps 1 and 2: bytes to lines, lines to entries. Bounded memory whatever the bytes are."""

from __future__ import annotations

import gzip
import json
import re
import zlib
from collections.abc import Callable, Iterator
from typing import BinaryIO, NamedTuple

import msgspec
from msgspec.structs import replace

from ledger.errors import Corrupt, Unreachable
from ledger.proof.canonical import MAX_LINE, parse_canonical
from ledger.proof.entry import link
from ledger.said import Said
from ledger.verify.causes import Cause
from ledger.verify.findings import Findings, Opened
from ledger.verify.quick import read_quickly
from ledger.verify.reading import Read, read_entry

_MARK = b"\xef\xbb\xbf"
_READ = MAX_LINE + 8
"""Room for a byte order mark, carriage return and newline beside the longest entry."""
_SKIP = 1 << 20
_EVERY = 1000
_BEGINNING = b'{"artefacts":{'
"""What every entry begins with: its keys are sorted."""
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|-?[0-9][0-9.eE+-]*', re.DOTALL)
"""A text or a number of a JSON line: what looks like a number inside a text is passed over."""


class Problem(NamedTuple):
    """Why a line is no entry."""

    cause: Cause
    expected: str
    found: str
    sentence: str


class Line(msgspec.Struct, gc=False):
    """One line of the file."""

    number: int
    """Counted from 1."""
    raw: bytes
    """Without newline. Empty for a line that is too long to be kept."""
    link: str
    """What the next entry should name as ``chain.previous``."""
    sequence: int
    """0 while it is not known."""
    previous: str
    read: Read | None
    """None where it is no entry."""
    problem: Problem | None = None
    stood_at: int = 0
    """The entry in whose place the line stood, where the two were swapped (`order`)."""


class Lines:
    """The log's lines, read one at a time. ``bytes_read`` and ``number`` tell how far it is."""

    def __init__(self, stream: BinaryIO, findings: Findings, progress: Callable[[int], None] | None) -> None:
        self._stream = stream
        self._findings = findings
        self._progress = progress
        self.bytes_read = 0
        self.number = 0
        self.unended: Opened | None = None
        """The finding about a last line that is a whole entry and has no newline."""

    def __iter__(self) -> Iterator[Line]:
        readline, progress = self._read, self._progress
        while raw := readline(_READ):
            self.number += 1
            self.bytes_read += len(raw)
            if progress is not None and self.number % _EVERY == 0:
                progress(self.bytes_read)
            if raw[-2:] != b"\r\n" and raw[-1:] == b"\n" and self.number > 1:
                yield read_line(self.number, raw[:-1])
            else:
                yield self._unusual(raw)
        if progress is not None:
            progress(self.bytes_read)

    def _read(self, size: int) -> bytes:
        try:
            return self._stream.readline(size)
        except (Corrupt, gzip.BadGzipFile, EOFError, zlib.error) as error:
            sentence = Said("The log cannot be unpacked further after line {}: {}.", self.number, error)
            self._findings.add(Cause.DAMAGED_ARCHIVE, None, self.number + 1, "whole gzip data", str(error), sentence)
            return b""
        except OSError as error:
            raise Unreachable(f"cannot read on after line {self.number}: {error.strerror or error}") from error

    def _unusual(self, raw: bytes) -> Line:
        """The first line, and lines with an unusual end."""
        if self.number == 1 and raw.startswith(_MARK):
            raw = raw[len(_MARK) :]
            sentence = "The file begins with a byte order mark: an editor saved it. It is left out of what follows."
            self._findings.add(Cause.BYTE_ORDER_MARK, None, 1, "no byte order mark", "ef bb bf", sentence)
        if not raw.endswith(b"\n"):
            return self._too_long(raw) if len(raw) > MAX_LINE else self._unfinished(raw)
        raw = raw[:-1]
        if raw.endswith(b"\r"):
            raw = raw[:-1]
            sentence = Said(
                "Line {} ends in carriage return and newline; the carriage return is left out below.", self.number
            )
            self._findings.tally(Cause.CARRIAGE_RETURN, None, self.number, "\\n", "\\r\\n", sentence)
        return read_line(self.number, raw)

    def _unfinished(self, raw: bytes) -> Line:
        line = read_line(self.number, raw)
        if line.read is None:
            sentence = Said("The last line ({}) is torn: it has no newline and is no entry.", self.number)
            problem = Problem(Cause.NOT_TERMINATED, "a newline", Said("{} bytes without one", len(raw)), sentence)
            return replace(line, problem=problem)
        sentence = Said(
            "The last line ({}) has no newline: it was edited, or copied while it was being written.", self.number
        )
        expected, found = "a newline", "end of file"
        self.unended = self._findings.add(Cause.NOT_TERMINATED, line.sequence, self.number, expected, found, sentence)
        return line

    def _too_long(self, start: bytes) -> Line:
        """Reads past the rest without keeping it."""
        length, raw = len(start), start
        while raw and not raw.endswith(b"\n"):
            raw = self._read(_SKIP)
            length += len(raw)
            self.bytes_read += len(raw)
            if self._progress is not None:
                self._progress(self.bytes_read)
        return Line(self.number, b"", "", 0, "", None, _too_long(self.number, length - raw.endswith(b"\n")))


def read_line(number: int, raw: bytes) -> Line:
    """Step 2. A line that is no entry says why in ``problem``."""
    try:
        read = read_quickly(raw) or read_entry(raw)
    except (Corrupt, RecursionError) as error:
        return Line(number, raw, link(raw), 0, "", None, _explain(number, raw, error))
    return Line(number, raw, link(raw), read.sequence, read.previous, read)


def is_torn(line: Line) -> bool:
    """Whether a line is what is left of an entry that was cut in the middle, or that was being written."""
    problem = line.problem
    if problem is None or problem.cause is not Cause.NOT_TERMINATED:
        return False
    return line.raw.startswith(_BEGINNING) or _BEGINNING.startswith(line.raw)


def _too_long(number: int, length: int) -> Problem:
    sentence = Said("Line {} is longer than an entry may be: {} bytes.", number, length)
    return Problem(Cause.TOO_LONG, f"at most {MAX_LINE} bytes", Said("{} bytes", length), sentence)


def _explain(number: int, raw: bytes, error: Exception) -> Problem:
    if len(raw) > MAX_LINE:
        return _too_long(number, len(raw))
    try:
        raw.decode()
    except UnicodeDecodeError as wrong:
        octets = repr(raw[wrong.start : wrong.start + 8])
        sentence = Said("Line {} is not UTF-8: {} at byte {}.", number, octets, wrong.start)
        return Problem(Cause.NOT_UTF8, "UTF-8", f"{octets} at byte {wrong.start}", sentence)
    reason = "nested too deeply" if isinstance(error, RecursionError) else _float_in(raw) or str(error)
    cause = Cause.NOT_CANONICAL if _is_json(raw) and not _is_canonical(raw) else Cause.MALFORMED
    expected = "canonical JSON" if cause is Cause.NOT_CANONICAL else "an entry"
    if isinstance(error, RecursionError):
        return Problem(cause, expected, reason, Said(f"Line {{}} is not {expected}: nested too deeply.", number))
    return Problem(cause, expected, reason, Said(f"Line {{}} is not {expected}: {{}}.", number, reason))


def _float_in(raw: bytes) -> str:
    """The first number of a line that is no integer, as it is spelled there and where; empty where there is none."""
    if not _is_json(raw):
        return ""
    for match in _TOKEN.finditer(raw):
        token = match[0]
        if token[:1] != b'"' and not token.lstrip(b"-").isdigit():
            text = token[:40].decode()
            return Said(
                "{} at byte {} is a float; numbers that are not integers are written as strings", text, match.start()
            )
    return ""


def _is_json(raw: bytes) -> bool:
    try:
        json.loads(raw)
    except (ValueError, RecursionError):
        return False
    return True


def _is_canonical(raw: bytes) -> bool:
    try:
        parse_canonical(raw)
    except (Corrupt, RecursionError):
        return False
    return True
