"""Run the real commands as a person would, and wait for what they cause."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parents[2]
STAGE4 = str(Path(sys.executable).parent / "stage4")
SCRIPTS = PROJECT / "scripts"


def environment(home: Path) -> dict[str, str]:
    """This process' environment with the home and nothing else of the product's own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("STAGE4_")}
    return kept | {"STAGE4_HOME": str(home), "COLUMNS": "120"}


def run(home: Path, *command: str | Path, timeout: float = 90, given: str = "") -> subprocess.CompletedProcess[str]:
    """Run a command in the home, with ``given`` as its standard input, and return what it printed."""
    return subprocess.run(
        [str(part) for part in command],
        cwd=home,
        env=environment(home),
        input=given,  # a terminal of whoever runs the tests is not asked
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


def stage4(home: Path, *arguments: str, timeout: float = 90, given: str = "") -> subprocess.CompletedProcess[str]:
    """Run ``stage4``."""
    return run(home, STAGE4, *arguments, timeout=timeout, given=given)


def script(home: Path, name: str, *arguments: str, timeout: float = 90) -> subprocess.CompletedProcess[str]:
    """Run one of the runbook's scripts with whatever python3 is on PATH."""
    return run(home, "python3", SCRIPTS / name, *arguments, timeout=timeout)


def entries(home: Path) -> list[dict[str, Any]]:
    """The published lines."""
    path = home / "audit" / "decision_logs" / "stage4.jsonl"
    return [json.loads(line) for line in path.read_bytes().splitlines()] if path.exists() else []


def statuses(home: Path) -> list[str]:
    """The published lines' names."""
    return [entry["status"] for entry in entries(home)]


def until(true: Callable[[], Any], seconds: float, what: str) -> Any:
    """Poll until something holds."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := true():
            return found
        time.sleep(0.05)
    raise AssertionError(f"not within {seconds} s: {what}")


def assert_verified(home: Path) -> None:
    """The home's own log verifies with all keys."""
    done = stage4(home, "verify")
    assert done.returncode == 0, done.stdout + done.stderr
