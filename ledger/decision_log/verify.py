"""Verifying a decision log v2, line by line, in bounded memory, with every finding.

Steps, for each line: 1. it ends and is not too long; 2. it is one JSON object; 3. it is spelled as JSON is written;
4. its signature; 5. a metadata line is held against what is expected of it, any other line against the schema, and
asked for its screen, where either was asked for. For the log: 6. it holds an entry, and a metadata line where something
is expected of one; 7. counts; 8. the summary file: the last summary's digest in the log, else a telemetry summary's
content.
"""

from __future__ import annotations

import gzip
import re
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

from ledger.decision_log.digest import algorithm_name, is_digest_of
from ledger.decision_log.line import MAX_FOREIGN_LINE, Finding, check_written, parse_foreign_line, shown
from ledger.decision_log.metadata import check_metadata, metadata_of
from ledger.decision_log.rules import Report, Rules
from ledger.decision_log.signature import check_signature
from ledger.decision_log.summary_file import SummaryFile, check_summary_signature
from ledger.decision_log.telemetry import UNKNOWN, Telemetry, compare
from ledger.errors import Refused, Unreachable

_DIGEST: Final = re.compile(r"([a-z0-9_-]+:)?[0-9a-f]{32,}")
_PIECE: Final = 65_536
_SCREEN: Final = frozenset(["index", "name", "manufacturer", "model", "refresh_hz", "device_pixel_ratio", "resolution"])
Tell = Callable[[Finding], None]


@dataclass
class _Tally:
    """What has to be remembered from line to line; never grows with the log."""

    entries: int = 0
    signed: int = 0
    events: Counter[str] = field(default_factory=Counter)
    summary: tuple[int, str, Any] | None = None
    sound: int = 0
    unnamed: int = 0
    """Signed entries whose signature names no key."""
    counted: int = 0
    """Entries that are no metadata lines."""
    metadata_lines: int = 0
    metadata: dict[str, Any] | None = None
    telemetry: Telemetry | None = None


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
    findings: list[Finding] = []
    tally, count = _Tally(telemetry=Telemetry() if rules.add_up or _by_content(rules) else None), 0
    for finding in _find(stream, rules, tally):
        count += 1
        (tell or findings.append)(finding)
    checked, not_checked = _coverage(rules, tally)
    return Report(
        entries=tally.entries,
        signed=tally.signed,
        count=count,
        checked=checked,
        not_checked=not_checked,
        findings=tuple(findings),
        sound=tally.sound,
        metadata_lines=tally.metadata_lines,
        metadata=tally.metadata,
        telemetry=tally.telemetry.as_json() if tally.telemetry is not None and rules.add_up else None,
    )


def _by_content(rules: Rules) -> bool:
    """Whether the summary's content may be asked for: it is a telemetry summary, and no artefact was named."""
    return rules.summary is not None and rules.summary.telemetry is not None and rules.summary_hash_key is None


def _find(stream: BinaryIO, rules: Rules, tally: _Tally) -> Iterator[Finding]:
    for number, line in enumerate(_read_lines(stream), 1):
        before, wrong = tally.entries, False
        for finding in _check_line(line, rules, tally, number):
            wrong = True
            yield finding._replace(line=number)
        tally.sound += tally.entries - before if not wrong else 0
    yield from _check_counts(rules, tally)
    if rules.summary is not None:
        yield from _check_summary(rules.summary, rules, tally)


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
    metadata = metadata_of(entry)
    _remember(entry, rules, tally, number)
    yield from check_written(content, entry)
    yield from check_signature(entry, rules.key, allow_unsigned=rules.allow_unsigned)
    if metadata is not None:  # of another form than the entries, so that no schema of entries fits it
        tally.metadata_lines += 1
        tally.metadata = metadata
        yield from check_metadata(metadata, rules.metadata)
        return
    _count(entry, rules, tally)
    if rules.schema is not None:
        yield from rules.schema.check(entry)
    if rules.screens:
        yield from _check_screen(entry.get("screen"))


def _remember(entry: dict[str, Any], rules: Rules, tally: _Tally, number: int) -> None:
    tally.entries += 1
    tally.signed += "signature" in entry
    signature = entry.get("signature")
    tally.unnamed += isinstance(signature, dict) and "key_id" not in signature
    for name, value in _artefacts(entry).items():
        if name == rules.summary_hash_key or (rules.summary_hash_key is None and _is_summary(name, value)):
            tally.summary = number, name, value


