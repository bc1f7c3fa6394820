"""Steps 0 and 8: the checkpoint and the kept heads, and the Merkle tree that is compared with them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ledger.errors import Corrupt
from ledger.proof.checkpoint import Checkpoint, parse_checkpoint
from ledger.proof.encoding import format_base64
from ledger.proof.merkle import Tree, leaf_hash
from ledger.proof.note import Verifier, format_verifier, open_note
from ledger.said import Said
from ledger.verify.causes import Cause
from ledger.verify.findings import Findings
from ledger.verify.report import Head

CONSISTENT = "stage4 export --out DIR"
"""The command that gives lines and a checkpoint that belong together."""


class _Faults(NamedTuple):
    """What can be wrong with a signed note."""

    malformed: Cause
    origin: Cause
    signature: Cause


_OF_CHECKPOINT = _Faults(Cause.CHECKPOINT_MALFORMED, Cause.CHECKPOINT_ORIGIN, Cause.CHECKPOINT_SIGNATURE)
_OF_KEPT = _Faults(Cause.HEAD_MALFORMED, Cause.HEAD_ORIGIN, Cause.HEAD_SIGNATURE)
_SENTENCES = {
    Cause.CHECKPOINT_MALFORMED: "The checkpoint cannot be read",
    Cause.CHECKPOINT_ORIGIN: "The checkpoint is of another ledger",
    Cause.CHECKPOINT_SIGNATURE: "The checkpoint is not signed by the key given",
    Cause.HEAD_MALFORMED: "A checkpoint that was kept cannot be read",
    Cause.HEAD_ORIGIN: "A checkpoint that was kept is of another ledger",
    Cause.HEAD_SIGNATURE: "A checkpoint that was kept is not signed by the key given",
}


def read_checkpoint(note: bytes, verifier: Verifier | None, findings: Findings) -> Checkpoint | None:
    """Step 0: what the checkpoint states; None after a finding. Without a key its signature is not looked at."""
    return _read(note, verifier, findings, _OF_CHECKPOINT)


def read_kept(note: bytes, verifier: Verifier | None, findings: Findings) -> Head | None:
    """Step 0: the head that a kept checkpoint states, as :func:`read_checkpoint` reads one."""
    stated = _read(note, verifier, findings, _OF_KEPT)
    return Head(stated.size, stated.root) if stated else None


def _read(note: bytes, verifier: Verifier | None, findings: Findings, faults: _Faults) -> Checkpoint | None:
    text = note[: note.rfind(b"\n\n") + 1]
    try:
        stated = parse_checkpoint(text.decode())
    except (Corrupt, UnicodeDecodeError) as error:
        _about(findings, faults.malformed, "a signed note of three lines", str(error))
        return None
    if verifier is None:
        return stated
    if stated.origin != verifier.name:
        _about(findings, faults.origin, verifier.name, stated.origin)
        return None
    try:
        open_note(note, verifier)
    except Corrupt as error:
        _about(findings, faults.signature, f"a signature of {format_verifier(verifier)}", str(error))
        return None
    return stated


def _about(findings: Findings, cause: Cause, expected: str, found: str) -> None:
    sentence = Said("{}: expected {}, found {}.", _SENTENCES[cause], expected, found)
    findings.add(cause, None, None, expected, found, sentence)


class Anchors:
    """Grows the tree and compares its root at every size that somebody vouches for."""

    def __init__(
        self,
        checkpoint: Checkpoint | None,
        heads: Sequence[Head],
        findings: Findings,
        *,
        signed: bool,
        notes: Sequence[Head] = (),
    ) -> None:
        self._findings = findings
        self._checkpoint = checkpoint
        self._signed = signed
        """Whether the checkpoint's signature was checked."""
        self._heads = tuple(heads)
        self._notes = tuple(notes)
        """Those of the heads that signed notes state."""
        self._tree = Tree()
        self._wanted = {head.size for head in heads} | ({checkpoint.size} if checkpoint else set())
        self._sizes = sorted(self._wanted, reverse=True)
        self._roots: dict[int, str] = {}
        self.broken = 0
        """First entry that is missing from the tree; 0 where all are there."""
        self.proved = 0
        """Entries up to the largest size at which the root is as stated."""
        self.vouched = 0
        """The same, by somebody who is believed: a checkpoint whose signature was checked, or a head that was kept."""
        self.agreed: set[int] = set()
        """The sizes at which every root that was given is as stated."""
        self.beyond = 0
        """Entries after that, where they follow rightly."""
        self._note()

    def add(self, raw: bytes) -> None:
        """The next entry's bytes."""
        if not self.broken:
            self._tree.append(leaf_hash(raw))
            if self._sizes and self._tree.size == self._sizes[-1]:
                self._note()

    def lack(self, sequence: int) -> None:
        """Entry ``sequence`` cannot be had: no root from there on, and none that was made with something else there."""
        self.broken = min(self.broken, sequence) if self.broken else sequence
        self._roots = {size: root for size, root in self._roots.items() if size < sequence}

    def _note(self) -> None:
        while self._sizes and self._tree.size == self._sizes[-1]:
            self._roots[self._sizes.pop()] = format_base64(self._tree.root())

    def root(self) -> str:
        """Base64 of the root of all entries, empty where some are missing."""
        return "" if self.broken else format_base64(self._tree.root())

    def judge(self, last: int, *, torn: bool) -> None:
        """Compare with everything that was given.

        The ledger ends with entry ``last``, and after it stands a ``torn`` line or not.
        """
        for head in sorted(self._heads, key=lambda head: head.size):
            self._judge_head(head, last)
        if self._checkpoint is not None:
            self._judge_checkpoint(self._checkpoint, last, torn=torn)

    def _judge_checkpoint(self, stated: Checkpoint, last: int, *, torn: bool) -> None:
        if last < stated.size:
            where = "in the middle of a line after entry" if torn else "with entry"
            sentence = Said(
                f"The checkpoint has {{}} entries, the lines end {where} {{}}: their end was cut off, or lines and "
                "checkpoint were copied while the ledger was being written. A pair that belongs together: "
                f"{CONSISTENT}",
                stated.size,
                last,
            )
            self._findings.add(Cause.CUT, last + 1, None, str(stated.size), str(last), sentence)
            return
        self._compare(Cause.ROOT_DIFFERS, None, Head(stated.size, stated.root), "the checkpoint", noted=True)
        if last > (covered := max(self.proved, stated.size)):
            self._judge_rest(covered, last)

    def _judge_rest(self, covered: int, last: int) -> None:
        """Entries after the last one that anything given covers: nothing is wrong with that, but nothing proves them.

        A log grows on after its checkpoint was kept, and also while it is copied.
        """
        rest = last - covered
        rightly = not self.broken and self.proved == covered and not self._findings.accused_from(covered + 1)
        sentence = Said("{} entries from {} on stand beyond the checkpoint: nothing proves them.", rest, covered + 1)
        name = "the checkpoint" if self._checkpoint and covered == self._checkpoint.size else "the kept head"
        if rightly and self._signed:
            sentence = Said(
                f"Proved as far as {name} ({{}} entries). {{}} newer lines, from entry {{}} on, follow rightly, and "
                "nothing signs them: the ledger went on after the checkpoint was kept or copied. A pair that belongs "
                f"together: {CONSISTENT}",
                covered,
                rest,
                covered + 1,
            )
        elif rightly:
            sentence = Said(
                f"The first {{}} entries agree with {name}, whose signature was not checked. {{}} newer lines, from "
                "entry {} on, follow rightly, and nothing signs them.",
                covered,
                rest,
                covered + 1,
            )
        expected, found = Said("{} entries", covered), Said("{} entries", last)
        opened = self._findings.add(
            Cause.NOT_COVERED, covered + 1, None, expected, found, sentence, accuses=not rightly
        )
        if opened is not None:
            opened.cover(rest)
        self.beyond = rest if rightly else 0

    def judge_end(self, last: int) -> None:
        """Where nothing else is wrong: whether anything given covers the last lines.

        No accusation, and no proof: lines that were cut off leave no trace in those before them.
        """
        rest = last - self.vouched
        if rest <= 0 or self.beyond:
            return
        if self.proved == last:
            sentence = Said(
                "The lines agree with what the checkpoint says ({} entries); its signature was not "
                "checked, and whoever made the log may have made it too. Give the verifier key: "
                "--public-key VKEY",
                last,
            )
        elif self.vouched:
            sentence = Said(
                "Proved as far as the kept head ({} entries). {} newer lines, from entry {} on, follow "
                "rightly, and nothing given covers them. Give the newest checkpoint: --checkpoint FILE "
                "--public-key VKEY",
                self.vouched,
                rest,
                self.vouched + 1,
            )
        else:
            sentence = Said(
                "Nothing given covers the end of the lines: what was cut off there would not show, and without an HMAC "
                "key a change in the last line neither. Give the signed checkpoint: --checkpoint FILE --public-key VKEY"
            )
        expected, found = Said("{} entries", last), Said("{} entries", self.vouched)
        opened = self._findings.add(Cause.NOT_COVERED, self.vouched + 1, None, expected, found, sentence, accuses=False)
        if opened is not None:
            opened.cover(rest)
        self.beyond = rest

    def _judge_head(self, head: Head, last: int) -> None:
        if last < head.size:
            sentence = Said(
                "A head that was kept has {} entries, the ledger ends with entry {}: its end was cut "
                "off, or this is an older copy of it.",
                head.size,
                last,
            )
            self._findings.add(Cause.HEAD_BEYOND, head.size, None, str(head.size), str(last), sentence)
        else:
            self._compare(Cause.HEAD_DIFFERS, head.size, head, "a head that was kept", noted=head in self._notes)

    def _compare(self, cause: Cause, sequence: int | None, head: Head, name: str, *, noted: bool) -> None:
        """``noted``: it is stated by a signed note, whose signature was checked or not."""
        expected, found = format_base64(head.root), self._roots.get(head.size)
        if found == expected:
            self.proved = max(self.proved, head.size)
            self.agreed.add(head.size)
            if self._signed or not noted:
                self.vouched = max(self.vouched, head.size)
        elif found is not None:
            same = max((size for size in self.agreed if size < head.size), default=0)
            sentence = Said(
                "The first {} entries give another Merkle root than {}: something in them was changed.", head.size, name
            )
            if same + 1 == head.size:
                sentence = Said(
                    "The first {} entries are as they were, the first {} give another Merkle root than {}: history "
                    "differs from entry {} on.",
                    same,
                    head.size,
                    name,
                    head.size,
                )
            elif same:
                sentence = Said(
                    "The first {} entries are as they were, the first {} give another Merkle root than {}: history "
                    "differs from one of the entries {} to {} on.",
                    same,
                    head.size,
                    name,
                    same + 1,
                    head.size,
                )
            self._findings.add(cause, sequence, None, expected, found, sentence)

    def uncompared(self) -> list[int]:
        """Sizes whose root could not be compared because entries are missing."""
        return sorted(self._wanted - self._roots.keys()) if self.broken else []
