"""A ledger read from its published lines, while the store cannot be read. Every line is verified by the HMAC key."""

from __future__ import annotations

import itertools

from ledger.app.home.folders import Home
from ledger.app.record.ledger import Ledger
from ledger.app.record.published import own_checkpoint, read_lines, read_plain, stated
from ledger.app.record.view import View, fold
from ledger.errors import Corrupt, Unreachable
from ledger.proof.merkle import root_of
from ledger.store.contract import Log
from ledger.store.open import open_published


def published_log(home: Home, error: Unreachable) -> tuple[Log, bytes]:
    """The published lines as a log, and the first of them; ``error`` (why the store cannot be read) where none are."""
    why = str(error.__cause__ or error)
    try:
        lines = read_lines(home.published)
        note = read_plain(home.published_checkpoint) or b""
    except (OSError, Corrupt):
        raise error from None
    if not lines:
        raise error
    return open_published(home.store, lines, _checkpoint(note), why), lines[0]


def _checkpoint(note: bytes) -> tuple[int, bytes] | None:
    try:
        return stated(note).size, note
    except Corrupt:
        return None


class PublishedLedger(Ledger):
    """Reads what was published; nothing can be written."""

    def _read_on(self) -> View:
        view = self._view
        return self._checked(fold(view, self.log.lines(view.size)), self.log.newest_checkpoint())

    def _checked(self, view: View, note: bytes | None) -> View:
        """Each line by its signatures, and the published checkpoint over the lines that it covers.

        After a disk that ran full lines stand beyond the checkpoint: the HMAC alone speaks for them.
        """
        for line in self.log.lines():
            self.check(line)
        signed = own_checkpoint(note or b"", self.verifier)
        if note and (signed is None or root_of(list(itertools.islice(self.log.lines(), signed.size))) != signed.root):
            raise Corrupt("the published checkpoint does not sign the published lines")
        return view
