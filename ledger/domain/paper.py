"""The runbook's own command lines, filled in for one rollback and quoted for a shell, ready to paste."""

from __future__ import annotations

from shlex import quote

from ledger.domain.rules import duration_minutes
from ledger.domain.state import Rollback

WORKFLOW = "deploy/ci/github_actions_stage4_multi_strategy.yml"


def paper_lines(rollback: Rollback) -> dict[int, tuple[str, ...]]:
    """Step -> its lines of the runbook (shared wording: reference/runbook.md). Step 0 has none."""
    ticket = rollback.ticket or rollback.id
    asked = rollback.override.request
    path = rollback.override.path or "var/runtime/overrides/multi_strategy_disable.json"
    minutes = duration_minutes(rollback)
    component = "" if rollback.component == "multi_strategy" else f" --component {quote(rollback.component)}"
    team = asked.requested_by if asked else "L2 Ops"
    disable = f"--reason {quote(rollback.reason)} --ticket {quote(ticket)} --requested-by {quote(team)}{component}"
    summary = (
        "python scripts/verify_decision_log.py summary --append audit/decision_logs/stage4.jsonl --stage stage4 "
        f"--status rollback_completed --hash-algorithm sha384 --artefact incident_id={quote(ticket)} "
        "--artefact-from-file summary_sha384=var/audit/stage4/rollback_summary.json "
        f"--metadata duration_min={minutes if minutes is not None else '<MIN>'} --tag rollback"
    )
    return {
        1: (f"scripts/disable_multi_strategy.py {disable}",),
        2: (f"gh workflow run {WORKFLOW} -f mode=silence -f rollback={quote(rollback.id)}",),
        3: ("scripts/smoke_demo_strategies.py --check-disabled",),
        4: ("scripts/watch_metrics_stream.py --headers-report --duration 15m",),
        5: (f"rm {quote(path)}", "scripts/smoke_demo_strategies.py --check-disabled"),
        6: (summary,),
    }
