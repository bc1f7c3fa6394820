"""``stage4 rehearse``: a whole rollback, what it leaves, and what a kill leaves."""

from __future__ import annotations

import gzip
import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from .commands import STAGE4, assert_verified, entries, environment, run, script, stage4, statuses

pytestmark = pytest.mark.usefixtures("servers")

CHAIN = """
previous=$(printf '0%.0s' {1..96}); n=0
while IFS= read -r line; do
  case "$line" in *"\\"previous\\":\\"sha384:$previous\\""*) ;; *) echo "broken after $n"; exit 1;; esac
  previous=$(printf %s "$line" | sha384sum | cut -d' ' -f1); n=$((n+1))
done < audit/decision_logs/stage4.jsonl; echo "$n lines"
"""


@pytest.fixture(scope="module")
def rehearsed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("rehearsed")
    done = stage4(home, "rehearse", "--watch", "3s")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "VERIFIED" in done.stdout
    return home


def test_every_step_passed_and_the_closing_entry_says_so(rehearsed: Path) -> None:
    closing = entries(rehearsed)[-1]
    assert (closing["status"], closing["kind"], closing["tags"]) == ("rollback_completed", "snapshot", ["rollback"])
    assert closing["artefacts"]["incident_id"] == "INC-2042"
    assert closing["metadata"]["duration_min"] == 1
    assert closing["metadata"]["entries"] == closing["metadata"]["rollback_entry"]
    assert len(closing["metadata"]["checklist"]) == 5


def test_the_chain_verifies_with_sha384sum_alone(rehearsed: Path) -> None:
    done = run(rehearsed, "bash", "-c", CHAIN)
    assert done.stdout == f"{len(entries(rehearsed))} lines\n"


def test_an_auditor_verifies_it_from_the_files_alone(rehearsed: Path, tmp_path: Path) -> None:
    logs = rehearsed / "audit" / "decision_logs"
    for name in ("stage4.jsonl", "stage4.checkpoint", "stage4.vkey"):
        (tmp_path / name).write_bytes((logs / name).read_bytes())
    (tmp_path / "stage4.jsonl.gz").write_bytes(gzip.compress((tmp_path / "stage4.jsonl").read_bytes()))
    for log in ("stage4.jsonl", "stage4.jsonl.gz"):
        done = stage4(
            tmp_path, "verify", log, "--checkpoint", "stage4.checkpoint", "--public-key", "stage4.vkey", "--json"
        )
        assert done.returncode == 0
        assert json.loads(done.stdout)["verified"]


def test_a_cut_tail_is_not_verified(rehearsed: Path, tmp_path: Path) -> None:
    logs = rehearsed / "audit" / "decision_logs"
    (tmp_path / "cut.jsonl").write_bytes(b"".join((logs / "stage4.jsonl").read_bytes().splitlines(True)[:-1]))
    given = ("--checkpoint", str(logs / "stage4.checkpoint"), "--public-key", str(logs / "stage4.vkey"))
    done = stage4(tmp_path, "verify", "cut.jsonl", *given)
    assert done.returncode == 1
    assert "cut" in done.stdout


def test_the_users_own_verifier_accepts_every_line(rehearsed: Path) -> None:
    given = ("--hmac-key-file", "var/keys/hmac.key", "--schema", "builtin:decision_log_v2")
    done = script(rehearsed, "verify_decision_log.py", "audit/decision_logs/stage4.jsonl", *given)
    assert done.returncode == 0, done.stderr


def test_a_second_rehearsal_is_another_run_of_the_ticket(rehearsed: Path) -> None:
    done = stage4(rehearsed, "rehearse", "--watch", "2s", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["rollback"] == "INC-2042.2"
    assert_verified(rehearsed)


def test_a_real_installation_is_never_rehearsed_in(tmp_path: Path) -> None:
    assert stage4(tmp_path, "init").returncode == 0
    done = stage4(tmp_path, "rehearse")
    assert done.returncode == 1
    assert "home of its own" in done.stderr


@pytest.mark.parametrize("seconds", [1.5, 8.0, 11.0, 14.0])
def test_after_a_kill_the_chain_is_whole_and_a_new_rehearsal_passes(tmp_path: Path, seconds: float) -> None:
    command = [STAGE4, "rehearse", "--watch", "4s"]
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(command, cwd=tmp_path, env=environment(tmp_path), stdout=quiet, stderr=quiet)
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and process.poll() is None:
        time.sleep(0.05)  # the moment of the kill is what is tried, not waited for
    process.send_signal(signal.SIGKILL)
    process.wait(10)
    left = [pid for pid in os.listdir("/proc") if pid.isdigit() and _belongs(pid, tmp_path)]
    until_gone = time.monotonic() + 5
    while left and time.monotonic() < until_gone:
        left = [pid for pid in left if _belongs(pid, tmp_path)]
    assert not left
    if entries(tmp_path):
        assert stage4(tmp_path, "status").returncode == 0
        assert_verified(tmp_path)
        again = stage4(tmp_path, "rehearse", "--watch", "2s", "--ticket", "INC-3000")
        assert again.returncode == 0, again.stdout + again.stderr
        assert statuses(tmp_path).count("override_written") <= statuses(tmp_path).count("override_requested")
        assert_verified(tmp_path)


def _belongs(pid: str, home: Path) -> bool:
    try:
        return str(home) in Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")
    except OSError:
        return False
