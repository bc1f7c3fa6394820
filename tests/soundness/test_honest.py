"""Homes that nobody touched have no finding, also while others write; and looking changes nothing on disk."""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from ledger.app.doctor import examine as doctor
from ledger.app.home.folders import Home
from ledger.app.home.setup import init
from ledger.app.installation import Installation, opened
from ledger.app.observer import Observer
from ledger.app.people.access import STAGE
from ledger.app.press import Press
from ledger.app.record.erasing import erase
from ledger.app.soundness import artefacts, examine
from ledger.app.soundness.examine import look_at
from ledger.app.soundness.recent import RECENT, look_at_recent
from ledger.app.steps import opening
from ledger.app.steps.stop import stop
from ledger.cli.root import stage4
from ledger.domain.asked import fit
from ledger.domain.command import Request
from ledger.domain.keeping.commands import AddNote
from ledger.errors import Unreachable
from ledger.verify import Head, parse_head
from tests.app.builders import actor, append, ask, end, note, plain, start, tell
from tests.app.test_people import admin

from .attacks import ATTACKS
from .hands import attached


def tree(root: Path) -> dict[str, tuple[int, str]]:
    """Every file of a home: its mode and the digest of its bytes. SQLite's shared memory is no file of ours."""
    found = {}
    for path in sorted(root.rglob("*")):
        mode = path.lstat().st_mode
        data = path.read_bytes() if stat.S_ISREG(mode) else str(path.readlink()).encode() if path.is_symlink() else b""
        found[str(path.relative_to(root))] = (mode, hashlib.sha256(data).hexdigest())
    return found


def test_an_untouched_home_has_no_finding_and_says_what_was_read(home: Home) -> None:
    found = examine(home.root)
    assert found.sound and not found.notes
    main, access = found.ledgers
    assert (main.rows, main.checkpoints, main.receipts, main.published) == (20, 18, 18, 20)
    assert main.artefacts >= 5 and main.erased == 1
    assert (access.ledger, access.rows, access.published) == (STAGE, 3, 3)


@pytest.mark.parametrize("name", ["nothing", *ATTACKS])
def test_looking_changes_nothing_on_disk(name: str, home: Home) -> None:
    if name != "nothing":
        ATTACKS[name].do(home)
    for stage in ("stage4", STAGE):
        Path(f"{Home(home.root, stage).store}-shm").unlink(missing_ok=True)
    before = tree(home.root)
    first = examine(home.root)
    done = CliRunner().invoke(stage4, ["verify", "--json", "--home", str(home.root)])
    assert tree(home.root) == before
    page = json.loads(done.output)
    assert (done.exit_code, page["verified"]) == (int(name != "nothing"), name == "nothing")
    assert [one["cause"] for one in page["findings"]] == [one.cause for one in first.findings]


def test_doctor_changes_nothing_on_disk(home: Home) -> None:
    ATTACKS["a published line edited"].do(home)
    Path(home.var / "web").mkdir()
    doctor.examine(home.root)  # makes the accounts' file where it is missing
    before = tree(home.root)
    doctor.examine(home.root)
    assert tree(home.root) == before


def test_two_looks_say_the_same(home: Home) -> None:
    ATTACKS["two rows swapped"].do(home)
    assert examine(home.root).findings == examine(home.root).findings


def test_what_a_killed_writer_left_is_read_and_left_as_it_is(home: Home) -> None:
    """Its last commits are in the write-ahead log alone, and not published."""
    program = (
        "import os, sys\nfrom pathlib import Path\nfrom ledger.app.installation import open_home\n"
        "from tests.app.builders import append\nmade = open_home(Path(sys.argv[1]))\nappend(made, 2)\nos._exit(0)\n"
    )
    subprocess.run([sys.executable, "-c", program, str(home.root)], check=True, cwd=Path(__file__).parents[2])
    wal = Path(f"{home.store}-wal")
    before = wal.read_bytes()
    found = examine(home.root)
    assert found.entries == 22 and wal.read_bytes() == before
    assert {one.cause for one in found.findings} == {"artefact_missing"}  # the test's notes keep no log
    assert "2 entries are not published yet" in found.notes[0].sentence


