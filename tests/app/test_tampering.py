"""A store that is not what was signed: found before anything is decided, and nothing is written on top of it."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from ledger.app.home.folders import Home
from ledger.app.installation import Installation, opened
from ledger.app.press import Press
from ledger.errors import Corrupt, LedgerError

from .builders import actor, ask, behind_the_triggers, note, plain, stored

Edit = Callable[[sqlite3.Connection], object]
LAST = "(SELECT MAX(originator_version) FROM stored_events)"
TEXT = "CAST(replace(CAST(state AS TEXT), '{}', '{}') AS BLOB)"


def sql(*statements: str) -> Edit:
    return lambda connection: [connection.execute(statement) for statement in statements]


def swap(connection: sqlite3.Connection) -> None:
    for old, new in ((2, -1), (3, 2), (-1, 3)):
        connection.execute(f"UPDATE stored_events SET originator_version = {new} WHERE originator_version = {old}")


def change_signature(connection: sqlite3.Connection) -> None:
    """The HMAC of the last line; only the Merkle root can tell."""
    line = bytes(connection.execute(f"SELECT state FROM stored_events WHERE originator_version = {LAST}").fetchone()[0])
    at = line.index(b'"value":"') + len(b'"value":"')
    other = line[:at] + (b"B" if line[at : at + 1] == b"A" else b"A") + line[at + 1 :]
    connection.execute(f"UPDATE stored_events SET state = ? WHERE originator_version = {LAST}", (other,))


EDITS: dict[str, Edit] = {
    "a word in the middle": sql(
        f"UPDATE stored_events SET state = {TEXT.format('noc', 'ncc')} WHERE originator_version = 6"
    ),
    "a word in the first entry": sql(
        f"UPDATE stored_events SET state = {TEXT.format('lab', 'bal')} WHERE originator_version = 1"
    ),
    "a word in the last entry": sql(
        f"UPDATE stored_events SET state = {TEXT.format('note-2', 'note-9')} WHERE originator_version = {LAST}"
    ),
    "one letter of the last signature": change_signature,
    "a line emptied": sql("UPDATE stored_events SET state = x'' WHERE originator_version = 4"),
    "a line turned into text": sql(
        "UPDATE stored_events SET state = replace(CAST(state AS TEXT), 'noc', 'ncc') WHERE originator_version = 6"
    ),
    "the last row cut": sql(f"DELETE FROM stored_events WHERE originator_version = {LAST}"),
    "several rows cut": sql(f"DELETE FROM stored_events WHERE originator_version > {LAST} - 3"),
    "a row in the middle cut": sql("DELETE FROM stored_events WHERE originator_version = 3"),
    "the first row cut": sql("DELETE FROM stored_events WHERE originator_version = 1"),
    "all rows cut": sql("DELETE FROM stored_events"),
    "a row in the middle cut and the rest moved up": sql(
        "DELETE FROM stored_events WHERE originator_version = 3",
        "UPDATE stored_events SET originator_version = originator_version - 1 WHERE originator_version > 3",
    ),
    "two rows swapped": swap,
    "the last row doubled": sql(
        f"INSERT INTO stored_events SELECT originator_id, originator_version + 1, topic, state FROM stored_events "
        f"WHERE originator_version = {LAST}"
    ),
    "an old checkpoint put last": sql(
        "UPDATE checkpoints SET note = (SELECT note FROM checkpoints ORDER BY size LIMIT 1) "
        "WHERE size = (SELECT MAX(size) FROM checkpoints)"
    ),
    "the newest checkpoint cut": sql("DELETE FROM checkpoints WHERE size = (SELECT MAX(size) FROM checkpoints)"),
    "all checkpoints cut": sql("DELETE FROM checkpoints"),
    "a checkpoint's byte changed": sql(
        "UPDATE checkpoints SET note = CAST(replace(CAST(note AS TEXT), '/stage4/', '/stage5/') AS BLOB)"
    ),
}


@pytest.fixture
def root(template: Path, tmp_path: Path) -> Path:
    """A home with three notes."""
    root = Path(shutil.copytree(template, tmp_path / "home"))
    with opened(root) as installation:
        for number in range(3):
            installation.submit(note(number), Press(actor("noc")))
    return root


def published(home: Home) -> list[bytes]:
    return [path.read_bytes() for path in (home.published, home.published_checkpoint)]


@pytest.mark.parametrize("edit", EDITS)
def test_reading_finds(edit: str, home: Home) -> None:
    with behind_the_triggers(home) as connection:
        EDITS[edit](connection)
    with pytest.raises(Corrupt), opened(home.root) as installation:
        installation.ledger.view()


@pytest.mark.parametrize("edit", EDITS)
def test_nothing_is_written_on_top_of(edit: str, home: Home) -> None:
    with behind_the_triggers(home) as connection:
        EDITS[edit](connection)
    before, files = stored(home), published(home)
    with pytest.raises(Corrupt), opened(home.root) as installation:
        installation.submit(note(9), Press(actor("noc")))
    assert stored(home) == before
    assert published(home) == files


@pytest.mark.parametrize("edit", EDITS)
def test_the_sentence_is_one_line_that_says_where(edit: str, home: Home) -> None:
    with behind_the_triggers(home) as connection:
        EDITS[edit](connection)
    with pytest.raises(LedgerError) as caught, opened(home.root) as installation:
        installation.ledger.view()
    assert 20 < len(str(caught.value)) < 700
    assert "\n" not in str(caught.value)


CUTS = ["the last row cut", "several rows cut"]


@pytest.mark.parametrize("edit", CUTS)
def test_a_running_ledger_sees_that_rows_were_cut(edit: str, installation: Installation) -> None:
    installation.ledger.view()
    with behind_the_triggers(installation.home) as connection:
        EDITS[edit](connection)
    with pytest.raises(Corrupt, match="behind"):
        installation.ledger.view()


@pytest.mark.parametrize("edit", [*CUTS, "a word in the last entry", "the last row doubled"])
def test_a_running_ledger_writes_nothing_after_its_tail_was_changed(edit: str, installation: Installation) -> None:
    """Whoever appends reads the tail first: what it links to must still be there."""
    installation.ledger.view()
    with behind_the_triggers(installation.home) as connection:
        EDITS[edit](connection)
    before = stored(installation.home)
    with pytest.raises(Corrupt):
        installation.ledger.submit(ask(installation, "noc", note(9)))
    assert stored(installation.home) == before


def test_rows_that_somebody_else_appended_without_the_keys_are_corrupt(installation: Installation) -> None:
    installation.ledger.view()
    with plain(installation.home) as connection:
        connection.execute(
            "INSERT INTO stored_events SELECT originator_id, originator_version + 1, topic, state FROM stored_events "
            "ORDER BY originator_version DESC LIMIT 1"
        )
    for use in (installation.ledger.view, lambda: installation.ledger.submit(ask(installation, "noc", note(9)))):
        with pytest.raises(Corrupt):
            use()


@pytest.mark.parametrize("edit", ["a word in the last entry", "a checkpoint's byte changed", "two rows swapped"])
def test_what_was_changed_before_it_was_published_is_never_published(edit: str, home: Home) -> None:
    """A crash came between commit and publishing, an edit after it: evidence is checked before it leaves the store."""
    files = published(home)
    with opened(home.root) as installation:
        installation.ledger.submit(ask(installation, "noc", note(2)))
    with behind_the_triggers(home) as connection:
        EDITS[edit](connection)
    with pytest.raises(Corrupt), opened(home.root) as installation:
        installation.publish()
    assert published(home) == files


# --- a store that was restored from an old copy ----------------------------------------------------------------------


def copy_store(home: Home, to: Path) -> None:
    with plain(home) as source, sqlite3.connect(to) as target:
        source.backup(target)
    target.close()


@pytest.fixture
def restored(home: Home, tmp_path: Path) -> Home:
    """Two entries were written and published after a backup of the store; then the backup was put back."""
    copy_store(home, tmp_path / "old.sqlite")
    with opened(home.root) as installation:
        for number in (3, 4):
            installation.submit(note(number), Press(actor("noc")))
    for file in home.store.parent.glob("stage4.sqlite*"):
        file.unlink()
    shutil.copy(tmp_path / "old.sqlite", home.store)
    return home


def test_a_store_restored_from_an_old_copy_refuses_to_write(restored: Home) -> None:
    """docs/architecture.md: a store that is behind refuses to write. Else two histories are signed with one key."""
    before, files = stored(restored), published(restored)
    with pytest.raises(Corrupt, match="behind"), opened(restored.root) as installation:
        installation.submit(note(9), Press(actor("noc")))
    assert stored(restored) == before
    assert published(restored) == files


def test_publishing_from_an_old_copy_is_refused_and_touches_nothing(restored: Home) -> None:
    files = published(restored)
    with pytest.raises(Corrupt, match="behind"), opened(restored.root) as installation:
        installation.publisher.publish()
    assert published(restored) == files


@pytest.mark.parametrize("more", [1, 2, 3])
def test_a_history_that_forked_never_reaches_the_published_files(restored: Home, more: int) -> None:
    """However many entries the restored copy took since, they do not continue what was published."""
    files = published(restored)
    with pytest.raises(Corrupt), opened(restored.root) as installation:
        for number in range(more):
            installation.ledger.submit(ask(installation, "l2_ops", note(10 + number)))
        installation.publisher.publish()
    assert published(restored) == files
