"""The override's path on a real disk: whatever stands there, afterwards an override stops; removed only when known."""

from __future__ import annotations

import errno
import os
import resource
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from ledger.adapters.override_file import listing, remove
from ledger.digest import sha384
from ledger.domain.facts import FileSeen
from ledger.domain.override_text import format_override
from ledger.domain.standing import why_it_does_not_stop
from ledger.errors import Refused, Unreachable
from ledger.override import LIMIT, Placed, look, manual_way, place, put

from .neighbours import now

TRADING = "multi_strategy"


def override(reason: str = "drawdown", component: str = TRADING, **changes: object) -> bytes:
    fields = {"requested_by": "L2", "ticket": "INC-2042", "written_at": now(), "expires_at": None}
    return format_override(component=component, reason=reason, **fields | changes)  # type: ignore[arg-type]


DATA = override()


def write(path: Path, data: bytes, clock: Callable[[], datetime]) -> FileSeen:
    return place(path, data, TRADING, clock).file


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "overrides" / "multi_strategy_disable.json"


@pytest.fixture(params=[0o000, 0o022, 0o077, 0o777])
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def test_nothing_there_is_absent(path: Path) -> None:
    assert look(path, now).kind == "absent"


def test_a_written_file_is_seen_with_all_that_is_known(path: Path) -> None:
    seen = write(path, DATA, now)
    assert (seen.kind, seen.mode, seen.size, seen.sha384) == ("file", "0600", len(DATA), sha384(DATA))
    assert (seen.content, seen.uid, seen.path) == (DATA, os.geteuid(), str(path))
    assert seen.owner
    assert seen == look(path, lambda: seen.at)


def test_the_mode_is_600_under_any_umask(tmp_path: Path, umask: int) -> None:
    assert write(tmp_path / "x.json", DATA, now).mode == "0600"


def test_the_folder_is_made_for_its_owner_only(path: Path) -> None:
    write(path, DATA, now)
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_the_same_file_delivered_again_is_fine(path: Path) -> None:
    write(path, DATA, now)
    before = path.stat()
    assert write(path, DATA, now).kind == "file"
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert os.listdir(path.parent) == [path.name]


def test_another_good_override_is_the_stop_and_left_alone(path: Path) -> None:
    theirs = override("by hand")
    write(path, theirs, now)
    placed = place(path, DATA, TRADING, now)
    assert (placed.made, placed.file.content, placed.moved_to) == (False, theirs, "")
    assert os.listdir(path.parent) == [path.name]


def in_the_way(what: str, path: Path, tmp_path: Path) -> None:
    """Put something at the path that stops nothing, and make its folder."""
    path.parent.mkdir()
    (tmp_path / "victim").write_bytes(b"precious")
    made = {
        "emptied": lambda: path.write_bytes(b""),
        "garbage": lambda: path.write_bytes(b"\xff{"),
        "another action": lambda: path.write_bytes(DATA.replace(b"disable_multi", b"enable_multi")),
        "another component": lambda: path.write_bytes(override(component="decision_orchestrator")),
        "expired": lambda: path.write_bytes(override(expires_at=now() - timedelta(minutes=1))),
        "no end that can be read": lambda: path.write_bytes(override(expires_at=now()).replace(b"20", b"x0")),
        "too long": lambda: path.write_bytes(b" " * LIMIT + DATA),
        "wrong mode": lambda: path.write_bytes(DATA),
        "link": lambda: path.symlink_to(tmp_path / "victim"),
        "link to nowhere": lambda: path.symlink_to(tmp_path / "nowhere"),
        "link to a folder": lambda: path.symlink_to(tmp_path),
        "folder": lambda: path.mkdir(),
        "full folder": lambda: (path / "deep").mkdir(parents=True),
        "pipe": lambda: os.mkfifo(path),
        "socket": lambda: os.mknod(path, 0o600 | stat.S_IFSOCK),
    }
    made[what]()
    if what == "wrong mode":
        path.chmod(0o644)
    elif path.is_file() and not path.is_symlink():
        path.chmod(0o600)


WAYS = (
    "emptied",
    "garbage",
    "another action",
    "another component",
    "expired",
    "no end that can be read",
    "too long",
    "wrong mode",
    "link",
    "link to nowhere",
    "link to a folder",
    "folder",
    "full folder",
    "pipe",
    "socket",
)


