"""The headers report: which headers go to the metrics' source, where each comes from, secrets masked.

Its form is in decision_log_v2.md, "Headers report".
"""

from __future__ import annotations

import json
import os
import re
from typing import Any

from ledger.adapters.http import session
from ledger.app import config as settings
from ledger.app.installation import Installation

_SECRET = re.compile(r"auth|token|secret|password|key|cookie", re.IGNORECASE)
_PREVIEW = 80


def headers_report(installation: Installation) -> dict[str, Any]:
    """The report as JSON values; without a configured Prometheus no headers are sent (``headers_disabled``)."""
    server = settings.server(installation.config, "prometheus")
    sent: dict[str, str] = {}
    if server is not None:
        with session(server) as made:
            sent = {str(key): str(value) for key, value in made.headers.items()}
            if made.auth is not None:
                sent["Authorization"] = "Basic"
    rows = [_row(key, value) for key, value in sorted(sent.items())]
    return {
        "headers": rows,
        "headers_count": len(rows),
        "headers_disabled": server is None,
        "removed": [],
        "removed_count": 0,
    }


def format_report(report: dict[str, Any]) -> bytes:
    """The report's bytes: two-space indent, sorted keys, final newline."""
    return json.dumps(report, indent=2, sort_keys=True, ensure_ascii=False).encode() + b"\n"


def _row(key: str, value: str) -> dict[str, Any]:
    secret = bool(_SECRET.search(key))
    return {
        "key": key,
        "length": len(value),
        "masked": secret,
        "source": _source(key),
        "truncated": not secret and len(value) > _PREVIEW,
        "value_preview": "<masked>" if secret else value[:_PREVIEW],
    }


def _source(key: str) -> str:
    """``environment`` where a credential is set by a variable, ``configuration`` otherwise."""
    names = ("STAGE4_PROMETHEUS_BEARER_TOKEN_FILE", "STAGE4_PROMETHEUS_PASSWORD_FILE", "STAGE4_PROMETHEUS_USERNAME")
    return "environment" if key == "Authorization" and any(name in os.environ for name in names) else "configuration"
