"""The workflow as text: what GitHub, a reviewer and actionlint see."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from typing import Any

import pytest

from .runner import PROJECT, WORKFLOW, load, steps

Lint = Callable[[str], list[dict[str, Any]]]


def test_the_runbooks_job_and_the_smoke_job_are_there() -> None:
    assert list(load()["jobs"]) == ["validate_alerts", "smoke"]


def test_it_starts_by_hand_only_and_its_modes_are_the_runbooks() -> None:
    start = load()["on"]
    assert list(start) == ["workflow_dispatch"]
    inputs = start["workflow_dispatch"]["inputs"]
    assert inputs["mode"]["type"] == "choice"
    assert inputs["mode"]["options"] == ["validate", "silence", "unsilence"]
    assert inputs["duration"]["default"] == "2h"
    assert {"rollback", "reason", "silence_id", "correlation_id"} <= set(inputs)


def test_the_correlation_id_is_in_the_runs_name() -> None:
    assert "inputs.correlation_id" in load()["run-name"]


def test_no_expression_stands_inside_a_run_line() -> None:
    assert [step["run"] for step in steps() if "${{" in step.get("run", "")] == []


def test_every_run_line_is_a_bash_script() -> None:
    for step in steps():
        if "run" in step:
            subprocess.run(["bash", "-n"], input=step["run"], text=True, check=True, timeout=5)


def test_a_token_may_only_read_the_code() -> None:
    assert load()["permissions"] == {}
    assert [job["permissions"] for job in load()["jobs"].values()] == [{"contents": "read"}] * 2
    checkouts = [step for step in steps() if step.get("uses", "").startswith("actions/checkout")]
    assert [step["with"]["persist-credentials"] for step in checkouts] == [False, False]


def test_actions_are_githubs_own_and_pinned() -> None:
    used = {step["uses"] for step in steps() if "uses" in step}
    assert used == {"actions/checkout@v4", "actions/setup-python@v5", "actions/upload-artifact@v4"}


def test_secrets_reach_only_the_steps_that_talk_to_alertmanager() -> None:
    assert [step["id"] for step in steps() if "secrets." in str(step)] == ["token", "silence", "unsilence"]
    outside = {**load(), "jobs": {name: {**job, "steps": []} for name, job in load()["jobs"].items()}}
    assert "secrets" not in json.dumps(outside)


def test_the_bearer_token_is_removed_however_the_job_ends() -> None:
    (removal,) = (step for step in steps() if "rm -f" in step.get("run", ""))
    assert removal["if"] == "always()"
    assert "alertmanager.token" in removal["run"]


def test_the_report_is_kept_however_the_job_ends() -> None:
    uploads = [step for step in steps() if "upload-artifact" in step.get("uses", "")]
    assert [step["if"] for step in uploads] == ["always()"] * 2
    assert {step["with"]["path"] for step in uploads} == {"${{ runner.temp }}/stage4/"}


def test_one_run_at_a_time_for_a_rollback_and_none_runs_for_ever() -> None:
    concurrency = load()["concurrency"]
    assert "inputs.rollback" in concurrency["group"]
    assert concurrency["cancel-in-progress"] is False
    assert all(job["timeout-minutes"] <= 15 for job in load()["jobs"].values())


def test_a_pipe_into_the_log_hides_no_failure() -> None:
    assert load()["defaults"] == {"run": {"shell": "bash"}}  # which is bash -eo pipefail; without it only -e


def test_the_job_gives_the_silence_id() -> None:
    outputs = load()["jobs"]["validate_alerts"]["outputs"]
    assert {"silence_id", "state", "ends_at"} == set(outputs)
    named = {step["id"] for step in steps() if "id" in step}
    assert set(re.findall(r"steps\.(\w+)\.", str(outputs))) <= named


def test_actionlint_finds_nothing(lint: Lint) -> None:
    assert lint(WORKFLOW.read_text("utf-8")) == []


@pytest.mark.parametrize(
    ("right", "wrong", "about"),
    [
        ("inputs.rollback }}", "inputs.rolback }}", "rolback"),
        ("steps.silence.outputs", "steps.silense.outputs", "silense"),
        ("runs-on: ubuntu-latest", "runs_on: ubuntu-latest", "runs_on"),
    ],
)
def test_actionlint_is_awake(lint: Lint, right: str, wrong: str, about: str) -> None:
    findings = lint(WORKFLOW.read_text("utf-8").replace(right, wrong))
    assert any(about in finding["message"] for finding in findings)


def test_the_lock_file_names_no_registry() -> None:
    lock = (PROJECT / "package-lock.json").read_text()
    assert "http" not in lock
    assert all("integrity" in one for name, one in json.loads(lock)["packages"].items() if name)
    assert "omit-lockfile-registry-resolved=true" in (PROJECT / ".npmrc").read_text().splitlines()