def test_entries_that_stay_unpublished_are_a_finding(home: Home) -> None:
    with opened(home.root) as installation:
        append(installation, 1)
    later = examine(home.root, clock=lambda: installation.clock().replace(year=2100))
    (found,) = [one for one in later.findings if one.part == "published"]
    assert (found.cause, found.sequence, found.holds) == ("published_lags", 21, False)


def test_a_checkpoint_that_lags_behind_the_lines_is_no_finding_at_once(home: Home) -> None:
    """``kill -9`` came between the two."""
    before = home.published_checkpoint.read_bytes()
    with opened(home.root) as installation:
        installation.submit(note(1), Press(actor("noc")))
    home.published_checkpoint.write_bytes(before)
    found = examine(home.root)
    assert {one.part for one in found.findings} == {"artefacts"} and found.notes


def test_homes_are_sound_while_another_process_writes_and_publishes(home: Home) -> None:
    writer = start("append_forever", home.root, "INC-2")
    try:
        assert writer.stdout is not None and writer.stdin is not None
        assert writer.stdout.readline() == "ready\n"
        writer.stdin.write("go\n")
        writer.stdin.flush()
        first, trail = look_at(home.root)
        assert trail is not None
        looks = [first, *(examine(home.root) for _ in range(15))]
        recents = [look_at_recent(home.root, trail, first.began) for _ in range(15)]
    finally:
        end(writer)
    assert [one.findings for one in looks] == [()] * 16
    assert [one.findings for one in recents] == [()] * 15
    assert looks[-1].entries > looks[0].entries and recents[-1].size > trail.size


