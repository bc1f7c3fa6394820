"""The override's path: looked at, written, cleared. The stop without the ledger and the adapter share this.

Standard library only, because the stop must work with nothing else installed. Nothing here ever follows a link.
"""

from __future__ import annotations

import contextlib
import errno
import os
import pwd
import re
import secrets
import shlex
import stat
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from ledger import files
from ledger.digest import sha384
from ledger.domain.facts import FileSeen
from ledger.domain.override_text import parse_override
from ledger.domain.standing import MODE, claims, why_it_does_not_stop
from ledger.errors import Unreachable
from ledger.said import Said, joined

LIMIT = 64 * 1024
_MODE = int(MODE, 8)
_STALE_SECONDS = 60
_TRIES = 5
"""How often a name that somebody else takes again and again is cleared before it is given up."""
_RESTLESS = "{path} changes under our hands again and again: find out who else writes there"
Clock = Callable[[], datetime]


class Placed(NamedTuple):
    """What came of putting an override in place."""

    file: FileSeen
    """What is seen there afterwards: an override that stops the component."""
    made: bool
    """Whether it was written now; otherwise a good one stood there already, whoever made it."""
    found: FileSeen | None = None
    """What stood in its way, which was moved aside."""
    moved_to: str = ""
    """Where to."""


def place(path: Path, content: bytes, component: str, clock: Clock, *, anew: bool = False) -> Placed:
    """Have an override that stops ``component`` at ``path``: a good one that is there stays, anything else is replaced.

    What stands in the way (a link, a folder, garbage, another action, a wrong mode) gets another name beside it; it is
    never followed, waited for or deleted, and never gone before the new file is there: a scheduler may stop for less.
    ``anew`` writes the file again although a good one is there. ``Unreachable`` where the folder cannot be written
    (full, read-only, not allowed), or where somebody takes the name again and again.
    """
    try:
        for _ in range(_TRIES):
            _make_way(path.parent, clock)
            files.make_folder(path.parent)
            _sweep(path, clock().timestamp())
            seen = look(path, clock)
            stops = not why_it_does_not_stop(seen, component, clock())
            if stops and not anew:
                return Placed(seen, made=False)
            with contextlib.suppress(FileExistsError, FileNotFoundError):
                moved_to = _put(path, content, seen, clock, keep=not stops)
                obstacle = seen if moved_to else None
                return Placed(look(path, clock), made=True, found=obstacle, moved_to=moved_to)
    except OSError as error:
        return _in_spite_of(error, path, content, component, clock)
    raise Unreachable(_RESTLESS.format(path=path))


def _make_way(folder: Path, clock: Clock) -> None:
    """Move aside what is no folder where one belongs: a file, a pipe, a link that leads nowhere."""
    for at in (folder, *folder.parents):
        if at.is_dir():
            return
        if os.path.lexists(at):
            os.rename(at, _aside(at, clock))


def _in_spite_of(error: OSError, path: Path, content: bytes, component: str, clock: Clock) -> Placed:
    """What stands there in spite of an error, else a second try that needs neither links nor a flush to disk.

    An override that is not flushed stops the scheduler until a power cut.
    """
    seen = look(path, clock)
    if not why_it_does_not_stop(seen, component, clock()):
        return Placed(seen, made=True)
    aside, new = _aside(path, clock), path.with_name(f".{path.name}.{secrets.token_hex(6)}.tmp")
    try:
        files.replace(new, content, _MODE, flush=False)
        if seen.kind != "absent":
            os.rename(path, aside)
        os.rename(new, path)
    except OSError:
        with contextlib.suppress(OSError):
            new.unlink(missing_ok=True)
        raise Unreachable(unwritable(path, error)) from error
    if seen.kind == "absent":
        return Placed(look(path, clock), made=True)
    return Placed(look(path, clock), made=True, found=seen, moved_to=str(aside))


def put(path: Path, content: bytes, clock: Clock) -> Placed:
    """Have exactly these bytes at ``path``, mode 600, written anew; anything else that stands there is kept aside.

    ``Unreachable`` as for :func:`place`.
    """
    try:
        for _ in range(_TRIES):
            files.make_folder(path.parent)
            seen = look(path, clock)
            same = seen.kind == "file" and seen.content == content and seen.mode == MODE
            with contextlib.suppress(FileExistsError, FileNotFoundError):
                moved_to = _put(path, content, seen, clock, keep=not same)
                return Placed(look(path, clock), made=True, found=seen if moved_to else None, moved_to=moved_to)
    except OSError as error:
        raise Unreachable(unwritable(path, error)) from error
    raise Unreachable(_RESTLESS.format(path=path))


def _put(path: Path, content: bytes, seen: FileSeen, clock: Clock, *, keep: bool) -> str:
    """Write the file; the other name of what stood there, or ""."""
    if seen.kind == "absent":
        files.place_exclusive(path, content, _MODE)
        return ""
    if not keep:
        files.replace(path, content, _MODE)
        return ""
    aside = _aside(path, clock)
    files.replace_keeping(path, content, _MODE, aside)
    return str(aside)


