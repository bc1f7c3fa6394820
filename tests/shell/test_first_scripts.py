"""Pipelines call the user's first scripts: ours know their options, and the ledger's own log keeps its rules."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from .commands import assert_verified, entries, script, stage4, statuses


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert stage4(tmp_path, "init", "--name", "Ola", "--role", "incident_manager").returncode == 0
    return tmp_path


def test_the_headers_report_alone_watches_and_records_nothing(home: Path) -> None:
    before = statuses(home)
    done = script(home, "watch_metrics_stream.py", "--headers-report-only")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["headers_count"] >= 0
    assert statuses(home) == before


@pytest.mark.parametrize(
    ("name", "words", "instead"),
    [
        ("smoke_demo_strategies.py", "--config core.yaml", "--home DIR"),
        ("watch_metrics_stream.py", "--auth-token s3cret", "stage4.toml"),
        ("verify_decision_log.py", "x.log --risk-profile conservative", "--max-event-count"),
    ],
)
def test_an_option_of_the_first_script_is_refused_with_what_to_use_here(
    home: Path, name: str, words: str, instead: str
) -> None:
    done = script(home, name, *words.split())
    assert done.returncode == 2
    assert "so it is refused" in done.stderr and instead in done.stderr and "s3cret" not in done.stderr


def test_a_tilde_reaches_the_ledgers_own_log_and_its_rules_stay(home: Path) -> None:
    words = "summary --append ~/audit/decision_logs/stage4.jsonl --stage stage4 --status reviewed"
    done = script(home, "verify_decision_log.py", *words.split(), "--artefact", "n=1.5", "--tag", "a", "--tag", "a")
    assert done.returncode == 0, done.stderr
    entry = entries(home)[-1]
    assert entry["status"] == "external_summary_recorded"
    assert entry["metadata"]["claims"] == {"artefacts": {"n": "1.5"}, "tags": ["a"]}
    assert_verified(home)


def test_the_ledgers_own_log_verifies_with_the_options_of_the_first_script(home: Path) -> None:
    words = "audit/decision_logs/stage4.jsonl --schema decision_log_v2 --report-output report.json"
    done = script(home, "verify_decision_log.py", *words.split(), "--hmac-key-file", "var/keys/hmac.key")
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads((home / "report.json").read_text())["verified_entries"] == len(entries(home))