def _count(entry: dict[str, Any], rules: Rules, tally: _Tally) -> None:
    event, status = entry.get("event"), entry.get("status")
    names = (event,) if isinstance(event, str) and event else (status, UNKNOWN)
    tally.counted += 1
    for wanted in {count.name for count in rules.event_counts}:
        tally.events[wanted or ""] += wanted in names
    if tally.telemetry is not None:
        tally.telemetry.add(entry)


def _check_screen(screen: Any) -> Iterator[Finding]:
    if not isinstance(screen, dict) or not _SCREEN & screen.keys():
        yield Finding("screen", "does not say which screen it was", " or ".join(sorted(_SCREEN)), shown(screen))


def _is_summary(name: str, value: Any) -> bool:
    return name.startswith("summary") and isinstance(value, str) and _DIGEST.fullmatch(value) is not None


def _artefacts(entry: dict[str, Any]) -> dict[str, Any]:
    artefacts = entry.get("artefacts")
    return artefacts if isinstance(artefacts, dict) else {}


def _check_counts(rules: Rules, tally: _Tally) -> Iterator[Finding]:
    if tally.entries == 0:
        yield Finding("entries", "there are none, so nothing is proved", "at least 1", "0")
    if rules.metadata and tally.metadata_lines == 0:
        yield Finding("metadata", "no line carries any", 'a line of kind "metadata"', "none")
    for wanted in rules.event_counts:
        found = tally.counted if wanted.name is None else tally.events[wanted.name]
        what = "entries" if wanted.name is None else f"entries {shown(wanted.name)}"
        if found < wanted.at_least:
            yield Finding(what, "too few", f"at least {wanted.at_least}", str(found))
        if wanted.at_most is not None and found > wanted.at_most:
            yield Finding(what, "too many", f"at most {wanted.at_most}", str(found))


def _check_summary(file: SummaryFile, rules: Rules, tally: _Tally) -> Iterator[Finding]:
    """The last entry with a summary's digest is held against the file; without one, a telemetry summary's content."""
    if tally.summary is not None:
        yield from _check_digest(file, *tally.summary)
    elif file.telemetry is not None and tally.telemetry is not None:
        declared = (tally.metadata or {}).get("summary_signature")
        yield from check_summary_signature(file, declared, rules.key)
        yield from compare(file.telemetry["summary"], tally.telemetry)
    else:
        yield Finding("summary", "no entry carries a summary's digest", "an artefact summary_…", "none")


def _check_digest(file: SummaryFile, line: int, name: str, value: Any) -> Iterator[Finding]:
    """The digest of the algorithm that the entry names, else the one in its name."""
    algorithm = str(value).rpartition(":")[0] or name.rpartition("_")[2]
    place = f"artefacts.{shown(name)[1:-1]}"
    try:
        known = sorted(file.digests(algorithm_name(algorithm)))
    except Refused as error:
        yield Finding(place, str(error), "<algorithm>:<hex>", shown(value), line)
        return
    if not any(is_digest_of(str(value), digest.rpartition(":")[2]) for digest in known):
        yield Finding(place, f"is not the digest of {file.name}", " or ".join(known), shown(value), line)


def _coverage(rules: Rules, tally: _Tally) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What was checked and what was not, in a person's words."""
    way = "digest" if tally.summary is not None or not _by_content(rules) else "content"
    points = [
        ("signatures", rules.key is not None, "no key was given"),
        ("missing signatures", not rules.allow_unsigned, "unsigned entries were allowed"),
        ("key ids", rules.key is not None and rules.key.id is not None, "no --hmac-key-id was given"),
        ("schema", rules.schema is not None, "no --schema was given"),
        (f"summary file, by its {way}", rules.summary is not None, "no --summary-json was given"),
    ]
    checked = [name for name, done, _ in points if done]
    not_checked = [f"{name.partition(',')[0]}: {why}" for name, done, why in points if not done]
    asked = [("counts", bool(rules.event_counts)), ("metadata lines", bool(rules.metadata)), ("screens", rules.screens)]
    checked += [name for name, done in asked if done]
    if rules.key is not None and rules.key.id is not None and tally.unnamed:
        not_checked.append(f"key ids: {tally.unnamed} signatures name none")
    if rules.schema is not None and tally.metadata_lines:
        not_checked.append(f"schema: metadata lines are exempt from it, there are {tally.metadata_lines}")
    if isinstance((tally.metadata or {}).get("filters"), dict):
        not_checked.append("filters: entries were not held against the filters that the metadata line names")
    not_checked.append(
        "order and completeness: decision log v2 has no chain, so a removed or swapped line does not show"
    )
    return tuple(checked), tuple(not_checked)
