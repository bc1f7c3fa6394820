"""Writing a decision log v2: what ``verify_decision_log.py summary`` takes, the entry made of it, and appending it.

The stage's own log is written by its ledger; this is for every other file. Reading is ``ledger.decision_log.verify``.

Defaults that make the runbook's own line a valid entry on any file: ``runtime_flags`` begins with
``{"verify_decision_log.summary": true}``; where no entry of ``signatures`` is given it is ``{"decision_log.entry":
"hmac:<base64>"}``, the HMAC-SHA256 over the canonical JSON of ``artefacts``, or ``"hmac:pending"`` without a key.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from ledger.decision_log.digest import algorithm_name
from ledger.decision_log.line import MAX_FOREIGN_LINE, format_canonical_v2, parse_json, shown
from ledger.decision_log.schema import BUILTIN, DECISION_LOG_V2, Schema
from ledger.decision_log.signature import SharedKey, mac
from ledger.errors import Corrupt, Refused, Unreachable
from ledger.files import digest_file, flock, sync_folder
from ledger.proof.entry import format_time

_LARGEST: Final = 2**53 - 1
_FLAG: Final = "verify_decision_log.summary"
_SIGNER: Final = "decision_log.entry"
_PENDING: Final = "hmac:pending"
_V2: Final = Schema(BUILTIN, DECISION_LOG_V2)

_OPTIONS: Final = {
    "artefacts": "--artefact KEY=VALUE, --artefact-from-file KEY=PATH or --summary-json PATH",
    "kind": "--kind NAME",
    "metadata": "--metadata KEY=VALUE",
    "runtime_flags": "--runtime-flag NAME[=true|false]",
    "signatures": "--signature-entry KEY=hmac:VALUE",
    "stage": "--stage NAME, not empty",
    "status": "--status NAME, not empty",
    "tags": "--tag NAME, each name once",
    "timestamp": "--timestamp 2026-11-23T05:27:01+00:00",
}


@dataclass(frozen=True)
class Summary:
    """What ``summary`` was asked to append. Digests are computed and ``timestamp`` is a claim, or ``None`` for now."""

    stage: str
    status: str
    kind: str = "snapshot"
    timestamp: str | None = None
    artefacts: Mapping[str, Any] = field(default_factory=dict)
    metadata: Mapping[str, Any] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    runtime_flags: Mapping[str, bool] = field(default_factory=dict)
    signatures: Mapping[str, str] = field(default_factory=dict)


def parse_metadata(text: str) -> Any:
    """The JSON value of ``text``, else ``text`` itself (also for NaN, duplicate keys and numbers beyond a double)."""
    if not text.strip():
        return ""
    try:
        value = parse_json(text)
        format_canonical_v2(value)
    except Corrupt:
        return text
    return value


def parse_artefact(text: str) -> str | int | float | bool | None:
    """As :func:`parse_metadata`, but an object or a list stays text: decision log v2 allows no artefact that is one."""
    value = parse_metadata(text)
    return text if isinstance(value, dict | list) else value


def digest_artefact(path: Path, algorithm: str) -> str:
    """``<algorithm>:<hex>`` of a file, streamed. ``Unreachable`` unreadable, ``Refused`` for an unknown algorithm."""
    return digest_file(path, algorithm_name(algorithm))


def for_ledger(summary: Summary) -> Summary:
    """The same summary with metadata that a ledger can hold: numbers that are not integers within ±(2^53-1) as text."""
    return replace(summary, metadata={key: _exact(value) for key, value in summary.metadata.items()})


def _exact(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _exact(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_exact(item) for item in value]
    if isinstance(value, float) or (type(value) is int and abs(value) > _LARGEST):
        return str(value)
    return value


def build_entry(summary: Summary, clock_now: datetime, key: SharedKey | None = None) -> dict[str, Any]:
    """The entry, not signed yet. ``Refused`` where decision log v2 does not allow it; ``owed`` says which option helps.

    ``clock_now`` is an aware time, used where no ``timestamp`` is claimed; ``key`` makes the default ``signatures``.
    """
    entry: dict[str, Any] = {
        "artefacts": dict(summary.artefacts),
        "kind": summary.kind,
        "runtime_flags": {_FLAG: True, **summary.runtime_flags},
        "signatures": dict(summary.signatures) or {_SIGNER: _signed_artefacts(summary, key)},
        "stage": summary.stage,
        "status": summary.status,
        "timestamp": summary.timestamp or format_time(clock_now),
    }
    if summary.metadata:
        entry["metadata"] = dict(summary.metadata)
    if summary.tags:
        entry["tags"] = list(summary.tags)
    _check(entry)
    return entry


def empty_artefacts(entry: Mapping[str, Any]) -> list[str]:
    """Names of the artefacts without a value. They are written, and no schema of decision log v2 allows them."""
    return [name for name, value in entry["artefacts"].items() if value == ""]


def _signed_artefacts(summary: Summary, key: SharedKey | None) -> str:
    return _PENDING if key is None else "hmac:" + mac(key.secret, _canonical(dict(summary.artefacts)))


def _check(entry: dict[str, Any]) -> None:
    owed = []
    filled = {name: "-" if value == "" else value for name, value in entry["artefacts"].items()}
    for finding in _V2.check({**entry, "artefacts": filled}):
        option = _OPTIONS.get(finding.place.partition(".")[0], "another value")
        owed.append(f"{finding.place}: {finding.found} is not allowed; give {option}")
    if owed:
        raise Refused("decision log v2 does not allow this entry; nothing was written", tuple(owed))
    _canonical(entry)


def _canonical(value: Any) -> bytes:
    try:
        return format_canonical_v2(value)
    except Corrupt as error:
        raise Refused(f"this entry cannot be written as JSON: {error}; give every option as UTF-8 text") from error


def format_line(entry: dict[str, Any]) -> bytes:
    """The entry's line with its newline: canonical JSON. ``Refused`` where it is longer than a reader would take."""
    line = _canonical(entry)
    if len(line) > MAX_FOREIGN_LINE:
        raise Refused(f"the entry has {len(line)} bytes, over {MAX_FOREIGN_LINE}; name large data by digest")
    return line + b"\n"


