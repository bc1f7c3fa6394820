"""The commands ``init`` and ``people``, interrupted or on a home that has lost a part: what they do, say and return."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ledger.app.home import config as settings
from ledger.app.home.setup import open_stage
from ledger.app.installation import opened
from ledger.app.people.accounts import Accounts
from ledger.app.people.directory import Person, login_uid, terminal_actor
from ledger.app.press import Press
from ledger.cli.root import stage4
from ledger.domain.people.commands import AddPerson


@pytest.fixture
def new(tmp_path: Path) -> Path:
    (tmp_path / "new").mkdir()
    return tmp_path / "new"


WHOLE = ("init", "--name", "Ola", "--role", "noc", "--admin-login", "ola", "--generate-password")


def typed(home: Path, *arguments: str) -> Result:
    """``stage4`` with these arguments, for the home."""
    return CliRunner().invoke(stage4, ["--home", str(home), *arguments])


def signs_in(home: Path, login: str, password: str) -> bool:
    """Whether the account lets somebody in who need not change the password first."""
    with opened(home) as installation:
        return not Accounts(installation.home, installation.clock).sign_in(login, password, "here", "")[1].must_change


def begun(home: Path) -> None:
    """A home whose init was interrupted after the first entry."""
    open_stage(home, settings.load(home / "stage4.toml"), "production").ledger.log.close()


def test_an_interrupted_init_is_finished_by_the_same_again(new: Path) -> None:
    begun(new)
    add = ("people", "add", "Jan", "--uid", "4001", "--role", "noc")
    refused = typed(new, *add)
    assert refused.exit_code == 1 and f"Run it again: stage4 init --home {new}" in refused.stderr
    page = json.loads(typed(new, *WHOLE, "--json").stdout)
    assert "people" in page["finished"] and signs_in(new, "ola", page["password"]) is True
    assert typed(new, *add).exit_code == 0


def test_a_finished_home_is_refused_with_what_gives_a_new_password(new: Path) -> None:
    assert typed(new, *WHOLE).exit_code == 0
    done = typed(new, *WHOLE)
    assert done.exit_code == 1 and "and nothing is missing" in done.stderr
    command = done.stderr.partition("a new password: stage4 ")[2].split()
    made = json.loads(typed(new, *command, "--generate", "--json").stdout)["password"]
    assert signs_in(new, "ola", made)


def unpublished(home: Path) -> None:
    """One more entry, which the published files do not have."""
    with opened(home) as installation:
        actor = terminal_actor(installation.home, installation.state)
        installation.record(AddPerson(person="p-00001", roles=("noc",)), Press(actor))


def test_an_init_that_could_not_publish_publishes_when_run_again(new: Path) -> None:
    typed(new, *WHOLE)
    unpublished(new)
    with opened(new) as installation, installation.people.alone() as lines:
        lines.put(Person("p-00001", "Jan", None))
    assert json.loads(typed(new, *WHOLE, "--json").stdout)["finished"] == ["published"]
    assert (new / "audit" / "decision_logs" / "stage4.jsonl").read_bytes().count(b"\n") == 3
    assert typed(new, *WHOLE).exit_code == 1


def test_an_init_that_cannot_publish_says_so(new: Path) -> None:
    typed(new, *WHOLE)
    unpublished(new)
    checkpoint = new / "audit" / "decision_logs" / "stage4.checkpoint"
    checkpoint.unlink()
    checkpoint.mkdir()
    done = typed(new, *WHOLE)
    assert done.exit_code == 3 and str(checkpoint) in done.stderr


def test_a_missing_account_is_all_that_init_adds_to_a_finished_home(new: Path) -> None:
    typed(new, *WHOLE[:5])
    before = (new / "audit" / "decision_logs" / "stage4.jsonl").read_bytes()
    page = json.loads(typed(new, *WHOLE, "--json").stdout)
    assert signs_in(new, "ola", page["password"])
    assert (new / "audit" / "decision_logs" / "stage4.jsonl").read_bytes() == before


def test_an_account_that_is_there_keeps_its_password_when_init_is_finished(new: Path) -> None:
    made = json.loads(typed(new, *WHOLE, "--json").stdout)["password"]
    (new / "var" / "spool" / ".reserve").unlink()
    done = typed(new, *WHOLE)
    assert done.exit_code == 0 and "(missing were: reserve)" in done.stdout
    assert "a new password: stage4 people password p-" in done.stderr and "\npassword" not in done.stdout
    assert signs_in(new, "ola", made)


def test_roles_that_a_begun_init_did_not_give_are_a_grant_and_said(new: Path) -> None:
    typed(new, "init", "--name", "Ola", "--role", "noc")
    (new / "var" / "spool" / ".reserve").unlink()
    done = typed(new, "init", "--role", "noc", "--role", "l2_ops")
    assert done.exit_code == 0 and "you do not hold l2_ops: stage4 people grant p-" in done.stderr
    command = done.stderr.partition("you do not hold l2_ops: stage4 ")[2].split()
    assert typed(new, *command).exit_code == 0


def test_what_init_could_not_make_is_said_with_an_exit_status_of_its_own(new: Path) -> None:
    typed(new, *WHOLE)
    shutil.rmtree(new / "var" / "spool")
    (new / "var" / "spool").write_bytes(b"")
    done = typed(new, "init", "--name", "Ola")
    assert done.exit_code == 3 and "stage4: not made: " in done.stderr and ".reserve is not there" in done.stderr


def test_another_ledger_of_the_home_is_finished_too_and_refused_when_it_is(new: Path) -> None:
    typed(new, *WHOLE)
    for path in (new / "audit" / "decision_logs").glob("stage4-access.*"):
        path.unlink()
    assert typed(new, "--stage", "stage4-access", "init").exit_code == 0
    done = typed(new, "--stage", "stage4-access", "init")
    assert done.exit_code == 1 and "has that ledger already, and nothing is missing" in done.stderr


def test_people_add_makes_a_missing_access_ledger_and_says_so(new: Path) -> None:
    begun(new)
    typed(new, *WHOLE)
    for folder, pattern in (("var/ledger", "stage4-access*"), ("audit/decision_logs", "stage4-access*")):
        for path in (new / folder).glob(pattern):
            path.unlink()
    shutil.rmtree(new / "var" / "keys" / "stage4-access")
    done = typed(new, "people", "add", "Jan", "--role", "noc", "--login", "jan", "--generate")
    assert done.exit_code == 0 and "stage4-access was missing and was made anew" in done.stderr
    assert typed(new, "--stage", "stage4-access", "log").exit_code == 0


def test_a_lost_name_is_given_again_at_a_terminal(new: Path) -> None:
    typed(new, *WHOLE)
    added = json.loads(typed(new, "people", "add", "Jan", "--uid", "4001", "--role", "noc", "--json").stdout)
    (new / "var" / "people.json").write_text("{}")
    remedies = [one["remedy"] for one in json.loads(typed(new, "doctor", "--json").stdout)]
    (mine,) = [one for one in remedies if "stage4 people name" in one and added["person"] not in one]
    command = mine.partition(", with")[0].replace('"NAME"', "Ola").split()[1:]
    assert typed(new, *command, "--uid", str(login_uid())).exit_code == 0
    assert typed(new, "people", "name", added["person"], "Jan", "--uid", "4001").exit_code == 0
    names = {one["name"] for one in json.loads(typed(new, "people", "list", "--json").stdout)}
    assert names == {"Ola", "Jan"}
