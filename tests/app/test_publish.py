"""The published files follow the store, whatever happened to them; what was in them that is not ours is kept."""

from __future__ import annotations

import json
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ledger.app.home import Home
from ledger.app.installation import Installation, opened
from ledger.app.publish import Publisher
from ledger.digest import sha384
from ledger.domain.events.ledger import ForeignLinesFound
from ledger.errors import Unreachable
from ledger.proof.checkpoint import open_checkpoint
from ledger.proof.merkle import root_of
from ledger.store.artefacts import Artefacts
from ledger.store.log import Log

from .builders import (
    INC,
    actor,
    ask,
    assert_published,
    end,
    finish,
    lines_of,
    note,
    opening,
    records,
    start,
    statuses,
    stored,
)


@pytest.fixture
def publisher(installation: Installation) -> Publisher:
    ledger = installation.ledger
    return Publisher(installation.home, ledger.log, installation.artefacts, ledger.verifier)


def append(installation: Installation, count: int = 1) -> None:
    """Entries that are not published yet."""
    for number in range(count):
        installation.ledger.submit(ask(installation, "noc", note(number)))


def found(installation: Installation) -> list[ForeignLinesFound]:
    return [record.event for record in records(installation) if isinstance(record.event, ForeignLinesFound)]


# --- following the store ---------------------------------------------------------------------------------------------


def test_a_new_home_is_published_whole(home: Home) -> None:
    assert_published(home)


def test_publishing_where_nothing_was_writes_everything(installation: Installation, publisher: Publisher) -> None:
    shutil.rmtree(installation.home.root / "audit")
    installation.home.published_state.unlink()
    assert publisher.publish() is None
    assert_published(installation.home)


def test_publishing_appends_what_is_missing_and_keeps_the_file(
    installation: Installation, publisher: Publisher
) -> None:
    inode = installation.home.published.stat().st_ino
    append(installation, 5)
    assert publisher.publish() is None
    assert_published(installation.home)
    assert installation.home.published.stat().st_ino == inode  # whoever follows it with tail -f goes on


def test_publishing_again_touches_no_line(installation: Installation, publisher: Publisher) -> None:
    publisher.publish()
    before = installation.home.published.stat()
    publisher.publish()
    after = installation.home.published.stat()
    assert (before.st_mtime_ns, before.st_size, before.st_ino) == (after.st_mtime_ns, after.st_size, after.st_ino)


def test_a_command_returns_when_its_entries_are_in_the_files(installation: Installation) -> None:
    receipt = installation.submit(note(), actor("noc"))
    assert installation.home.published.read_bytes().splitlines()[receipt.last - 1] == lines_of(installation.home)[-1]
    assert_published(installation.home)


def test_every_published_line_ends_in_a_newline(installation: Installation) -> None:
    for number in range(4):
        installation.submit(note(number), actor("noc"))
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
    assert publisher.publish() is None
    assert_published(installation.home)


