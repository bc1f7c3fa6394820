"""The published files held against the store: what they prove about it, and what in them is not ours. Changes nothing.

Lines that bear this ledger's own signatures were written by this ledger. Where the store does not hold them, it is an
older copy or another history, whatever the checkpoint beside them looks like.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from ledger.errors import Corrupt
from ledger.files import kind_at, open_plain
from ledger.proof.canonical import MAX_LINE
from ledger.proof.checkpoint import Checkpoint, open_checkpoint, parse_checkpoint
from ledger.proof.entry import GENESIS, link, parse_entry
from ledger.proof.note import Verifier
from ledger.said import Said
from ledger.store.contract import Log

LIMIT = 64 * 1024
"""Bytes of a checkpoint or verifier key at most."""
_MARK = b"\xef\xbb\xbf"
"""A byte order mark, which some editors put before everything."""


class Own(NamedTuple):
    """An entry of this ledger that the store does not hold."""

    sequence: int
    last: int
    """The highest of such entries that was seen."""
    behind: bool
    """The store ends before it; otherwise the store has another entry in its place."""


class Scan(NamedTuple):
    """The lines of a file held against the store's."""

    lines: int
    """How many whole lines, from the beginning, are the store's."""
    offset: int
    """Where they end."""
    rest: bool
    """Whether more follows than a torn line of ours."""
    later: bool
    """Whether a line of the store stands after the place where the file differs."""
    own: Own | None
    """What proves that the store is not the newest one."""


def read_plain(path: Path, limit: int = LIMIT) -> bytes | None:
    """The file's first ``limit`` bytes; None where nothing has the name. ``OSError`` where it is no plain file."""
    try:
        descriptor = open_plain(path)
    except FileNotFoundError:
        return None
    with os.fdopen(descriptor, "rb") as stream:
        return stream.read(limit)


def not_plain(path: Path) -> str:
    """Why nothing is written to a path: what has the name. ``""`` for a plain file and for nothing at all."""
    kind = kind_at(path)
    if kind in ("absent", "file"):
        return ""
    return Said(
        "{} is no plain file ({}): nothing is written through it. Move it away, then it is made again", path, kind
    )


def stated(note: bytes) -> Checkpoint:
    """What a note says, its signature left aside; ``Corrupt`` where it is no checkpoint."""
    text, _, _ = note.partition(b"\n\n")
    return parse_checkpoint(text.decode("utf-8", "replace") + "\n")


def own_checkpoint(data: bytes, verifier: Verifier) -> Checkpoint | None:
    """The checkpoint that this ledger signed, also where its line ends were converted; None for anything else."""
    for form in (data, data.removeprefix(_MARK).replace(b"\r\n", b"\n")):
        try:
            return open_checkpoint(form, verifier)
        except Corrupt:
            continue
    return None


def read_lines(path: Path) -> list[bytes]:
    """The lines of a published file, each an entry that continues the one before; signatures are not looked at.

    A torn last line, as a full disk leaves it, is left out. ``Corrupt`` where a line does not follow, ``OSError`` where
    the file cannot be read.
    """
    lines: list[bytes] = []
    head = GENESIS
    with os.fdopen(open_plain(path), "rb") as stream:
        for raw in stream:
            if not raw.endswith(b"\n"):
                break
            line = raw[:-1]
            entry = parse_entry(line)
            if entry.sequence != len(lines) + 1 or entry.previous != head:
                raise Corrupt(Said("line {} of {} does not follow the one before it", len(lines) + 1, path))
            lines.append(line)
            head = link(line)
    return lines


def scan(path: Path, log: Log, check: Callable[[bytes], None]) -> Scan:
    """Hold a plain file against the store. ``check`` raises ``Corrupt`` where a line is not signed by this ledger.

    ``OSError`` where the file cannot be read. Memory stays bounded whatever the file holds.
    """
    lines = offset = 0
    with os.fdopen(open_plain(path), "rb") as stream:
        for line in log.lines():
            expected = line + b"\n"
            found = stream.read(len(expected))
            if found != expected:
                rest = not expected.startswith(found)
                break
            lines, offset = lines + 1, offset + len(expected)
        else:
            rest = bool(stream.read(1))
        if not rest:
            return Scan(lines, offset, rest=False, later=False, own=None)
        stream.seek(offset)
        return Scan(lines, offset, True, *_after(stream, lines, log, check))


def _after(stream: io.BufferedReader, kept: int, log: Log, check: Callable[[bytes], None]) -> tuple[bool, Own | None]:
    """Whether later lines of the store follow a difference, and the first own entry that the store does not hold."""
    later, size, following = False, log.size(), log.lines(kept)
    expected = next(following, None)
    first: Own | None = None
    for line in _lines(stream):
        if line == expected:  # as in a file whose line ends alone were converted
            later, expected = True, next(following, None)
            continue
        sequence = _sequence(line)
        if sequence is None:
            continue
        if sequence <= size and log.line(sequence) == line:
            later, following = True, log.lines(sequence)
            expected = next(following, None)
        elif first is None and _is_own(line, check):
            first = Own(sequence, sequence, behind=sequence > size)
        elif first is not None and sequence > first.last and _is_own(line, check):
            first = first._replace(last=sequence)
    return later, first


def _lines(stream: io.BufferedReader) -> Iterator[bytes]:
    """Lines that can be entries, without line ends or a byte order mark; longer ones are passed over in pieces."""
    longest = MAX_LINE + len(_MARK) + 2
    while piece := stream.readline(longest):
        if not piece.endswith(b"\n") and len(piece) == longest:
            while piece and not piece.endswith(b"\n"):
                piece = stream.readline(longest)
            continue
        yield piece.removeprefix(_MARK).rstrip(b"\r\n")


def _sequence(line: bytes) -> int | None:
    try:
        return parse_entry(line).sequence
    except Corrupt:
        return None


def _is_own(line: bytes, check: Callable[[bytes], None]) -> bool:
    try:
        check(line)
    except Corrupt:
        return False
    return True
