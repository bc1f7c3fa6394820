"""Artefacts: named by what they hold, stored once, and found out when changed."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from ledger.digest import sha384
from ledger.errors import Corrupt, Refused, Unreachable
from ledger.store.artefacts import Artefacts

GOOD = "sha384:" + "a" * 96


@pytest.fixture
def artefacts(tmp_path: Path) -> Artefacts:
    return Artefacts(tmp_path / "artefacts" / "sha384")


@pytest.mark.parametrize("data", [b"", b"evidence", bytes(range(256)) * 4096])
def test_what_is_put_comes_back_under_its_digest(artefacts: Artefacts, data: bytes) -> None:
    name = artefacts.put(data)
    assert name == sha384(data)
    assert artefacts.get(name) == data
    assert artefacts.has(name)


def test_the_same_bytes_twice_are_one_file_that_is_not_touched(artefacts: Artefacts) -> None:
    name = artefacts.put(b"evidence")
    before = artefacts.path(name).stat()
    assert artefacts.put(b"evidence") == name
    after = artefacts.path(name).stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)
    assert len([file for file in artefacts.folder.rglob("*") if file.is_file()]) == 1


def test_artefacts_are_for_their_owner_alone(artefacts: Artefacts) -> None:
    path = artefacts.path(artefacts.put(b"evidence"))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize("changed", [b"evidencf", b"evidence ", b"evidenc", b""])
def test_changed_bytes_are_corrupt_and_both_digests_are_named(artefacts: Artefacts, changed: bytes) -> None:
    name = artefacts.put(b"evidence")
    artefacts.path(name).write_bytes(changed)
    with pytest.raises(Corrupt) as caught:
        artefacts.get(name)
    assert name in str(caught.value)
    assert sha384(changed) in str(caught.value)


def test_storing_bytes_again_whose_file_was_changed_does_not_pass_in_silence(artefacts: Artefacts) -> None:
    """The entry that is about to name them would name evidence that nobody can show."""
    name = artefacts.put(b"evidence")
    artefacts.path(name).write_bytes(b"other")
    with pytest.raises(Corrupt):
        artefacts.put(b"evidence")


@pytest.mark.parametrize("size", [0, 5, 3 * 1024 * 1024])
def test_the_end_of_a_file_is_stored_like_any_bytes(artefacts: Artefacts, tmp_path: Path, size: int) -> None:
    (tmp_path / "log").write_bytes(b"ours\n" + b"x" * size)
    name = artefacts.put_part(tmp_path / "log", 5)
    assert artefacts.get(name) == b"x" * size
    assert name == artefacts.put(b"x" * size) == artefacts.put_part(tmp_path / "log", 5)
    assert stat.S_IMODE(artefacts.path(name).stat().st_mode) == 0o600
    assert [file for file in artefacts.folder.rglob("*") if file.is_file()] == [artefacts.path(name)]


def test_the_end_of_a_file_whose_artefact_was_changed_does_not_pass_in_silence(
    artefacts: Artefacts, tmp_path: Path
) -> None:
    (tmp_path / "log").write_bytes(b"evidence")
    artefacts.path(artefacts.put_part(tmp_path / "log", 0)).write_bytes(b"other")
    with pytest.raises(Corrupt):
        artefacts.put_part(tmp_path / "log", 0)


def test_a_missing_artefact_is_unreachable_and_named(artefacts: Artefacts) -> None:
    assert not artefacts.has(GOOD)
    with pytest.raises(Unreachable, match=GOOD):
        artefacts.get(GOOD)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "sha384:",
        "../../etc/passwd",
        "sha384:../../../etc/passwd",
        "sha384:" + "../" * 32,
        "sha384:" + "a" * 95,
        "sha384:" + "a" * 97,
        "sha384:" + "A" * 96,
        "sha384:" + "a" * 95 + "/",
        "sha384:" + "a" * 96 + "\n",
        "sha256:" + "a" * 64,
        "a" * 96,
        " " + GOOD,
        "/" + GOOD,
    ],
)
def test_a_name_of_another_form_is_refused(artefacts: Artefacts, name: str) -> None:
    for use in (artefacts.path, artefacts.get, artefacts.has):
        with pytest.raises(Refused, match="sha384:<96 hex digits>"):
            use(name)


def test_a_folder_that_cannot_be_made_is_unreachable(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(Unreachable, match="cannot store an artefact"):
        Artefacts(tmp_path / "file" / "artefacts").put(b"evidence")
