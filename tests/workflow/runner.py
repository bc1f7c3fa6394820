"""Plays a job of the workflow as GitHub's runner does: its ``run:`` lines by bash, in a runner's environment."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

PROJECT = Path(__file__).resolve().parents[2]
WORKFLOW = PROJECT / "deploy" / "ci" / "github_actions_stage4_multi_strategy.yml"
RUN_ID = "1234567890"
RUN_URL = f"https://github.example/acme/stage4/actions/runs/{RUN_ID}"
BASH = ["bash", "--noprofile", "--norc", "-eo", "pipefail"]
"""What GitHub starts for ``shell: bash``."""
SKIPPED = {"install"}
"""Steps whose work the test environment has done: there is no second installation of the lock file."""


def load() -> dict[str, Any]:
    """The workflow; YAML reads its key ``on`` as true."""
    page: dict[Any, Any] = yaml.safe_load(WORKFLOW.read_text("utf-8"))
    return {"on" if key is True else key: value for key, value in page.items()}


def steps() -> list[dict[str, Any]]:
    """All steps of all jobs."""
    return [step for job in load()["jobs"].values() for step in job["steps"]]


@dataclass
class Result:
    """What a job left behind."""

    status: int = 0
    output: str = ""
    summary: str = ""
    outputs: dict[str, dict[str, str]] = field(default_factory=dict)
    ran: list[str] = field(default_factory=list)


class Runner:
    """One runner: a temporary folder, its secrets, and the programs on its PATH."""

    def __init__(self, folder: Path, secrets: dict[str, str]) -> None:
        self.folder, self.secrets = folder, secrets
        self.temp = folder / "temp"
        self.report = self.temp / "stage4"
        self.temp.mkdir(parents=True)
        self._make_stage4()

    def play(self, job: str, **inputs: str) -> Result:
        """Run a job's steps in their order; after a failure only those with ``if: always()``."""
        contexts = {"inputs": self._inputs(inputs), "secrets": self.secrets, "github": {"run_id": RUN_ID}}
        files = {name: self.folder / name for name in ("GITHUB_ENV", "GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
        result = Result()
        for file in files.values():
            file.write_text("")
        for step in load()["jobs"][job]["steps"]:
            condition = step.get("if", "success()")
            due = evaluate(condition, contexts) and (not result.status or condition == "always()")
            if due and "run" in step and step.get("id") not in SKIPPED:
                self._run(step, contexts, files, result)
        result.summary = files["GITHUB_STEP_SUMMARY"].read_text()
        return result

    def _inputs(self, given: dict[str, str]) -> dict[str, str]:
        known = load()["on"]["workflow_dispatch"]["inputs"]
        assert set(given) <= set(known), "GitHub refuses unknown inputs"
        return {name: given.get(name, one["default"]) for name, one in known.items()}

    def _run(self, step: dict[str, Any], contexts: Any, files: dict[str, Path], result: Result) -> None:
        files["GITHUB_OUTPUT"].write_text("")  # each step has its own
        own = {name: substitute(text, contexts) for name, text in step.get("env", {}).items()}
        environment = {
            **self._environment(),
            **{k: str(v) for k, v in files.items()},
            **_pairs(files["GITHUB_ENV"]),
            **own,
        }
        script = self.folder / "step.sh"
        script.write_text(step["run"])
        done = subprocess.run(
            [*BASH, str(script)],
            cwd=PROJECT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=50,
            check=False,
        )
        result.ran.append(step.get("id") or step["name"])
        result.output += done.stdout.decode()
        result.status = result.status or done.returncode
        if "id" in step:
            result.outputs[step["id"]] = _pairs(files["GITHUB_OUTPUT"])

    def _environment(self) -> dict[str, str]:
        here = f"{self.folder / 'bin'}{os.pathsep}{Path(sys.executable).parent}"
        return {
            "PATH": f"{here}{os.pathsep}/usr/local/bin{os.pathsep}/usr/bin{os.pathsep}/bin",
            "HOME": str(self.folder),
            "LANG": "C.UTF-8",
            "CI": "true",
            "STAGE4_HOME": str(self.folder / "checkout"),  # a runner's checkout has no stage4.toml
            "RUNNER_TEMP": str(self.temp),
            "GITHUB_ACTIONS": "true",
            "GITHUB_ACTOR": "octo",
            "GITHUB_TRIGGERING_ACTOR": "octo",
            "GITHUB_REPOSITORY": "acme/stage4",
            "GITHUB_SERVER_URL": "https://github.example",
            "GITHUB_RUN_ID": RUN_ID,
            "GITHUB_RUN_ATTEMPT": "1",
        }

    def _make_stage4(self) -> None:
        """The console script that ``pip install --editable .`` makes."""
        program = self.folder / "bin" / "stage4"
        program.parent.mkdir()
        program.write_text(f"#!/bin/sh\nexec '{sys.executable}' -c 'from ledger.cli import main; main()' \"$@\"\n")
        program.chmod(0o755)


def _pairs(file: Path) -> dict[str, str]:
    return dict(line.split("=", 1) for line in file.read_text().splitlines())


def substitute(text: str, contexts: Any) -> str:
    """``text`` with each ``${{ expression }}`` replaced by its value."""
    return re.sub(r"\$\{\{(.*?)\}\}", lambda found: str(evaluate(found[1], contexts)), str(text))


def evaluate(expression: str, contexts: Any) -> Any:
    """The few of GitHub's expressions that the workflow uses: ``||``, ``==``, ``!=``, literals and contexts."""
    if "||" in expression:
        left, right = expression.split("||", 1)
        return evaluate(left, contexts) or evaluate(right, contexts)
    for operator in ("==", "!="):
        if operator in expression:
            left, right = expression.split(operator)
            return (evaluate(left, contexts) == evaluate(right, contexts)) is (operator == "==")
    term = expression.strip()
    if term in ("always()", "success()"):
        return True
    if term.startswith("'"):
        return term.strip("'")
    context, name = term.split(".", 1)
    return contexts[context].get(name, "")
