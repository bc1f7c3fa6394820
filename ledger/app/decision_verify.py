"""Verifying a decision log v2, line by line, in bounded memory, with every finding.

Steps, for each line: 1. it ends and is not too long; 2. it is one JSON object; 3. it is spelled as JSON is written;
4. its signature; 5. the schema, where one was asked for. For the log: 6. it holds an entry; 7. required counts;
8. the last summary's digest is the summary file's.
"""

from __future__ import annotations

import gzip
import re
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Final, NamedTuple, cast

from ledger.app.decision_digest import algorithm_name, is_digest_of
from ledger.app.decision_line import MAX_FOREIGN_LINE, Finding, check_written, parse_foreign_line, shown
from ledger.app.decision_schema import Schema
from ledger.app.decision_signature import SharedKey, check_signature
from ledger.errors import Refused, Unreachable
from ledger.files import digest_file

_DIGEST: Final = re.compile(r"([a-z0-9_-]+:)?[0-9a-f]{32,}")
_PIECE: Final = 65_536
Tell = Callable[[Finding], None]


class EventCount(NamedTuple):
    """At least this many entries; with a ``name``, entries whose ``event`` (else ``status``) is that name."""

    at_least: int
    name: str | None = None


@dataclass(frozen=True)
class Rules:
    """What a log is held against. ``summary`` is the file whose digest the last summary must carry."""

    key: SharedKey | None = None
    allow_unsigned: bool = False
    schema: Schema | None = None
    summary: Path | None = None
    summary_hash_key: str | None = None
    event_counts: tuple[EventCount, ...] = ()


@dataclass(frozen=True)
class Report:
    """What came of it. ``findings`` is empty where they were told one by one; ``count`` always counts them."""

    entries: int
    signed: int
    count: int
    checked: tuple[str, ...]
    not_checked: tuple[str, ...]
    findings: tuple[Finding, ...] = ()

    @property
    def ok(self) -> bool:
        """Verified: there is nothing that was found."""
        return self.count == 0


@dataclass
class _Tally:
    """What has to be remembered from line to line; never grows with the log."""

    entries: int = 0
    signed: int = 0
    events: Counter[str] = field(default_factory=Counter)
    summary: tuple[int, str, Any] | None = None


def verify_log(path: str, rules: Rules, tell: Tell | None = None) -> Report:
    """Verify a log file, plain or ``.gz``. ``tell`` gets each finding at once; without it the report holds them.

    ``Unreachable`` where the file cannot be read, ``Refused`` where the rules cannot prove anything.
    """
    try:
        plain = Path(path).open("rb")  # noqa: SIM115  # closed below
    except OSError as error:
        raise Unreachable(f"cannot read {path}: {error.strerror or error}") from error
    with plain:
        if not path.endswith(".gz"):
            return verify_stream(plain, rules, tell)
        with gzip.GzipFile(fileobj=plain) as unpacked:
            return verify_stream(cast("BinaryIO", unpacked), rules, tell)


def verify_stream(stream: BinaryIO, rules: Rules, tell: Tell | None = None) -> Report:
    """As :func:`verify_log`, for bytes that are open already, standard input for example."""
    if rules.key is None and not rules.allow_unsigned:
        raise Refused("no key was given: name --hmac-key-file FILE, or --allow-unsigned for a log without signatures")
    found: list[Finding] = []
    tally, count = _Tally(), 0
    for finding in _find(stream, rules, tally):
        count += 1
        (tell or found.append)(finding)
    checked, not_checked = _coverage(rules)
    return Report(tally.entries, tally.signed, count, checked, not_checked, tuple(found))


def _find(stream: BinaryIO, rules: Rules, tally: _Tally) -> Iterator[Finding]:
    for number, line in enumerate(_read_lines(stream), 1):
        for finding in _check_line(line, rules, tally, number):
            yield finding._replace(line=number)
    yield from _check_counts(rules, tally)
    if rules.summary is not None:
        yield from _check_summary(rules.summary, tally)


def _read_lines(stream: BinaryIO) -> Iterator[bytes | Finding]:
    """Each line with its newline; a finding for one that is too long, and for the end of what can be unpacked."""
    try:
        while line := stream.readline(MAX_FOREIGN_LINE + 1):
            yield line if line.endswith(b"\n") or len(line) <= MAX_FOREIGN_LINE else _skip_line(stream, len(line))
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        yield Finding("compression", f"damaged: {error}", "gzip data up to the end of the file", "other bytes")
    except OSError as error:
        raise Unreachable(f"cannot read the log to its end: {error.strerror or error}") from error


