"""The reference scheduler, with its override file, as a real process."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ledger.lab.configs import environment
from ledger.lab.loopback import HOST, answers, call, free_ports, until
from ledger.lab.scheduler import Scheduler, main
from ledger.lab.servers import Lab
from ledger.lab.status import to_json

pytestmark = [pytest.mark.enable_socket, pytest.mark.timeout(60)]

VALID = {"schema": "stage6.scheduler.override", "schema_version": "1.0", "action": "disable_multi_strategy"}
NOW = datetime(2026, 11, 23, 5, 27, 1, tzinfo=UTC)
LATER = NOW + timedelta(seconds=30)
Status = Callable[[], dict[str, object]]


def stop(override: Path, value: object = VALID) -> None:
    draft = override.with_suffix(".new")
    draft.write_text(json.dumps(value))
    draft.replace(override)


def metrics(lab: Lab) -> str:
    return call(f"{lab.addresses.scheduler}/metrics")[1].decode()


def test_the_override_is_obeyed_within_one_cycle(lab: Lab, override: Path, status: Status) -> None:
    stop(override)
    seen = status()["cycle"]
    until(lambda: status()["status"] == "disabled", 5, "the scheduler to stop")
    assert isinstance(seen, int)
    assert status()["cycle"] in (seen, seen + 1)
    assert status()["warnings"] == []


def test_metrics_are_absent_while_stopped(lab: Lab, override: Path, status: Status) -> None:
    assert 'bot_core_multi_strategy_latency_ms{schedule="mean_reversion"}' in metrics(lab)
    stop(override)
    until(lambda: status()["status"] == "disabled", 5, "the scheduler to stop")
    assert "bot_core_multi_strategy" not in metrics(lab)
    assert "stage4_scheduler_enabled 0.0" in metrics(lab)
    assert "stage4_scheduler_cycles_total" in metrics(lab)


def test_it_runs_again_when_the_override_is_gone(lab: Lab, override: Path, status: Status) -> None:
    stop(override)
    until(lambda: status()["status"] == "disabled", 5, "the scheduler to stop")
    stopped = status()
    override.unlink()
    until(lambda: status()["cycle"] != stopped["cycle"], 5, "a finished cycle")
    assert status()["status"] == "enabled"
    assert str(status()["since"]) > str(stopped["since"])


def test_a_cycle_counts_only_while_enabled(tmp_path: Path) -> None:
    scheduler = Scheduler(tmp_path / "override.json", seed=7, now=NOW)
    scheduler.step(NOW)
    stop(tmp_path / "override.json")
    scheduler.step(LATER)
    scheduler.step(LATER + timedelta(seconds=1))
    status = scheduler.status()
    assert to_json(status) == {
        "status": "disabled",
        "since": "2026-11-23T05:27:31.000000+00:00",
        "cycle": 1,
        "warnings": [],
    }


def test_an_expired_override_still_stops(tmp_path: Path) -> None:
    stop(tmp_path / "override.json", {**VALID, "expires_at": "2026-11-23T05:00:00Z"})
    scheduler = Scheduler(tmp_path / "override.json", seed=7, now=NOW)
    scheduler.step(NOW)
    assert scheduler.status().value == "disabled"


def make_link(path: Path) -> None:
    stop(path.with_name("elsewhere.json"))
    path.symlink_to("elsewhere.json")


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (Path.mkdir, "not a regular file"),
        (make_link, "a symbolic link"),
        (os.mkfifo, "not a regular file"),
        (lambda path: path.write_text("{"), "not JSON"),
        (lambda path: path.write_text("[]"), "not a JSON object"),
        (lambda path: path.write_text("[" * 60_000), "not JSON"),
        (lambda path: path.write_text(" " * 70_000), "longer than"),
        (lambda path: stop(path, {**VALID, "schema": "other"}), "schema is not"),
        (lambda path: stop(path, {**VALID, "action": "none"}), "action is not"),
    ],
)
def test_what_it_cannot_be_sure_of_keeps_it_stopped_with_a_warning(
    tmp_path: Path, make: Callable[[Path], object], why: str
) -> None:
    path = tmp_path / "override.json"
    stop(path)
    scheduler = Scheduler(path, seed=7, now=NOW)
    scheduler.step(NOW)
    path.unlink()
    make(path)
    scheduler.step(LATER)
    status = scheduler.status()
    assert (status.value, status.since) == ("disabled", NOW)
    assert len(status.warnings) == 1 and why in status.warnings[0]


def test_looking_at_a_folder_leaks_no_descriptor(tmp_path: Path) -> None:
    scheduler = Scheduler(tmp_path, seed=7, now=NOW)
    before = os.listdir("/proc/self/fd")
    for _ in range(5):
        scheduler.step(NOW)
    assert len(os.listdir("/proc/self/fd")) == len(before)


@pytest.mark.parametrize("body", [{"mode": "worse"}, {}, [], "latency", {"mode": ["latency"]}, {"mode": "x" * 2000}])
def test_an_unknown_misbehaviour_is_refused(lab: Lab, body: object) -> None:
    code, answer = call(f"{lab.addresses.scheduler}/lab/misbehave", body)
    assert code == 400
    assert "latency, drawdown, delay, exposure" in json.loads(answer)["error"]


def test_sigterm_ends_it_cleanly(tmp_path: Path) -> None:
    listen = ["--listen", f"{HOST}:{free_ports().scheduler}", "--override", str(tmp_path / "override.json")]
    command = [sys.executable, "-m", "ledger.lab.scheduler", *listen]
    with subprocess.Popen(command, stderr=subprocess.PIPE, env=environment()) as process:
        until(lambda: answers(f"http://{listen[1]}/status"), 10, "the scheduler to answer")
        process.terminate()
        assert process.communicate()[1] == b""
    assert process.returncode == 0


def test_a_taken_address_ends_it_with_status_3(lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    address = lab.addresses.scheduler.removeprefix("http://")
    try:
        assert main(["--listen", address, "--override", "override.json"]) == 3
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    assert f"cannot listen on {address}" in capsys.readouterr().err
