"""What was published proves that a store is older: nothing is written then, whatever the checkpoint file looks like."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from ledger.app.doctor.examine import examine
from ledger.app.home.folders import Home
from ledger.app.installation import Installation, opened
from ledger.app.press import Press
from ledger.app.reading.condition import condition
from ledger.app.record.exporting import export
from ledger.errors import Corrupt, LedgerError

from .builders import actor, ask, assert_published, foreign_lines, note, stored


def crlf(data: bytes) -> bytes:
    return data.replace(b"\n", b"\r\n")


Look = Callable[[Path], object]
CHECKPOINTS: dict[str, Look] = {
    "as it was": lambda path: None,
    "missing": Path.unlink,
    "empty": lambda path: path.write_bytes(b""),
    "converted line ends": lambda path: path.write_bytes(crlf(path.read_bytes())),
    "with a byte order mark": lambda path: path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes()),
    "garbage": lambda path: path.write_bytes(b"\x00\xff" * 40),
    "a merge conflict": lambda path: path.write_bytes(b"<<<<<<< HEAD\n" + path.read_bytes()),
    "cut in the middle": lambda path: path.write_bytes(path.read_bytes()[:50]),
    "a folder": lambda path: (path.unlink(), path.mkdir()),
    "a link to nothing": lambda path: (path.unlink(), path.symlink_to("nowhere")),
}
LINES: dict[str, Look] = {
    "as they were": lambda path: None,
    "converted line ends": lambda path: path.write_bytes(crlf(path.read_bytes())),
    "torn at the end": lambda path: path.write_bytes(path.read_bytes()[:-20]),
    "foreign lines before": lambda path: path.write_bytes(b'{"n":1}\n' + path.read_bytes()),
    "foreign lines after": lambda path: path.write_bytes(path.read_bytes() + b'{"n":1}\n' * 3),
    "the newest line alone": lambda path: path.write_bytes(path.read_bytes().splitlines(keepends=True)[-1]),
}


def add(root: Path, *numbers: int) -> None:
    with opened(root) as installation:
        for number in numbers:
            installation.submit(note(number), Press(actor("noc")))


def tree(root: Path) -> dict[str, bytes]:
    """Every file but what SQLite leaves beside a database and the locks."""
    return {
        str(path): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file()
        and not path.is_symlink()
        and path.suffix != ".lock"
        and not path.name.endswith(("-shm", "-wal"))
    }


@pytest.fixture
def restored(root: Path, tmp_path: Path) -> Home:
    """Three entries after a backup of ``var``; then the backup is put back beside the newer published files."""
    shutil.copytree(root / "var", tmp_path / "backup")
    add(root, 1, 2, 3)
    shutil.rmtree(root / "var")
    shutil.copytree(tmp_path / "backup", root / "var")
    return Home(root)


def refuses(home: Home) -> str:
    """What is said; nothing is written anywhere."""
    before, rows = tree(home.root / "audit"), stored(home)
    for _ in range(2):  # not once only
        with pytest.raises(Corrupt) as caught, opened(home.root) as installation:
            installation.submit(note(9), Press(actor("noc")))
    with pytest.raises(Corrupt), opened(home.root) as installation:
        installation.publish()
    assert stored(home) == rows
    assert tree(home.root / "audit") == before
    return str(caught.value)


@pytest.mark.parametrize("lines", LINES)
@pytest.mark.parametrize("checkpoint", CHECKPOINTS)
def test_a_restored_store_refuses_beside_newer_lines(checkpoint: str, lines: str, restored: Home) -> None:
    CHECKPOINTS[checkpoint](restored.published_checkpoint)
    LINES[lines](restored.published)
    said = refuses(restored)
    assert "is behind" in said
    assert "docs/recovery.md" in said


@pytest.mark.parametrize("checkpoint", CHECKPOINTS)
def test_looking_at_it_changes_nothing_and_says_so(checkpoint: str, restored: Home, tmp_path: Path) -> None:
    CHECKPOINTS[checkpoint](restored.published_checkpoint)
    before = tree(restored.root)
    crosses = [check.found for check in examine(restored.root) if check.state == "problem"]
    assert any("is behind" in found for found in crosses), crosses
    with opened(restored.root) as installation:
        assert "is behind" in condition(installation, settled=True).behind
        installation.ledger.view()  # it can be read
        with pytest.raises(Corrupt, match="behind"):
            export(installation, str(tmp_path / "x.jsonl"))
    assert tree(restored.root) == before
    assert not (tmp_path / "x.jsonl").exists()


def test_only_the_published_checkpoint_is_left(restored: Home) -> None:
    restored.published.unlink()
    assert "is behind" in refuses(restored)


def test_a_state_file_that_was_restored_with_it_or_not_is_the_same(restored: Home) -> None:
    restored.published_checkpoint.unlink()
    restored.published_state.unlink()
    assert "is behind" in refuses(restored)


def test_only_the_database_was_put_back(root: Path, tmp_path: Path) -> None:
    """What the publisher noted down is the newer one's, and the files are exactly as it says."""
    home = Home(root)
    shutil.copy(home.store, tmp_path / "old")
    add(root, 1, 2, 3)
    shutil.copy(tmp_path / "old", home.store)
    home.published_checkpoint.unlink()
    assert "is behind" in refuses(home)


