"""The published files follow the store, whatever happened to them."""

from __future__ import annotations

import json
import os
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from ledger.app.home.folders import Home
from ledger.app.installation import Installation, opened
from ledger.app.press import Press
from ledger.app.record.publish import Publisher
from ledger.errors import Unreachable
from ledger.proof.checkpoint import open_checkpoint
from ledger.proof.merkle import root_of

from .builders import (
    INC,
    actor,
    append,
    ask,
    assert_published,
    end,
    finish,
    foreign_lines,
    lines_of,
    note,
    opening,
    start,
)

# --- following the store ---------------------------------------------------------------------------------------------


def test_a_new_home_is_published_whole(home: Home) -> None:
    assert_published(home)


def test_publishing_where_nothing_was_writes_everything(installation: Installation, publisher: Publisher) -> None:
    shutil.rmtree(installation.home.root / "audit")
    installation.home.published_state.unlink()
    assert publisher.publish() == ()
    assert_published(installation.home)


def test_publishing_appends_what_is_missing_and_keeps_the_file(
    installation: Installation, publisher: Publisher
) -> None:
    inode = installation.home.published.stat().st_ino
    append(installation, 5)
    assert publisher.publish() == ()
    assert_published(installation.home)
    assert installation.home.published.stat().st_ino == inode  # whoever follows it with tail -f goes on


def test_publishing_again_touches_no_line(installation: Installation, publisher: Publisher) -> None:
    publisher.publish()
    before = installation.home.published.stat()
    publisher.publish()
    after = installation.home.published.stat()
    assert (before.st_mtime_ns, before.st_size, before.st_ino) == (after.st_mtime_ns, after.st_size, after.st_ino)


def test_a_command_returns_when_its_entries_are_in_the_files(installation: Installation) -> None:
    receipt = installation.submit(note(), Press(actor("noc")))
    assert installation.home.published.read_bytes().splitlines()[receipt.last - 1] == lines_of(installation.home)[-1]
    assert_published(installation.home)


def test_every_published_line_ends_in_a_newline(installation: Installation) -> None:
    for number in range(4):
        installation.submit(note(number), Press(actor("noc")))
        data = installation.home.published.read_bytes()
        assert data.endswith(b"}\n")
        assert data.count(b"\n") == len(lines_of(installation.home))


def test_evidence_can_be_read_by_everybody_and_working_data_cannot(home: Home) -> None:
    modes = {path: oct(path.stat().st_mode & 0o777) for path in (home.published, home.published_checkpoint)}
    assert set(modes.values()) == {"0o644"}
    assert oct(home.published_state.stat().st_mode & 0o777) == "0o600"


# --- repairing -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kept", [0, 1, 40, -1, -2, -40])
def test_a_torn_line_is_cut_and_written_again(kept: int, installation: Installation, publisher: Publisher) -> None:
    """A crash or a full disk in the middle of a write; also the newline alone may be what is missing."""
    data = installation.home.published.read_bytes()
    start_of_last = data.rindex(b"\n", 0, len(data) - 1) + 1
    os.truncate(installation.home.published, start_of_last + kept if kept >= 0 else len(data) + kept)
    append(installation)
    assert publisher.publish() == ()
    assert_published(installation.home)