def look(path: Path, clock: Clock) -> FileSeen:
    """What is at ``path`` now. Never raises and never follows a link; content only of plain files up to 64 KiB."""
    at = clock()
    try:
        status = os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return FileSeen(str(path), "absent", at)
    except OSError as error:
        return FileSeen(str(path), "unreadable", at, error=reason_of(error))
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
        return _seen(path, "unreadable", status, at, error=reason_of(error))
    if len(content) > LIMIT:
        return _seen(path, "unreadable", status, at, error=Said("longer than {} bytes, which no override is", LIMIT))
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
        changed=datetime.fromtimestamp(status.st_ctime, UTC),
    )


def _owner(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _sweep(path: Path, now: float) -> None:
    """Remove what a crashed run of ours left beside ``path``; never a fresh one, which somebody may be about to link.

    A name is ours where it has the pattern of ``ledger.files``. Failing here must not stop the stop.
    """
    ours = re.compile(rf"\.{re.escape(path.name)}\.[0-9a-f]{{12}}\.tmp")
    with contextlib.suppress(OSError), os.scandir(path.parent) as entries:
        for entry in entries:
            if ours.fullmatch(entry.name) and now - entry.stat(follow_symlinks=False).st_mtime > _STALE_SECONDS:
                Path(entry.path).unlink(missing_ok=True)


def move_aside(path: Path, clock: Clock) -> Path:
    """Rename whatever has the name to ``<name>.replaced-<UTC>`` beside it, so that the name is free; the new path.

    Nothing is deleted or followed. Raises ``Unreachable`` where the folder cannot be changed.
    """
    aside = _aside(path, clock)
    try:
        os.rename(path, aside)
        files.sync_folder(path.parent)
    except OSError as error:
        raise Unreachable(
            Said("{} cannot be moved aside: {}. Check the folder's owner", path, reason_of(error))
        ) from error
    return aside


def _aside(path: Path, clock: Clock) -> Path:
    return path.with_name(f"{path.name}.replaced-{clock():%Y%m%dT%H%M%S%f}")


def unwritable(path: Path, error: OSError) -> str:
    """One sentence: the path, the cause, what to check."""
    return Said(
        "the override {} cannot be written: {}. Check the disk's space, whether it is mounted "
        "read-only, and the folder's owner",
        path,
        reason_of(error),
    )


def describe(seen: FileSeen) -> str:
    """One clause: kind, size, mode, owner, digest and, where it is an override, whose: reason and ticket."""
    if seen.kind == "absent":
        return "nothing is there any more"
    what = {"file": "a plain file", "link": "a symbolic link", "folder": "a folder", "unreadable": "an unreadable file"}
    parts = [
        what.get(seen.kind, "no plain file"),
        Said("{} bytes, mode {}, owner {}", seen.size, seen.mode, seen.owner),
    ]
    parts += [Said("digest {}…", seen.sha384[:23])] if seen.sha384 else []
    parts += [seen.error] if seen.error else []
    if parse_override(seen.content) is not None:
        claimed = claims(seen.content)
        parts += [Said("ticket {}", repr(claimed.ticket))] if claimed.ticket else []
        parts += [Said("reason {}", repr(claimed.reason))] if claimed.reason != "?" else []
    return joined(parts)


def whose(seen: FileSeen) -> str:
    """``by L2 at 2026-11-23T05:27:01Z: latency``: what a good override claims of itself, and when it ends."""
    claimed = claims(seen.content)
    told = "by {} at {}: {}"
    if claimed.ends:
        ends = told + ". IT ENDS AT {}: stop again then"
        return Said(ends, claimed.by, claimed.at, claimed.reason, claimed.ends)
    return Said(told, claimed.by, claimed.at, claimed.reason)


def manual_way(path: Path, content: bytes) -> str:
    """Shell lines for a person where no program can write the file; they fit whatever stands at the path.

    The new file is written beside it and renamed onto it, so that a link there is replaced and not followed and a pipe
    not waited for; a folder, which nothing can be renamed onto, is renamed first.
    """
    name, new = shlex.quote(str(path)), shlex.quote(f"{path}.new")
    lines = [
        "umask 077",
        f"mkdir -p {shlex.quote(str(path.parent))}",
        f"rm -f {new}",
        f"cat > {new} <<'END'",
        content.decode() + "END",
        f"test ! -d {name} || mv -T {name} {shlex.quote(f'{path}.replaced-by-hand')}",
        f"mv -fT {new} {name}",
    ]
    return "\n".join(lines)


def reason_of(error: OSError) -> str:
    """The system's word for what went wrong."""
    return error.strerror or errno.errorcode.get(error.errno or 0, type(error).__name__)
