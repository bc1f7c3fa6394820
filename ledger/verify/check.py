"""The verification itself: what is done with each entry (steps 4 to 8), and with what was seen at the end (step 9)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, BinaryIO

from ledger.domain.keeping.events import LedgerOpened
from ledger.proof.canonical import parse_canonical
from ledger.proof.entry import GENESIS, HmacKey
from ledger.proof.note import Verifier, format_verifier
from ledger.said import Said
from ledger.verify.anchors import CONSISTENT, Anchors, read_checkpoint, read_kept
from ledger.verify.backwards import Backwards
from ledger.verify.causes import Cause
from ledger.verify.findings import Findings
from ledger.verify.lines import Line, Lines, is_torn
from ledger.verify.mentions import of_ledger
from ledger.verify.order import Order
from ledger.verify.reading import Read
from ledger.verify.replay import Replay
from ledger.verify.report import Head, Report
from ledger.verify.said import said_checked, said_not_checked
from ledger.verify.signatures import Signatures

_BATCH = 1 << 14
"""Bytes of lines that are judged together: few enough that they are gone before the collector looks at them."""
_KINDS = 32
"""Ways of knowing people that are counted apart; a hostile log cannot make more."""


def verify(
    lines: BinaryIO,
    *,
    checkpoint: bytes | None = None,
    verifier: Verifier | None = None,
    hmac_keys: Sequence[HmacKey] = (),
    heads: Sequence[Head] = (),
    kept: Sequence[bytes] = (),
    progress: Callable[[int], None] | None = None,
    max_findings: int = 1000,
) -> Report:
    """Verify a log against the keys and heads given. Everything wrong is a finding of the report, never an exception.

    ``checkpoint`` is a signed note and ``verifier`` the key it must be signed with; entries after those that it covers
    are an outcome of their own (``Report.outcome``). ``kept`` are signed notes that somebody kept: heads whose
    signature is checked. A key with the id ``""`` fits every key id. ``progress`` is told the bytes read so far, about
    every 1,000 lines. Raises ``Unreachable`` where ``lines`` cannot be read.
    """
    check = _Check(checkpoint, verifier, hmac_keys, heads, kept, Findings(max_findings))
    source = Lines(lines, check.findings, progress)
    for line in check.order.arrange(check.backwards.pass_on(iter(source))):
        check.add(line)
    return check.report(source)


class _Check:
    """One verification under way."""

    def __init__(
        self,
        checkpoint: bytes | None,
        verifier: Verifier | None,
        keys: Sequence[HmacKey],
        heads: Sequence[Head],
        kept: Sequence[bytes],
        findings: Findings,
    ) -> None:
        self.findings = findings
        self.backwards = Backwards(findings)
        self.order = Order(findings)
        self.verifier = verifier
        self.checkpoint_given = checkpoint is not None
        self.stated = None if checkpoint is None else read_checkpoint(checkpoint, verifier, findings)  # step 0
        self.notes: Sequence[Head] = [head for note in kept if (head := read_kept(note, verifier, findings))]
        origin = verifier.name if verifier else self.stated.origin if self.stated else ""
        mine, self.foreign = of_ledger(heads, origin)
        self.heads: Sequence[Head] = [*mine, *self.notes]
        self.anchors = Anchors(self.stated, self.heads, findings, signed=verifier is not None, notes=self.notes)
        self.signatures = Signatures(keys, findings)
        self.replay = Replay(findings)
        self.origin = verifier.name if verifier else ""
        self.stage = ""
        self.algorithm = ""
        self.people: dict[str, int] = {}
        self.entries = 0
        self.last = 0
        self._torn: Line | None = None
        self._link = GENESIS
        self._sound: bool | None = True
        """Whether the HMACs of the entry before are right; None where no key could judge them."""
        self._timestamp = ""
        self._batch: list[Line] = []
        self._bytes = 0
        self._to_replay: list[Line] = []

    def add(self, line: Line) -> None:
        """The next entry in the ledger's order. Judged in batches, one step after the other: much faster."""
        self._batch.append(line)
        self._bytes += len(line.raw)
        if self._bytes > _BATCH:
            self._judge()

    def _judge(self) -> None:
        batch, self._batch, self._bytes = self._batch, [], 0
        for line in batch:
            self._entry(line)
        self._replay()

    def _replay(self) -> None:
        """Step 7, as far as the other steps are."""
        lines, self._to_replay = self._to_replay, []
        self.replay.follow(lines)

    def _entry(self, line: Line) -> None:
        if line.problem is not None and line.problem.cause is Cause.NOT_TERMINATED:
            self._torn = line  # the last one, and no entry
            return
        self.entries += 1
        if line.sequence != self.last + 1:
            self._gap(line.sequence)
        if line.read is None:
            self._unreadable(line)
        else:
            self._readable(line, line.read)
        self._link, self.last = line.link, line.sequence

    def _gap(self, sequence: int) -> None:
        self._replay()
        self.anchors.lack(self.last + 1)
        self.replay.stop(self.last + 1)
        self._link, self._sound, self.last = "", False, sequence - 1

    def _unreadable(self, line: Line) -> None:
        problem = line.problem
        assert problem is not None
        cause, expected, found, sentence = problem
        self.findings.run(cause, line.sequence, line.number, expected, found, sentence)
        self._sound = False
        self._replay()
        self.replay.stop(line.sequence)
        if line.raw:
            self.anchors.add(line.raw)
        else:
            self.anchors.lack(line.sequence)

    def _readable(self, line: Line, read: Read) -> None:
        if line.stood_at:
            self._swapped(line)
        self.anchors.add(line.raw)  # step 8
        if not self.stage:
            self._first(line, parse_canonical(line.raw))
        sound = self.signatures.check(line, self.origin)  # step 5
        if self.signatures.exposed:
            self._exposed()
        if line.previous != self._link and self._link:
            self._broken(line, sound)
        self._sound = sound
        if sound is False:
            self.replay.doubt(line.sequence)
        if read.stage != self.stage:
            self._foreign(Cause.WRONG_STAGE, line, self.stage, read.stage)
        timestamp = read.timestamp
        if timestamp < self._timestamp:
            self._back(line, timestamp)
        self._timestamp = timestamp
        if sound is not False and self.algorithm and read.algorithm != self.algorithm:
            self._downgraded(line, read.algorithm)
        if read.origin != self.origin and (read.origin is not None or not read.of_rollback):
            self._check_origin(line, read.origin)
        self._count(read.auth)
        self._to_replay.append(line)

    # --- step 4 ------------------------------------------------------------------------------------------------------

    def _broken(self, line: Line, sound: bool | None) -> None:
        """The entry names other bytes than those of the line before it: one of the two was changed."""
        before, this = self.last, line.sequence
        told = "Entry {} does not name the bytes of entry {} as they stand: "
        if not before:
            sentence = Said(told + "entries before the first one were cut off, or entry 1 was changed.", this, before)
        elif self._sound is False:
            sentence = Said(told + "entry {} was changed.", this, before, before)
        elif sound is False:
            sentence = Said(told + "entry {} was changed.", this, before, this)
        elif self.signatures.renamed == before:
            renamed = told + "the key_id of entry {} was changed, which no signature covers."
            sentence = Said(renamed, this, before, before)
        elif self._sound and sound and self.signatures.expected:
            replaced = told + "entry {} was replaced by somebody who holds the HMAC key."
            sentence = Said(replaced, this, before, before)
        else:
            either = told + "entry {} was changed after entry {} was written, or entry {} itself was."
            sentence = Said(either, this, before, before, this, this)
        self.findings.run(Cause.CHAIN_BROKEN, this, line.number, self._link, line.previous, sentence)
        self.replay.doubt(max(before, 1))

    def _swapped(self, line: Line) -> None:
        """The line is one that stood in another entry's place: what was found there is explained by that."""
        self.findings.retract(Cause.SEQUENCE_WRONG, line.stood_at)
        self.findings.retract(Cause.CHAIN_BROKEN, line.stood_at + 1)
        self.anchors.lack(line.stood_at)

    def _exposed(self) -> None:
        """A key that fits nothing so far fits now: so the entries before were not what it signed."""
        self.replay.doubt(self.signatures.exposed)
        self.signatures.exposed, self._sound = 0, False

    # --- step 6 ------------------------------------------------------------------------------------------------------

    def _first(self, line: Line, body: dict[str, Any]) -> None:
        """What the first entry says of the ledger. Its keys are compared, never trusted."""
        self.stage = body["stage"]
        claimed = body["artefacts"].get("origin")
        if line.sequence != 1 or not isinstance(claimed, str) or body["status"] != LedgerOpened.status:
            return
        own = self.verifier is not None and claimed == self.verifier.name
        if self.verifier is not None and not own:
            self._foreign(Cause.WRONG_ORIGIN, line, self.verifier.name, claimed)
        self.origin = claimed  # as the log's own word: later entries are held against it
        algorithm, key = body["metadata"].get("hmac_algorithm"), body["metadata"].get("checkpoint_key")
        self.algorithm = algorithm if isinstance(algorithm, str) else ""
        name = body["metadata"].get("hmac_key_id")
        self.signatures.expected = name if isinstance(name, str) else ""
        if own and self.verifier is not None and key != (given := format_verifier(self.verifier)):
            sentence = "The first entry names another checkpoint key than the one given."
            self.findings.add(Cause.CHECKPOINT_KEY_DIFFERS, 1, line.number, given, str(key), sentence)

    def _foreign(self, cause: Cause, line: Line, expected: str, found: str) -> None:
        name = "stage" if cause is Cause.WRONG_STAGE else "ledger"
        sentence = Said(f"Entry {{}} is of the {name} {{}}, not of {{}}.", line.sequence, ascii(found), ascii(expected))
        self.findings.tally(cause, line.sequence, line.number, expected, found, sentence)

    def _check_origin(self, line: Line, found: Any) -> None:
        if not self.origin and isinstance(found, str):
            self.origin = found
        else:
            self._foreign(Cause.WRONG_ORIGIN, line, self.origin, "none" if found is None else str(found))

    def _back(self, line: Line, timestamp: str) -> None:
        sentence = Said(
            "Entry {} is dated {}, before entry {} at {}.", line.sequence, timestamp, self.last, self._timestamp
        )
        expected = f"not before {self._timestamp}"
        self.findings.add(Cause.TIME_GOES_BACK, line.sequence, line.number, expected, timestamp, sentence)

    def _downgraded(self, line: Line, algorithm: str) -> None:
        sentence = Said(
            "Entry {} is signed with {}, the ledger was opened with {}.", line.sequence, algorithm, self.algorithm
        )
        self.findings.run(Cause.ALGORITHM_DIFFERS, line.sequence, line.number, self.algorithm, algorithm, sentence)

    def _count(self, auth: Any) -> None:
        name = auth if isinstance(auth, str) else ""
        if name not in self.people and len(self.people) >= _KINDS:
            name = "other"
        self.people[name] = self.people.get(name, 0) + 1

    # --- step 9 ------------------------------------------------------------------------------------------------------

    def report(self, source: Lines) -> Report:
        """Everything that was found, after the last line."""
        self._judge()
        self.findings.raise_limit(5 + len(self.heads))
        if not self.backwards.lines:
            if not self.entries:
                self.findings.add(Cause.EMPTY, None, None, "at least one entry", "none", "The log has no entry at all.")
            if self._torn is not None:
                self._judge_torn(self._torn)
            if source.unended is not None and self.stated is not None and self.last > self.stated.size:
                source.unended.excuse()
            self.anchors.judge(self.last, torn=self._torn is not None)  # step 8
            proved = self.anchors.proved if self.verifier is not None else 0
            self.signatures.conclude(proved)
            if not self.findings.accused():
                self.anchors.judge_end(self.last)
        return Report(
            entries=self.entries,
            bytes_read=source.bytes_read,
            origin=self.origin,
            stage=self.stage,
            root=self.anchors.root(),
            checkpoint_size=self.stated.size if self.stated else None,
            findings=self.findings.close(),
            findings_left_out=self.findings.left_out,
            checked=tuple(said_checked(self)),
            not_checked=tuple(said_not_checked(self)),
            people=dict(self.people),
            unknown_events=self.replay.unknown,
            proved=self.anchors.proved,
            beyond=self.anchors.beyond,
        )

    def _judge_torn(self, line: Line) -> None:
        """The last line has no newline and is no entry."""
        if self.stated is not None and self.last < self.stated.size:
            return  # the checkpoint's own finding says so
        innocent = self.stated is not None and is_torn(line)
        sentence = Said("The last line ({}) is torn: it has no newline and is no entry.", line.number)
        if is_torn(line):
            sentence = Said(
                "The last line ({}) is torn: the log was copied while an entry was being written, or its "
                "end was cut. A copy that is whole: {}",
                line.number,
                CONSISTENT,
            )
        found = Said("{} bytes without one", len(line.raw))
        self.findings.add(
            Cause.NOT_TERMINATED, self.last + 1, line.number, "a newline", found, sentence, accuses=not innocent
        )
