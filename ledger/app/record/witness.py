"""The published files as a witness of the store: whether it continues them. Changes nothing.

A store that was restored from an old copy must not go on: it would sign a second history with the same keys. What was
published last is the nearest thing that can tell.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from ledger.app.home.folders import Home
from ledger.app.record.published import Scan, own_checkpoint, read_plain, scan, stated
from ledger.errors import Corrupt, Unreachable
from ledger.files import kind_at
from ledger.proof.note import Verifier
from ledger.said import Said
from ledger.store.contract import Locks, Log

_PATIENCE = 0.5
"""Seconds that a look before writing waits for a publisher who is at work."""
_MOMENTS = (0.01, 0.03)
"""Seconds that a reader gives a publisher between its lines and its checkpoint, before the whole file is read."""


class Left(NamedTuple):
    """What the publisher left behind: lines published, and how the file looked. Untouched means: the same still."""

    lines: int
    size: int
    inode: int
    modified: int
    """Nanoseconds."""


class Witness:
    """What the published files of one ledger say of its store. Thread-safe."""

    def __init__(self, home: Home, log: Log, locks: Locks, verifier: Verifier, check: Callable[[bytes], None]) -> None:
        """``check`` raises ``Corrupt`` where a line is not signed by this ledger."""
        self._locks = locks
        self._lines, self._checkpoint, self._state = (
            home.published,
            home.published_checkpoint,
            home.published_state,
        )
        self._log = log
        self._verifier = verifier
        self._check = check
        self._well: tuple[object, ...] | None = None
        """How the files looked when the store was last seen to continue them."""
        self._ours: tuple[object, ...] | None = None
        """How this process left them."""
        self._ill: tuple[object, ...] | None = None
        """How they looked when it was last seen not to."""
        self._scanned: tuple[Left, Scan] | None = None

    def content(self, *, ours: bool = False) -> None:
        """The store continues the files as they are now. ``ours``: they are exactly as this process left them."""
        self._well = self._looks()
        if ours:
            self._ours = self._well

    def compare(self, *, wait: bool = True) -> None:
        """``Corrupt`` where the store does not continue what was published: it is behind, or it is another history.

        Every published checkpoint is one that the store kept, so the one published last must be found there; and every
        published line that this ledger signed must be the store's. Cheap while the files are as they were at the last
        look or as the publisher left them; otherwise the whole file is read, with ``wait`` after whoever publishes.
        """
        for pause in (0.0,) if wait else (0.0, *_MOMENTS):
            if pause:
                time.sleep(pause)
            looks = self._looks()
            if looks == self._well or self._follows():
                self._well = looks
                return
            if looks == self._ill:
                break
        with contextlib.ExitStack() as held:
            if wait:
                with contextlib.suppress(Unreachable):
                    held.enter_context(self._locks.hold("publish", _PATIENCE))
            looks = self._looks()
            try:
                self._require_continued()
            except Corrupt:
                self._ill = looks
                raise
        self._well = looks

    def require(self) -> bool:
        """Like :meth:`compare`, for a publisher who holds the lock; whether both files are as a publisher left them."""
        looks = self._looks()
        if (looks == self._ours and looks[0] is not None) or self._follows():
            return True
        if looks != self._well:
            self._require_continued()
        return False

    def lag(self) -> int:
        """How many entries of the store the published files do not have or, signed by no checkpoint, only as lines."""
        left, size = self.recorded(), self._log.size()
        if left is None or kind_at(self._lines) != "file":
            return size
        try:
            signed = stated(read_plain(self._checkpoint) or b"").size
        except (OSError, Corrupt):
            signed = 0
        return max(0, size - min(left.lines, signed))

    def _looks(self) -> tuple[object, ...]:
        """How the lines and the checkpoint look; None in the place of what cannot be had."""
        return seen(self._lines), seen(self._checkpoint)

    def _follows(self) -> bool:
        """Whether the files are as a publisher left them and the store has exactly that checkpoint."""
        left = self.left()
        if left is None:
            return False
        try:
            data = read_plain(self._checkpoint)
            return bool(data) and stated(data or b"").size == left.lines and data == self._kept(left.lines)
        except (OSError, Corrupt):
            return False

    def _kept(self, size: int) -> bytes | None:
        """The note that the store kept for exactly so many entries."""
        note = self._log.newest_checkpoint(size)
        return note if note is not None and stated(note).size == size else None

    def _require_continued(self) -> None:
        self._require_checkpoint()
        try:
            own = self.scan().own
        except OSError:
            return  # missing, or nothing that can be read: publishing says so
        if own is None:
            return
        path, size = self._lines, self._log.size()
        if own.behind:
            raise Corrupt(
                Said(
                    "the store is behind: {} holds entry {} of this ledger, signed with its own keys, and "
                    "the store ends at entry {}. Nothing is written: there would be two histories. Keep the "
                    "folders var and audit as they are and put back a copy of the store that reaches entry "
                    "{}: see docs/recovery.md",
                    path,
                    own.sequence,
                    size,
                    own.last,
                )
            )
        raise Corrupt(
            Said(
                "the store is another history: entry {} in {} is signed with this ledger's own keys and "
                "is not the store's. Nothing is written. Keep the folders var and audit as they are and "
                "put back the store that wrote those lines: see docs/recovery.md",
                own.sequence,
                path,
            )
        )

    def _require_checkpoint(self) -> None:
        try:
            published = own_checkpoint(read_plain(self._checkpoint) or b"", self._verifier)
        except OSError:
            return
        if published is None:
            return  # missing or not ours: the lines alone speak
        kept = self._kept(published.size)
        if kept is not None and own_checkpoint(kept, self._verifier) == published:
            return
        behind = "is behind" if self._log.size() < published.size else "is another history"
        raise Corrupt(
            Said(
                f"the store {behind}: {{}} was signed for {{}} entries with root {{}}, which the store's {{}} entries "
                "do not continue. Nothing is written. Keep the folders var and audit as they are and put back the "
                "store that reached entry {}: see docs/recovery.md",
                self._checkpoint,
                published.size,
                published.root.hex(),
                self._log.size(),
                published.size,
            )
        )

    def scan(self) -> Scan:
        """The file held against the store; once for a file that nobody touches. ``OSError`` where it cannot be read."""
        looked = look(self._lines, 0)
        if self._scanned is None or self._scanned[0] != looked:
            self._scanned = (looked, scan(self._lines, self._log, self._check))
        return self._scanned[1]

    def recorded(self) -> Left | None:
        """What was left, as the publisher noted it down; None where that is lost or nonsense."""
        try:
            left = Left(**json.loads(read_plain(self._state) or b""))
        except (OSError, ValueError, TypeError):
            return None
        return left if all(type(value) is int for value in left) else None

    def left(self) -> Left | None:
        """What was left, if the file is exactly as it was left."""
        return self.untouched(self.recorded())

    def untouched(self, left: Left | None) -> Left | None:
        """The same, if the file is exactly so."""
        try:
            return left if left is not None and look(self._lines, left.lines) == left else None
        except OSError:
            return None


def seen(path: Path) -> tuple[int, ...] | None:
    """What changes whenever a file does, a link not followed; None where it cannot be had."""
    try:
        status = os.lstat(path)
    except OSError:
        return None
    return status.st_mode, status.st_size, status.st_ino, status.st_mtime_ns


def look(path: Path, lines: int) -> Left:
    """How a file looks that is taken to have so many lines; a link is not followed."""
    status = os.lstat(path)
    return Left(lines, status.st_size, status.st_ino, status.st_mtime_ns)
