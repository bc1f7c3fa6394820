"""Files that survive a crash: atomic replace, write-once, bounded read, and locks between processes.

Standard library only, because the stop must work with nothing else installed. Every write is flushed (``fsync``) and so
is its folder, unless the docstring says otherwise.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
import re
import secrets
import stat
import time
from collections.abc import Iterator
from pathlib import Path

from ledger.digest import sha384
from ledger.errors import Corrupt, Unreachable
from ledger.said import Said

_TEMPORARY = re.compile(r"\..+\.[0-9a-f]{12}\.tmp")
"""The names of files that are being written here."""
_STALE = 60.0
"""Seconds after which nobody is writing such a file any more."""
_KINDS = {
    stat.S_IFREG: "file",
    stat.S_IFLNK: "link",
    stat.S_IFDIR: "folder",
    stat.S_IFIFO: "pipe",
    stat.S_IFCHR: "device",
    stat.S_IFBLK: "device",
}


def sync_folder(folder: Path) -> None:
    """Flush a folder's entries to disk, so that a rename or link in it survives a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_folder(folder: Path, mode: int = 0o700) -> Path:
    """Create ``folder`` and its parents with ``mode`` where they are missing; existing ones stay as they are."""
    missing = []
    at = folder
    while not at.exists():
        missing.append(at)
        at = at.parent
    for path in reversed(missing):
        path.mkdir(mode=mode, exist_ok=True)
        made = stat.S_IMODE(path.stat().st_mode)
        if made & mode != mode:
            path.chmod(made | mode)  # the umask must not narrow it
    return folder


def kind_at(path: Path) -> str:
    """What has the name, a link not followed: ``absent``, ``file``, ``link``, ``folder``, ``pipe`` or another word."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return "absent"
    return _KINDS.get(stat.S_IFMT(mode), "something else")


def open_plain(path: Path, flags: int = os.O_RDONLY, mode: int = 0o600) -> int:
    """A descriptor of a plain file. A link is not followed and a pipe not waited for: both are ``OSError``.

    With ``O_CREAT`` the file gets exactly ``mode``, whatever the umask.
    """
    descriptor = os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, mode)
    try:
        _require_plain(descriptor, path)
        if flags & os.O_CREAT:
            set_mode(descriptor, mode)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _require_plain(descriptor: int, path: Path) -> None:
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        raise OSError(errno.EINVAL, "it is no plain file", str(path))


def set_mode(file: Path | int, mode: int) -> None:
    """Give a file exactly these permissions, where they are others and the file is ours."""
    if stat.S_IMODE(os.stat(file).st_mode) != mode:  # noqa: PTH116 (a descriptor too)
        with contextlib.suppress(PermissionError):
            os.chmod(file, mode)  # noqa: PTH101


def _write_temporary(path: Path, data: bytes, mode: int, *, flush: bool) -> Path:
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(6)}.tmp")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(temporary, flags, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            set_mode(stream.fileno(), mode)  # the umask must not widen or narrow it
            stream.write(data)
            stream.flush()
            if flush:
                os.fsync(stream.fileno())
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return temporary


def replace(path: Path, data: bytes, mode: int = 0o644, *, flush: bool = True) -> None:
    """Put ``data`` at ``path`` so that a reader sees the old bytes or the new ones, never a part.

    With ``flush=False`` the content may be lost by a power cut (for files that can be made again).
    """
    temporary = _write_temporary(path, data, mode, flush=flush)
    try:
        os.rename(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    if flush:
        sync_folder(path.parent)


def place_exclusive(path: Path, data: bytes, mode: int = 0o600) -> None:
    """Create ``path`` with ``data`` in one step; raises ``FileExistsError`` where anything has that name already.

    ``link()`` is what makes it exclusive: unlike ``rename()`` it fails when the final name exists, even as a link.
    """
    temporary = _write_temporary(path, data, mode, flush=True)
    try:
        os.link(temporary, path, follow_symlinks=False)
    finally:
        temporary.unlink(missing_ok=True)
    sync_folder(path.parent)


def replace_keeping(path: Path, data: bytes, mode: int, aside: Path) -> None:
    """Put ``data`` at ``path`` and give what stands there, whatever it is, the name ``aside``; never followed.

    The new file is written before anything is moved, and but for a folder the path is never without a file.
    ``FileNotFoundError`` where nothing stands there any more, ``FileExistsError`` where ``aside`` is taken.
    """
    temporary = _write_temporary(path, data, mode, flush=True)
    try:
        if stat.S_ISDIR(os.lstat(path).st_mode):
            os.rename(path, aside)
            os.link(temporary, path, follow_symlinks=False)
        else:
            os.link(path, aside, follow_symlinks=False)
            os.rename(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    sync_folder(path.parent)


def sweep(folder: Path, now: float) -> int:
    """Remove what crashed writers of ours left in a folder, a minute old or more at ``now`` (Unix seconds); how many.

    Fresh ones stay: somebody may be about to rename them. Never fails: what cannot be removed harms nobody.
    """
    gone = 0
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if _TEMPORARY.fullmatch(entry.name) and now - entry.stat(follow_symlinks=False).st_mtime >= _STALE:
                Path(entry.path).unlink(missing_ok=True)
                gone += 1
    return gone


def write_once(path: Path, data: bytes, mode: int = 0o600) -> None:
    """Create ``path``; the same bytes again are fine, others raise ``Corrupt``: what is immutable stays."""
    try:
        place_exclusive(path, data, mode)
    except FileExistsError:
        try:
            found = path.read_bytes()
        except OSError as error:
            raise Corrupt(Said("{} is taken by something that is no file: {}", path, error.strerror)) from error
        if found != data:
            raise Corrupt(
                Said(
                    "{} already holds other bytes: expected {}, found {}. It is never overwritten; move it "
                    "away if it does not belong there.",
                    path,
                    sha384(data),
                    sha384(found),
                )
            ) from None


def read_small(path: Path, limit: int, *, follow: bool = False) -> bytes:
    """The bytes of a plain file of a home, at most ``limit``; ``OSError`` for all else, whose ``strerror`` says why.

    A pipe is not waited for, a device not read, a link not followed unless ``follow`` says so.
    """
    kind = kind_at(Path(os.path.realpath(path)) if follow else path)
    if kind == "folder":
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if kind not in ("file", "absent"):
        raise OSError(errno.EINVAL, Said("it is no plain file ({})", kind), str(path))
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | (0 if follow else os.O_NOFOLLOW))
    with os.fdopen(descriptor, "rb") as stream:
        _require_plain(descriptor, path)  # it may have been exchanged since
        data = stream.read(limit + 1)
    if len(data) > limit:
        raise OSError(errno.EFBIG, Said("it is longer than {} bytes; that is no file of this kind", limit), str(path))
    return data


def read_bounded(path: Path, limit: int) -> bytes:
    """The file's bytes, at most ``limit``; ``Unreachable`` where it is missing, unreadable or longer."""
    try:
        with path.open("rb") as stream:
            data = stream.read(limit + 1)
    except OSError as error:
        raise Unreachable(Said("cannot read {}: {}", path, error.strerror)) from error
    if len(data) > limit:
        raise Unreachable(Said("{} is longer than {} bytes; that is no file of this kind", path, limit))
    return data