def _skip_line(stream: BinaryIO, size: int) -> Finding:
    while piece := stream.readline(_PIECE):
        size += len(piece)
        if piece.endswith(b"\n"):
            size -= 1
            break
    return Finding("line", "too long", f"at most {MAX_FOREIGN_LINE} bytes", f"{size} bytes")


def _check_line(line: bytes | Finding, rules: Rules, tally: _Tally, number: int) -> Iterator[Finding]:
    if isinstance(line, Finding):
        yield line
        return
    if not line.endswith(b"\n"):
        yield Finding("line", "has no newline at its end and may be cut", "a newline", repr(line[-12:]))
    content = line.removesuffix(b"\n")
    if not content.strip():  # the existing verifier skips these as well
        return
    entry = parse_foreign_line(content)
    if isinstance(entry, Finding):
        yield entry
        return
    _remember(entry, rules, tally, number)
    yield from check_written(content, entry)
    yield from check_signature(entry, rules.key, allow_unsigned=rules.allow_unsigned)
    if rules.schema is not None:
        yield from rules.schema.check(entry)


def _remember(entry: dict[str, Any], rules: Rules, tally: _Tally, number: int) -> None:
    tally.entries += 1
    tally.signed += "signature" in entry
    event = entry.get("event", entry.get("status"))
    if isinstance(event, str) and any(event == wanted.name for wanted in rules.event_counts):
        tally.events[event] += 1
    for name, value in _artefacts(entry).items():
        if name == rules.summary_hash_key or (rules.summary_hash_key is None and _is_summary(name, value)):
            tally.summary = number, name, value


def _is_summary(name: str, value: Any) -> bool:
    return name.startswith("summary") and isinstance(value, str) and _DIGEST.fullmatch(value) is not None


def _artefacts(entry: dict[str, Any]) -> dict[str, Any]:
    artefacts = entry.get("artefacts")
    return artefacts if isinstance(artefacts, dict) else {}


def _check_counts(rules: Rules, tally: _Tally) -> Iterator[Finding]:
    if tally.entries == 0:
        yield Finding("entries", "there are none, so nothing is proved", "at least 1", "0")
    for name, wanted in ((one.name, one.at_least) for one in rules.event_counts):
        found = tally.entries if name is None else tally.events[name]
        if found < wanted:
            what = "entries" if name is None else f"entries {shown(name)}"
            yield Finding(what, "too few", f"at least {wanted}", str(found))


def _check_summary(path: Path, tally: _Tally) -> Iterator[Finding]:
    """The last entry with a summary's digest is held against the file; its algorithm is the one it names."""
    if tally.summary is None:
        yield Finding("summary", "no entry carries a summary's digest", "an artefact summary_…", "none")
        return
    line, name, value = tally.summary
    algorithm, _, digest = str(value).rpartition(":")
    algorithm = algorithm or name.rpartition("_")[2]
    place = f"artefacts.{shown(name)[1:-1]}"
    try:
        expected = digest_file(path, algorithm_name(algorithm))
    except Refused as error:
        yield Finding(place, str(error), "<algorithm>:<hex>", shown(value), line)
        return
    if not is_digest_of(expected, digest):
        yield Finding(place, f"is not the digest of {path}", expected, shown(value), line)


def _coverage(rules: Rules) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What was checked and what was not, in a person's words."""
    points = [
        ("signatures", rules.key is not None, "no key was given"),
        ("missing signatures", not rules.allow_unsigned, "unsigned entries were allowed"),
        ("key ids", rules.key is not None and rules.key.id is not None, "no --hmac-key-id was given"),
        ("schema", rules.schema is not None, "no --schema was given"),
        ("summary file", rules.summary is not None, "no --summary-json was given"),
    ]
    checked = tuple(name for name, done, _ in points if done)
    not_checked = [f"{name}: {why}" for name, done, why in points if not done]
    not_checked.append(
        "order and completeness: decision log v2 has no chain, so a removed or swapped line does not show"
    )
    return checked, tuple(not_checked)
