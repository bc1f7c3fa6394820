"""Reading on from a snapshot: the same state as from entry 1, and never trusted for itself."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ledger.app.doctor.examine import examine as doctor
from ledger.app.home.folders import Home
from ledger.app.installation import Installation, opened
from ledger.app.press import Press
from ledger.app.record import snapshots
from ledger.app.record.exporting import export
from ledger.app.record.view import View, empty_view, fold
from ledger.app.soundness.examine import examine
from ledger.errors import Corrupt
from tests.kept.archive import unpack

from .builders import actor, ask, behind_the_triggers, lines_of, note, same

CLOSED = 2
"""Closed rollbacks of the home at the least."""


@pytest.fixture(scope="session")
def two_tickets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return unpack("two-tickets", tmp_path_factory.mktemp("snapshots") / "two-tickets")


@pytest.fixture
def home(two_tickets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A home with closed rollbacks, and a snapshot of all of it."""
    monkeypatch.setattr(snapshots, "EVERY", 1)
    home = Home(Path(shutil.copytree(two_tickets, tmp_path / "home")))
    with opened(home.root) as installation:
        installation.publish()
    assert seen(home).state.closed.earlier is not None
    return home


def seen(home: Home) -> View:
    with opened(home.root) as installation:
        return installation.ledger.view()


def whole(home: Home) -> View:
    return fold(empty_view(), lines_of(home))


@pytest.fixture
def kept(home: Home) -> Iterator[sqlite3.Connection]:
    """The snapshot's file, in a stranger's hand."""
    connection = sqlite3.connect(home.snapshot, isolation_level=None)
    yield connection
    connection.close()


@pytest.fixture
def installation(home: Home) -> Iterator[Installation]:
    with opened(home.root) as found:
        yield found


def test_reading_begins_at_the_snapshot_and_comes_to_the_same(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshots, "EVERY", 10**9)
    read: list[int] = []
    with opened(home.root) as installation:
        lines = installation.ledger.log.lines
        monkeypatch.setattr(installation.ledger.log, "lines", lambda after=0: read.append(after) or lines(after))
        view = installation.ledger.view()
        assert same(view, whole(home)) and len(view.state.closed) >= CLOSED
    assert set(read) == {view.size}


def test_every_entry_after_it_is_decided_on_the_same_state(home: Home) -> None:
    for number in range(5):
        with opened(home.root) as installation:
            installation.submit(note(number), Press(actor("noc")))
            assert same(installation.ledger.view(), whole(home))


def test_a_closed_rollback_may_change_and_is_saved_as_it_is_then(home: Home) -> None:
    name = next(iter(seen(home).state.closed))
    before = seen(home).state.closed[name].entries
    with opened(home.root) as installation:
        installation.submit(note(1), Press(actor("noc")), name)
    assert seen(home).state.closed[name].entries == before + 1
    assert same(seen(home), whole(home))


def test_the_file_is_its_owners_alone(home: Home) -> None:
    assert home.snapshot.stat().st_mode & 0o777 == 0o600


# --- what is not this ledger's, or not of this moment -----------------------------------------------------------------


def stored(connection: sqlite3.Connection) -> bytes:
    return bytes(connection.execute("SELECT bytes FROM snapshot").fetchone()[0])


def plant(connection: sqlite3.Connection, data: bytes) -> None:
    connection.execute("UPDATE snapshot SET bytes = ?", (data,))


def dropped(home: Home, caplog: pytest.LogCaptureFixture) -> str:
    """Why it was not used; what was read is what stands in the entries."""
    caplog.clear()
    with opened(home.root) as installation:
        assert same(installation.ledger.view(), whole(home))
    said = [record.getMessage() for record in caplog.records]
    assert len(said) == 1 and "is not used, everything is read from entry 1" in said[0], said
    return said[0]


