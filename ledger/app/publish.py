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
from ledger.proof.checkpoint import open_checkpoint
from ledger.proof.note import Verifier, format_verifier
from ledger.store.artefacts import Artefacts
from ledger.store.log import Log


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
        size = open_checkpoint(note, self._verifier).size
        self._refuse_behind(size)
        make_folder(path.parent, 0o755)
        left, foreign = self._left(path), None
        if left is None:
            left, foreign = self._reconcile(path)
        if left.lines < size:
            left = self._append(path, left.lines, size)
        replace(self._home.published_checkpoint, note, 0o644, flush=False)
        replace(self._home.published_state, json.dumps(left._asdict()).encode(), 0o600, flush=False)
        if not self._home.published_key.exists():
            replace(self._home.published_key, format_verifier(self._verifier).encode() + b"\n", 0o644, flush=False)
        return foreign

    def _refuse_behind(self, size: int) -> None:
        try:
            published = open_checkpoint(self._home.published_checkpoint.read_bytes(), self._verifier)
        except (OSError, Corrupt):
            return  # missing or foreign: it is written anew, and a verifier judges files by the key it was given
        if published.size > size:
            raise Corrupt(
                f"the store is behind: it has {size} entries, but {self._home.published_checkpoint} was signed for "
                f"{published.size}. Was an old copy of the store restored? Nothing is written over the evidence."
            )

    def _left(self, path: Path) -> _Left | None:
        """What was left, if the file is exactly as it was left."""
        try:
            left = _Left(**json.loads(self._home.published_state.read_bytes()))
            return left if _stat(path, left.lines) == left else None
        except (OSError, ValueError, TypeError):
            return None

    def _reconcile(self, path: Path) -> tuple[_Left, Foreign | None]:
        """Compare the whole file with the store; keep the lines that are ours, set the rest aside."""
        if not path.exists():
            path.touch(0o644)
        kept, offset, rest = self._compare(path)
        total = path.stat().st_size
        foreign = None
        if rest:
            ours = self._more_of_ours(path, offset, kept)
            foreign = Foreign(
                "changed" if ours else "appended", total - offset, self._artefacts.put(_tail(path, offset))
            )
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

    def _append(self, path: Path, after: int, to: int) -> _Left:
        with path.open("ab") as stream:
            for line in self._log.lines(after, to):
                stream.write(line + b"\n")
        return _stat(path, to)


def _stat(path: Path, lines: int) -> _Left:
    status = path.stat()
    return _Left(lines, status.st_size, status.st_ino, status.st_mtime_ns)


def _tail(path: Path, offset: int, limit: int = 64 * 1024 * 1024) -> bytes:
    with path.open("rb") as stream:
        stream.seek(offset)
        return stream.read(limit)
