"""Steps 0 and 8: the checkpoint and the kept heads, and the Merkle tree that is compared with them."""

from __future__ import annotations

from collections.abc import Sequence

from ledger.errors import Corrupt
from ledger.proof.checkpoint import Checkpoint, parse_checkpoint
from ledger.proof.encoding import format_base64
from ledger.proof.merkle import Tree, leaf_hash
from ledger.proof.note import Verifier, format_verifier, open_note
from ledger.verify.causes import Cause
from ledger.verify.findings import Findings
from ledger.verify.report import Head


def read_checkpoint(note: bytes, verifier: Verifier | None, findings: Findings) -> Checkpoint | None:
    """Step 0: what the checkpoint states; None after a finding. Without a key its signature is not looked at."""
    text = note[: note.rfind(b"\n\n") + 1]
    try:
        stated = parse_checkpoint(text.decode())
    except (Corrupt, UnicodeDecodeError) as error:
        _about(findings, Cause.CHECKPOINT_MALFORMED, "a signed note of three lines", str(error))
        return None
    if verifier is None:
        return stated
    if stated.origin != verifier.name:
        _about(findings, Cause.CHECKPOINT_ORIGIN, verifier.name, stated.origin)
        return None
    try:
        open_note(note, verifier)
    except Corrupt as error:
        _about(findings, Cause.CHECKPOINT_SIGNATURE, f"a signature of {format_verifier(verifier)}", str(error))
        return None
    return stated


_SENTENCES = {
    Cause.CHECKPOINT_MALFORMED: "The checkpoint cannot be read",
    Cause.CHECKPOINT_ORIGIN: "The checkpoint is of another ledger",
    Cause.CHECKPOINT_SIGNATURE: "The checkpoint is not signed by the key given",
}


def _about(findings: Findings, cause: Cause, expected: str, found: str) -> None:
    sentence = f"{_SENTENCES[cause]}: expected {expected}, found {found}."
    findings.add(cause, None, None, expected, found, sentence)


class Anchors:
    """Grows the tree and compares its root at every size that somebody vouches for."""

    def __init__(self, checkpoint: Checkpoint | None, heads: Sequence[Head], findings: Findings) -> None:
        self._findings = findings
        self._checkpoint = checkpoint
        self._heads = tuple(heads)
        self._tree = Tree()
        sizes = {head.size for head in heads} | ({checkpoint.size} if checkpoint else set())
        self._sizes = sorted(sizes, reverse=True)
        self._roots: dict[int, str] = {}
        self.broken = 0
        """First entry that is missing from the tree; 0 where all are there."""
        self._note()

    def add(self, raw: bytes) -> None:
        """The next entry's bytes."""
        if not self.broken:
            self._tree.append(leaf_hash(raw))
            if self._sizes and self._tree.size == self._sizes[-1]:
                self._note()

    def lack(self, sequence: int) -> None:
        """Entry ``sequence`` cannot be had: no root from there on."""
        self.broken = self.broken or sequence

    def _note(self) -> None:
        while self._sizes and self._tree.size == self._sizes[-1]:
            self._roots[self._sizes.pop()] = format_base64(self._tree.root())

    def root(self) -> str:
        """Base64 of the root of all entries, empty where some are missing."""
        return "" if self.broken else format_base64(self._tree.root())

    def judge(self, last: int) -> None:
        """Compare with everything that was given; the ledger ends with entry ``last``."""
        if self._checkpoint is not None:
            self._judge_checkpoint(self._checkpoint, last)
        for head in self._heads:
            self._judge_head(head, last)

    def _judge_checkpoint(self, stated: Checkpoint, last: int) -> None:
        if last < stated.size:
            sentence = (
                f"The checkpoint has {stated.size} entries, the ledger ends with entry {last}: its end was cut off."
            )
            self._findings.add(Cause.CUT, last + 1, None, str(stated.size), str(last), sentence)
            return
        self._compare(Cause.ROOT_DIFFERS, None, Head(stated.size, stated.root), "the checkpoint")
        if last > stated.size:
            beyond = last - stated.size
            sentence = f"{beyond} entries from {stated.size + 1} on stand beyond the checkpoint: nothing proves them."
            expected, found = f"{stated.size} entries", f"{last} entries"
            opened = self._findings.add(Cause.NOT_COVERED, stated.size + 1, None, expected, found, sentence)
            if opened is not None:
                opened.cover(beyond)

    def _judge_head(self, head: Head, last: int) -> None:
        if last < head.size:
            sentence = f"A head that was kept has {head.size} entries, the ledger ends with entry {last}."
            self._findings.add(Cause.HEAD_BEYOND, head.size, None, str(head.size), str(last), sentence)
        else:
            self._compare(Cause.HEAD_DIFFERS, head.size, head, "a head that was kept")

    def _compare(self, cause: Cause, sequence: int | None, head: Head, name: str) -> None:
        expected, found = format_base64(head.root), self._roots.get(head.size)
        if found is not None and found != expected:
            sentence = (
                f"The first {head.size} entries give another Merkle root than {name}: something in them was changed."
            )
            self._findings.add(cause, sequence, None, expected, found, sentence)

    def uncompared(self) -> list[int]:
        """Sizes whose root could not be compared because entries are missing."""
        return sorted(self._sizes) if self.broken else []
