"""What lies in a home besides rows: journals, pipes, stores that are half made, ledgers that nobody configured."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from ledger.app.doctor import examine as doctor
from ledger.app.home.folders import Home
from ledger.app.home.setup import init
from ledger.app.installation import opened
from ledger.app.people import access
from ledger.app.people.access import STAGE
from ledger.app.soundness import examine
from ledger.app.soundness.guard import Guard
from ledger.errors import LedgerError, Unreachable
from ledger.files import read_small
from ledger.store.sqlite import apart
from ledger.store.sqlite.log import SQLiteLog
from ledger.store.sqlite.made import Made, differences
from ledger.store.sqlite.schema import EARLIER
from tests.app.builders import plain

from .attacks import ATTACKS, causes
from .hands import older_store, removed
from .test_honest import tree
from .test_processes import run

# --- a journal of an unfinished write ---------------------------------------------------------------------------------


def forge_behind_a_journal(home: Home) -> None:
    """A row is forged and committed; the true one is put back in a write that is killed after its pages are out."""
    child = os.fork()
    if child == 0:
        connection = sqlite3.connect(home.store, isolation_level=None)
        connection.execute("PRAGMA journal_mode=DELETE")
        ((guard,),) = connection.execute("SELECT sql FROM sqlite_schema WHERE name = 'stored_events_no_update'")
        ((true,),) = connection.execute("SELECT state FROM stored_events WHERE originator_version = 6")
        for line in (true.replace(b"noc", b"ncc"), true):
            connection.execute("PRAGMA cache_size=1")
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("DROP TRIGGER stored_events_no_update")
            connection.execute("UPDATE stored_events SET state = ? WHERE originator_version = 6", (line,))
            connection.execute(guard)
            if line == true:
                connection.execute("CREATE TABLE spill (a)")
                connection.execute("INSERT INTO spill SELECT randomblob(3000) FROM stored_events")
                connection.execute("DROP TABLE spill")
                os.kill(os.getpid(), signal.SIGKILL)
            connection.execute("COMMIT")
    assert os.WIFSIGNALED(os.waitpid(child, 0)[1])
    assert Path(f"{home.store}-journal").stat().st_size > 0


def test_a_row_that_the_next_reader_will_read_is_judged_and_not_the_one_on_disk(home: Home) -> None:
    forge_behind_a_journal(home)
    before = tree(home.root)
    assert "signature_wrong" in causes(home)
    assert tree(home.root) == before, "the unfinished write is undone in a copy"
    done = run(home, "verify")
    assert done.returncode == 1 and "VERIFIED" not in done.stdout.replace("NOT VERIFIED", "")
    with plain(home) as connection:
        ((line,),) = connection.execute("SELECT state FROM stored_events WHERE originator_version = 6")
    assert b"ncc" in line, "what the next reader gets"


def test_a_journal_beside_the_target_of_a_link_counts(home: Home, tmp_path: Path) -> None:
    """SQLite looks beside the file itself, not beside the link."""
    kept = tmp_path / "elsewhere"
    kept.mkdir()
    forge_behind_a_journal(home)
    for path in home.store.parent.glob("stage4.sqlite*"):
        path.rename(kept / path.name)
    home.store.symlink_to(kept / home.store.name)
    assert "signature_wrong" in causes(home)


def test_a_running_server_sees_it_too(home: Home) -> None:
    with opened(home.root) as installation:
        guard = Guard(home.root, [installation.ledger])
        guard.round()
    forge_behind_a_journal(home)
    guard._whole_at -= 2 * 24 * 3600
    guard.round()
    assert guard.held and "signature_wrong" in {one.cause for one in guard.findings}


def test_without_room_for_a_copy_it_says_what_to_do(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    forge_behind_a_journal(home)
    monkeypatch.setattr(apart.shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10, 10, 0))  # type: ignore[attr-defined]
    with pytest.raises(Unreachable, match=r"nor in a copy: .* has not \d+ MiB free. Set TMPDIR to a folder with room"):
        examine(home.root)


def test_an_emptied_store_is_not_read_through_the_log_beside_it(home: Home) -> None:
    """Whoever opens it next throws that log away."""
    Path(f"{home.store}-wal").write_bytes(b"x" * 4096)
    home.store.write_bytes(b"")
    before = tree(home.root)
    assert causes(home) == {"store_damaged"}
    assert tree(home.root) == before


# --- tables and triggers ----------------------------------------------------------------------------------------------


def test_a_view_without_an_end_is_never_read(home: Home) -> None:
    with plain(home) as connection:
        connection.execute("ALTER TABLE stored_events RENAME TO kept")
        connection.execute(
            "CREATE VIEW stored_events AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
            "SELECT '' AS originator_id, i AS originator_version, '' AS topic, x'' AS state FROM n"
        )
    assert {"made_changed", "made_foreign"} <= causes(home)


def test_a_store_of_this_version_and_of_each_earlier_one_has_no_difference(tmp_path: Path) -> None:
    SQLiteLog(tmp_path / "new.sqlite", create=True).close()
    connection = sqlite3.connect(tmp_path / "new.sqlite")
    made = [
        Made(*map(str, row)) for row in connection.execute("SELECT type, name, COALESCE(sql, '') FROM sqlite_schema")
    ]
    connection.close()
    assert len(made) == 13 and not [*differences(made)]
    for name, texts in EARLIER.items():
        for text in texts:
            assert not [*differences(one._replace(text=text) if one.name == name else one for one in made)]


def test_a_home_that_an_earlier_version_made_is_not_accused(home: Home) -> None:
    name = "entries_follow_one_another"
    with plain(home) as connection:
        connection.execute(f"DROP TRIGGER {name}")
        connection.execute(EARLIER[name][0])
        connection.execute("ANALYZE")
    assert examine(home.root).sound


# --- other ledgers ----------------------------------------------------------------------------------------------------


def test_a_ledger_that_is_switched_off_is_judged_and_said_to_be(home: Home) -> None:
    home.config.write_text('stages = ""\n' + home.config.read_text())
    found = examine(home.root)
    assert found.sound and [one.ledger for one in found.ledgers] == ["stage4", STAGE]
    (note,) = found.notes
    assert f"does not name the ledger {STAGE}" in note.sentence
    lines = [one for one in doctor.examine(home.root) if one.name == f"{STAGE} store"]
    assert [one.state for one in lines] == ["ok"]


def test_the_environment_switches_nothing_off(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAGE4_STAGES", "")
    ATTACKS["a row of the access ledger edited"].do(home)
    assert "signature_wrong" in causes(home)


def test_what_is_no_ledger_of_this_home_is_said_not_to_be_looked_at(home: Home) -> None:
    """A backup, and another program's log in the same folder: nobody is accused by them."""
    backup, log = home.store.with_name("backup.sqlite"), home.published.with_name("trading.jsonl")
    shutil.copyfile(home.store, backup)
    log.write_bytes(b"{}\n")
    found = examine(home.root)
    assert found.sound
    assert {one.sentence.partition(" ")[0] for one in found.notes} == {str(backup), str(log)}
    assert all("was not looked at" in one.sentence for one in found.notes)


