"""C2SP checkpoints (c2sp.org/tlog-checkpoint): a signed statement "this ledger has N entries and this Merkle root".

The note's text is three lines: origin, size in decimal, base64 of the root. No extension lines.
"""

from __future__ import annotations

from typing import NamedTuple

from ledger.errors import Corrupt
from ledger.proof.encoding import format_base64, parse_base64, parse_decimal
from ledger.proof.note import Signer, Verifier, open_note, sign


class Checkpoint(NamedTuple):
    """What a checkpoint states."""

    origin: str
    size: int
    root: bytes
    """32 bytes."""


def format_checkpoint(checkpoint: Checkpoint) -> str:
    """The three lines that are signed."""
    return f"{checkpoint.origin}\n{checkpoint.size}\n{format_base64(checkpoint.root)}\n"


def parse_checkpoint(text: str) -> Checkpoint:
    """The statement behind a note's text; ``Corrupt`` where it is anything but the three lines."""
    lines = text.split("\n")
    if len(lines) != 4 or lines[3] or not lines[0]:
        raise Corrupt("a checkpoint is three lines: origin, size, root")
    checkpoint = Checkpoint(lines[0], parse_decimal(lines[1]), parse_base64(lines[2]))
    if len(checkpoint.root) != 32 or format_checkpoint(checkpoint) != text:
        raise Corrupt("a checkpoint's root is 32 bytes in base64")
    return checkpoint


def sign_checkpoint(checkpoint: Checkpoint, signer: Signer) -> bytes:
    """The signed note; the signer's name must be the origin, so that one key speaks for one ledger."""
    if signer.name != checkpoint.origin:
        raise Corrupt(f"the key {signer.name} may not sign for {checkpoint.origin}")
    if not 0 <= checkpoint.size < 2**63 or len(checkpoint.root) != 32:
        raise Corrupt("only what reads back as the same checkpoint is signed")
    return sign(format_checkpoint(checkpoint), signer)


def open_checkpoint(note: bytes, verifier: Verifier) -> Checkpoint:
    """The statement of a note that ``verifier`` signed about its own ledger; ``Corrupt`` otherwise."""
    checkpoint = parse_checkpoint(open_note(note, verifier))
    if checkpoint.origin != verifier.name:
        raise Corrupt(f"checkpoint of another ledger: expected {verifier.name}, found {checkpoint.origin}")
    return checkpoint
