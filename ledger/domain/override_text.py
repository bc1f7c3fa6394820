"""The override file's bytes (decision_log_v2.md, "The override file"): a function of the asking entry alone."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from ledger.domain.runbook import COMPONENTS


def format_override(
    *, component: str, reason: str, requested_by: str, ticket: str, written_at: datetime, expires_at: datetime | None
) -> bytes:
    """JSON with two-space indent, sorted keys, UTF-8 not escaped, final newline; times end in ``Z``."""
    _, schema, action = COMPONENTS[component]
    content = {
        "action": action,
        "reason": reason,
        "requested_by": requested_by,
        "schema": schema,
        "schema_version": "1.0",
        "ticket": ticket,
        "timestamp": _zulu(written_at),
    }
    if expires_at is not None:
        content["expires_at"] = _zulu(expires_at)
    return (json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False) + "\n").encode()


def parse_override(content: bytes) -> dict[str, str] | None:
    """The fields of an override file, or None where the bytes are no JSON object with texts."""
    try:
        fields = json.loads(content.decode("utf-8"))  # given bytes it would guess UTF-16 and UTF-32
    except (ValueError, RecursionError):
        return None
    return {str(k): str(v) for k, v in fields.items()} if isinstance(fields, dict) else None


def _zulu(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
