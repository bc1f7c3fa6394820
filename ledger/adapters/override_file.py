"""The override file that stops the scheduler: looked at, written once, removed only when its bytes are the known ones.

Standard library only, because the stop must work with nothing else installed.
"""

from __future__ import annotations

import contextlib
import json
import os
import pwd
import re
import stat
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from ledger import files
from ledger.digest import sha384
from ledger.domain.facts import FileSeen
from ledger.errors import Refused, Unreachable

LIMIT = 64 * 1024
_MODE = 0o600
_STALE_SECONDS = 60
Clock = Callable[[], datetime]


def look(path: Path, clock: Clock) -> FileSeen:
    """What is at ``path`` now. Never raises and never follows a link; content only of plain files up to 64 KiB."""
    at = clock()
    try:
        status = os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return FileSeen(str(path), "absent", at)
    except OSError as error:
        return FileSeen(str(path), "unreadable", at, error=_reason(error))
    if stat.S_ISREG(status.st_mode):
        return _look_inside(path, status, at)
    kind = "link" if stat.S_ISLNK(status.st_mode) else "folder" if stat.S_ISDIR(status.st_mode) else "other"
    return _seen(path, kind, status, at)


def _look_inside(path: Path, status: os.stat_result, at: datetime) -> FileSeen:
    try:
        status, content = _read(path)
    except FileNotFoundError:
        return FileSeen(str(path), "absent", at)
    except OSError as error:
        return _seen(path, "unreadable", status, at, error=_reason(error))
    if len(content) > LIMIT:
        return _seen(path, "unreadable", status, at, error=f"longer than {LIMIT} bytes, which no override is")
    return _seen(path, "file", status, at, content=content)


