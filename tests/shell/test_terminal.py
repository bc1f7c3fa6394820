"""Terminals without letters, closed, gone, another user's: there is a sentence, and the verdict's status."""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from .commands import SCRIPTS, STAGE4, environment, stage4

ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
LOG = "audit/decision_logs/stage4"
VERIFY = ["verify", f"{LOG}.jsonl", "--checkpoint", f"{LOG}.checkpoint", "--public-key", f"{LOG}.vkey"]
READING = {
    "status": 0,
    "log": 0,
    "verify": 0,
    "doctor": 1,
    "people list": 0,
    "rollback list": 0,
    "rollback show": 1,
    "config show": 0,
    "--help": 0,
}
OWNER = 4001
DAC_OVERRIDE, DAC_READ_SEARCH, CAPBSET_DROP = 1, 2, 24


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("home")
    done = stage4(found, "init", "--name", "Łucja 🚒", "--role", "l2_ops", "--role", "incident_manager")
    assert done.returncode == 0, done.stderr
    return found


@pytest.fixture(scope="module")
def locales(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, str]]:
    """Locales that are not UTF-8: the one without any letters, and the Polish one where it can be made."""
    folder = tmp_path_factory.mktemp("locales")
    made = [ASCII]
    if shutil.which("localedef"):
        command = ["localedef", "-i", "pl_PL", "-f", "ISO-8859-2", folder / "pl_PL.ISO-8859-2"]
        if subprocess.run(command, capture_output=True, check=False).returncode == 0:
            made.append({"LC_ALL": "pl_PL.ISO-8859-2", "LOCPATH": str(folder)})
    return made


def bare(home: Path, *command: str | Path, **given: str) -> subprocess.CompletedProcess[bytes]:
    """Run ``stage4`` in an environment of its own; bytes, because no encoding is taken for granted."""
    variables = {name: value for name, value in environment(home).items() if not name.startswith(("LC_", "LANG"))}
    arguments = [str(part) for part in command]
    if not arguments[0].startswith("/"):
        arguments.insert(0, STAGE4)
    return subprocess.run(
        arguments,
        cwd=home,
        env=variables | given,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=90,
        check=False,
    )


def test_no_locale_ends_a_reading_command_in_a_traceback(home: Path, locales: list[dict[str, str]]) -> None:
    for locale in locales:
        for command, status in {**READING, " ".join(VERIFY): 0}.items():
            done = bare(home, *command.split(), **locale)
            assert (done.returncode, b"Traceback" in done.stderr) == (status, False), (command, locale, done.stderr)
            assert locale is not ASCII or (done.stdout + done.stderr).isascii(), command


def test_what_a_terminal_cannot_show_stays_readable(home: Path, locales: list[dict[str, str]]) -> None:
    shown = {"C": b"added Lucja \\U0001f692 as", "pl_PL.ISO-8859-2": "added Łucja \\U0001f692 as".encode("iso-8859-2")}
    for locale in locales:
        assert shown[locale["LC_ALL"]] in bare(home, "log", **locale).stdout
        assert b"[ok] Form, order and chain" in bare(home, *VERIFY, **locale).stdout


def test_json_loses_nothing_in_any_locale(home: Path, locales: list[dict[str, str]]) -> None:
    for locale in locales:
        people = json.loads(bare(home, "people", "list", "--json", **locale).stdout.decode("ascii"))
        assert [one["name"] for one in people] == ["Łucja 🚒"]


def test_a_stop_in_a_locale_without_letters_stops(tmp_path: Path, locales: list[dict[str, str]]) -> None:
    for number, locale in enumerate(locales):
        root = tmp_path / str(number)
        root.mkdir()
        assert stage4(root, "init", "--name", "Ola").returncode == 0
        done = bare(root, "stop", "--reason", "zażółć", **locale)
        assert (done.returncode, b"Traceback" in done.stderr) == (0, False), done.stderr
        override = root / "var/runtime/overrides/multi_strategy_disable.json"
        assert json.loads(override.read_text("utf-8"))["action"] == "disable_multi_strategy"


def test_no_file_is_read_or_written_in_the_locales_encoding(home: Path) -> None:
    strict = {"PYTHONWARNDEFAULTENCODING": "1", "PYTHONWARNINGS": "error::EncodingWarning"}
    for command in ("status", "doctor", "log", "verify"):
        done = bare(home, command, **ASCII, **strict)
        assert b"EncodingWarning" not in done.stderr, done.stderr
        assert done.returncode == READING[command]