@pytest.mark.parametrize("checkpoint", CHECKPOINTS)
def test_a_second_history_is_named_so(checkpoint: str, restored: Home) -> None:
    """The restored copy took entries before, by other ways than ours: both histories have the same length."""
    CHECKPOINTS[checkpoint](restored.published_checkpoint)
    with opened(restored.root) as installation:
        for number in range(4):
            installation.ledger.submit(ask(installation, "l2_ops", note(10 + number)))
    assert "another history" in refuses(restored)


def test_a_running_ledger_sees_newer_lines_that_are_put_beside_it(root: Path, tmp_path: Path) -> None:
    home = Home(root)
    copy = Path(shutil.copytree(root, tmp_path / "copy"))
    add(copy, 1, 2)
    with opened(root) as installation:
        installation.submit(note(5), Press(actor("noc")))
        home.published_checkpoint.unlink()
        home.published.write_bytes(Home(copy).published.read_bytes())
        with pytest.raises(Corrupt, match="another history"):
            installation.submit(note(6), Press(actor("noc")))


def test_lines_that_only_look_like_ours_stop_nothing(installation: Installation) -> None:
    """Whoever has no key can make no line that proves anything."""
    home = installation.home
    page = json.loads(home.published.read_bytes().splitlines()[-1])
    page["chain"]["sequence"] += 1
    forged = json.dumps(page, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    with home.published.open("ab") as stream:
        stream.write(forged + b"\n")
    installation.submit(note(1), Press(actor("noc")))
    assert [event.finding for event in foreign_lines(installation)] == ["appended"]
    assert_published(home)


# --- all of it is in the store: only the files are spoiled -----------------------------------------------------------


@pytest.mark.parametrize("checkpoint", ["converted line ends", "garbage", "a merge conflict", "cut in the middle"])
def test_a_checkpoint_that_is_only_unreadable_is_set_aside_made_again_and_said(
    checkpoint: str, installation: Installation
) -> None:
    path = installation.home.published_checkpoint
    CHECKPOINTS[checkpoint](path)
    spoiled = path.read_bytes()
    installation.submit(note(1), Press(actor("noc")))
    (event,) = foreign_lines(installation)
    assert (event.path, event.finding, event.size) == (str(path), "changed", len(spoiled))
    assert installation.artefacts.get(event.lines_sha384) == spoiled
    assert_published(installation.home)


@pytest.mark.parametrize("checkpoint", ["missing", "empty"])
def test_a_checkpoint_that_is_gone_is_made_again_without_a_word(checkpoint: str, installation: Installation) -> None:
    CHECKPOINTS[checkpoint](installation.home.published_checkpoint)
    installation.submit(note(1), Press(actor("noc")))
    assert foreign_lines(installation) == []
    assert_published(installation.home)


def test_lines_whose_ends_were_converted_are_set_aside_once(installation: Installation) -> None:
    path = installation.home.published
    path.write_bytes(crlf(path.read_bytes()))
    installation.submit(note(1), Press(actor("noc")))
    installation.submit(note(2), Press(actor("noc")))
    assert [event.finding for event in foreign_lines(installation)] == ["changed"]
    assert_published(installation.home)


def test_a_strangers_checkpoint_and_key_are_kept_as_artefacts(installation: Installation, tmp_path: Path) -> None:
    home = installation.home
    checkpoint = b"other.invalid/log\n3\n" + b"A" * 43 + b"=\n\n\xe2\x80\x94 other.invalid/log AAAA\n"
    home.published_checkpoint.write_bytes(checkpoint)
    home.published_key.write_bytes(b"other.invalid/log+00000000+AAAA\n")
    installation.submit(note(1), Press(actor("noc")))
    kept = {event.path: installation.artefacts.get(event.lines_sha384) for event in foreign_lines(installation)}
    assert kept == {
        str(home.published_checkpoint): checkpoint,
        str(home.published_key): b"other.invalid/log+00000000+AAAA\n",
    }
    assert_published(home)


def test_what_was_set_aside_is_said_although_the_checkpoint_cannot_follow(installation: Installation) -> None:
    home = installation.home
    with home.published.open("ab") as stream:
        stream.write(b"foreign\n")
    CHECKPOINTS["a folder"](home.published_checkpoint)
    with pytest.raises(LedgerError):
        installation.publish()
    assert [event.size for event in foreign_lines(installation)] == [8]


def test_doctor_names_what_is_not_ours_and_leaves_it(installation: Installation) -> None:
    with installation.home.published.open("ab") as stream:
        stream.write(b"foreign\n")
    before = tree(installation.home.root)
    (check,) = [check for check in examine(installation.home.root) if check.name == "published"]
    assert (check.state, check.found[:7]) == ("problem", "8 bytes")
    assert tree(installation.home.root) == before


# --- git -------------------------------------------------------------------------------------------------------------


def git(folder: Path, *command: str) -> None:
    identity = ("-c", "user.email=a@b.invalid", "-c", "user.name=a")
    subprocess.run(["git", *identity, *command], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def committed(root: Path, tmp_path: Path) -> Path:
    """The field case: last night's ``var`` is in a backup, the newest published files are in git."""
    shutil.copytree(root / "var", tmp_path / "backup" / "var")
    add(root, 1, 2, 3)
    git(root, "init", "-q", ".")
    (root / ".gitignore").write_text("var/\n")
    return root


def clone(source: Path, tmp_path: Path) -> Home:
    git(source, "add", "-A")
    git(source, "commit", "-qm", "evidence")
    git(tmp_path, "clone", "-q", "-c", "core.autocrlf=true", str(source), "clone")
    shutil.copytree(tmp_path / "backup" / "var", tmp_path / "clone" / "var")
    return Home(tmp_path / "clone")


def test_a_clone_that_converts_line_ends_and_an_old_backup_never_fork(committed: Path, tmp_path: Path) -> None:
    (committed / ".gitattributes").unlink(missing_ok=True)
    home = clone(committed, tmp_path)
    assert b"\r\n" in home.published_checkpoint.read_bytes()
    assert "is behind" in refuses(home)


def test_what_init_writes_keeps_git_from_converting(committed: Path, tmp_path: Path) -> None:
    home = clone(committed, tmp_path)
    for path in (home.published, home.published_checkpoint, home.published_key):
        assert path.read_bytes() == (committed / path.relative_to(home.root)).read_bytes()
    assert "is behind" in refuses(home)


# --- what it costs ---------------------------------------------------------------------------------------------------


def test_an_ordinary_write_reads_no_file_again(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor where several processes take turns: each finds the files as a publisher left them."""

    def never(*given: object) -> object:
        pytest.fail("the whole published file was read")

    with opened(root) as one, opened(root) as other:
        one.publish()
        monkeypatch.setattr("ledger.app.record.witness.scan", never)
        for number in range(3):
            one.submit(note(number), Press(actor("noc")))
            other.submit(note(10 + number), Press(actor("noc")))
            condition(one, settled=True)
        assert one.publication.why == other.publication.why == ""
    assert_published(Home(root))


def test_a_file_that_nobody_mends_is_read_once(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    with installation.home.published.open("ab") as stream:
        stream.write(b"foreign\n")
    assert list(condition(installation)) == []
    monkeypatch.setattr("ledger.app.record.witness.scan", lambda *_: pytest.fail("it was read again"))
    for _ in range(3):
        condition(installation)