def test_keys_alone_are_a_finding(home: Home) -> None:
    (home.var / "keys" / "stage5").mkdir()
    (home.var / "keys" / "stage5" / "hmac.key").write_bytes(b"x")
    (found,) = examine(home.root).findings
    assert (found.ledger, found.cause) == ("stage5", "ledger_missing")
    assert "it was removed, or its init was interrupted" in found.sentence


def test_the_page_of_sign_ins_does_not_say_that_a_removed_ledger_was_never_made(home: Home) -> None:
    removed(home)
    assert "keys of it are: it was removed, or its init was interrupted" in access.trouble(home.root)


# --- files of the home that are none ----------------------------------------------------------------------------------


def pipe(path: Path) -> None:
    os.mkfifo(path, 0o600)


def endless(path: Path) -> None:
    path.symlink_to("/dev/zero")


def long(path: Path) -> None:
    path.write_bytes(b"#" * (2 << 20))
    path.chmod(0o600)


KINDS: dict[str, Callable[[Path], None]] = {
    "a pipe": pipe,
    "a device": endless,
    "a folder": Path.mkdir,
    "too long": long,
}
FILES = {
    "stage4.toml": 3,
    "var/ledger/stage4.sqlite": 3,
    "var/ledger/stage4.sqlite-wal": 3,
    "var/ledger/stage4.sqlite-journal": 3,
    f"var/ledger/{STAGE}.sqlite": 1,
    "var/ledger/stage4.published.json": 1,
    f"var/ledger/{STAGE}.published.json": 1,
    "var/keys/checkpoint.vkey": 1,
    "var/keys/checkpoint.pem": 1,
    "var/keys/hmac.key": 1,
    f"var/keys/{STAGE}/checkpoint.vkey": 1,
    "audit/decision_logs/stage4.checkpoint": 1,
    "audit/decision_logs/stage4.vkey": 1,
}
"""And the exit status of ``verify``: it cannot look, or it says what it found."""


@pytest.mark.timeout(60)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", FILES)
def test_nobody_waits_for_a_file_that_is_none(name: str, kind: str, home: Home) -> None:
    if ".sqlite" in name and kind == "too long":
        pytest.skip("a store may be of any length")
    path = home.root / name
    path.unlink(missing_ok=True)
    KINDS[kind](path)
    if FILES[name] == 3:
        with pytest.raises(LedgerError, match=path.name):
            examine(home.root)
        return
    (found,) = [one for one in examine(home.root).findings if one.place == str(path)]
    words = "longer than" if kind == "too long" else "no plain file|Is a directory"
    assert [word for word in words.split("|") if word in found.sentence]


