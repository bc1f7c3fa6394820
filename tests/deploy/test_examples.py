"""The example of a scheduler obeys the real stop, and what its reader cannot be sure of stops it too."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.app.home.setup import LAB_ROLES, init
from ledger.lab.loopback import call_json, until
from tests.adapters.neighbours import free_port
from tests.shell.commands import stage4

EXAMPLES = Path(__file__).resolve().parents[2] / "deploy" / "examples"
OVERRIDE = Path("var/runtime/overrides/multi_strategy_disable.json")


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A home whose scheduler is the example, started as its first line says."""
    root, port = tmp_path / "home", free_port()
    address = f"http://127.0.0.1:{port}/status"
    init(
        root, purpose="lab", name="Ola", roles=LAB_ROLES, starter=f'[scheduler]\nurl = "{address}"\n'
    ).ledger.log.close()
    command = [sys.executable, EXAMPLES / "status_page.py", root / OVERRIDE, str(port)]
    process = subprocess.Popen(command, env={"PATH": os.environ["PATH"]})
    try:
        until(lambda: call_json_or_none(address), 10, "the example to answer")
        yield root
    finally:
        process.kill()
        process.wait()


def call_json_or_none(address: str) -> object:
    try:
        return call_json(address)
    except Exception:
        return None


def address_of(home: Path) -> str:
    lines = json.loads(stage4(home, "config", "show", "--json").stdout)
    return str(next(line["value"] for line in lines if line["place"] == "scheduler.url"))


def test_it_stops_for_the_stop_and_says_so(home: Path) -> None:
    address = address_of(home)
    assert call_json(address)["status"] == "enabled"
    stopped = stage4(home, "stop", "--reason", "orders look wrong")
    assert stopped.returncode == 0, stopped.stderr
    until(lambda: call_json(address)["status"] == "disabled", 5, "the example to obey")
    seen = {line["name"]: line for line in json.loads(stage4(home, "doctor", "--json").stdout)}
    assert seen["scheduler"]["state"] == "ok" and seen["scheduler"]["found"].startswith("disabled, cycle ")
    cycles = call_json(address)["cycle"]
    (home / OVERRIDE).unlink()
    until(lambda: call_json(address)["cycle"] > cycles, 5, "the example to trade again")


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.syspath_prepend(EXAMPLES)
    return importlib.import_module("override_reader").read_override


def test_nothing_there_means_trade(read, tmp_path: Path) -> None:
    assert read(tmp_path / "none") == (False, [])


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b'{"action": "other"}', b"x" * 70_000, b"[" * 60_000])
def test_whatever_else_lies_there_stops_it_with_a_warning(read, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "override").write_bytes(content)
    stop, warnings = read(tmp_path / "override")
    assert stop and "override" in warnings[0]


@pytest.mark.parametrize("kind", ["folder", "link", "pipe", "dangling link"])
def test_what_is_no_file_stops_it_and_is_not_waited_for(read, tmp_path: Path, kind: str) -> None:
    path, target = tmp_path / "override", tmp_path / "target"
    target.write_text("{}")
    make = {
        "folder": path.mkdir,
        "link": lambda: path.symlink_to(target),
        "dangling link": lambda: path.symlink_to(tmp_path / "nowhere"),
        "pipe": lambda: os.mkfifo(path),
    }
    make[kind]()
    assert read(path)[0]