def digest_file(path: Path, algorithm: str = "sha384") -> str:
    """``<algorithm>:<hex>`` of a file of any size, read in pieces; any algorithm ``hashlib`` knows."""
    try:
        with path.open("rb") as stream:
            return f"{algorithm}:{hashlib.file_digest(stream, algorithm).hexdigest()}"
    except OSError as error:
        raise Unreachable(Said("cannot read {}: {}", path, error.strerror)) from error


@contextlib.contextmanager
def locked(path: Path, timeout: float = 10.0) -> Iterator[None]:
    """Hold the lock file ``path`` (``flock``, released by the kernel when the process ends).

    Waits up to ``timeout`` seconds, then raises ``Unreachable``.
    """
    descriptor = lock(path, timeout)
    try:
        yield
    finally:
        os.close(descriptor)


def lock(path: Path, timeout: float) -> int:
    """Like :func:`locked`; gives a file descriptor, whose closing lets the lock go."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise Unreachable(Said("the lock file {} cannot be opened: {}", path, error.strerror)) from error
    try:
        flock(descriptor, path, timeout)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def flock(descriptor: int, path: Path, timeout: float = 10.0) -> None:
    """Hold ``flock`` on an open file until it is closed; ``Unreachable`` after ``timeout`` seconds (names ``path``).

    ``Unreachable`` too where there are no file locks, as on some network file systems (flock(2): ENOLCK and others).
    """
    deadline, pause = 0.0, 0.0005
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            deadline = deadline or time.monotonic() + timeout
            if time.monotonic() >= deadline:
                raise Unreachable(Said("{} is held by another process for over {} s", path, f"{timeout:g}")) from None
        except OSError as error:
            raise Unreachable(
                Said(
                    "{} cannot be locked: {}. Without file locks nothing can be written safely: put the home "
                    "on a local disk, not on a network file system",
                    path,
                    error.strerror,
                )
            ) from error
        time.sleep(pause)
        pause = min(pause * 2, 0.01)