def test_a_text_that_is_erased_during_the_look_is_not_missing(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """After the rows were read, before its bytes are: two people were quicker."""
    judge = artefacts.judge
    with opened(home.root) as installation:
        name = next(name for name, text in installation.state.texts.items() if not text.erased)

        def judge_late(*given: Any, **named: Any) -> int:
            monkeypatch.undo()
            erase(installation, Press(admin(installation)), name, "names a person")
            erase(installation, Press(actor("noc")), name, "")
            return judge(*given, **named)

        monkeypatch.setattr(artefacts, "judge", judge_late)
        found = examine(home.root)
        assert not installation.artefacts.has(name) and found.sound


def test_an_emptied_override_names_no_bytes_that_could_be_missing(home: Home) -> None:
    with opened(home.root) as installation:
        other = "decision_orchestrator"
        stop(installation, Press(actor("l2_ops")), fit(reason="both", component=other))
        installation.override_path(other).write_bytes(b"")
        observer = Observer(installation)
        for _ in range(2):
            observer.look()
        assert any(record.status == "override_observed" for record, _ in installation.ledger.records())
    assert examine(home.root).sound


def test_a_moved_home_is_sound(home: Home, tmp_path: Path) -> None:
    moved = Path(shutil.move(home.root, tmp_path / "elsewhere"))
    assert examine(moved).sound


def test_a_fresh_home_is_sound(tmp_path: Path) -> None:
    init(tmp_path / "fresh", name="Ola").ledger.log.close()
    assert examine(tmp_path / "fresh").sound


def test_there_is_no_verdict_where_there_is_no_ledger(tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match="stage4 init"):
        examine(tmp_path)
    done = CliRunner().invoke(stage4, ["verify", "--home", str(tmp_path)])
    assert done.exit_code == 3


def test_a_file_that_is_no_database_is_a_finding(home: Home) -> None:
    for end_ in ("-wal", "-shm"):
        Path(f"{home.store}{end_}").unlink(missing_ok=True)
    home.store.write_bytes(b"no database at all " * 400)
    (found,) = examine(home.root).findings
    assert (found.cause, found.part) == ("store_damaged", "store")


def test_a_damaged_key_index_is_a_finding(home: Home) -> None:
    """The ledger finds its rows by it; the rows themselves are all there."""
    with plain(home) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        number, size = (
            connection.execute("SELECT rootpage FROM sqlite_master WHERE name LIKE 'sqlite_autoindex%'").fetchone()[0],
            connection.execute("PRAGMA page_size").fetchone()[0],
        )
    data = bytearray(home.store.read_bytes())
    page = data[(number - 1) * size : number * size]
    at = (number - 1) * size + page.rindex(b"f", 0, size)  # in the owner's digits of some key
    data[at] ^= 1
    home.store.write_bytes(data)
    assert "store_damaged" in {one.cause for one in examine(home.root).findings}


def test_a_rehearsed_home_reads_the_same_with_heads_that_were_kept(home: Home) -> None:
    with plain(home) as connection:
        text = bytes(connection.execute("SELECT note FROM checkpoints WHERE size = 12").fetchone()[0]).decode()
    root = text.splitlines()[2]
    assert examine(home.root, heads=[parse_head(f"12:{root}")]).sound
    wrong = examine(home.root, heads=[Head(12, b"\1" * 32)])
    assert {one.cause for one in wrong.findings} == {"head_differs"}


def test_a_long_ledger_is_followed_from_its_last_thousand_rows(home: Home) -> None:
    with opened(home.root) as installation:
        tell(installation, "noc", note(1), "INC-2")
        for number in range(RECENT + 30):
            installation.ledger.submit(request(installation, number))
        installation.publish()
        _, trail = look_at(home.root)
        assert trail is not None and 0 < trail.start.size == trail.size - RECENT
        installation.submit(note(2), Press(actor("noc")))
        recent = look_at_recent(home.root, trail, installation.clock())
        assert recent.findings == () and recent.trail is not None
        assert recent.trail.size == trail.size + 1 and recent.trail.start.size == trail.start.size + 1
        with sqlite3.connect(home.store) as connection:
            connection.execute("DROP TRIGGER stored_events_no_update")
            connection.execute(
                "UPDATE stored_events SET state = CAST(replace(CAST(state AS TEXT), 'a note', 'A note') AS BLOB) "
                "WHERE originator_version = ?",
                (trail.size - 5,),
            )
        found = look_at_recent(home.root, trail, installation.clock())
    assert {"entry_wrong", "checkpoint_roots_differ"} <= {one.cause for one in found.findings}


def request(installation: Installation, number: int) -> Request:
    return ask(installation, "noc", AddNote(text=f"a note {number}"), "INC-2")


def test_an_exchanged_home_shows_by_what_was_remembered(home: Home, tmp_path: Path) -> None:
    """Store, published files and artefacts put back together: only who read the newer ones knows."""
    shutil.copytree(home.root, tmp_path / "old", symlinks=True)
    with opened(home.root) as installation:
        opening_note(installation)
    _, trail = look_at(home.root)
    assert trail is not None
    shutil.rmtree(home.root)
    shutil.copytree(tmp_path / "old", home.root, symlinks=True)
    assert examine(home.root).sound
    (found,) = look_at_recent(home.root, trail, installation.clock()).findings
    assert (found.cause, found.holds) == ("behind", True)


def opening_note(installation: Installation) -> None:
    opening.note(installation, Press(actor("noc")), installation.rollback("INC-2"), "seen", None)


def test_each_missing_artefact_is_named_with_its_entry(home: Home) -> None:
    """Field case 15."""
    shutil.rmtree(home.artefacts)
    found = [one for one in examine(home.root).findings if one.part == "artefacts"]
    assert len(found) == examine_artefacts(home) and all(
        one.sequence and str(home.artefacts) in one.place for one in found
    )
    assert str(attached(home)) in {one.place for one in found}


def examine_artefacts(home: Home) -> int:
    """How many different artefacts the entries name, counted without our code."""
    names = set()
    erased = set()
    for line in home.published.read_bytes().splitlines():
        entry = json.loads(line)
        for field, name in entry["artefacts"].items():
            if field == "erased_sha384":
                erased.add(name)
            elif field.endswith("_sha384") and field not in ("content_sha384", "earlier_log_sha384"):
                names.add(name)
    return len(names - erased)
