"""Mistakes that were found by trying the commands, one test each."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import ledger
from ledger.app.home.setup import LAB_ROLES, init

PROJECT = Path(ledger.__file__).resolve().parents[1]
STAGE4 = Path(sys.executable).parent / "stage4"
STOP = (PROJECT / "scripts" / "disable_multi_strategy.py", "--reason", "orders look wrong")
SUMMARY = (
    f"{sys.executable} {PROJECT}/scripts/verify_decision_log.py summary --append audit/decision_logs/stage4.jsonl"
    " --stage stage4 --status rollback_completed --hash-algorithm sha384 --artefact incident_id=INC-7"
    " --artefact-from-file summary_sha384=var/audit/stage4/rollback_summary.json"
    " --metadata duration_min=42 --tag rollback"
)
UNWRITABLE = "/proc/stage4/overrides"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    made = tmp_path / "home"
    init(made, purpose="lab", name="You", roles=LAB_ROLES).ledger.log.close()
    return made


def run(home: Path, *command: Any, timeout: float = 20, **env: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("STAGE4_")}
    done = subprocess.run(
        [str(one) for one in command],
        cwd=home,
        env={**kept, "STAGE4_HOME": str(home), **env},
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    assert "Traceback" not in done.stdout + done.stderr, done.stderr
    return done


def override(home: Path) -> Path:
    return home / "var/runtime/overrides/multi_strategy_disable.json"


def entries(home: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (home / "audit/decision_logs/stage4.jsonl").read_bytes().splitlines()]


@pytest.mark.parametrize("healthy", [True, False], ids=["through the ledger", "without it"])
def test_a_pipe_at_the_overrides_path_does_not_hang_the_stop(home: Path, healthy: bool) -> None:
    os.mkfifo(override(home))
    if not healthy:
        (home / "var/keys/hmac.key").unlink()
    done = run(home, *STOP, timeout=5)
    assert done.returncode == 0, done.stderr
    assert json.loads(override(home).read_bytes())["action"] == "disable_multi_strategy"
    (aside,) = override(home).parent.glob("*.replaced-*")
    assert aside.is_fifo()


def test_what_stands_there_and_stops_nothing_is_kept_beside_the_override(home: Path) -> None:
    override(home).write_text('{"reason": "somebody else", "ticket": "X-1"}')
    assert run(home, *STOP).returncode == 0
    (aside,) = override(home).parent.glob("*.replaced-*")
    assert "somebody else" in aside.read_text()


def test_where_the_folder_cannot_be_written_the_manual_way_is_printed(home: Path) -> None:
    done = run(home, *STOP, STAGE4_OVERRIDE_DIRECTORY=UNWRITABLE)
    assert f"cat > {UNWRITABLE}/multi_strategy_disable.json.new" in done.stdout + done.stderr
    assert done.returncode == 3


def test_typed_with_a_relative_home_the_stops_paths_are_absolute(home: Path) -> None:
    (home / "var/ledger").rename(home / "kept")
    done = run(home, *STOP, "--home", ".")
    assert str(override(home)) in done.stdout
    (spool,) = (home / "var/spool").glob("stop-*.json")
    assert json.loads(spool.read_bytes())["path"] == str(override(home))


def test_the_summary_typed_too_early_says_what_is_owed(home: Path) -> None:
    run(home, STAGE4, "rollback", "open", "--ticket", "INC-7", "--reason", "x")
    done = run(home, *SUMMARY.split())
    assert done.returncode == 1, done.stderr
    assert "l2_ops" in done.stderr


def test_the_log_of_a_status_check_is_kept_as_it_was_printed(home: Path) -> None:
    run(home, STAGE4, "rollback", "open", "--ticket", "INC-7", "--reason", "x")
    run(home, STAGE4, "rollback", "confirm", "--as", "lab-product-owner")
    run(home, STAGE4, "rollback", "disable")
    run(home, STAGE4, "rollback", "waive", "2", "--reason", "no Alertmanager here")
    done = run(home, PROJECT / "scripts/smoke_demo_strategies.py", "--check-disabled")
    digests = [e["artefacts"]["log_sha384"][7:] for e in entries(home) if "log_sha384" in e["artefacts"]]
    kept = [(home / "var/artefacts/sha384" / one[:2] / one[2:]).read_text() for one in digests]
    assert "recorded  INC-7" in done.stdout
    assert done.stdout in kept


def test_verify_of_a_home_after_a_kill_publishes_first(home: Path) -> None:
    """What ``kill -9`` between the lines and the checkpoint leaves."""
    note = home / "audit/decision_logs/stage4.checkpoint"
    before = note.read_bytes()
    run(home, STAGE4, "rollback", "open", "--ticket", "INC-7", "--reason", "x")
    note.write_bytes(before)
    done = run(home, STAGE4, "verify")
    assert done.returncode == 0, done.stdout


def test_doctor_does_not_send_the_owner_of_a_ledger_to_init(home: Path) -> None:
    (home / "var/keys/hmac.key").chmod(0o644)
    page = json.loads(run(home, STAGE4, "--json", "doctor").stdout)
    assert not [one for one in page if "stage4 init" in one["remedy"]]


@pytest.mark.parametrize("name", ["hmac.key", "checkpoint.pem"])
def test_a_key_that_was_lost_alone_comes_back(home: Path, tmp_path: Path, name: str) -> None:
    phrase, escrow = tmp_path / "phrase", tmp_path / "escrow.json"
    phrase.write_text("correct horse battery staple")
    run(home, STAGE4, "keys", "export", "--out", escrow, "--passphrase-file", phrase)
    (home / "var/keys" / name).unlink()
    done = run(home, STAGE4, "keys", "import", escrow, "--passphrase-file", phrase)
    assert done.returncode == 0, done.stderr
    assert run(home, STAGE4, "log").returncode == 0


def test_only_an_admin_adds_people(home: Path) -> None:
    done = run(home, STAGE4, "people", "add", "Eve", "--role", "admin", "--as", "lab-noc")
    assert done.returncode == 1
    assert "admin" in done.stderr


def test_an_export_overwrites_nothing_beside_it_either(home: Path, tmp_path: Path) -> None:
    (tmp_path / "copy.vkey").write_text("mine")
    done = run(home, STAGE4, "export", "--out", tmp_path / "copy.jsonl")
    assert done.returncode == 1
    assert (tmp_path / "copy.vkey").read_text() == "mine"


def test_an_export_into_a_folder_that_is_not_there_says_so(home: Path, tmp_path: Path) -> None:
    done = run(home, STAGE4, "export", "--out", tmp_path / "nowhere" / "copy.jsonl")
    assert done.returncode in (1, 3)
    assert "nowhere" in done.stderr


def test_the_kind_of_a_json_error_is_one_of_the_four(home: Path) -> None:
    (home / "stage4.toml").write_text('[alertmanager]\nurl = "http://127.0.0.1:9"\n')
    done = run(home, STAGE4, "--json", "rollback", "silence", "--preview")
    assert (done.returncode, json.loads(done.stdout)["error"]) == (3, "unreachable")


def test_a_rehearsal_ends_nobodys_stop_and_says_so_before_a_server_starts(home: Path) -> None:
    assert run(home, STAGE4, "stop").returncode == 0
    for command in ("rehearse", "demo"):  # without a terminal the demo is the rehearsal
        done = run(home, STAGE4, command)
        assert done.returncode == 1, done.stdout + done.stderr
        assert "is somebody's own: a rehearsal does not end it" in done.stderr
        assert "stage4 rehearse --home /tmp/rehearsal" in done.stderr
        assert not (home / "var" / "lab").exists(), "servers were started"
    assert override(home).is_file()
    shown = done.stderr.partition("see what closes it: stage4 ")[2].split("\n", 1)[0]
    assert run(home, STAGE4, *shown.split()).returncode == 0
