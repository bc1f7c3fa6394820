"""docs/recovery.md, followed to the letter: what it says to put back brings the ledger back."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from ledger.app.home.folders import Home
from ledger.digest import sha384

from .runner import Done, run

PAGE = Path(__file__).resolve().parents[2] / "docs" / "recovery.md"


def add(home: Home, *numbers: int) -> Done:
    return [run(home.root, "people", "add", f"P{n}", "--uid", n, "--role", "noc") for n in numbers][-1]


@pytest.fixture
def home(template: Path, tmp_path: Path) -> Home:
    home = Home(shutil.copytree(template, tmp_path / "home"))
    add(home, 2001)
    shutil.copytree(home.store.parent, tmp_path / "last night")
    add(home, 2002, 2003)
    shutil.copytree(home.store.parent, tmp_path / "newest")
    return home


def put(copy: Path, home: Home) -> None:
    """The page's three lines."""
    aside = home.root.parent / "store-as-found"
    aside.mkdir(exist_ok=True)
    for path in home.store.parent.glob("stage4.sqlite*"):
        path.rename(aside / path.name)
    for path in copy.glob("stage4.sqlite*"):
        shutil.copy(path, home.store.parent)
        (home.store.parent / path.name).chmod(0o600)


def behind(home: Home, tmp_path: Path) -> None:
    shutil.copy(tmp_path / "last night" / "stage4.sqlite", home.store)


def edited(home: Home, tmp_path: Path) -> None:
    with sqlite3.connect(home.store) as connection:
        connection.execute("DROP TRIGGER stored_events_no_update")
        changed = connection.execute(
            "UPDATE stored_events SET state = CAST(replace(CAST(state AS TEXT), 'l2_ops', 'l3_ops') AS BLOB) "
            "WHERE CAST(state AS TEXT) LIKE '%l2_ops%'"
        )
        assert changed.rowcount
    connection.close()


def cut(home: Home, tmp_path: Path) -> None:
    with sqlite3.connect(home.store) as connection:
        connection.execute("DROP TRIGGER checkpoints_no_delete")
        connection.execute("DELETE FROM checkpoints")
    connection.close()


def damaged(home: Home, tmp_path: Path) -> None:
    with home.store.open("r+b") as stream:
        stream.seek(4096)
        stream.write(b"\xff" * 4096)


STATES: dict[str, Callable[[Home, Path], None]] = {
    "behind": behind,
    "not what was signed": edited,
    "no checkpoint": cut,
    "damaged": damaged,
}


@pytest.mark.parametrize("state", STATES)
def test_it_refuses_names_the_page_and_the_page_brings_it_back(state: str, home: Home, tmp_path: Path) -> None:
    STATES[state](home, tmp_path)
    refused = add(home, 2004)
    assert refused.status == 1
    assert state in refused.err
    assert "docs/recovery.md" in refused.err
    assert run(home.root, "doctor").status == 1
    put(tmp_path / "newest", home)
    checks = {check["name"]: check["state"] for check in run(home.root, "--json", "doctor").page}
    assert (checks["store"], checks["published"]) == ("ok", "ok")
    assert run(home.root, "verify").status == 0
    assert add(home, 2004) == Done(0, add_out(home), "")


def add_out(home: Home) -> str:
    """What the last addition printed: the person's id is of its own."""
    person = [one for one in json.loads((home.root / "var/people.json").read_bytes()).items() if one[1]["uid"] == 2004]
    return f"person    {person[0][0]}\nname      P2004\nroles     noc\n"


def test_an_older_copy_in_the_place_of_a_damaged_store_is_behind(home: Home, tmp_path: Path) -> None:
    """The page asks for a copy that reaches the last published entry; any other is refused."""
    damaged(home, tmp_path)
    put(tmp_path / "last night", home)
    refused = add(home, 2004)
    assert (refused.status, "is behind" in refused.err) == (1, True)


def test_without_a_copy_a_new_ledger_names_the_old_one(home: Home, tmp_path: Path) -> None:
    behind(home, tmp_path)
    old = home.published.read_bytes()
    new = Home(tmp_path / "new-home")
    new.root.mkdir()
    shutil.copytree(home.root / "audit", new.root / "audit")
    shutil.copy(home.config, new.root)
    assert run(new.root, "init", "--name", "Ola", "--role", "incident_manager").status == 0
    first = json.loads(new.published.read_bytes().splitlines()[0])
    assert sha384(old) in json.dumps(first)
    assert (new.published.parent / "stage4.before-ledger.jsonl").read_bytes() == old
    assert add(new, 2004).status == 0


def test_every_sentence_of_the_table_is_one_that_is_said() -> None:
    sources = " ".join(
        re.sub(r'"\s*\n\s*f?"', "", path.read_text()) for path in (PAGE.parents[1] / "ledger").rglob("*.py")
    )
    said = re.findall(r"`((?:the store|cannot publish|the lines|entry N|…)[^`|]*)`", PAGE.read_text())
    assert len(said) > 8
    for sentence in said:
        for piece in (one.strip(" :") for one in re.split(r"…|N ", sentence)):
            assert piece in sources, piece