def test_one_with_any_byte_changed_is_dropped(
    home: Home, kept: sqlite3.Connection, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshots, "EVERY", 10**9)
    sealed = stored(kept)
    for place in sorted({*range(0, len(sealed), len(sealed) // 40), *range(60), len(sealed) - 1}):
        plant(kept, sealed[:place] + bytes([sealed[place] ^ 1]) + sealed[place + 1 :])
        assert "not sealed with this ledger's key" in dropped(home, caplog)
    for data in (b"", b"\n", sealed[:-1], sealed + b"\x00"):
        plant(kept, data)
        assert "not sealed" in dropped(home, caplog)


def test_another_builds_is_dropped_and_made_anew(
    home: Home, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshots, "rules", lambda: b"of tomorrow")
    assert "another build" in dropped(home, caplog)
    caplog.clear()
    assert same(seen(home), whole(home)) and not caplog.records


def test_another_ledgers_is_dropped(home: Home, caplog: pytest.LogCaptureFixture) -> None:
    """Sealed with the same key for another ledger of the house."""
    with opened(home.root) as installation:
        own = installation.ledger.snapshots
        assert own is not None
        name = "stage4-ledger.invalid/stage4/another"
        object.__setattr__(own, "_verifier", own._verifier.__class__(name, own._verifier.public_key))
        own.save(installation.ledger.view())
    assert "another ledger's" in dropped(home, caplog)


def test_one_of_a_longer_store_is_dropped_where_the_store_was_set_back(
    home: Home, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    shutil.copy(home.store, tmp_path / "old.sqlite")
    with opened(home.root) as installation:
        installation.submit(note(1), Press(actor("noc")))
        installation.ledger.view()
        size = installation.ledger.view().size
    for file in home.store.parent.glob(f"{home.store.name}*"):
        file.unlink()
    shutil.copy(tmp_path / "old.sqlite", home.store)
    assert f"entry {size} of the store is not the one" in dropped(home, caplog)


def test_nothing_is_written_after_rows_were_cut_back_to_where_it_was_made(home: Home) -> None:
    size = seen(home).size
    with opened(home.root) as installation:
        own = installation.ledger.snapshots
        assert own is not None
        own.size = 10**9  # no newer one is made
        for number in range(3):
            installation.submit(note(number), Press(actor("noc")))
    with behind_the_triggers(home) as connection:
        connection.execute("DELETE FROM stored_events WHERE originator_version > ?", (size,))
    with opened(home.root) as installation, pytest.raises(Corrupt, match=f"the store has {size}|behind"):
        installation.ledger.submit(ask(installation, "noc", note(9)))
    assert len(lines_of(home)) == size


def test_one_without_its_checkpoint_is_dropped(
    home: Home, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = seen(home).size
    monkeypatch.setattr(snapshots, "EVERY", 10**9)
    with opened(home.root) as installation:
        installation.submit(note(1), Press(actor("noc")))
    with behind_the_triggers(home) as connection:
        connection.execute("DELETE FROM checkpoints WHERE size = ?", (size,))
    assert f"no checkpoint of the store signs its {size} entries" in dropped(home, caplog)


def test_a_file_that_is_no_database_is_said_and_made_anew(home: Home, caplog: pytest.LogCaptureFixture) -> None:
    home.snapshot.write_bytes(b"no database" * 100)
    assert "not a database" in dropped(home, caplog)
    caplog.clear()
    assert same(seen(home), whole(home)) and not caplog.records


def test_where_none_can_be_kept_everything_is_read(home: Home) -> None:
    home.snapshot.unlink()
    home.snapshot.mkdir()
    assert same(seen(home), whole(home))


BREAK: dict[str, Callable[[sqlite3.Connection], object]] = {
    "gone": lambda kept: kept.execute("DELETE FROM rollbacks"),
    "another's": lambda kept: kept.execute("UPDATE rollbacks SET bytes = (SELECT max(bytes) FROM rollbacks)"),
    "of nothing": lambda kept: kept.execute("UPDATE rollbacks SET bytes = x''"),
    "without a table": lambda kept: kept.execute("DROP TABLE rollbacks"),
}


@pytest.mark.parametrize("how", BREAK)
def test_a_kept_rollback_that_is_not_what_was_kept_is_folded_from_the_entries(
    how: str, home: Home, kept: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshots, "EVERY", 10**9)
    BREAK[how](kept)
    with opened(home.root) as installation:
        closed = installation.ledger.view().state.closed
        assert len(closed) >= CLOSED and dict(closed) == dict(whole(home).state.closed)


# --- rows before it that were changed since ---------------------------------------------------------------------------


def edit(home: Home) -> None:
    """A word in an early entry: who reads on from the snapshot folds it no more."""
    with behind_the_triggers(home) as connection:
        changed = connection.execute(
            "UPDATE stored_events SET state = CAST(replace(CAST(state AS TEXT), '\"noc\"', '\"ncc\"') AS BLOB) "
            "WHERE originator_version = (SELECT min(originator_version) FROM stored_events "
            "WHERE instr(CAST(state AS TEXT), '\"noc\"') > 0)"
        )
        assert changed.rowcount == 1


@pytest.fixture
def edited(home: Home) -> Home:
    edit(home)
    assert seen(home).size > 0
    return home


def test_an_early_row_that_was_changed_is_shown_to_nobody(edited: Home) -> None:
    with opened(edited.root) as installation:
        installation.ledger.view()
        with pytest.raises(Corrupt):
            list(installation.ledger.records())
        with pytest.raises(Corrupt):
            list(installation.ledger.chosen(range(1, 40)))


def test_an_early_row_that_was_changed_is_not_published_again(edited: Home) -> None:
    edited.published.unlink()
    edited.published_state.unlink()
    with opened(edited.root) as installation, pytest.raises(Corrupt, match="not what was signed"):
        installation.publish()
    assert not edited.published.exists() or edited.published.read_bytes() == b""


def test_an_early_row_that_was_changed_is_not_exported(edited: Home, tmp_path: Path) -> None:
    with opened(edited.root) as installation, pytest.raises(Corrupt, match="not those"):
        export(installation, str(tmp_path / "out.jsonl"))
    assert list(tmp_path.glob("out*")) == []


def test_whoever_verifies_reads_from_entry_1(edited: Home) -> None:
    assert not examine(edited.root).sound
    assert "entry 2" in " ".join(check.found for check in doctor(edited.root) if check.state == "problem")


def test_doctor_says_where_commands_read_on(home: Home) -> None:
    check = next(check for check in doctor(home.root) if check.name == "snapshot")
    assert check.state == "ok" and f"entry {seen(home).size}" in check.found


def test_doctor_says_that_one_was_dropped(
    home: Home, kept: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshots, "EVERY", 10**9)
    plant(kept, stored(kept)[:-1])
    check = next(check for check in doctor(home.root) if check.name == "snapshot")
    assert check.state == "warning" and "not sealed" in check.found and check.remedy


def test_another_process_that_saved_less_does_no_harm(home: Home, installation: Installation) -> None:
    installation.ledger.view()
    with opened(home.root) as other:
        for number in range(3):
            other.submit(note(number), Press(actor("noc")))
        other.ledger.view()
    own = installation.ledger.snapshots
    assert own is not None
    own.save(installation.ledger._view)
    assert same(seen(home), whole(home))
