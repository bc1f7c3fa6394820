"""``rollback_summary.json``: what a rollback came to, each number from its entries. Pure."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from ledger.domain.rules import duration_minutes
from ledger.domain.runbook import STEPS
from ledger.domain.state import Rollback


def summarise(rollback: Rollback, origin: str) -> dict[str, Any]:
    """The summary as JSON values; times are ISO 8601 in UTC, durations whole seconds or minutes."""
    override, silence = rollback.override, rollback.silence
    return {
        "format": "stage4-ledger summary v1",
        "incident_id": rollback.ticket or rollback.id,
        "rollback": rollback.id,
        "origin": origin,
        "purpose": rollback.purpose,
        "reason": rollback.reason,
        "component": rollback.component,
        "opened": {"at": _text(rollback.opened_at), "by": rollback.opened_by, "entry": rollback.opened_entry},
        "emergency_entry": rollback.emergency or None,
        "confirmed_by": rollback.confirmed_by or None,
        "stopped_at": _text(rollback.stopped_at),
        "override": {"path": override.path, "sha384": override.sha384, "removed_at": _text(override.removed_at)},
        "silence": {"id": silence.id or None, "state": silence.state, "ended_at": _text(silence.ends_at)},
        "enabled_at": _text(rollback.restarted_at),
        "duration_min": duration_minutes(rollback),
        "steps": [
            {
                "step": step.number,
                "name": step.name,
                "role": step.role,
                "verdict": state.verdict,
                "reasons": list(state.reasons),
                "attempts": state.attempts,
                "entry": state.entry or None,
                "at": _text(state.at),
                "by": state.by or None,
            }
            for step, state in zip(STEPS[:6], rollback.steps[:6], strict=True)
        ],
        "evidence": [
            {"entry": evidence.entry, "status": evidence.status, "name": evidence.name, "sha384": evidence.sha384}
            for evidence in rollback.evidence
        ],
    }


def format_summary(summary: dict[str, Any]) -> bytes:
    """The file's bytes: two-space indent, sorted keys, UTF-8, final newline."""
    return (json.dumps(summary, indent=2, sort_keys=True, ensure_ascii=False) + "\n").encode()


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="microseconds") if moment else None
