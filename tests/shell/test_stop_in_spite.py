"""The stop where something unthought-of is broken: it happens, or sentence and exit status say that it did not."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from ledger.app.steps.in_time import stop_in_time
from ledger.stop import Cord, parse, stop_without_ledger
from ledger.stop.folder import configured, remember

from .commands import PROJECT, stage4

OVERRIDE = "var/runtime/overrides/multi_strategy_disable.json"
SCRIPT = str(PROJECT / "scripts" / "disable_multi_strategy.py")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    done = stage4(tmp_path, "init", "--name", "Ola", "--role", "l2_ops", "--role", "incident_manager")
    assert done.returncode == 0, done.stderr
    return tmp_path


def stopped(file: Path, reason: str) -> bool:
    return file.is_file() and json.loads(file.read_bytes())["reason"] == reason


@pytest.mark.parametrize(
    ("module", "text"), [("click", "def ("), ("rich", "\0"), ("orjson", "raise RuntimeError('half there')")]
)
@pytest.mark.parametrize("program", ["stage4", "script"])
def test_packages_that_are_half_there_do_not_stop_it(module: str, text: str, program: str, home: Path) -> None:
    bad = home / "bad"
    bad.mkdir()
    (bad / f"{module}.py").write_text(text)
    line = (
        [sys.executable, SCRIPT]
        if program == "script"
        else [sys.executable, "-c", "import ledger.cli as c; c.main()", "stop"]
    )
    done = subprocess.run(
        [*line, "--reason", "x", "--home", str(home)],
        env=os.environ | {"PYTHONPATH": f"{bad}:{PROJECT}"},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert stopped(home / OVERRIDE, "x") and "Traceback" not in done.stderr


def no_thread(*_: object) -> None:
    raise RuntimeError("can't start new thread")


def test_a_machine_without_a_free_thread_stops_it_in_the_one_that_is_there(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("threading.Thread.start", no_thread)
    with pytest.raises(SystemExit) as ended:
        Cord(parse(["--reason", "x", "--home", str(home)]), "stage4 stop", "").arm()
    assert ended.value.code == 0 and stopped(home / OVERRIDE, "x")
    (home / OVERRIDE).unlink()
    asked = parse(["--reason", "y"]).asked
    stop_in_time(lambda: pytest.fail("no thread"), lambda why: stop_without_ledger(home, asked, why=why))
    assert stopped(home / OVERRIDE, "y")


BROKEN: dict[str, Callable[[Path], object]] = {
    "a typo": lambda toml: toml.write_text('[override]\ndirectory = "sched"\n[scheduler]\nurl = "http://x\n'),
    "not UTF-8": lambda toml: toml.write_bytes(b'[override]\ndirectory = "sched"\n# \xff\n'),
    "a list for a path": lambda toml: toml.write_text('[override]\ndirectory = ["a"]\n'),
    "a zero in the path": lambda toml: toml.write_text('[override]\ndirectory = "a\\u0000b"\n'),
    "nested without end": lambda toml: toml.write_text("a = " + 20_000 * "["),
    "a pipe": lambda toml: (toml.unlink(missing_ok=True), os.mkfifo(toml)),
    "a folder": lambda toml: (toml.unlink(missing_ok=True), toml.mkdir()),
    "a device without end": lambda toml: (toml.unlink(missing_ok=True), toml.symlink_to("/dev/zero")),
}


@pytest.mark.parametrize("what", BROKEN)
def test_where_the_configuration_cannot_be_read_the_folder_known_last_is_used_or_it_is_said(
    what: str, tmp_path: Path
) -> None:
    (tmp_path / "var").mkdir()
    BROKEN[what](tmp_path / "stage4.toml")
    done = bare(tmp_path)
    assert done.returncode == 3 and "WHETHER THIS STOPS ANYTHING IS NOT KNOWN" in done.stdout, done.stderr
    remember(tmp_path, tmp_path / "sched")
    assert bare(tmp_path).returncode == 0
    assert stopped(tmp_path / "sched" / "multi_strategy_disable.json", "x")


def bare(home: Path) -> subprocess.CompletedProcess[str]:
    line = "import sys; from ledger.stop import main; sys.exit(main(sys.argv[1:], 'tried'))"
    return subprocess.run(
        [sys.executable, "-c", line, "--reason", "x", "--home", str(home)],
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )


def test_the_ledger_remembers_the_folder_that_it_writes_to(home: Path) -> None:
    (home / "stage4.toml").write_text(f'[override]\ndirectory = "{home}/elsewhere"\n')
    assert stage4(home, "stop", "--reason", "x").returncode == 0
    (home / "stage4.toml").write_text("[override\n")
    assert configured(home).path == home / "elsewhere" and not configured(home).doubt


def test_a_key_that_is_a_pipe_holds_nothing_up(home: Path) -> None:
    key = home / "var/keys/hmac.key"
    key.unlink()
    os.mkfifo(key)
    done = stage4(home, "stop", "--reason", "x")
    assert done.returncode == 0 and stopped(home / OVERRIDE, "x"), done.stderr


@pytest.mark.parametrize("content", ["", "garbage", "[]"])
def test_a_directory_of_people_that_cannot_be_read_takes_no_status_away(content: str, home: Path) -> None:
    (home / "var/people.json").write_text(content)
    done = stage4(home, "stop", "--reason", "x")
    assert done.returncode == 0 and stopped(home / OVERRIDE, "x"), done.stderr
    assert "mistake" not in done.stderr


def test_an_override_that_ends_soon_is_said_to_end(home: Path) -> None:
    assert stage4(home, "stop", "--reason", "x", "--duration-minutes", "1").returncode == 0
    again = stage4(home, "stop", "--reason", "until further notice")
    assert again.returncode == 0
    assert "ends at" in again.stdout.lower(), again.stdout
