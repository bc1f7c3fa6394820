"""``stage4 init`` and ``stage4 people``: the accounts that a terminal gives."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from select import select

import pytest

from ledger.app.installation import opened
from ledger.app.people.accounts import Accounts

from .commands import STAGE4, environment, stage4

TERMINAL = "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))"
PASSWORD = "four plain words here"


def on_a_terminal(home: Path, talk: list[tuple[str, str]], *arguments: str) -> str:
    """Run ``stage4`` on a terminal of its own: wait for each question, type its answer; all that was shown."""
    command = [sys.executable, "-c", TERMINAL, STAGE4, *arguments]
    with subprocess.Popen(
        command, cwd=home, env=environment(home), stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
    ) as process:
        assert process.stdin and process.stdout
        shown, seen = "", 0
        for question, answer in talk:
            while question not in shown[seen:]:
                assert select([process.stdout], [], [], 60)[0], f"no {question!r} in {shown!r}"
                piece = os.read(process.stdout.fileno(), 4096)
                assert piece, shown
                shown += piece.decode()
            seen = len(shown)
            process.stdin.write(answer.encode() + b"\n")
        while piece := os.read(process.stdout.fileno(), 4096):
            shown += piece.decode()
    assert process.returncode == 0, shown
    return shown.replace("\r\n", "\n")


def signs_in(home: Path, login: str, password: str) -> bool:
    """Whether the account lets somebody in who need not change the password first."""
    with opened(home) as installation:
        return not Accounts(installation.home, installation.clock).sign_in(login, password, "here", "")[1].must_change


def test_init_on_a_terminal_asks_for_a_name_and_an_account(tmp_path: Path) -> None:
    talk = [("Your name: ", "Łucja Żak"), ("[lucja]: ", ""), ("generated one: ", "short")]
    talk += [("generated one: ", PASSWORD), ("again: ", "another"), ("generated one: ", PASSWORD)]
    shown = on_a_terminal(tmp_path, [*talk, ("again: ", PASSWORD)], "init")
    assert "from 10 to 200 characters" in shown and "the two differ" in shown and PASSWORD not in shown
    assert signs_in(tmp_path, "lucja", PASSWORD)


def test_enter_makes_a_password_that_is_shown_once_and_lets_its_owner_in(tmp_path: Path) -> None:
    talk = [("Login name", "Not A Login"), ("Login name", "ola"), ("generated one: ", "")]
    shown = on_a_terminal(tmp_path, talk, "init", "--name", "Ola")
    made = next(line.split()[1] for line in shown.splitlines() if line.startswith("password "))
    assert shown.count(made) == 1
    assert signs_in(tmp_path, "ola", made)


def test_whoever_wants_no_account_is_told_how_to_get_one_later(tmp_path: Path) -> None:
    shown = on_a_terminal(tmp_path, [("Login name", "-")], "init", "--name", "Ola")
    line = next(line for line in shown.splitlines() if "stage4 people password" in line)
    command = line.partition(": stage4 ")[2].replace("NAME", "ola").split()
    done = stage4(tmp_path, *command, "--json")
    assert signs_in(tmp_path, "ola", json.loads(done.stdout)["password"])


def test_init_without_a_terminal_asks_nothing(tmp_path: Path) -> None:
    page = json.loads(stage4(tmp_path, "init", "--json").stdout)
    assert page["next"].startswith("stage4 people password p-")
    assert "password" not in page


def test_doctor_says_how_to_give_the_first_account(tmp_path: Path) -> None:
    stage4(tmp_path, "init")
    (found,) = [one for one in json.loads(stage4(tmp_path, "doctor", "--json").stdout) if one["name"] == "dashboard"]
    stage4(tmp_path, *found["remedy"].replace("NAME", "ola").split()[1:])
    assert "dashboard" not in {one["name"] for one in json.loads(stage4(tmp_path, "doctor", "--json").stdout)}


def test_a_secret_that_nobody_can_be_asked_for_is_a_usage_error(tmp_path: Path) -> None:
    stage4(tmp_path, "init")
    done = stage4(tmp_path, "keys", "export", "--out", "escrow.json")
    assert done.returncode == 2 and "--passphrase-file" in done.stderr and "Warning" not in done.stderr


def test_the_timeline_calls_people_by_their_names(tmp_path: Path) -> None:
    stage4(tmp_path, "init", "--name", "Ola")
    assert "added Ola as admin" in stage4(tmp_path, "log").stdout


def test_init_takes_a_password_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(PASSWORD + "\r\n")
    done = stage4(tmp_path, "init", "--admin-login", "ola", "--password-file", "secret")
    assert done.returncode == 0 and "\npassword" not in done.stdout
    assert signs_in(tmp_path, "ola", PASSWORD)


@pytest.mark.parametrize(
    ("wrong", "status", "told"),
    [
        (["--admin-login", "O la"], 1, "a login name has"),
        (["--admin-login", "ola", "--password-file", "secret"], 1, "from 10 to 200"),
        (["--admin-login", "ola", "--generate", "--password-file", "secret"], 2, "exclude each other"),
        (["--generate-password"], 2, "say --admin-login"),
    ],
)
def test_an_account_that_cannot_be_leaves_no_home_behind(
    tmp_path: Path, wrong: list[str], status: int, told: str
) -> None:
    (tmp_path / "secret").write_text("short\n")
    done = stage4(tmp_path, "init", *wrong)
    assert done.returncode == status and told in done.stderr
    assert not (tmp_path / "var").exists()
