"""Decision log v2 once more, from its description alone and with the standard library: nothing of ours is imported."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from datetime import datetime
from pathlib import Path
from typing import Any

REQUIRED = ("timestamp", "stage", "status", "artefacts", "runtime_flags", "signatures")
METADATA_LINE = {
    "kind": "metadata",
    "timestamp": "2026-11-28T12:17:17.193214+00:00",
    "metadata": {
        "mode": "grpc",
        "endpoint": "127.0.0.1:50051",
        "use_tls": True,
        "auth_token_provided": True,
        "auth_token_scope_checked": True,
        "auth_token_scope_match": True,
        "auth_token_scopes": ["metrics.read", "Risk.Read"],
        "filters": {"event": "reduce_motion", "limit": 1, "screen_index": 0, "severity": ["warning", "critical"]},
        "summary_enabled": True,
        "tls_materials": {
            "root_cert": True,
            "client_cert": False,
            "client_key": False,
            "server_name": False,
            "server_sha256": True,
        },
        "server_sha256": ":".join(["ab"] * 32),
        "server_sha256_source": "pinned_fingerprint",
        "signing": {"algorithm": "HMAC-SHA256", "key_id": "k1"},
    },
}


def sign(entry: dict[str, Any], secret: bytes, key_id: str | None = None) -> dict[str, Any]:
    """The entry with its signature."""
    text = json.dumps(entry, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    value = base64.b64encode(hmac.digest(secret, text.encode(), hashlib.sha256)).decode()
    signature = {"algorithm": "HMAC-SHA256", "value": value} | ({"key_id": key_id} if key_id else {})
    return {**entry, "signature": signature}


def write(path: Path, *entries: dict[str, Any]) -> None:
    """Lines as the user's scripts write them: keys in order of making, a space after each separator."""
    path.write_text("".join(json.dumps(entry, ensure_ascii=False) + "\n" for entry in entries))


def accepts(path: Path, secret: bytes, key_id: str | None = None) -> bool:
    """Whether every line is signed with the key, and every one but metadata lines is an entry of v2."""
    entries = [json.loads(line) for line in path.read_bytes().splitlines() if line.strip()]
    return bool(entries) and all(_signed(entry, secret, key_id) and _well_formed(entry) for entry in entries)


def _signed(entry: dict[str, Any], secret: bytes, key_id: str | None) -> bool:
    signature = entry.get("signature") or {}
    named = signature.get("key_id")
    if named is not None and key_id is not None and named != key_id:
        return False
    bare = {name: value for name, value in entry.items() if name != "signature"}
    return sign(bare, secret)["signature"]["value"] == signature.get("value")


def _well_formed(entry: dict[str, Any]) -> bool:
    if entry.get("kind") == "metadata":
        return True
    if any(name not in entry for name in REQUIRED):
        return False
    flags, signatures, artefacts = entry["runtime_flags"], entry["signatures"], entry["artefacts"]
    return all(
        (
            datetime.fromisoformat(entry["timestamp"]).tzinfo is not None,
            all(isinstance(entry[name], str) and entry[name] for name in ("stage", "status")),
            flags and all(type(value) is bool for value in flags.values()),
            signatures and all(re.fullmatch(r"hmac:[A-Za-z0-9+/=:_-]+", value) for value in signatures.values()),
            artefacts and all(value != "" and not isinstance(value, dict | list) for value in artefacts.values()),
            len(set(entry.get("tags", []))) == len(entry.get("tags", [])),
        )
    )


def telemetry(entries: list[dict[str, Any]]) -> dict[str, Any]:
    """What entries with a time in UTC, a severity, frames a second and a screen add up to."""
    events = {}
    for name in sorted({entry["event"] for entry in entries}):
        mine = [entry for entry in entries if entry["event"] == name]
        speeds = [entry["fps"] for entry in mine]
        events[name] = {
            "count": len(mine),
            "fps": {"min": min(speeds), "max": max(speeds), "avg": sum(speeds) / len(speeds), "samples": len(speeds)},
            "screens": [dict(pairs) for pairs in sorted({tuple(entry["screen"].items()) for entry in mine})],
            "severity": {"counts": _counted(mine)},
            "first_timestamp": min(entry["timestamp"] for entry in mine),
            "last_timestamp": max(entry["timestamp"] for entry in mine),
        }
    return {
        "total_snapshots": len(entries),
        "events": events,
        "first_timestamp": min(entry["timestamp"] for entry in entries),
        "last_timestamp": max(entry["timestamp"] for entry in entries),
        "severity_counts": _counted(entries),
    }


def _counted(entries: list[dict[str, Any]]) -> dict[str, int]:
    levels = [entry["severity"] for entry in entries]
    return {level: levels.count(level) for level in sorted(set(levels))}
