"""The headers report: which headers go to the metrics' source, where each comes from, secrets masked.

Its form is in decision_log_v2.md, "Headers report".
"""

from __future__ import annotations

import json
import os
from collections.abc import Collection
from typing import Any

from ledger.app.home import config as settings
from ledger.app.installation import Installation
from ledger.masking import tells

_PREVIEW = 80


def headers_report(installation: Installation) -> dict[str, Any]:
    """The report as JSON values; without a configured Prometheus no headers are sent (``headers_disabled``)."""
    from ledger.adapters.http import session  # slow to import

    server = settings.server(installation.config, "prometheus")
    sent: dict[str, str] = {}
    if server is not None:
        with session(server) as made:
            sent = {str(key): str(value) for key, value in made.headers.items()}
            if made.auth is not None:
                sent["Authorization"] = "Basic"
    own = dict(server.headers) if server is not None else {}
    rows = [_row(key, value, own) for key, value in sorted(sent.items())]
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


def _row(key: str, value: str, own: Collection[str]) -> dict[str, Any]:
    secret = tells(key, value)
    return {
        "key": key,
        "length": len(value),
        "masked": secret,
        "source": _source(key, own),
        "truncated": not secret and len(value) > _PREVIEW,
        "value_preview": "<masked>" if secret else value[:_PREVIEW],
    }


def _source(key: str, own: Collection[str]) -> str:
    """``environment`` where a credential or a header of one's own is set by a variable, ``configuration`` otherwise."""
    credentials = ("BEARER_TOKEN_FILE", "PASSWORD_FILE", "USERNAME")
    names = [*(credentials if key == "Authorization" else ()), *(("HEADERS",) if key in own else ())]
    return "environment" if any(f"STAGE4_PROMETHEUS_{name}" in os.environ for name in names) else "configuration"