def _read(path: Path) -> tuple[os.stat_result, bytes]:
    """Status and bytes through one descriptor, so that both are of the same file."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as stream:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(0, "it was exchanged while being read")
        return status, stream.read(LIMIT + 1)


def _seen(
    path: Path, kind: str, status: os.stat_result, at: datetime, content: bytes = b"", error: str = ""
) -> FileSeen:
    return FileSeen(
        path=str(path),
        kind=kind,  # type: ignore[arg-type]
        at=at,
        sha384=sha384(content) if kind == "file" else "",
        size=status.st_size,
        mode=f"{stat.S_IMODE(status.st_mode):04o}",
        uid=status.st_uid,
        owner=_owner(status.st_uid),
        content=content,
        error=error,
    )


def _owner(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def write(path: Path, data: bytes, clock: Clock) -> FileSeen:
    """Create ``path`` with ``data``, mode 0600, in one step, flushed; gives what is seen there afterwards.

    The same bytes with mode 0600 already there are fine (a redelivery). Raises ``Refused`` where anything else has the
    name, naming it; ``Unreachable`` where the folder cannot be written (full, read-only, not allowed).
    """
    try:
        files.make_folder(path.parent)
        _sweep(path, clock().timestamp())
        _place(path, data)
    except OSError as error:
        raise Unreachable(_unwritable(path, error)) from error
    seen = look(path, clock)
    if seen.kind == "file" and seen.content == data and seen.mode == f"{_MODE:04o}":
        return seen
    raise Refused(f"{path} is taken: {describe(seen)}. It is not overwritten; adopt it or move it away.")


def _place(path: Path, data: bytes) -> None:
    try:
        files.place_exclusive(path, data, _MODE)
    except FileExistsError:
        if not os.path.lexists(path):
            raise  # it was some other name, or it went again at once: not written, and not to be judged as taken


def _sweep(path: Path, now: float) -> None:
    """Remove what a crashed run of ours left beside ``path``; never a fresh one, which somebody may be about to link.

    A name is ours where it has the pattern of ``ledger.files``. Failing here must not stop the stop.
    """
    ours = re.compile(rf"\.{re.escape(path.name)}\.[0-9a-f]{{12}}\.tmp")
    with contextlib.suppress(OSError), os.scandir(path.parent) as entries:
        for entry in entries:
            if ours.fullmatch(entry.name) and now - entry.stat(follow_symlinks=False).st_mtime > _STALE_SECONDS:
                Path(entry.path).unlink(missing_ok=True)


def _unwritable(path: Path, error: OSError) -> str:
    return (
        f"the override {path} cannot be written: {_reason(error)}. Check the disk's space, whether it is mounted "
        "read-only, and the folder's owner"
    )


def remove(path: Path, expected_sha384: str, clock: Clock) -> FileSeen:
    """Delete ``path`` where its bytes have the expected digest; gives what is seen there afterwards (``absent``).

    Gone already is fine. Raises ``Refused`` where something else is there (unknown content is never deleted),
    ``Unreachable`` where it cannot be deleted.
    """
    seen = look(path, clock)
    if seen.kind == "absent":
        return seen
    if seen.kind != "file" or seen.sha384 != expected_sha384:
        raise Refused(
            f"{path} is not the override that was declared ({expected_sha384[:23]}…): {describe(seen)}. "
            "It is not deleted."
        )
    try:
        path.unlink(missing_ok=True)
        files.sync_folder(path.parent)
    except OSError as error:
        raise Unreachable(
            f"the override {path} cannot be removed: {_reason(error)}. Check the folder's owner"
        ) from error
    return look(path, clock)


def move_aside(path: Path, clock: Clock) -> Path:
    """Rename whatever has the name to ``<name>.replaced-<UTC>`` beside it, so that the name is free; the new path.

    Nothing is deleted or followed. Raises ``Unreachable`` where the folder cannot be changed.
    """
    aside = path.with_name(f"{path.name}.replaced-{clock():%Y%m%dT%H%M%S%f}")
    try:
        os.rename(path, aside)
        files.sync_folder(path.parent)
    except OSError as error:
        raise Unreachable(f"{path} cannot be moved aside: {_reason(error)}. Check the folder's owner") from error
    return aside


def listing(folder: Path) -> bytes:
    """UTF-8 text, one line per entry of ``folder`` by name: mode, size, time of change (UTC) and name. Never raises."""
    try:
        with os.scandir(folder) as entries:
            names = sorted(entry.name for entry in entries)
    except OSError as error:
        return f"{folder}: {_reason(error)}\n".encode()
    lines = [_line(folder, name) for name in names]
    return "".join(lines or ["(empty)\n"]).encode("utf-8", "backslashreplace")


def _line(folder: Path, name: str) -> str:
    shown = name if name.isprintable() else repr(name)
    try:
        status = os.lstat(folder / name)
    except OSError as error:
        return f"{_reason(error)} {shown}\n"
    changed = datetime.fromtimestamp(status.st_mtime, UTC).isoformat(timespec="seconds")
    return f"{stat.filemode(status.st_mode)} {status.st_size:>8} {changed} {shown}\n"


def describe(seen: FileSeen) -> str:
    """One clause: kind, size, mode, owner, digest and, where it is an override, whose: reason and ticket."""
    if seen.kind == "absent":
        return "nothing is there any more"
    what = {"file": "a plain file", "link": "a symbolic link", "folder": "a folder", "unreadable": "an unreadable file"}
    parts = [what.get(seen.kind, "no plain file"), f"{seen.size} bytes, mode {seen.mode}, owner {seen.owner}"]
    parts += [f"digest {seen.sha384[:23]}…"] if seen.sha384 else []
    parts += [seen.error] if seen.error else []
    return ", ".join(parts + _claims(seen.content))


def _claims(content: bytes) -> list[str]:
    try:
        page = json.loads(content)
        return [f"{name} {str(page[name])[:80]!r}" for name in ("ticket", "reason") if page.get(name)]
    except (ValueError, AttributeError, RecursionError):
        return []


def _reason(error: OSError) -> str:
    return error.strerror or type(error).__name__