def test_a_line_torn_in_the_middle_of_the_file_is_no_foreign_line(
    installation: Installation, publisher: Publisher
) -> None:
    os.truncate(installation.home.published, len(installation.home.published.read_bytes()) // 2)
    assert publisher.publish() is None
    assert_published(installation.home)


@pytest.mark.parametrize("name", ["published", "published_checkpoint", "published_key", "published_state"])
def test_a_file_that_was_deleted_is_made_again(name: str, installation: Installation, publisher: Publisher) -> None:
    getattr(installation.home, name).unlink()
    append(installation)
    assert publisher.publish() is None
    assert_published(installation.home)
    assert getattr(installation.home, name).exists()


def test_an_older_copy_of_the_file_is_completed(installation: Installation, publisher: Publisher) -> None:
    old = installation.home.published.read_bytes()
    append(installation, 3)
    publisher.publish()
    installation.home.published.write_bytes(old)
    assert publisher.publish() is None
    assert_published(installation.home)


def test_an_older_copy_moved_into_place_is_completed(
    installation: Installation, publisher: Publisher, tmp_path: Path
) -> None:
    (tmp_path / "old").write_bytes(installation.home.published.read_bytes())
    append(installation, 3)
    publisher.publish()
    (tmp_path / "old").rename(installation.home.published)
    assert publisher.publish() is None
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
    assert publisher.publish() is None
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


# --- lines that are not ours -----------------------------------------------------------------------------------------

FOREIGN = {
    "a line": b'{"status":"rollback_completed","stage":"stage4"}\n',
    "half a line": b'{"status":"rollback_comp',
    "an empty line": b"\n",
    "many": b'{"n":1}\n' * 1000,
    "no text": bytes(range(256)),
}


@pytest.mark.parametrize("foreign", FOREIGN)
def test_what_another_script_appended_is_set_aside_and_publishing_goes_on(
    foreign: str, installation: Installation
) -> None:
    with installation.home.published.open("ab") as stream:
        stream.write(FOREIGN[foreign])
    installation.submit(note(1), actor("noc"))
    assert_published(installation.home)
    (event,) = found(installation)
    assert (event.finding, event.size) == ("appended", len(FOREIGN[foreign]))
    assert event.path == str(installation.home.published)
    assert installation.artefacts.get(event.lines_sha384) == FOREIGN[foreign]
    installation.submit(note(2), actor("noc"))
    assert len(found(installation)) == 1
    assert_published(installation.home)


def test_a_foreign_line_that_stands_where_ours_is_due_is_set_aside(installation: Installation) -> None:
    append(installation)
    with installation.home.published.open("ab") as stream:
        stream.write(FOREIGN["a line"])
    installation.publish()
    assert [event.finding for event in found(installation)] == ["appended"]
    assert_published(installation.home)


def test_foreign_lines_after_a_torn_one_are_kept_with_it(installation: Installation) -> None:
    home = installation.home
    os.truncate(home.published, home.published.stat().st_size - 10)
    torn = home.published.read_bytes().rsplit(b"\n", 1)[1]
    with home.published.open("ab") as stream:
        stream.write(FOREIGN["a line"])
    installation.publish()
    (event,) = found(installation)
    assert installation.artefacts.get(event.lines_sha384) == torn + FOREIGN["a line"]
    assert_published(home)


def test_an_entry_of_ours_that_was_appended_twice_is_foreign(installation: Installation) -> None:
    with installation.home.published.open("ab") as stream:
        stream.write(lines_of(installation.home)[-1] + b"\n")
    installation.publish()
    assert len(found(installation)) == 1
    assert_published(installation.home)


def change(path: Path, at: int) -> bytes:
    """Change one byte in place; gives the file as it was before."""
    data = path.read_bytes()
    with path.open("r+b") as stream:
        stream.seek(at)
        stream.write(bytes([data[at] ^ 1]))
    return data


@pytest.mark.parametrize("place", ["first byte", "first line", "middle", "last line"])
def test_a_byte_that_was_changed_is_found_kept_and_put_right(place: str, installation: Installation) -> None:
    path = installation.home.published
    size = path.stat().st_size
    at = {"first byte": 0, "first line": 60, "middle": size // 2, "last line": size - 60}[place]
    whole = change(path, at)
    changed = path.read_bytes()
    installation.publish()
    (event,) = found(installation)
    assert event.finding == "changed"
    kept = installation.artefacts.get(event.lines_sha384)
    assert changed.endswith(kept)
    assert len(kept) == event.size >= size - at
    assert_published(installation.home)
    assert path.read_bytes().startswith(whole)


@pytest.mark.parametrize("edit", ["cut", "swapped", "doubled", "inserted"])
def test_lines_moved_about_in_the_file_are_found_and_put_right(edit: str, installation: Installation) -> None:
    path = installation.home.published
    lines = path.read_bytes().splitlines(keepends=True)
    changed = {
        "cut": lines[:2] + lines[3:],
        "swapped": [lines[0], lines[2], lines[1], *lines[3:]],
        "doubled": [*lines[:3], *lines[2:]],
        "inserted": [*lines[:2], b'{"n":1}\n', *lines[2:]],
    }[edit]
    path.write_bytes(b"".join(changed))
    installation.publish()
    assert [event.finding for event in found(installation)] == ["changed"]
    assert_published(installation.home)


def test_another_file_in_its_place_is_set_aside_whole(installation: Installation) -> None:
    installation.home.published.write_bytes(b"somebody's own log\n" * 50)
    installation.publish()
    (event,) = found(installation)
    assert installation.artefacts.get(event.lines_sha384) == b"somebody's own log\n" * 50
    assert_published(installation.home)


def test_no_byte_of_a_large_foreign_tail_is_lost(installation: Installation) -> None:
    """What is set aside is all of it: its size and its digest are in the entry."""
    path, size = installation.home.published, 80 * 1024 * 1024
    ours = path.stat().st_size
    os.truncate(path, ours + size)
    installation.publish()
    (event,) = found(installation)
    assert event.size == size
    assert installation.artefacts.path(event.lines_sha384).stat().st_size == size


class Interrupted:
    """The log, while another script appends to the published file just as the publisher does."""

    def __init__(self, log: Log, path: Path) -> None:
        self._log, self._path = log, path

    def __getattr__(self, name: str) -> object:
        return getattr(self._log, name)

    def lines(self, after: int = 0, to: int = 2**62) -> Iterator[bytes]:
        if after:
            with self._path.open("ab") as stream:
                stream.write(FOREIGN["a line"])
        yield from self._log.lines(after, to)


def test_a_foreign_line_that_slips_in_while_publishing_is_found_next_time(installation: Installation) -> None:
    append(installation, 2)
    log = Interrupted(installation.ledger.log, installation.home.published)
    Publisher(installation.home, log, installation.artefacts, installation.ledger.verifier).publish()  # type: ignore[arg-type]
    installation.publish()
    assert len(found(installation)) == 1
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
        installation.submit(note(number), actor("noc"))
    assert installation.ledger.view().size == before + 3
    in_the_way.unlink()
    (installation.home.root / "audit.away").rename(in_the_way)
    installation.submit(note(4), actor("noc"))
    assert_published(installation.home)


def test_a_lock_file_that_cannot_be_had_stops_no_command(installation: Installation) -> None:
    locks = installation.home.locks
    shutil.rmtree(locks)
    locks.write_bytes(b"")
    before = installation.ledger.view().size
    installation.submit(note(), actor("noc"))
    assert installation.ledger.view().size == before + 1


def test_evidence_that_cannot_be_set_aside_is_not_cut(installation: Installation, publisher: Publisher) -> None:
    home = installation.home
    shutil.rmtree(home.artefacts, ignore_errors=True)
    home.artefacts.parent.mkdir(exist_ok=True)
    home.artefacts.write_bytes(b"")
    with home.published.open("ab") as stream:
        stream.write(FOREIGN["a line"])
    before = home.published.read_bytes()
    with pytest.raises(Unreachable):
        publisher.publish()
    assert home.published.read_bytes() == before


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
            assert found(installation) == []
        assert_published(long)


def test_a_reader_never_sees_a_checkpoint_ahead_of_the_lines(home: Home) -> None:
    """Readers take the checkpoint first, then the lines."""
    with opened(home.root) as installation:
        installation.submit(opening(installation), actor("incident_manager"))
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


def test_the_finding_is_an_entry_of_the_ledger_itself(installation: Installation) -> None:
    with installation.home.published.open("ab") as stream:
        stream.write(FOREIGN["a line"])
    installation.publish()
    assert statuses(installation)[-1] == "foreign_lines_found"
    record = records(installation)[-1]
    assert (record.actor, record.rollback) == ("system", "")
    assert found(installation)[0].lines_sha384 == sha384(FOREIGN["a line"])
    assert Artefacts(installation.home.artefacts).has(found(installation)[0].lines_sha384)
    assert len(stored(installation.home)[0]) == len(lines_of(installation.home))