@pytest.mark.parametrize("where", ["<&-", "<&- >&- 2>&-", "| head -c 1"])
def test_closed_or_left_alone_it_ends_as_it_would(home: Path, where: str) -> None:
    for command in ("log", "doctor"):
        line = f'"{STAGE4}" {command} {where}; exit ${{PIPESTATUS[0]}}'
        done = bare(home, "/bin/bash", "-c", line)
        assert (done.returncode, b"Traceback" in done.stderr) == (READING[command], False), (command, done.stderr)


def test_init_with_its_input_closed_asks_nothing(tmp_path: Path) -> None:
    done = bare(tmp_path, "/bin/bash", "-c", f'"{STAGE4}" init <&-')
    assert done.returncode == 0, done.stderr


# --- another user's home ----------------------------------------------------------------------------------------------


def without_override() -> None:
    """From here on root is a user like any other (capabilities(7)); nothing changes for who is none."""
    for capability in (DAC_OVERRIDE, DAC_READ_SEARCH):
        ctypes.CDLL(None).prctl(CAPBSET_DROP, capability, 0, 0, 0)


@pytest.fixture(scope="module")
def foreign(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose ``var`` this process' user may not enter: another user's, where we are root and can give it away."""
    root = tmp_path_factory.mktemp("foreign")
    assert stage4(root, "init", "--name", "Ola", "--role", "l2_ops").returncode == 0
    root.chmod(0o755)
    if os.geteuid() == 0:
        for path in (root, *root.rglob("*")):
            os.chown(path, OWNER, OWNER, follow_symlinks=False)
    else:
        (root / "var").chmod(0)
    return root


def as_another(root: Path, *command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(part) for part in command],
        cwd=root,
        env=environment(root),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
        preexec_fn=without_override,
    )


@pytest.mark.parametrize(
    "command",
    [
        "status",
        "status --json",
        "log",
        "verify",
        "doctor",
        "people list",
        "rollback note INC-1 hello",
        "rollback open --ticket INC-1 --reason x",
        "keys export --out elsewhere --passphrase-file stage4.toml",
        "observe",
        "init",
    ],
)
def test_in_another_users_home_a_sentence_says_whom_to_ask(foreign: Path, command: str) -> None:
    done = as_another(foreign, STAGE4, *command.split())
    assert (done.returncode, "Traceback" in done.stderr) == (3, False), done.stderr
    assert "Permission denied" in done.stderr
    if os.geteuid() == 0:
        assert f"belongs to uid {OWNER}, and root may not use it" in done.stderr
        assert f"sudo -u '#{OWNER}' stage4" in done.stderr
    if "--json" in command:
        assert json.loads(done.stdout)["error"] == "unreachable"


@pytest.mark.parametrize("name", ["smoke_demo_strategies.py", "watch_metrics_stream.py", "verify_decision_log.py"])
def test_the_scripts_say_so_too(foreign: Path, name: str) -> None:
    own = foreign / "audit/decision_logs/stage4.jsonl"
    words = {
        "smoke_demo_strategies.py": ["--check-disabled"],
        "watch_metrics_stream.py": ["--duration", "1s"],
        "verify_decision_log.py": ["summary", "--append", own, "--stage", "stage4", "--status", "noted"],
    }
    done = as_another(foreign, "python3", SCRIPTS / name, *words[name])
    assert "Traceback" not in done.stderr
    assert done.returncode == (11 if "smoke" in name else 3), done.stderr


def test_the_published_log_is_verified_by_anybody(foreign: Path) -> None:
    assert as_another(foreign, STAGE4, *VERIFY).returncode == 0


def test_a_strangers_file_in_ones_own_home_is_named(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        return  # who is not root can give no file away
    assert stage4(tmp_path, "init", "--name", "Ola").returncode == 0
    os.chown(tmp_path / "var/keys/hmac.key", OWNER, OWNER)
    done = as_another(tmp_path, STAGE4, "status")
    assert done.returncode == 3
    assert f"hmac.key belongs to uid {OWNER}: was something run as uid {OWNER}?" in done.stderr