def append(path: Path, entry: dict[str, Any]) -> None:
    """Append one line to a log and flush it to disk; the file is created with mode 644 in a folder that exists.

    Whole or not at all: what was written of a line is cut again where the disk is full. ``Refused`` for a compressed
    log, something that is no file, or a file whose last line has no newline; ``Unreachable`` unwritable.
    """
    line = format_line(entry)
    if path.name.endswith(".gz"):
        raise Refused(f"{shown(str(path))} is compressed; append to the plain log and compress it afterwards")
    try:
        with _opened(path) as descriptor:
            flock(descriptor, path)  # on the log itself, so that writers of this tool queue
            _refuse_torn(descriptor, path)
            _write_whole(descriptor, line)
            _flush(descriptor, path)
    except OSError as error:
        raise Unreachable(f"cannot append to {path}: {error.strerror or error}") from error


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    flags = os.O_RDWR | os.O_APPEND | os.O_CLOEXEC
    try:
        descriptor = os.open(path, flags | os.O_CREAT | os.O_EXCL, 0o644)
    except FileExistsError:
        descriptor = os.open(path, flags)
    else:
        os.fchmod(descriptor, 0o644)  # the umask must not narrow it: an auditor reads it
        sync_folder(path.parent)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _refuse_torn(descriptor: int, path: Path) -> None:
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        raise Refused(f"{path} is no regular file; use --append - for standard output")
    if status.st_size and os.pread(descriptor, 1, status.st_size - 1) != b"\n":
        raise Refused(
            f"the last line of {path} has no newline at its end and may be cut; nothing was written",
            ("look at the last line, then complete it with a newline or move it away, and run this again",),
        )


def _flush(descriptor: int, path: Path) -> None:
    try:
        os.fsync(descriptor)
    except OSError as error:
        sentence = f"{path}: the line was written, but may not be on the disk ({error.strerror}); look before a retry"
        raise Unreachable(sentence) from error


def _write_whole(descriptor: int, line: bytes) -> None:
    before = os.fstat(descriptor).st_size
    written = 0
    try:
        while written < len(line):
            written += os.write(descriptor, line[written:])
    except OSError:
        if written and os.fstat(descriptor).st_size == before + written:  # nobody else wrote meanwhile
            os.ftruncate(descriptor, before)
        raise