@pytest.mark.timeout(60)
@pytest.mark.parametrize("name", ["stage4.toml", "var/ledger/stage4.published.json", "var/keys/checkpoint.vkey"])
def test_a_running_guard_waits_for_no_pipe_either(name: str, home: Home) -> None:
    with opened(home.root) as installation:
        guard = Guard(home.root, [installation.ledger])
        guard.round()
        (home.root / name).unlink()
        pipe(home.root / name)
        guard._whole_at -= 2 * 24 * 3600
        guard.round()
        assert guard.error or guard.findings
        assert installation.publisher.witness.recorded() is None or "published" not in name


def test_verify_says_one_sentence(home: Home) -> None:
    home.config.unlink()
    pipe(home.config)
    done = run(home, "verify")
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.splitlines() == [f"stage4: {home.config} cannot be read: it is no plain file (pipe)"]


def test_a_link_to_a_plain_file_is_followed_where_people_put_links(home: Home, tmp_path: Path) -> None:
    """A configuration or a key may lie on another disk."""
    for path in (home.config, home.var / "keys/checkpoint.vkey", home.var / "keys/hmac.key"):
        shutil.move(path, tmp_path / path.name)
        path.symlink_to(tmp_path / path.name)
    assert examine(home.root).sound
    with pytest.raises(OSError, match="it is no plain file"):
        read_small(home.config, 1 << 20)


# --- an interrupted init ----------------------------------------------------------------------------------------------


KILLED = """
import os, sys
from pathlib import Path
import ledger.store.sqlite.recorder as recorder
from ledger.app.home.setup import init
store, tables = sys.argv[2], sys.argv[3] == "tables"
true = recorder.LedgerRecorder.create_table
def create_table(self):
    if self.datastore.pool.db_name.partition("?")[0].endswith(store):
        if tables:
            true(self)
        else:
            self.datastore.pool.get_connection()
        os._exit(9)
    true(self)
recorder.LedgerRecorder.create_table = create_table
init(Path(sys.argv[1]), purpose="lab", name="You").ledger.log.close()
"""


def interrupted(root: Path, store: str, when: str) -> Home:
    """A process that ends inside ``init``, before the tables of a store are made or after."""
    command = [sys.executable, "-c", KILLED, str(root), store, when]
    assert subprocess.run(command, check=False).returncode == 9
    home = Home(root)
    assert (home.store.parent / store).is_file()
    return home


@pytest.mark.parametrize(("when", "what"), [("before", "has no tables"), ("tables", "has no entries")])
def test_a_killed_init_is_no_damage(when: str, what: str, tmp_path: Path) -> None:
    home = interrupted(tmp_path / "home", "stage4.sqlite", when)
    done = run(home, "verify")
    sentence = (
        f"the ledger at {home.store} {what}: its init was interrupted. Run it again: stage4 init --home {home.root}"
    )
    assert (done.returncode, done.stdout, done.stderr) == (3, "", f"stage4: {sentence}\n")
    init(home.root, purpose="lab", name="You").ledger.log.close()
    assert examine(home.root).sound


@pytest.mark.parametrize("when", ["before", "tables"])
def test_a_killed_init_of_the_access_ledger_is_no_damage_either(when: str, tmp_path: Path) -> None:
    home = interrupted(tmp_path / "home", f"{STAGE}.sqlite", when)
    (found,) = examine(home.root).findings
    assert (found.ledger, found.cause) == (STAGE, "unfinished")
    assert "its init was interrupted" in found.sentence
    assert found.remedy == f"Run it again: stage4 init --home {home.root}"
    init(home.root, purpose="lab", name="You").ledger.log.close()
    assert examine(home.root).sound


def test_a_store_without_tables_whose_lines_were_published_is_damage(home: Home) -> None:
    for path in home.store.parent.glob("stage4.sqlite*"):
        path.unlink()
    sqlite3.connect(home.store).close()
    (found,) = examine(home.root).findings
    assert (found.cause, found.holds) == ("store_damaged", True)


# --- ticks of doctor --------------------------------------------------------------------------------------------------


def test_doctor_ticks_no_published_files_that_hold_more_than_the_store(home: Home) -> None:
    """Field case 02."""
    older_store(home)
    told = {(one.name, one.state) for one in doctor.examine(home.root)}
    assert ("store", "problem") in told and ("published", "ok") not in told
    assert ("checkpoints", "ok") in told


def test_doctor_ticks_nothing_of_a_store_that_was_not_read(home: Home) -> None:
    ATTACKS["the table of entries a view"].do(home)
    told = {(one.name, one.state) for one in doctor.examine(home.root)}
    assert not {("store", "ok"), ("checkpoints", "ok"), ("published", "ok"), ("artefacts", "ok")} & told
