"""The commands into which faults are put: what they begin with, and what is right afterwards."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from ledger import override
from ledger.app.installation import Installation, opened
from ledger.app.people.accounts import Accounts
from ledger.app.people.directory import login_uid
from ledger.domain.standing import why_it_does_not_stop

from .strace import Ended, run

ROLES = ("incident_manager", "l2_ops", "noc", "observability")
INIT = ("init", "--name", "Ola", *(word for role in ROLES for word in ("--role", role)))
ACCOUNT = ("--admin-login", "ola", "--generate-password")
ADD = ("people", "add", "Jan", "--uid", "4001", "--role", "noc", "--login", "jan", "--generate")
STOP = ("stop", "--reason", "orders look wrong")
OVERRIDE = Path("var/runtime/overrides/multi_strategy_disable.json")
OUTSIDE = ("scheduler", "prometheus", "alertmanager", "silence labels")
"""What doctor says of servers that a fresh home does not name yet."""


class Case(NamedTuple):
    """One command."""

    arguments: tuple[str, ...]
    prepare: Callable[[Path, Path], None]
    """Make the home that it begins with."""
    judge: Callable[[Path, Path, Ended], str]
    """What is wrong with what is left, "" where nothing is."""


def at(home: Path, *arguments: str) -> list[str]:
    """The arguments, for that home."""
    return ["--home", str(home), *arguments]


def _nothing(home: Path, scratch: Path) -> None:
    home.mkdir()


def _made(home: Path, scratch: Path) -> None:
    template = scratch / "template"
    if not template.exists():
        done = run(at(template, *INIT, *ACCOUNT), scratch)
        assert done.status == 0, done.said
    shutil.copytree(template, home)


def _honest(ended: Ended) -> str:
    """A command that failed says so in a sentence."""
    if "Traceback" in ended.said:
        return f"a traceback: {ended.said[-600:]}"
    return "it failed and said nothing" if ended.status > 0 and "stage4" not in ended.said else ""


def judge_init(home: Path, scratch: Path, ended: Ended) -> str:
    """The same again makes a whole home, in which people are added, trading is stopped and the log verified."""
    if why := _honest(ended):
        return why
    again = run(at(home, *INIT, *ACCOUNT), scratch)
    if again.status != 0 and "has a ledger already" not in again.said:
        return f"init again: {again.said}"
    if ended.status == 0 and again.status == 0:
        return f"init said that it was done, and again: {again.said}"
    if why := _people(home, {"Ola": (login_uid(), ["admin", *ROLES], "ola")}):
        return why
    doctor = json.loads(run(at(home, "--json", "doctor"), scratch).said)
    if bad := [one for one in doctor if one["state"] != "ok" and one["name"] not in OUTSIDE]:
        return f"doctor: {bad}"
    with opened(home) as installation:
        access = home / "var/ledger/stage4-access.sqlite"
        if not access.exists() or not (home / "var/spool/.reserve").exists() or installation.state.sequence != 2:
            return "the access ledger or the reserve is missing, or somebody was added twice"
    if (access := run(at(home, "--stage", "stage4-access", "log"), scratch)).status != 0:
        return f"the access ledger: {access.said}"
    if why := _works(home, scratch, ADD, STOP, ("verify",)):
        return why
    return _not_stopped(home)


def judge_add(home: Path, scratch: Path, ended: Ended) -> str:
    """The same again ends with one such person, who has the name, the uid and the account."""
    if why := _honest(ended):
        return why
    again = run(at(home, *ADD), scratch)
    if again.status != 0 and "already" not in again.said:
        return f"people add again: {again.said}"
    jan = {"Jan": (4001, ["noc"], "jan"), "Ola": (login_uid(), ["admin", *ROLES], "ola")}
    return _people(home, jan) or _works(home, scratch, ("verify",))


def judge_stop(home: Path, scratch: Path, ended: Ended) -> str:
    """After one more stop a file stops trading, or the exit status and the sentence say that none does."""
    if "Traceback" in ended.said:
        return f"a traceback: {ended.said[-600:]}"
    if ended.status == 0 and (why := _not_stopped(home)):
        return f"exit status 0, and {why}"
    again = run(at(home, *STOP), scratch)
    why = _not_stopped(home)
    if why and (again.status == 0 or "nothing was stopped" not in again.said.lower()):
        return f"{why}: {again.said}"
    return "" if why or again.status == 0 else f"stopped, and exit status {again.status}: {again.said}"


def _not_stopped(home: Path) -> str:
    now = datetime.now(UTC)
    return why_it_does_not_stop(override.look(home / OVERRIDE, lambda: now), "multi_strategy", now)


def _works(home: Path, scratch: Path, *commands: tuple[str, ...]) -> str:
    for command in commands:
        done = run(at(home, *command), scratch)
        if done.status != 0:
            return f"{' '.join(command)}: {done.said}"
    return ""


def _people(home: Path, wanted: dict[str, tuple[int, list[str], str]]) -> str:
    """ "" where exactly these are in the ledger: name -> uid, roles, login."""
    try:
        with opened(home) as installation:
            found = [_described(installation, one) for one in installation.state.people]
    except Exception as error:
        return f"the home cannot be opened: {error}"
    right = sorted(((name, *rest) for name, rest in wanted.items()), key=repr)
    return "" if sorted(found, key=repr) == right else f"people: {found}, not {right}"


def _described(installation: Installation, person: str) -> tuple[object, ...]:
    line = next((one for one in installation.people.people() if one.id == person), None)
    login = Accounts(installation.home, installation.clock).login_of(person)
    roles = sorted(installation.state.people[person])
    return (line.name if line else None, line.uid if line else None, roles, login)


CASES = {
    "init": Case((*INIT, *ACCOUNT), _nothing, judge_init),
    "people-add": Case(ADD, _made, judge_add),
    "stop": Case(STOP, _made, judge_stop),
}