@pytest.mark.parametrize("what", WAYS)
def test_whatever_stands_in_the_way_is_moved_aside_and_an_override_stops(what: str, path: Path, tmp_path: Path) -> None:
    in_the_way(what, path, tmp_path)
    before = os.lstat(path)
    placed = place(path, DATA, TRADING, now)
    assert isinstance(placed, Placed) and placed.made and placed.found is not None
    assert why_it_does_not_stop(placed.file, TRADING, now()) == ""
    aside = os.lstat(placed.moved_to)
    assert (aside.st_ino, stat.S_IFMT(aside.st_mode)) == (before.st_ino, stat.S_IFMT(before.st_mode))
    assert (tmp_path / "victim").read_bytes() == b"precious"
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize("what", WAYS)
def test_the_manual_way_that_is_printed_fits_what_is_there(what: str, path: Path, tmp_path: Path) -> None:
    in_the_way(what, path, tmp_path)
    done = subprocess.run(
        ["sh", "-euc", manual_way(path, DATA)], capture_output=True, text=True, timeout=10, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert why_it_does_not_stop(look(path, now), TRADING, now()) == ""
    assert (tmp_path / "victim").read_bytes() == b"precious"
    assert not (tmp_path / "nowhere").exists()


def test_the_manual_way_makes_the_folder_and_can_be_typed_twice(path: Path) -> None:
    for _ in range(2):
        subprocess.run(["sh", "-euc", manual_way(path, DATA)], timeout=10, check=True)
    assert look(path, now).mode == "0600" and os.listdir(path.parent) == [path.name]


def test_the_manual_way_quotes_a_path_that_a_shell_would_take_apart(tmp_path: Path) -> None:
    path = tmp_path / "it's a $(touch no) folder" / "multi_strategy_disable.json"
    subprocess.run(["sh", "-euc", manual_way(path, DATA)], timeout=10, check=True, cwd=tmp_path)
    assert look(path, now).content == DATA and os.listdir(tmp_path) == [path.parent.name]


def test_exactly_these_bytes_replace_a_good_override_of_somebody_else(path: Path) -> None:
    write(path, override("by hand"), now)
    placed = put(path, DATA, now)
    assert placed.file.content == DATA and Path(placed.moved_to).read_bytes() == override("by hand")


def test_what_is_there_already_is_written_anew_and_never_missing(path: Path) -> None:
    write(path, DATA, now)
    before = path.stat().st_ino
    assert put(path, DATA, now).moved_to == ""
    assert path.stat().st_ino != before and os.listdir(path.parent) == [path.name]


def test_where_the_new_file_cannot_be_written_what_stands_there_stays(small_disk: Path) -> None:
    """A scheduler may stop for garbage: it is not taken away for nothing."""
    path = small_disk / "x.json"
    path.write_bytes(b"garbage")
    with pytest.raises(Unreachable, match="No space left on device"):
        place(path, override("x" * 32_000), TRADING, now)
    assert os.listdir(small_disk) == ["x.json"] and path.read_bytes() == b"garbage"


def test_a_link_is_never_deleted_as_ours(path: Path, tmp_path: Path) -> None:
    in_the_way("link", path, tmp_path)
    assert look(path, now).kind == "link"
    with pytest.raises(Refused, match="not deleted"):
        remove(path, sha384(b"precious"), now)
    assert path.is_symlink()


def test_a_pipe_or_socket_is_other_and_never_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    os.mknod(tmp_path / "socket", 0o600 | stat.S_IFSOCK)
    assert {look(tmp_path / name, now).kind for name in ("pipe", "socket")} == {"other"}


def test_a_file_too_long_for_an_override_is_unreadable(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"x" * (LIMIT + 1))
    seen = look(path, now)
    assert (seen.kind, seen.content, seen.sha384) == ("unreadable", b"", "")
    assert "longer than" in seen.error


@pytest.mark.parametrize("what", ["file", "pipe", "a link to nowhere"])
@pytest.mark.parametrize("where", ["overrides", "."])
def test_what_is_no_folder_where_the_folder_belongs_is_moved_aside(what: str, where: str, tmp_path: Path) -> None:
    folder = tmp_path / "runtime" / "overrides"
    at = folder.parent / where
    at.parent.mkdir(exist_ok=True)
    {
        "file": lambda: at.write_text("x"),
        "pipe": lambda: os.mkfifo(at),
        "a link to nowhere": lambda: at.symlink_to(tmp_path / "gone"),
    }[what]()
    assert not why_it_does_not_stop(write(folder / "o.json", DATA, now), TRADING, now())
    assert [one.name.partition(".replaced-")[0] for one in at.parent.iterdir() if "replaced" in one.name] == [at.name]


@pytest.mark.parametrize("call", ["link", "fsync"])
@pytest.mark.parametrize("there", [b"", b"garbage"])
def test_a_disk_without_links_or_flushing_stops_nothing_from_stopping(
    call: str, there: bytes, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if there:
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(there)

    def fails(*_: object, **__: object) -> None:
        raise OSError(errno.EPERM if call == "link" else errno.EIO, "no")

    monkeypatch.setattr(os, call, fails)
    assert not why_it_does_not_stop(write(path, DATA, now), TRADING, now())
    assert list(path.parent.glob(".*.tmp")) == []


def test_an_error_after_the_file_is_there_is_no_failure(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ledger.files.sync_folder", lambda _: (_ for _ in ()).throw(OSError(errno.EIO, "no")))
    assert not why_it_does_not_stop(write(path, DATA, now), TRADING, now())


def _mounted(folder: Path, options: str) -> bool:
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    return os.geteuid() == 0 and subprocess.run(command, capture_output=True, check=False).returncode == 0


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    if not _mounted(folder, "size=16k"):
        pytest.skip("mounting a small disk is not allowed here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_is_named_and_leaves_nothing_behind(small_disk: Path) -> None:
    with pytest.raises(Unreachable, match="No space left on device"):
        write(small_disk / "x.json", override("x" * 32_000), now)
    assert os.listdir(small_disk) == []


def test_a_read_only_disk_is_named(small_disk: Path) -> None:
    write(small_disk / "x.json", DATA, now)
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    with pytest.raises(Unreachable, match="Read-only file system"):
        write(small_disk / "y.json", DATA, now)
    with pytest.raises(Unreachable, match="cannot be removed: Read-only file system"):
        remove(small_disk / "x.json", sha384(DATA), now)
    assert look(small_disk / "x.json", now).content == DATA


def test_a_limit_on_file_size_is_named_and_leaves_nothing_behind(tmp_path: Path) -> None:
    before, handler = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8, before[1]))
    try:
        with pytest.raises(Unreachable, match="File too large"):
            write(tmp_path / "x.json", DATA, now)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert os.listdir(tmp_path) == []


def test_a_folder_of_somebody_else_is_a_sentence(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can become somebody else")
    tmp_path.chmod(0o755)
    code = f"""
import os, sys
sys.path.insert(0, {str(Path(__file__).parents[2])!r})
from pathlib import Path
from datetime import datetime, UTC
from ledger import override
from ledger.adapters import override_file
from ledger.errors import Unreachable
from ledger.digest import sha384
os.chdir({str(tmp_path)!r}); os.setuid(65534)
for act in (lambda: override.place(Path("x.json"), b"x", "multi_strategy", lambda: datetime.now(UTC)),
            lambda: override_file.remove(Path("y.json"), sha384(b"y"), lambda: datetime.now(UTC))):
    try:
        act()
    except Unreachable as error:
        print(error)
print(override.look(Path("z.json"), lambda: datetime.now(UTC)).kind)
"""
    (tmp_path / "y.json").write_bytes(b"y")
    (tmp_path / "z.json").write_bytes(b"z")
    (tmp_path / "z.json").chmod(0o600)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.count("Permission denied") == 2
    assert done.stdout.endswith("unreadable\n")


def test_what_a_crashed_run_left_is_removed_and_nothing_else(path: Path) -> None:
    path.parent.mkdir()
    stale = path.with_name(f".{path.name}.0123456789ab.tmp")
    other = path.with_name(f".{path.name}.mine.tmp")
    fresh = path.with_name(f".{path.name}.ba9876543210.tmp")
    for left in (stale, other, fresh):
        left.write_bytes(b"half")
    for left in (stale, other):
        os.utime(left, (0, 0))
    write(path, DATA, now)
    assert sorted(os.listdir(path.parent)) == sorted([path.name, other.name, fresh.name])


def test_many_writers_at_once_leave_one_whole_file(path: Path) -> None:
    with ThreadPoolExecutor(16) as pool:
        seen = list(pool.map(lambda _: write(path, DATA, now), range(64)))
    assert {one.content for one in seen} == {DATA}
    assert os.listdir(path.parent) == [path.name]


def test_a_known_file_is_removed_and_seen_absent(path: Path) -> None:
    write(path, DATA, now)
    assert remove(path, sha384(DATA), now).kind == "absent"
    assert not path.exists()


def test_removing_what_is_gone_is_fine(path: Path) -> None:
    assert remove(path, sha384(DATA), now).kind == "absent"


def test_unknown_content_is_never_deleted(path: Path) -> None:
    theirs = override("by hand")
    write(path, theirs, now)
    with pytest.raises(Refused, match="It is not deleted"):
        remove(path, sha384(DATA), now)
    assert path.read_bytes() == theirs


def test_a_folder_is_listed_in_one_line_each(path: Path) -> None:
    write(path, DATA, now)
    (path.parent / "two\nlines").symlink_to("x")
    lines = listing(path.parent).decode().splitlines()
    assert len(lines) == 2
    assert lines[0].startswith(f"-rw------- {len(DATA):>8} 20")
    assert lines[0].endswith(f"+00:00 {path.name}")
    assert lines[1].endswith(r"'two\nlines'")


def test_an_empty_or_missing_folder_is_listed_in_words(tmp_path: Path) -> None:
    assert listing(tmp_path) == b"(empty)\n"
    assert b"No such file" in listing(tmp_path / "gone")


def test_only_the_standard_library_is_needed() -> None:
    modules = "ledger.adapters.override_file, ledger.stop"
    code = f"import sys; import {modules}; print([m for m in sys.modules if 'requests' in m])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
