"""What it takes to check one entry by hand: its bytes, those before it, the checkpoint over it and the way up to it."""

from __future__ import annotations

from typing import NamedTuple

from ledger.app.installation import Installation
from ledger.app.reading.covering import Covering, covering
from ledger.proof.entry import parse_entry
from ledger.proof.merkle import Sibling, audit_path, leaf_hash
from ledger.proof.note import format_verifier


class ByHand(NamedTuple):
    """Everything about one entry that somebody needs who trusts no program of ours."""

    stage: str
    origin: str
    sequence: int
    line: bytes
    before: bytes | None
    """The line before it; None for the first one, and where that row is missing."""
    previous: str
    """What the entry says the line before it is."""
    checkpoint: Covering | None
    path: tuple[Sibling, ...]
    """From the entry's Merkle leaf up to the checkpoint's root."""
    key: str
    """The verifier key of the checkpoints."""


def by_hand(installation: Installation, sequence: int, line: bytes) -> ByHand:
    """Gather it for the line in the place ``sequence``. The path is made from every line up to the checkpoint.

    ``Corrupt`` where one of them cannot be read.
    """
    ledger, entry = installation.ledger, parse_entry(line)
    request_id = entry.metadata.get("request_id")
    found = covering(installation, sequence, request_id if isinstance(request_id, str) else "")
    path: tuple[Sibling, ...] = ()
    if found is not None and not found.why:
        path = audit_path(map(leaf_hash, ledger.log.lines(0, found.size)), sequence - 1, found.size)
    return ByHand(
        installation.config.stage,
        ledger.origin,
        sequence,
        line,
        ledger.log.line(sequence - 1) if sequence > 1 else None,
        entry.previous,
        found,
        path,
        format_verifier(ledger.verifier),
    )
