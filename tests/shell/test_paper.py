"""The runbook's own command lines, typed as they stand, with what stands around them."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import pytest

from ledger.lab.loopback import call_json
from ledger.lab.occupancy import running

from .commands import assert_verified, entries, script, stage4, until

OVERRIDE = "var/runtime/overrides/multi_strategy_disable.json"
SUMMARY = [
    "summary",
    "--append",
    "audit/decision_logs/stage4.jsonl",
    "--stage",
    "stage4",
    "--status",
    "rollback_completed",
    "--hash-algorithm",
    "sha384",
    "--artefact",
    "incident_id=INC-2042",
    "--artefact-from-file",
    "summary_sha384=var/audit/stage4/rollback_summary.json",
    "--metadata",
    "duration_min=7",
    "--tag",
    "rollback",
]


def kept_logs(home: Path) -> list[str]:
    """The texts of all kept logs, from the artefacts that the entries name."""
    found = []
    for entry in entries(home):
        if name := entry["artefacts"].get("log_sha384"):
            digits = name.removeprefix("sha384:")
            found.append((home / "var/artefacts/sha384" / digits[:2] / digits[2:]).read_text())
    return found


def firing(home: Path) -> bool:
    """Whether the alert that the rollback is about fires."""
    servers = running(home / "var" / "lab")
    assert servers is not None
    alerts = call_json(f"{servers['addresses']['prometheus']}/api/v1/alerts")["data"]["alerts"]
    return ("MultiStrategySchedulerLatencyCritical", "firing") in {
        (one["labels"]["alertname"], one["state"]) for one in alerts
    }


def test_the_five_lines_run_a_whole_rollback(lab: Path) -> None:
    until(lambda: firing(lab), 60, "the alert to fire: one that begins only after the stop fails the watch")
    assert stage4(lab, "rollback", "open", "--ticket", "INC-2042", "--reason", "latency").returncode == 0
    early = script(lab, "watch_metrics_stream.py", "--headers-report", "--duration", "3s")
    assert early.returncode == 1
    assert "product_owner" not in early.stdout
    assert "L2 Ops: step 3" in early.stderr
    own = stage4(lab, "rollback", "confirm")
    assert own.returncode == 1
    assert stage4(lab, "rollback", "confirm", "--as", "lab-product-owner").returncode == 0

    line = ("--reason", "latency", "--ticket", "INC-2042", "--requested-by", "L2")
    first = script(lab, "disable_multi_strategy.py", *line)
    assert first.returncode == 0, first.stderr
    assert (lab / OVERRIDE).stat().st_mode & 0o777 == 0o600
    assert first.stdout in kept_logs(lab)
    second = script(lab, "disable_multi_strategy.py", *line)
    assert second.returncode == 0
    assert "already stopped by" in second.stdout

    made = stage4(lab, "workflow", "silence", "--rollback", "INC-2042", "--reason", "latency", "--json")
    assert made.returncode != 0 or json.loads(made.stdout)["silence_id"]
    assert stage4(lab, "rollback", "silence", "INC-2042").returncode == 0

    checked = script(lab, "smoke_demo_strategies.py", "--check-disabled")
    assert (checked.returncode, checked.stdout.splitlines()[-1]) == (0, "disabled")
    watched = script(lab, "watch_metrics_stream.py", "--headers-report", "--duration", "3s", "--output", "report.json")
    assert watched.returncode == 0, watched.stdout + watched.stderr
    assert json.loads((lab / "report.json").read_text())["verdict"] == "pass"
    assert stage4(lab, "rollback", "end-incident").returncode == 0

    (lab / OVERRIDE).unlink()
    seen = until(lambda: [e for e in entries(lab) if e["status"] == "override_removed_outside"], 5, "the rm to be seen")
    removed = datetime.fromisoformat(seen[0]["metadata"]["seen_at"])
    assert abs((datetime.fromisoformat(seen[0]["timestamp"]) - removed).total_seconds()) < 2
    assert stage4(lab, "rollback", "adopt", "--reason", "the runbook's own rm").returncode == 0
    enabled = script(lab, "smoke_demo_strategies.py", "--check-disabled")
    assert (enabled.returncode, enabled.stdout.splitlines()[-1]) == (10, "enabled")
    assert script(lab, "verify_decision_log.py", *SUMMARY).returncode != 0
    restored = stage4(lab, "rollback", "restore", "INC-2042")
    assert restored.returncode == 0, restored.stdout + restored.stderr

    closed = script(lab, "verify_decision_log.py", *SUMMARY)
    assert closed.returncode == 0, closed.stderr
    closing = next(e for e in entries(lab) if e["status"] == "rollback_completed")
    assert closing["artefacts"]["summary_sha384"].startswith("sha384:")
    assert (closing["metadata"]["duration_min"], closing["metadata"]["duration_min_typed"]) == (1, 7)
    assert_verified(lab)


def test_another_status_is_recorded_as_a_claim(lab: Path) -> None:
    given = [
        "summary",
        "--append",
        "audit/decision_logs/stage4.jsonl",
        "--stage",
        "stage4",
        "--status",
        "drill_done",
        "--metadata",
        "x=1.5",
    ]
    assert script(lab, "verify_decision_log.py", *given).returncode == 0
    recorded = entries(lab)[-1]
    assert recorded["metadata"]["external_status"] == "drill_done"
    assert recorded["metadata"]["claims"]["metadata"] == {"x": "1.5"}


@pytest.mark.parametrize(
    ("given", "status"),
    [
        (["--stage", "other", "--status", "x"], 1),
        (["--stage", "stage4", "--status", "x", "--hmac-key", "secret"], 2),
        (["--stage", "stage4", "--status", "rollback_completed"], 1),
    ],
)
def test_the_stages_own_log_takes_no_line_that_the_ledger_does_not(lab: Path, given: list[str], status: int) -> None:
    before = len(entries(lab))
    done = script(lab, "verify_decision_log.py", "summary", "--append", "audit/decision_logs/stage4.jsonl", *given)
    assert done.returncode == status
    assert "Traceback" not in done.stderr
    added = entries(lab)[before:]  # the lab's observer writes down what moves meanwhile, under its own name
    assert [entry["status"] for entry in added if entry["metadata"]["actor"] != "system"] == []


def test_the_demo_strategies_print_their_telemetry(lab: Path) -> None:
    done = script(lab, "smoke_demo_strategies.py", "--cycles", "5")
    assert json.loads(done.stdout)["cycles"] == 5
