"""Publishing: ``audit/decision_logs/stage4.jsonl`` and its checkpoint follow the store.

Under one file lock: compare the files with what the publisher left, cut a torn line, set aside what is not ours, append
from the store everything missing, then replace the checkpoint file. Readers take the checkpoint first, then the lines.
Nothing here is flushed: the store is what survives a power cut, and these files are made again from it.

The other way round the files are a witness of the store (``witness``): what they prove is looked at first.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

from ledger.app.home.folders import Home
from ledger.app.record.published import LIMIT, not_plain, own_checkpoint, read_plain, stated
from ledger.app.record.witness import Left, Witness, look, seen
from ledger.errors import Corrupt, Unreachable
from ledger.files import make_folder, open_plain, replace, set_mode
from ledger.proof.note import Verifier, format_verifier
from ledger.said import Said
from ledger.store.artefacts import Artefacts
from ledger.store.contract import Locks, Log


class Foreign(NamedTuple):
    """Bytes in a published file that were not ours, set aside as an artefact."""

    finding: Literal["appended", "changed"]
    """``appended`` after our lines, or ``changed`` inside them; a checkpoint or key that is not ours is ``changed``."""
    size: int
    sha384: str
    path: str


class Unpublished(Unreachable):
    """The lines are out, what belongs beside them is not."""

    def __init__(self, sentence: str, found: tuple[Foreign, ...]) -> None:
        super().__init__(sentence)
        self.found = found
        """What was set aside before it failed; it still has to be said."""


@dataclass
class Publication:
    """How publishing went in this process, for whoever tells people."""

    why: str = ""
    """Why the last one failed; ``""`` where it did not."""
    failures: int = 0

    def failed(self, why: str) -> None:
        """One more that failed."""
        self.why = why
        self.failures += 1


class Publisher:
    """Keeps the published files of one ledger in step with its store."""

    def __init__(
        self,
        home: Home,
        log: Log,
        locks: Locks,
        artefacts: Artefacts,
        verifier: Verifier,
        check: Callable[[bytes], None],
        require_read: Callable[[int], None],
    ) -> None:
        """``check`` raises ``Corrupt`` where a line is not signed by this ledger.

        ``require_read`` does where those after a sequence are not what was signed: they are about to be published.
        """
        self._home = home
        self._lines, self._checkpoint, self._key = home.published, home.published_checkpoint, home.published_key
        self._mode = home.published_mode()
        self._key_seen: tuple[int, ...] | None = None
        """How the key file looked when it was last seen to be ours."""
        self._log = log
        self._locks = locks
        self._require_read = require_read
        self._artefacts = artefacts
        self._verifier = verifier
        self.witness = Witness(home, log, locks, verifier, check)

    def publish(self) -> tuple[Foreign, ...]:
        """Bring the files up to the store; what was found in them that is not ours comes back, set aside.

        ``Unreachable`` where a file cannot be written, ``Corrupt`` where the files prove that the store is behind: it
        was restored from an old copy and must not go on.
        """
        try:
            with self._locks.hold("publish"):
                set_aside = self._publish(self._lines)
                self.witness.content(ours=True)
                return set_aside
        except OSError as error:
            raise Unreachable(
                Said(
                    "cannot publish to {}: {}. The entries are safe in the store and will be published when "
                    "the folder can be written",
                    self._home.published,
                    error.strerror,
                )
            ) from error

    def _publish(self, path: Path) -> tuple[Foreign, ...]:
        note = self._log.newest_checkpoint()
        if note is None:
            return ()
        size, untouched = stated(note).size, self.witness.require()
        if not untouched:
            make_folder(path.parent, 0o755)
        foreign = self._publish_lines(path, size)
        self.witness.content()
        set_aside = [foreign] if foreign else []
        try:
            if foreign := self._replace(self._checkpoint, note, _is_kept(self._log, self._verifier), ours=untouched):
                set_aside.append(foreign)
            if foreign := self._publish_key():
                set_aside.append(foreign)
        except (OSError, Unreachable) as error:
            why = Said("{}: {}", path.parent, error.strerror) if isinstance(error, OSError) else str(error)
            sentence = Said("the lines are published, but not the checkpoint and key that belong to them: {}", why)
            raise Unpublished(sentence, tuple(set_aside)) from error
        return tuple(set_aside)

    def _publish_key(self) -> Foreign | None:
        if self._key_seen is not None and seen(self._key) == self._key_seen:
            return None
        key = format_verifier(self._verifier).encode()
        foreign = self._replace(self._key, key + b"\n", lambda data: data.strip() == key)
        self._key_seen = seen(self._key)
        return foreign

    def _publish_lines(self, path: Path, size: int) -> Foreign | None:
        if why := not_plain(path):
            raise Unreachable(Said("cannot publish: {}. The entries are safe in the store", why))
        recorded, foreign = self.witness.recorded(), None
        left = self.witness.untouched(recorded)
        if left is None:
            left, foreign = self._reconcile(path)
        if left.lines < size:
            self._require_read(left.lines)
            left = self._append(path, left, size)
        else:
            set_mode(path, self._mode)
        if left != recorded:
            replace(self._home.published_state, json.dumps(left._asdict()).encode(), 0o600, flush=False)
        return foreign

    def _reconcile(self, path: Path) -> tuple[Left, Foreign | None]:
        """Compare the whole file with the store; keep the lines that are ours, set the rest aside."""
        os.close(open_plain(path, os.O_RDWR | os.O_CREAT, self._mode))
        scanned, total, foreign = self.witness.scan(), path.stat().st_size, None
        if scanned.rest:
            before = self.witness.recorded()
            changed = scanned.lines < before.lines if before else scanned.later
            name = self._artefacts.put_part(path, scanned.offset)
            foreign = Foreign("changed" if changed else "appended", total - scanned.offset, name, str(path))
        if scanned.offset < total:
            descriptor = open_plain(path, os.O_RDWR)
            try:
                os.ftruncate(descriptor, scanned.offset)
            finally:
                os.close(descriptor)
        return look(path, scanned.lines), foreign

    def _append(self, path: Path, left: Left, to: int) -> Left:
        """Append what is missing; noted down is the size that the file should have, so that a stranger's bytes show."""
        size = left.size
        descriptor = open_plain(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, self._mode)
        with os.fdopen(descriptor, "ab") as stream:
            for line in self._log.lines(left.lines, to):
                size += stream.write(line + b"\n")
        return look(path, to)._replace(size=size)

    def _replace(
        self, path: Path, data: bytes, is_ours: Callable[[bytes], bool], *, ours: bool = False
    ) -> Foreign | None:
        """Put a small file in place of an older one of ours; what is not ours is set aside first.

        ``ours``: it is known to be.
        """
        if why := not_plain(path):
            raise Unreachable(why)
        before = read_plain(path, LIMIT + 1)
        if before == data:
            set_mode(path, self._mode)
            return None
        foreign = None
        if before and not ours and not is_ours(before):
            size, name = path.stat().st_size, self._artefacts.put_part(path, 0)
            foreign = Foreign("changed", size, name, str(path))
        replace(path, data, self._mode, flush=False)
        return foreign


def _is_kept(log: Log, verifier: Verifier) -> Callable[[bytes], bool]:
    """Whether a note is one that this ledger signed, as it signed it."""

    def is_kept(data: bytes) -> bool:
        with contextlib.suppress(Corrupt):
            if data == log.newest_checkpoint(stated(data).size):
                return True
        return b"\r" not in data and own_checkpoint(data, verifier) is not None

    return is_kept
