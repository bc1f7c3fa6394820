"""The metadata line of a log of interface telemetry: what it says of the recording, held against expectations.

Such a log begins with ``{"kind": "metadata", "timestamp": …, "metadata": {…}, "signature": …}``; each run that appends
to it begins with another one. ``metadata`` holds ``mode`` (``jsonl`` or ``grpc``) and, as far as they are known,
``input_file`` and ``input_files`` (jsonl), ``endpoint``, ``use_tls``, ``auth_token_provided``, ``tls_materials``
(grpc), ``filters``, ``summary_enabled``, ``summary_signature``, ``server_sha256``, ``auth_token_scopes``. What it does
not say is never taken as said.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from ledger.decision_log.line import Finding, parse_json, shown
from ledger.errors import Corrupt

KIND: Final = "metadata"
MODES: Final = ("grpc", "jsonl")
TLS_MATERIALS: Final = ("root_cert", "client_cert", "client_key", "server_name", "server_sha256")
YES: Final = frozenset(["1", "true", "yes", "on"])
NO: Final = frozenset(["0", "false", "no", "off"])

_SHA256: Final = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Expectations:
    """What every metadata line of a log must say. A filter's value is text, as typed, or a JSON value."""

    mode: str | None = None
    summary_enabled: bool = False
    filters: Mapping[str, Any] = field(default_factory=dict)
    input_file: str | None = None
    endpoint: str | None = None
    auth_token: bool = False
    auth_scopes: tuple[str, ...] = ()
    tls: bool = False
    tls_materials: tuple[str, ...] = ()
    server_sha256: tuple[str, ...] = ()
    """Fingerprints in 64 hex digits, of which the server's must be one."""
    server_sha256_sources: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Whether anything is expected."""
        return self != Expectations()


def metadata_of(entry: Mapping[str, Any]) -> dict[str, Any] | None:
    """What a metadata line carries; ``None`` for any other entry, also for one that only calls itself metadata."""
    metadata = entry.get("metadata")
    return metadata if entry.get("kind") == KIND and isinstance(metadata, dict) else None


def fingerprint(text: Any) -> str | None:
    """A SHA-256 fingerprint as 64 lower-case hex digits, with or without colons; ``None`` for anything else."""
    plain = text.strip().lower().replace(":", "") if isinstance(text, str) else ""
    return plain if _SHA256.fullmatch(plain) else None


def check_metadata(metadata: Mapping[str, Any], wanted: Expectations) -> Iterator[Finding]:
    """Everything in which a metadata line is not as expected. Never raises."""
    for check in _CHECKS:
        yield from check(metadata, wanted)


def _check_recording(metadata: Mapping[str, Any], wanted: Expectations) -> Iterator[Finding]:
    if wanted.mode is not None:
        yield from _equal(metadata, "mode", wanted.mode)
    if wanted.summary_enabled:
        yield from _equal(metadata, "summary_enabled", expected=True)
    if wanted.input_file is not None:
        yield from _equal(metadata, "mode", "jsonl")
        yield from _equal(metadata, "input_file", wanted.input_file)
    if wanted.endpoint is not None:
        yield from _equal(metadata, "mode", "grpc")
        yield from _equal(metadata, "endpoint", wanted.endpoint)


def _check_filters(metadata: Mapping[str, Any], wanted: Expectations) -> Iterator[Finding]:
    filters = metadata.get("filters")
    known = filters if isinstance(filters, dict) else {}
    for name, typed in wanted.filters.items():
        place = f"metadata.filters.{shown(name)[1:-1]}"
        if name not in known:
            yield Finding(place, "is not in the metadata line", shown(typed), "none")
        elif not any(_same(known[name], value) for value in _readings(typed)):
            yield Finding(place, "another value", shown(typed), shown(known[name]))


def _check_access(metadata: Mapping[str, Any], wanted: Expectations) -> Iterator[Finding]:
    if wanted.auth_token or wanted.auth_scopes:
        yield from _equal(metadata, "mode", "grpc")
        yield from _equal(metadata, "auth_token_provided", expected=True)
    if wanted.auth_scopes:
        yield from _equal(metadata, "auth_token_scope_checked", expected=True)
        if metadata.get("auth_token_scope_match") is False:
            yield Finding("metadata.auth_token_scope_match", "the token lacks a scope", "true", "false")
        held = _names(metadata.get("auth_token_scopes"))
        for scope in wanted.auth_scopes:
            if scope not in held:
                yield Finding("metadata.auth_token_scopes", "lacks a scope", shown(scope), shown(sorted(held)))


def _check_tls(metadata: Mapping[str, Any], wanted: Expectations) -> Iterator[Finding]:
    if wanted.tls:
        yield from _equal(metadata, "mode", "grpc")
        yield from _equal(metadata, "use_tls", expected=True)
    materials = metadata.get("tls_materials")
    for name in wanted.tls_materials:
        if not isinstance(materials, dict) or materials.get(name) is not True:
            yield Finding(f"metadata.tls_materials.{name}", "is not said to be there", "true", shown(materials))
    if wanted.server_sha256 or "server_sha256" in wanted.tls_materials:
        sha256 = fingerprint(metadata.get("server_sha256"))
        if sha256 is None or (wanted.server_sha256 and sha256 not in wanted.server_sha256):
            expected = " or ".join(wanted.server_sha256) or "64 hex digits"
            yield Finding(
                "metadata.server_sha256", "another fingerprint", expected, shown(metadata.get("server_sha256"))
            )
    if wanted.server_sha256_sources:
        source = metadata.get("server_sha256_source")
        if not isinstance(source, str) or source.strip().lower() not in wanted.server_sha256_sources:
            expected = " or ".join(wanted.server_sha256_sources)
            yield Finding("metadata.server_sha256_source", "another source", expected, shown(source))


_CHECKS: Final[tuple[Callable[[Mapping[str, Any], Expectations], Iterator[Finding]], ...]] = (
    _check_recording,
    _check_filters,
    _check_access,
    _check_tls,
)


def _equal(metadata: Mapping[str, Any], name: str, expected: Any) -> Iterator[Finding]:
    found = metadata.get(name)
    if not _same(found, expected):
        yield Finding(f"metadata.{name}", "not as expected", shown(expected), shown(found))


def _same(value: Any, other: Any) -> bool:
    return isinstance(value, bool) == isinstance(other, bool) and bool(value == other)


def _readings(typed: Any) -> Iterator[Any]:
    """What a typed value may stand for: itself, the JSON value it spells, and yes or no."""
    yield typed
    if not isinstance(typed, str):
        return
    word = typed.strip().lower()
    yield typed.strip()
    if word in YES | NO:
        yield word in YES
    try:
        yield parse_json(typed)
    except Corrupt:
        return


def _names(value: Any) -> set[str]:
    return {name.strip().lower() for name in value if isinstance(name, str)} if isinstance(value, list) else set()
