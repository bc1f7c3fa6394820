"""What is in the published files and is not ours: found, kept and put right."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.app.installation import Installation
from ledger.app.press import Press
from ledger.app.record.publish import Publisher
from ledger.digest import sha384
from ledger.errors import Unreachable
from ledger.store.artefacts import Artefacts
from ledger.store.sqlite.log import SQLiteLog

from .builders import (
    actor,
    append,
    assert_published,
    foreign_lines,
    lines_of,
    note,
    records,
    statuses,
    stored,
)

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
    installation.submit(note(1), Press(actor("noc")))
    assert_published(installation.home)
    (event,) = foreign_lines(installation)
    assert (event.finding, event.size) == ("appended", len(FOREIGN[foreign]))
    assert event.path == str(installation.home.published)
    assert installation.artefacts.get(event.lines_sha384) == FOREIGN[foreign]
    installation.submit(note(2), Press(actor("noc")))
    assert len(foreign_lines(installation)) == 1
    assert_published(installation.home)


def test_a_foreign_line_that_stands_where_ours_is_due_is_set_aside(installation: Installation) -> None:
    append(installation)
    with installation.home.published.open("ab") as stream:
        stream.write(FOREIGN["a line"])
    installation.publish()
    assert [event.finding for event in foreign_lines(installation)] == ["appended"]
    assert_published(installation.home)


def test_foreign_lines_after_a_torn_one_are_kept_with_it(installation: Installation) -> None:
    home = installation.home
    os.truncate(home.published, home.published.stat().st_size - 10)
    torn = home.published.read_bytes().rsplit(b"\n", 1)[1]
    with home.published.open("ab") as stream:
        stream.write(FOREIGN["a line"])
    installation.publish()
    (event,) = foreign_lines(installation)
    assert installation.artefacts.get(event.lines_sha384) == torn + FOREIGN["a line"]
    assert_published(home)


def test_an_entry_of_ours_that_was_appended_twice_is_foreign(installation: Installation) -> None:
    with installation.home.published.open("ab") as stream:
        stream.write(lines_of(installation.home)[-1] + b"\n")
    installation.publish()
    assert len(foreign_lines(installation)) == 1
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
    (event,) = foreign_lines(installation)
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
    assert [event.finding for event in foreign_lines(installation)] == ["changed"]
    assert_published(installation.home)


def test_another_file_in_its_place_is_set_aside_whole(installation: Installation) -> None:
    installation.home.published.write_bytes(b"somebody's own log\n" * 50)
    installation.publish()
    (event,) = foreign_lines(installation)
    assert installation.artefacts.get(event.lines_sha384) == b"somebody's own log\n" * 50
    assert_published(installation.home)


def test_no_byte_of_a_large_foreign_tail_is_lost(installation: Installation) -> None:
    """What is set aside is all of it: its size and its digest are in the entry."""
    path, size = installation.home.published, 80 * 1024 * 1024
    ours = path.stat().st_size
    os.truncate(path, ours + size)
    installation.publish()
    (event,) = foreign_lines(installation)
    assert event.size == size
    assert installation.artefacts.path(event.lines_sha384).stat().st_size == size


class Interrupted:
    """The log, while another script appends to the published file just as the publisher does."""

    def __init__(self, log: SQLiteLog, path: Path) -> None:
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
    publisher = installation.publisher
    publisher._log = Interrupted(installation.ledger.log, installation.home.published)  # type: ignore[assignment]
    publisher.publish()
    publisher._log = installation.ledger.log
    installation.publish()
    assert len(foreign_lines(installation)) == 1
    assert_published(installation.home)


def test_the_finding_is_an_entry_of_the_ledger_itself(installation: Installation) -> None:
    with installation.home.published.open("ab") as stream:
        stream.write(FOREIGN["a line"])
    installation.publish()
    assert statuses(installation)[-1] == "foreign_lines_found"
    record = records(installation)[-1]
    assert (record.actor, record.rollback) == ("system", "")
    assert foreign_lines(installation)[0].lines_sha384 == sha384(FOREIGN["a line"])
    assert Artefacts(installation.home.artefacts).has(foreign_lines(installation)[0].lines_sha384)
    assert len(stored(installation.home)[0]) == len(lines_of(installation.home))


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
