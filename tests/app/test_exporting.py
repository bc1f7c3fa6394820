"""An export: lines, checkpoint and key that belong together, or nothing."""

from __future__ import annotations

import gzip
import os
import sqlite3
import threading
from pathlib import Path

import pytest

from ledger.app.home.folders import Home
from ledger.app.installation import Installation
from ledger.app.press import Press
from ledger.app.reading.auditing import Given, verify_given
from ledger.app.record import exporting
from ledger.app.record.exporting import export
from ledger.domain.command import SYSTEM
from ledger.domain.people.commands import AddPerson
from ledger.errors import Corrupt, LedgerError, Refused, Unreachable
from ledger.proof.note import parse_verifier


def verified(done: exporting.Exported) -> bool:
    given = Given(str(done.lines), str(done.checkpoint), str(done.verifier_key))
    report = verify_given(given)
    return report.verified and report.entries == done.entries == report.checkpoint_size


def note(installation: Installation, number: int) -> None:
    installation.submit(AddPerson(person=f"p-{number:05}", roles=("noc",)), Press(SYSTEM))


def left(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_a_folder_gets_the_published_names(installation: Installation, home: Home, tmp_path: Path) -> None:
    out = tmp_path / "stick"
    out.mkdir()
    done = export(installation, str(out))
    assert left(out) == {"stage4.jsonl", "stage4.checkpoint", "stage4.vkey"} and verified(done)
    assert done.lines.read_bytes() == home.published.read_bytes()
    assert parse_verifier(done.verifier_key.read_text().strip()) == installation.ledger.verifier
    assert {oct(path.stat().st_mode & 0o777) for path in out.iterdir()} == {"0o644"}
    assert verified(export(installation, f"{tmp_path}/new/one/"))


def test_a_name_is_the_lines(installation: Installation, tmp_path: Path) -> None:
    done = export(installation, str(tmp_path / "e.jsonl"))
    assert (done.lines.name, done.checkpoint.name, done.verifier_key.name) == ("e.jsonl", "e.checkpoint", "e.vkey")
    assert verified(done)


def test_gz_is_packed_and_always_into_the_same_bytes(installation: Installation, home: Home, tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    one, other = export(installation, str(tmp_path / "e.jsonl.gz")), export(installation, str(tmp_path / "b/f.gz"))
    assert one.lines.read_bytes() == other.lines.read_bytes()
    assert gzip.decompress(one.lines.read_bytes()) == home.published.read_bytes()
    assert one.lines.read_bytes()[3:8] == bytes(5)  # RFC 1952: no name (FLG), no time (MTIME)
    assert verified(one) and verified(other)


def test_nothing_is_overwritten_and_nothing_else_is_left(installation: Installation, tmp_path: Path) -> None:
    for taken in ("e.jsonl", "e.checkpoint", "e.vkey"):
        folder = tmp_path / taken.replace(".", "-")
        folder.mkdir()
        (folder / taken).symlink_to("nowhere")
        with pytest.raises(Refused, match=f"{taken} exists; nothing is overwritten"):
            export(installation, str(folder / "e.jsonl"))
        assert left(folder) == {taken}
    with pytest.raises(Refused, match="no name for the checkpoint"):
        export(installation, str(tmp_path / "e.checkpoint"))


def test_where_it_cannot_be_written_it_says_so(installation: Installation, tmp_path: Path) -> None:
    for out in (tmp_path / "none" / "e.jsonl", Path("/proc/e.jsonl")):
        with pytest.raises(Unreachable, match="cannot export to"):
            export(installation, str(out))


@pytest.mark.parametrize("step", range(3))
def test_a_fault_between_the_names_takes_all_of_them_back(
    installation: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    real, calls = os.link, list[str]()

    def failing(source: Path, target: Path, **more: bool) -> None:
        calls.append(str(target))
        if len(calls) > step:
            raise OSError(5, "Input/output error")
        real(source, target, **more)

    monkeypatch.setattr(os, "link", failing)
    out = tmp_path / "out"
    out.mkdir()
    with pytest.raises(Unreachable, match="Input/output error"):
        export(installation, str(out))
    assert left(out) == set()


def test_a_file_system_without_links_is_written_too(
    installation: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refusing(*given: object, **more: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refusing)
    monkeypatch.setattr(os, "fchmod", refusing)
    (tmp_path / "stick").mkdir()
    done = export(installation, str(tmp_path / "stick"))
    assert verified(done) and len(left(tmp_path / "stick")) == 3
    with pytest.raises(Refused, match="exists"):
        export(installation, str(tmp_path / "stick"))


def test_the_checkpoint_gets_its_name_last(
    installation: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, named = os.link, list[str]()

    def watching(source: Path, target: Path, **more: bool) -> None:
        named.append(target.name)
        real(source, target, **more)

    monkeypatch.setattr(os, "link", watching)
    export(installation, str(tmp_path / "e.jsonl"))
    assert named == ["e.jsonl", "e.vkey", "e.checkpoint"]


def test_lines_that_were_changed_in_the_store_are_not_given_out(installation: Installation, tmp_path: Path) -> None:
    with sqlite3.connect(installation.ledger.log.path) as store:
        store.execute("DROP TRIGGER stored_events_no_update")
        store.execute(
            "UPDATE stored_events SET state = CAST(replace(CAST(state AS TEXT), 'system', 'sYstem') AS BLOB) "
            "WHERE originator_version = 2"
        )
    (tmp_path / "out").mkdir()
    with pytest.raises(Corrupt, match="nothing was exported"):
        export(installation, str(tmp_path / "out"))
    assert left(tmp_path / "out") == set()


def test_while_the_ledger_is_written_to_each_pair_belongs_together(installation: Installation, tmp_path: Path) -> None:
    stop = threading.Event()

    def write() -> None:
        number = 0
        while not stop.is_set():
            note(installation, number := number + 1)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        exported = [export(installation, str(tmp_path / f"{number}.jsonl")) for number in range(12)]
    finally:
        stop.set()
        writer.join()
    assert all(map(verified, exported))
    assert len({done.entries for done in exported}) > 1


def test_an_export_writes_nothing_into_the_home(installation: Installation, home: Home, tmp_path: Path) -> None:
    home.published_checkpoint.unlink()
    export(installation, str(tmp_path / "e.jsonl"))
    assert not home.published_checkpoint.exists()


def test_a_ledger_error_is_all_that_comes_out(installation: Installation, tmp_path: Path) -> None:
    for out in ("", "nul\0.jsonl", "x" * 5000):
        with pytest.raises(LedgerError):
            export(installation, out and str(tmp_path / out))
