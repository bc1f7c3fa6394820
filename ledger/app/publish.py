"""Publishing: ``audit/decision_logs/stage4.jsonl`` and its checkpoint follow the store.

Under one file lock: compare the file with what the publisher left, cut a torn line, set aside what is not ours, append
from the store everything missing, then replace the checkpoint file. Readers take the checkpoint first, then the lines.
Nothing here is flushed: the store is what survives a power cut, and these files are made again from it.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Literal, NamedTuple

from ledger.app.home import Home
from ledger.errors import Corrupt, Unreachable
from ledger.files import locked, make_folder, replace
from ledger.proof.checkpoint import Checkpoint, open_checkpoint, parse_checkpoint
from ledger.proof.note import Verifier, format_verifier
from ledger.store.artefacts import Artefacts
from ledger.store.log import Log

_LOOK_BEHIND = 1024 * 1024
"""Bytes after a difference in which a later line of ours is looked for."""


class Foreign(NamedTuple):
    """Bytes in the published file that were not ours, set aside as an artefact."""

    finding: Literal["appended", "changed"]
    """``appended`` after our lines, or ``changed`` inside them."""
    size: int
    sha384: str


class _Left(NamedTuple):
    """What the publisher left behind: lines published, and how the file looked. Untouched means: the same still."""

    lines: int
    size: int
    inode: int
    modified: int
    """Nanoseconds."""


class Publisher:
    """Keeps the published files of one ledger in step with its store."""

    def __init__(self, home: Home, log: Log, artefacts: Artefacts, verifier: Verifier) -> None:
        self._home = home
        self._log = log
        self._artefacts = artefacts
        self._verifier = verifier

    def publish(self) -> Foreign | None:
        """Bring the files up to the store; what was found in them that is not ours comes back, set aside.

        ``Unreachable`` where the folder cannot be written, ``Corrupt`` where the published checkpoint is ahead of the
        store: that store was restored from an old copy and must not go on.
        """
        try:
            make_folder(self._home.locks)
            with locked(self._home.locks / "publish.lock"):
                return self._publish(self._home.published)
        except OSError as error:
            raise Unreachable(
                f"cannot publish to {self._home.published}: {error.strerror}. The entries are safe in the store and "
                "will be published when the folder can be written"
            ) from error

    def _publish(self, path: Path) -> Foreign | None:
        note = self._log.newest_checkpoint()
        if note is None:
            return None
        size = _stated(note).size
        self.compare()
        make_folder(path.parent, 0o755)
        left, foreign = self._left(path), None
        if left is None:
            left, foreign = self._reconcile(path)
        if left.lines < size:
            left = self._append(path, left, size)
        replace(self._home.published_checkpoint, note, 0o644, flush=False)
        replace(self._home.published_state, json.dumps(left._asdict()).encode(), 0o600, flush=False)
        if not self._home.published_key.exists():
            replace(self._home.published_key, format_verifier(self._verifier).encode() + b"\n", 0o644, flush=False)
        return foreign

    def compare(self) -> None:
        """``Corrupt`` where the store does not continue what was published: it is behind, or it is another history.

        Every published checkpoint is one that the store kept, so the one published last must be found there.
        """
        try:
            data = self._home.published_checkpoint.read_bytes()
            if data == self._log.newest_checkpoint(_stated(data).size):
                return
            published = open_checkpoint(data, self._verifier)
        except (OSError, Corrupt):
            return  # missing or foreign: it is written anew, and a verifier judges files by the key it was given
        kept = self._log.newest_checkpoint(published.size)
        found = open_checkpoint(kept, self._verifier) if kept else None
        if found == published:
            return
        behind = "is behind" if self._log.size() < published.size else "is another history"
        raise Corrupt(
            f"the store {behind}: {self._home.published_checkpoint} was signed for {published.size} entries with root "
            f"{published.root.hex()}, which the store's {self._log.size()} entries do not continue. Was an old copy "
            "of the store restored? Nothing is written over the evidence."
        )

    def _recorded(self) -> _Left | None:
        """What was left, as the publisher noted it down; None where that is lost or nonsense."""
        try:
            left = _Left(**json.loads(self._home.published_state.read_bytes()))
        except (OSError, ValueError, TypeError):
            return None
        return left if all(type(value) is int for value in left) else None

    def _left(self, path: Path) -> _Left | None:
        """What was left, if the file is exactly as it was left."""
        left = self._recorded()
        try:
            return left if left is not None and _stat(path, left.lines) == left else None
        except OSError:
            return None

    def _reconcile(self, path: Path) -> tuple[_Left, Foreign | None]:
        """Compare the whole file with the store; keep the lines that are ours, set the rest aside."""
        if not path.exists():
            path.touch(0o644)
        kept, offset, rest = self._compare(path)
        total = path.stat().st_size
        foreign = None
        if rest:
            before = self._recorded()
            changed = kept < before.lines if before else self._more_of_ours(path, offset, kept)
            name = self._artefacts.put_part(path, offset)
            foreign = Foreign("changed" if changed else "appended", total - offset, name)
        if offset < total:
            os.truncate(path, offset)
        return _stat(path, kept), foreign

    def _compare(self, path: Path) -> tuple[int, int, bool]:
        """How many whole lines are ours, where they end, and whether what follows is more than a torn line of ours."""
        kept = offset = 0
        with path.open("rb") as stream:
            for line in self._log.lines():
                expected = line + b"\n"
                found = stream.read(len(expected))
                if found != expected:
                    return kept, offset, not expected.startswith(found)
                kept, offset = kept + 1, offset + len(expected)
            return kept, offset, bool(stream.read(1))

    def _more_of_ours(self, path: Path, offset: int, kept: int) -> bool:
        """Whether a later line of ours still stands after the place where the file differs."""
        following = self._log.line(kept + 2)
        return following is not None and following in _tail(path, offset)

    def _append(self, path: Path, left: _Left, to: int) -> _Left:
        """Append what is missing; noted down is the size that the file should have, so that a stranger's bytes show."""
        size = left.size
        with path.open("ab") as stream:
            for line in self._log.lines(left.lines, to):
                size += stream.write(line + b"\n")
        return _stat(path, to)._replace(size=size)


def _stated(note: bytes) -> Checkpoint:
    """What a note says, its signature left aside: it is only compared with the store's own."""
    text, _, _ = note.partition(b"\n\n")
    return parse_checkpoint(text.decode("utf-8", "replace") + "\n")


def _stat(path: Path, lines: int) -> _Left:
    status = path.stat()
    return _Left(lines, status.st_size, status.st_ino, status.st_mtime_ns)


def _tail(path: Path, offset: int) -> bytes:
    with path.open("rb") as stream:
        stream.seek(offset)
        return stream.read(_LOOK_BEHIND)
