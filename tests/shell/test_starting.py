"""What a command imports before it answers, and what happens where a package is missing."""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import subprocess
import sys
from pathlib import Path

import click
import pytest

import ledger.cli
from ledger.app.home.setup import LAB_ROLES, init
from ledger.cli.root import COMMANDS, stage4
from ledger.cli.scripts import COMMANDS as SCRIPTS

HEAVY = {
    "babel",
    "eventsourcing",
    "flask",
    "jsonschema",
    "matplotlib",
    "prometheus_api_client",
    "prometheus_client",
    "requests",
    "rich",
}
PROGRAM = """
import atexit, json, sys
missing, shown, *words = sys.argv[1:]
sys.modules.update(dict.fromkeys(missing.split()))
atexit.register(lambda: open(shown, "w").write(json.dumps(sorted(sys.modules))))
sys.argv = ["stage4", *words]
from ledger.cli import main
main()
"""


def started(
    folder: Path, *words: str, missing: str = "", **more: str
) -> tuple[subprocess.CompletedProcess[str], set[str]]:
    """``stage4`` in a fresh interpreter that lacks some packages; what it said, and what it had imported at its end."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("STAGE4_")}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, missing, str(folder / "imported"), *words],
        cwd=folder,
        env=kept | {"STAGE4_HOME": str(folder / "home")} | more,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    file = folder / "imported"
    names = json.loads(file.read_text()) if file.exists() else []
    return done, {name.partition(".")[0] for name in names}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    init(tmp_path / "home", purpose="lab", name="You", roles=LAB_ROLES).ledger.log.close()
    return tmp_path / "home"


def test_help_imports_nothing_heavy(tmp_path: Path) -> None:
    done, imported = started(tmp_path, "--help")
    assert done.returncode == 0 and "rollback" in done.stdout
    assert not imported & HEAVY


def test_completing_a_name_imports_nothing_heavy(tmp_path: Path) -> None:
    asked = {"_STAGE4_COMPLETE": "bash_complete", "COMP_WORDS": "stage4 ro", "COMP_CWORD": "1"}
    done, imported = started(tmp_path, **asked)
    assert done.stdout == "plain,rollback\n"
    assert not imported & HEAVY


def test_status_imports_the_store_and_the_terminal_and_no_more(home: Path, tmp_path: Path) -> None:
    done, imported = started(tmp_path, "status")
    assert done.returncode == 0 and "no rollback is open" in done.stdout
    assert imported & HEAVY == {"eventsourcing", "rich"}


@pytest.mark.parametrize("name", COMMANDS)
def test_the_table_says_of_a_command_what_the_command_says(name: str) -> None:
    command, row = stage4.commands[name], COMMANDS[name]
    assert command.name == name and not command.hidden
    assert row.help == command.get_short_help_str(10_000)


def test_the_table_leaves_no_command_out() -> None:
    names = {one.name for one in pkgutil.iter_modules(ledger.cli.__path__)} - {"__main__"}
    modules = [importlib.import_module(f"ledger.cli.{name}") for name in names]
    made = {id(one): one for module in modules for one in vars(module).values() if isinstance(one, click.Command)}
    within = {id(below) for one in made.values() if isinstance(one, click.Group) for below in one.commands.values()}
    alone = [one.name for key, one in made.items() if key not in within and one not in SCRIPTS.values()]
    assert alone == ["stage4"]


@pytest.mark.parametrize("package", ["click", "rich", "eventsourcing", "requests", "cryptography", "orjson", "msgspec"])
def test_the_stop_needs_no_package(package: str, home: Path, tmp_path: Path) -> None:
    done, _ = started(tmp_path, "stop", "--reason", "orders look wrong", missing=package)
    assert done.returncode == 0, done.stderr
    override = json.loads((home / "var/runtime/overrides/multi_strategy_disable.json").read_text())
    assert override["reason"] == "orders look wrong"


@pytest.mark.parametrize("package", ["click", "rich", "eventsourcing"])
def test_another_command_says_that_a_package_is_missing(package: str, home: Path, tmp_path: Path) -> None:
    done, _ = started(tmp_path, "status", missing=package)
    assert done.returncode == 1
    assert done.stderr.startswith("stage4: ") and package in done.stderr and "Set the project up first" in done.stderr
    assert len(done.stderr.splitlines()) == 1