def test_a_line_torn_in_the_middle_of_the_file_is_no_foreign_line(
    installation: Installation, publisher: Publisher
) -> None:
    os.truncate(installation.home.published, len(installation.home.published.read_bytes()) // 2)
    assert publisher.publish() == ()
    assert_published(installation.home)


@pytest.mark.parametrize("name", ["published", "published_checkpoint", "published_key", "published_state"])
def test_a_file_that_was_deleted_is_made_again(name: str, installation: Installation, publisher: Publisher) -> None:
    getattr(installation.home, name).unlink()
    append(installation)
    assert publisher.publish() == ()
    assert_published(installation.home)
    assert getattr(installation.home, name).exists()


def test_an_older_copy_of_the_file_is_completed(installation: Installation, publisher: Publisher) -> None:
    old = installation.home.published.read_bytes()
    append(installation, 3)
    publisher.publish()
    installation.home.published.write_bytes(old)
    assert publisher.publish() == ()
    assert_published(installation.home)


def test_an_older_copy_moved_into_place_is_completed(
    installation: Installation, publisher: Publisher, tmp_path: Path
) -> None:
    (tmp_path / "old").write_bytes(installation.home.published.read_bytes())
    append(installation, 3)
    publisher.publish()
    (tmp_path / "old").rename(installation.home.published)
    assert publisher.publish() == ()
    assert_published(installation.home)


@pytest.mark.parametrize(
    "state",
    [
        b"",
        b"{",
        b"[]",
        b"7",
        b"null",
        b"{}",
        b'{"lines": 3}',
        b"\xff",
        lambda left: left | {"lines": str(left["lines"])},
        lambda left: left | {"lines": None},
        lambda left: left | {"more": 1},
    ],
    ids=range(11),
)
def test_what_the_publisher_left_for_itself_may_be_anything(
    state: bytes | Callable[[dict[str, object]], dict[str, object]], installation: Installation, publisher: Publisher
) -> None:
    path = installation.home.published_state
    path.write_bytes(state if isinstance(state, bytes) else json.dumps(state(json.loads(path.read_bytes()))).encode())
    append(installation)
    assert publisher.publish() == ()
    assert_published(installation.home)


@pytest.mark.parametrize("note_there", [b"", b"no note\n", b"\xff\xfe", None])
def test_a_checkpoint_file_that_is_none_is_written_anew(
    note_there: bytes | None, installation: Installation, publisher: Publisher
) -> None:
    path = installation.home.published_checkpoint
    path.unlink()
    if note_there is not None:
        path.write_bytes(note_there)
    publisher.publish()
    assert_published(installation.home)


# --- what cannot be published ----------------------------------------------------------------------------------------


def block(home: Home) -> Path:
    """Something stands where the folder should be (this also holds for root, whom no mode keeps out)."""
    (home.root / "audit").rename(home.root / "audit.away")
    (home.root / "audit").write_bytes(b"")
    return home.root / "audit"


def test_a_folder_that_cannot_be_written_is_unreachable_and_says_that_nothing_is_lost(
    installation: Installation, publisher: Publisher
) -> None:
    block(installation.home)
    with pytest.raises(Unreachable, match="safe in the store"):
        publisher.publish()


def test_submitting_goes_on_and_publishing_catches_up(installation: Installation) -> None:
    in_the_way = block(installation.home)
    before = installation.ledger.view().size
    for number in range(3):
        installation.submit(note(number), Press(actor("noc")))
    assert installation.ledger.view().size == before + 3
    in_the_way.unlink()
    (installation.home.root / "audit.away").rename(in_the_way)
    installation.submit(note(4), Press(actor("noc")))
    assert_published(installation.home)


def test_a_lock_file_that_cannot_be_had_stops_no_command(installation: Installation) -> None:
    locks = installation.home.locks
    shutil.rmtree(locks)
    locks.write_bytes(b"")
    before = installation.ledger.view().size
    installation.submit(note(), Press(actor("noc")))
    assert installation.ledger.view().size == before + 1


# --- crashes and readers ---------------------------------------------------------------------------------------------


@pytest.fixture
def long(root: Path) -> Home:
    """A home with enough lines that writing them takes more than one write."""
    with opened(root) as installation:
        installation.ledger.submit(ask(installation, "incident_manager", opening(installation)))
        append(installation, 150)
        installation.publish()
    return Home(root)


@pytest.mark.parametrize("job", ["append_forever", "publish_forever"])
def test_killed_in_the_middle_of_publishing_it_is_repaired(job: str, long: Home) -> None:
    for milliseconds in (3, 11, 23, 37, 53):
        worker = start(job, long.root, *([INC] if job == "append_forever" else []))
        try:
            assert worker.stdin is not None
            assert worker.stdout is not None
            assert worker.stdout.readline() == "ready\n"
            worker.stdin.write("go\n")
            worker.stdin.flush()
            time.sleep(milliseconds / 1000)  # not waited for anything: the moment at which it dies
        finally:
            end(worker)
        with opened(long.root) as installation:
            installation.publish()
            assert foreign_lines(installation) == []
        assert_published(long)


def test_a_reader_never_sees_a_checkpoint_ahead_of_the_lines(home: Home) -> None:
    """Readers take the checkpoint first, then the lines."""
    with opened(home.root) as installation:
        installation.submit(opening(installation), Press(actor("incident_manager")))
        verifier = installation.ledger.verifier
    worker = start("append", home.root, INC, "w", 150, "kept")
    assert worker.stdin is not None
    worker.stdin.write("go\n")
    worker.stdin.flush()
    sizes = []
    while worker.poll() is None:
        signed = open_checkpoint(home.published_checkpoint.read_bytes(), verifier)
        lines = home.published.read_bytes().split(b"\n")[: signed.size + 1]
        assert len(lines) > signed.size, "the checkpoint states more entries than there are whole lines"
        assert root_of(lines[: signed.size]) == signed.root
        sizes.append(signed.size)
    finish(worker)
    assert sizes == sorted(sizes)
    assert len(set(sizes)) > 10, "the reader saw too little of the writer's work"
    assert_published(home)


def test_two_publishers_at_once_write_each_line_once(home: Home) -> None:
    with opened(home.root) as one, opened(home.root) as two:
        append(one, 20)
        threads = [threading.Thread(target=installation.publish) for installation in (one, two) * 4]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
    assert_published(home)
