"""The report file of a verification (``--report-output``): one JSON object, indented, UTF-8, with a final newline.

``report_version`` 1; ``generated_at`` ISO 8601 in UTC; ``path`` as it was given; ``ok``; ``entries``, of which
``verified_entries`` are sound and ``signed`` signed; ``metadata`` of the last metadata line (``{}`` without one);
``summary``, what the entries add up to (:mod:`ledger.decision_log.telemetry`); ``enforced_event_limits`` and
``enforced_event_minimums`` by event, ``summary_validation`` {path, signed}, where they were asked for; ``checked``,
``not_checked``; ``findings``, at most 1,000, and ``findings_left_out``.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from ledger.decision_log.line import Finding, parse_json
from ledger.decision_log.rules import Report, Rules
from ledger.errors import Corrupt, LedgerError, Refused, Unreachable
from ledger.files import make_folder, read_bounded, replace

MAX_FINDINGS: Final = 1_000
_VERSION: Final = "report_version"
_MAX_REPORT: Final = 64 * 1_048_576


def report_page(path: str, rules: Rules, report: Report, findings: Sequence[Finding], at: datetime) -> dict[str, Any]:
    """The report as JSON values. ``findings`` are the report's or its first; ``at`` is an aware time."""
    kept = [finding._asdict() for finding in findings[:MAX_FINDINGS]]
    named = [wanted for wanted in rules.event_counts if wanted.name is not None]
    page = {
        _VERSION: 1,
        "generated_at": at.isoformat(),
        "path": path,
        "ok": report.ok,
        "entries": report.entries,
        "verified_entries": report.sound,
        "signed": report.signed,
        "metadata": report.metadata or {},
        "checked": report.checked,
        "not_checked": report.not_checked,
        "findings": kept,
        "findings_left_out": report.count - len(kept),
    }
    if report.telemetry is not None:
        page["summary"] = report.telemetry
    if limits := {wanted.name: wanted.at_most for wanted in named if wanted.at_most is not None}:
        page["enforced_event_limits"] = limits
    if minimums := {wanted.name: wanted.at_least for wanted in named if wanted.at_least}:
        page["enforced_event_minimums"] = minimums
    if rules.summary is not None:
        signed = "signature" in (rules.summary.telemetry or {})
        page["summary_validation"] = {"path": rules.summary.name, "signed": signed}
    return page


def format_report(page: dict[str, Any]) -> bytes:
    """The report's bytes. Metadata too deep for indenting is left out, and that is said in its place."""
    try:
        text = json.dumps(page, ensure_ascii=False, indent=2)
    except RecursionError:
        text = json.dumps({**page, "metadata": {"left_out": "nested too deeply"}}, ensure_ascii=False, indent=2)
    return text.encode(errors="replace") + b"\n"


def require_place(path: Path) -> None:
    """``Refused`` where something but an earlier report is at ``path``: a report replaces no log, no key, no device."""
    if not path.is_symlink() and not path.exists():
        return
    try:
        data = read_bounded(path, _MAX_REPORT) if path.is_file() and not path.is_symlink() else b""
        page = parse_json(data.decode())
    except (Corrupt, UnicodeDecodeError, LedgerError):
        page = None
    if not isinstance(page, dict) or _VERSION not in page:
        raise Refused(f"{path} is there and is no report of this program, so it is not replaced; name another file")


def write_report(path: Path, page: dict[str, Any]) -> None:
    """Write the report whole, with mode 644; its folder is made where it is missing. ``Unreachable`` unwritable."""
    require_place(path)
    try:
        make_folder(path.parent, 0o755)
        replace(path, format_report(page))
    except OSError as error:
        raise Unreachable(f"cannot write the report {path}: {error.strerror or error}") from error
