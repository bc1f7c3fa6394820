"""A store's file with what SQLite keeps beside it: how they look, and a copy of them in a place of its own.

The copy is where a store is read that cannot be read where it is: its place takes no writes and a write-ahead log is to
be read (sqlite.org/wal.html, "Read-Only Databases"), or a journal lies beside it and the unfinished write is to be
undone first (sqlite.org/lockingv3.html, "Hot journals"), which nobody may do who only looks.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple, TypeVar

from ledger.errors import Unreachable
from ledger.said import Said

T = TypeVar("T")
_TIMES: Final = 3
"""How often it is copied again because somebody wrote meanwhile."""
_PATIENCE: Final = 600.0
"""Seconds that a copy may take."""


class Looks(NamedTuple):
    """What changes whenever a store does."""

    path: Path
    """The file itself: beside it, not beside a link to it, SQLite keeps the rest."""
    inode: int
    size: int
    """In bytes."""
    changed: int
    """Nanoseconds."""
    log: int
    """Bytes of the write-ahead log; 0 where there is none."""
    journal: int
    """Bytes of the rollback journal, which is that of an unfinished write; 0 where there is none."""
    times: tuple[int, int]
    """When these two were changed last, in nanoseconds."""


def look(path: Path) -> Looks:
    """How a store looks now; ``Unreachable`` where there is none, or a file is no plain one: it would be waited for."""
    file = Path(os.path.realpath(path))
    try:
        status = os.stat(file)  # noqa: PTH116
    except OSError as error:
        raise Unreachable(
            Said(
                "there is no ledger at {} ({}); make one with: stage4 init, or say where it is with --home DIR",
                path,
                error.strerror,
            )
        ) from error
    _require_plain(path, status)
    (log, logged), (journal, noted) = (_side(Path(f"{file}-{end}")) for end in ("wal", "journal"))
    return Looks(file, status.st_ino, status.st_size, status.st_mtime_ns, log, journal, (logged, noted))


def _side(path: Path) -> tuple[int, int]:
    try:
        status = os.stat(path)  # noqa: PTH116
    except OSError:
        return 0, 0
    _require_plain(path, status)
    return status.st_size, status.st_mtime_ns if status.st_size else 0


def _require_plain(path: Path, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise Unreachable(Said("the store {} is no plain file: nothing is read from it. Put a copy of it back", path))


def read_copy(path: Path, read: Callable[[Path], T]) -> T:
    """What ``read`` makes of a copy in a folder that is this user's alone, gone afterwards.

    ``Unreachable`` where there is no room for one, or the store is written all the time.
    """
    with contextlib.ExitStack() as stack:
        try:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="stage4-", ignore_cleanup_errors=True))
            copy = Path(folder) / "store"
            _copy_one_moment(path, copy)
        except OSError as error:
            raise Unreachable(_cannot(path, error.strerror or str(error))) from error
        return read(copy)


def _cannot(path: Path, why: str) -> str:
    return Said(
        "the store {} cannot be read where it is without a write beside it, nor in a copy: {}. "
        "Set TMPDIR to a folder with room for a copy",
        path,
        why,
    )


def _copy_one_moment(path: Path, copy: Path) -> None:
    for _ in range(_TIMES):
        seen = look(path)
        needed, free = 2 * (seen.size + seen.log + seen.journal), shutil.disk_usage(copy.parent).free
        if free < needed:
            raise Unreachable(_cannot(path, Said("{} has not {} MiB free", copy.parent.parent, needed // 2**20 + 1)))
        for end, size in (("", seen.size), ("-wal", seen.log), ("-journal", seen.journal)):
            Path(f"{copy}{end}").unlink(missing_ok=True)
            if size:
                _copy(f"{seen.path}{end}", f"{copy}{end}")
        if look(path) == seen:
            return
    raise Unreachable(_cannot(path, "it is written all the time"))


def _copy(file: str, copy: str) -> None:
    """By another process: closing the file here would let go of the locks that SQLite holds on it for this one.

    (sqlite.org/howtocorrupt.html, section 2.2.)
    """
    command, environment = ["cp", "--", file, copy], os.environ | {"LC_ALL": "C"}
    try:
        done = subprocess.run(command, capture_output=True, timeout=_PATIENCE, env=environment, check=False)
    except subprocess.TimeoutExpired as error:
        raise OSError(0, Said("it takes more than {} s", f"{_PATIENCE:g}")) from error
    if done.returncode:
        raise OSError(0, done.stderr.decode("utf-8", "replace").strip().rpartition(": ")[2])
    Path(copy).chmod(0o600)
