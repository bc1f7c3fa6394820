"""The file behind ``--summary-json``: any file, named by its digest, or a telemetry summary, whose content counts.

A *telemetry summary* is a JSON object with an object ``summary`` (see :mod:`ledger.decision_log.telemetry`), perhaps
``metadata`` and a ``signature``; it may be compressed (``.gz``). Its digest is taken over its canonical JSON.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

from ledger.decision_log.digest import algorithm_name
from ledger.decision_log.line import Finding, format_canonical_v2, parse_json, shown
from ledger.decision_log.signature import SharedKey, check_signature
from ledger.errors import Corrupt, Refused, Unreachable
from ledger.files import digest_file

STANDARD: Final = "-"
MAX_SUMMARY: Final = 16 * 1_048_576
"""Largest telemetry summary in bytes, unpacked. A longer file is named by its digest alone."""


@dataclass(frozen=True)
class SummaryFile:
    """A summary file that was read. ``telemetry`` is the parsed telemetry summary, ``None`` for any other file."""

    name: str
    telemetry: dict[str, Any] | None
    _data: bytes | None = None

    def digest(self, algorithm: str) -> str:
        """``<algorithm>:<hex>``: of the canonical JSON of a telemetry summary, of any other file's bytes."""
        if self.telemetry is not None:
            return _digest(algorithm, format_canonical_v2(self.telemetry))
        return self._of_bytes(algorithm)

    def digests(self, algorithm: str) -> frozenset[str]:
        """Every digest (as :meth:`digest`) that names this file: of its content, and of its bytes as they are."""
        return frozenset([self.digest(algorithm), self._of_bytes(algorithm)])

    def _of_bytes(self, algorithm: str) -> str:
        if self._data is None:
            return digest_file(Path(self.name), algorithm_name(algorithm))
        return _digest(algorithm, self._data)


def open_summary(path: str, standard_input: BinaryIO) -> SummaryFile:
    """Read a summary file; ``-`` is ``standard_input``. ``Unreachable`` unreadable, ``Refused`` for a long stream."""
    if path == STANDARD:
        data = standard_input.read(MAX_SUMMARY + 1)
        if len(data) > MAX_SUMMARY:
            raise Refused(f"the summary on standard input is longer than {MAX_SUMMARY} bytes; name it as a file")
        return SummaryFile("standard input", _telemetry(data), data)
    try:
        with Path(path).open("rb") as stream:
            data = stream.read(MAX_SUMMARY + 1)
    except OSError as error:
        raise Unreachable(f"cannot read {path}: {error.strerror or error}") from error
    return SummaryFile(path, _telemetry(_unpacked(data) if path.endswith(".gz") else data))


def check_summary_signature(file: SummaryFile, declared: Any, key: SharedKey | None) -> Iterator[Finding]:
    """Everything wrong with a telemetry summary's own signature. Never raises.

    ``declared`` is ``summary_signature`` of the log's metadata line: the algorithm and key id that the file must have,
    ``None`` where none is. Without one an unsigned file passes: what counts is its content.
    """
    payload = file.telemetry or {}
    if "signature" not in payload:
        if declared is not None:
            yield Finding("summary.signature", "missing, the metadata line declares one", shown(declared), "none")
        return
    for finding in check_signature(payload, key, allow_unsigned=False):
        yield finding._replace(place=f"summary.{finding.place}")
    signature = payload["signature"]
    for name in ("algorithm", "key_id"):
        wanted = declared.get(name) if isinstance(declared, dict) else None
        found = signature.get(name) if isinstance(signature, dict) else None
        if wanted is not None and found != wanted:
            place = f"summary.signature.{name}"
            yield Finding(place, "not the one the metadata line declares", shown(wanted), shown(found))


def _digest(algorithm: str, data: bytes) -> str:
    name = algorithm_name(algorithm)
    return f"{name}:{hashlib.new(name, data, usedforsecurity=False).hexdigest()}"


def _unpacked(data: bytes) -> bytes:
    """The content of compressed bytes, at most one byte over the limit; the bytes themselves where they are none."""
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as stream:
            return stream.read(MAX_SUMMARY + 1)
    except (OSError, EOFError, zlib.error):
        return data


def _telemetry(data: bytes) -> dict[str, Any] | None:
    if len(data) > MAX_SUMMARY:
        return None
    try:
        payload = parse_json(data.decode())
        format_canonical_v2(payload)
    except (Corrupt, UnicodeDecodeError):
        return None
    return payload if isinstance(payload, dict) and isinstance(payload.get("summary"), dict) else None
