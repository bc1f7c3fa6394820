"""The real programs on a home that was attacked while nobody looked: what they say, and what they write."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from ledger.app.home.folders import Home
from tests.app.builders import free_port, stored, until

from .attacks import ATTACKS

STAGE4 = str(Path(sys.executable).with_name("stage4"))


@contextmanager
def running(home: Home, *arguments: str) -> Iterator[Path]:
    """A program that runs on; gives the file of what it says."""
    said = home.root.parent / "said.txt"
    with said.open("w") as out:
        command = [STAGE4, *arguments, "--home", str(home.root)]
        environment = os.environ | {"PYTHONUNBUFFERED": "1"}
        process = subprocess.Popen(command, stdout=out, stderr=out, env=environment)
        try:
            yield said
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(20)


def get(address: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(address, timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except OSError:
        return 0, ""


def run(home: Home, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [STAGE4, *arguments, "--home", str(home.root)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture
def attacked(home: Home) -> Home:
    """A checkpoint is gone: nothing that is read at the start of a program shows it."""
    ATTACKS["a checkpoint in the middle deleted"].do(home)
    return home


def test_an_observer_says_it_and_counts_it(attacked: Home) -> None:
    port = free_port()
    with running(attacked, "observe", "--metrics", str(port)) as said:
        until(lambda: "The checkpoint of 12 entries is missing" in said.read_text(), 30)
        text = until(lambda: get(f"http://127.0.0.1:{port}/metrics")[1])
        assert 'stage4_ledger_findings{part="checkpoints"} 1.0' in text and "stage4_ledger_held 1.0" in text
        size = len(stored(attacked)[0])
    assert len(stored(attacked)[0]) == size


def test_a_server_is_not_healthy_and_says_why(attacked: Home) -> None:
    port = free_port()
    with running(attacked, "serve", "--port", str(port)):
        page = until(lambda: (found := get(f"http://127.0.0.1:{port}/healthz"))[0] == 503 and found[1], 30)
        told: dict[str, Any] = json.loads(page)
        assert (told["status"], told["held"]) == ("unsound", True)


def test_a_server_on_a_sound_home_says_when_it_was_verified(home: Home) -> None:
    port = free_port()
    with running(home, "serve", "--port", str(port)):
        address = f"http://127.0.0.1:{port}"
        until(lambda: "stage4_ledger_verified_entries 2" in get(f"{address}/metrics")[1], 30)
        assert get(f"{address}/healthz")[0] == 200


@pytest.mark.parametrize("name", ["a word in the middle", "the whole store an older copy", "a published line edited"])
def test_field_cases_01_and_03_and_f7(name: str, home: Home) -> None:
    """Each said VERIFIED, with exit status 0."""
    ATTACKS[name].do(home)
    done = run(home, "verify")
    assert done.returncode == 1 and "NOT VERIFIED" in done.stdout and "→ " in done.stdout
    doctor = run(home, "doctor")
    assert doctor.returncode == 1 and "✘" in doctor.stdout


def test_verify_says_what_was_read_and_when(home: Home) -> None:
    done = run(home, "verify")
    assert done.returncode == 0, done.stdout
    assert "Read 20 rows of the store, 18 checkpoints, 20 published lines, 5 artefacts; of stage4-access" in done.stdout
    assert done.stdout.splitlines()[-1].startswith("VERIFIED  20 entries") and "were not looked at" not in done.stdout
