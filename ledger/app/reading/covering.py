"""Which checkpoint covers an entry: the one of its own commit, or the newest; and the head that it states."""

from __future__ import annotations

from typing import NamedTuple

from ledger.app.installation import Installation
from ledger.errors import Corrupt, LedgerError
from ledger.proof.checkpoint import open_checkpoint
from ledger.verify.report import Head, format_head, head_line


class Covering(NamedTuple):
    """A checkpoint as it is kept, and what its signature says."""

    size: int
    """Entries that it states; 0 where it cannot be read."""
    root: bytes
    note: bytes
    why: str
    """Why it does not hold; ``""`` where this ledger's key signed it."""

    @property
    def head(self) -> str:
        """``N:ROOT``, as somebody keeps it."""
        return format_head(Head(self.size, self.root))


def covering(installation: Installation, sequence: int, request_id: str) -> Covering | None:
    """The smallest checkpoint known to have the entry; None where none has it.

    Entries, receipt and checkpoint are one commit: the receipt of the entry's request names the commit's last entry,
    and the checkpoint is of exactly that many. Whatever the rows say, the note's own signature decides.
    """
    log, last = installation.ledger.log, 0
    if request_id and request_id.isascii():
        for receipt in log.receipts(request_id):
            if receipt.request_id == request_id and receipt.first <= sequence <= receipt.last:
                last = receipt.last
    notes = (log.newest_checkpoint(last) if last else None, log.newest_checkpoint())
    for note in filter(None, notes):
        found = opened(installation, note)
        if found.why or found.size >= sequence:
            return found
    return None


def opened(installation: Installation, note: bytes) -> Covering:
    """A note with what it states, by this ledger's own key."""
    try:
        stated = open_checkpoint(note, installation.ledger.verifier)
    except Corrupt as error:
        return Covering(0, b"", note, str(error))
    return Covering(stated.size, stated.root, note, "")


def newest_head(installation: Installation) -> Head | None:
    """What the newest checkpoint states; None where none can be had or it is not this ledger's: no message waits."""
    try:
        note = installation.ledger.log.newest_checkpoint()
    except LedgerError:
        return None
    found = opened(installation, note) if note is not None else None
    return None if found is None or found.why else Head(found.size, found.root)


def head_to_send(installation: Installation) -> str:
    """The line that ends every message that goes out, with its newline, so that whoever keeps it is a witness.

    ``""`` where there is no newest head.
    """
    head = newest_head(installation)
    return head_line(head, installation.ledger.verifier.name) + "\n" if head else ""
