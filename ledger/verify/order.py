"""Step 3: put the lines in the ledger's order, and say which are missing, twice, swapped or not ours.

The common line continues the one before it (next sequence, and it names that line's bytes). Any other line waits until
a later line shows what it is: a line that goes on from *it* makes it part of the ledger (then the entries between are
missing or damaged), a line that goes on from the one *before* it shows that it does not belong there. So one fault is
named once, and what follows is read cleanly.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from msgspec.structs import replace

from ledger.proof.entry import GENESIS
from ledger.verify.causes import Cause
from ledger.verify.findings import Findings
from ledger.verify.lines import Line, Problem

_WAIT = 64
"""How many lines of the file a line waits for an explanation."""
_RUN = 4
"""So many consecutive sequences are believed although none names the bytes before it."""
_REMEMBERED = 4096
"""How many entries back a line is recognised as one that stands there already."""
_GAPS = 1000

BEFORE = Line(0, b"", GENESIS, 0, "", None)
"""What the first entry goes on from."""


@dataclass
class Gap:
    """Entries ``first`` to ``last`` were not there when line ``line`` was read."""

    first: int
    last: int
    line: int


class Order:
    """Reads lines in the file's order, yields them in the ledger's (:meth:`arrange`)."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._tip = BEFORE  # the last line that belongs; it is yielded when the next one confirms it
        self._waiting: list[Line] = []
        self._gaps: list[Gap] = []
        self._links: dict[int, str] = {}
        self._late = BEFORE
        self._lost = 0  # unreadable lines whose place never became known
        self.missing = 0

    def arrange(self, lines: Iterable[Line]) -> Iterator[Line]:
        """The lines that are the ledger's entries. One whose ``read`` is None stands in place of its ``sequence``."""
        links = self._links
        for line in lines:
            tip = self._tip
            if not self._waiting and line.previous == tip.link and line.sequence == tip.sequence + 1:
                self._tip = line
                if tip.sequence:
                    links[tip.sequence] = tip.link
                    links.pop(tip.sequence - _REMEMBERED, None)
                    yield tip
            else:
                yield from self._explain(line)
        yield from self._end()
        self._report_gaps()

    # --- one line that is not simply the next ------------------------------------------------------------------------

    def _explain(self, line: Line) -> Iterator[Line]:
        waiting = self._waiting
        waiting.append(line)
        while waiting[0].number < line.number - _WAIT:
            self._extra(waiting.pop(0))
        if line.read is None:
            return
        if _follows(line, self._tip):
            waiting.pop()
            yield from self._advance(line)
            yield from self._catch_up(line)
        elif line.sequence <= self._tip.sequence and _follows(line, self._late):
            self._extra(waiting.pop())
            self._late = line
        else:
            yield from self._anchor(line)

    def _anchor(self, line: Line) -> Iterator[Line]:
        """The newest line may show where an earlier one that waits belongs."""
        waiting, tip = self._waiting, self._tip
        before = next((other for other in reversed(waiting[:-1]) if _follows(line, other)), None)
        if before is None:
            first = self._unlinked_run()
            if first is not None:
                yield from self._jump(first)
        elif before.sequence > tip.sequence:
            yield from self._jump(before)
            yield from self._take(line)
        elif before.sequence == tip.sequence and before.previous == tip.previous:
            waiting.remove(before)  # two lines claim one place: the next line says which one it is
            self._tip, rival = before, tip
            self._extra(rival)
            yield from self._take(line)
        else:
            for late in (before, line):
                waiting.remove(late)
                self._extra(late)
            self._late = line

    def _unlinked_run(self) -> Line | None:
        """The first of consecutive lines with consecutive sequences, where they are enough to be believed."""
        waiting, start = self._waiting, len(self._waiting) - 1
        while start and _next_in_file(waiting[start - 1], waiting[start]):
            start -= 1
        first, length = waiting[start], len(waiting) - start
        unreadable = sum(line.read is None for line in waiting[:start])
        expected = self._tip.sequence + 1 + unreadable
        enough = 2 if first.sequence == expected else _RUN
        return first if length >= enough and first.sequence > self._tip.sequence else None

    def _take(self, line: Line) -> Iterator[Line]:
        """``line`` waits and goes on from the tip."""
        self._waiting.remove(line)
        yield from self._advance(line)
        yield from self._catch_up(line)

    def _advance(self, line: Line) -> Iterator[Line]:
        tip, self._tip = self._tip, line
        if tip.sequence:
            self._links[tip.sequence] = tip.link
            self._links.pop(tip.sequence - _REMEMBERED, None)
            yield tip

    def _catch_up(self, newest: Line) -> Iterator[Line]:
        """Lines that stood too early go on from the new tip; what can no longer belong is extra."""
        waiting = self._waiting
        while (early := next((line for line in waiting if _follows(line, self._tip)), None)) is not None:
            waiting.remove(early)
            self._report_early(early)
            yield from self._advance(early)
        for line in [line for line in waiting if line.sequence <= self._tip.sequence and line.number <= newest.number]:
            waiting.remove(line)
            self._extra(line)

    # --- a jump: the ledger goes on at a line that does not follow the tip --------------------------------------------

    def _jump(self, to: Line) -> Iterator[Line]:
        """``to`` belongs. Lines before it fill the places between, as far as they can; the rest is missing."""
        before, after = list[Line](), list[Line]()
        for line in self._waiting:
            early = line.number < self._tip.number and line.sequence > to.sequence
            if line is not to:
                (after if early or line.number > to.number else before).append(line)
        self._waiting = after
        placed = self._place(before, to)
        last = self._tip.sequence
        for sequence, line in sorted(placed.items()):
            self._note_gap(last + 1, sequence - 1, to.number)
            yield from self._advance(line)
            last = sequence
        self._note_gap(last + 1, to.sequence - 1, to.number)
        yield from self._advance(to)

    def _place(self, before: list[Line], to: Line) -> dict[int, Line]:
        first, placed = self._tip.sequence + 1, dict[int, Line]()
        others = []
        for line in before:
            if first <= line.sequence < to.sequence and line.sequence not in placed:
                placed[line.sequence] = line
            else:
                others.append(line)
        sequence = first
        for line in others:
            while sequence in placed:
                sequence += 1
            known = line.read is not None and self._links.get(line.sequence) == line.link
            here = line.number > self._tip.number and not known
            if sequence < to.sequence and here:
                placed[sequence] = _misplaced(line, sequence)
            else:
                self._extra(line)
        return placed

    def _end(self) -> Iterator[Line]:
        """No more lines: what still waits is explained as it stands."""
        while True:
            tip = self._tip
            readable = [line for line in self._waiting if line.sequence > tip.sequence and line.number > tip.number]
            if not readable:
                break
            yield from self._jump(readable[0])
        for line in self._waiting:
            if line.read is None and line.number > self._tip.number:
                yield from self._advance(_misplaced(line, self._tip.sequence + 1))
            else:
                self._extra(line)
        yield from self._advance(BEFORE)

    # --- findings ----------------------------------------------------------------------------------------------------

    def _note_gap(self, first: int, last: int, line: int) -> None:
        missing = last - first + 1
        if missing <= 0:
            return
        self.missing += missing
        filled, self._lost = min(missing, self._lost), max(0, self._lost - missing)
        if filled < missing and len(self._gaps) < _GAPS:
            self._gaps.append(Gap(first + filled, last, line))
        elif filled < missing:
            self._findings.left_out += 1

    def _report_gaps(self) -> None:
        for gap in self._gaps:
            names = f"entry {gap.first} is" if gap.first == gap.last else f"entries {gap.first} to {gap.last} are"
            found = f"entry {gap.last + 1} at line {gap.line}"
            sentence = f"{names.capitalize()} missing before line {gap.line}."
            count = gap.last - gap.first + 1
            opened = self._findings.add(Cause.SEQUENCE_GAP, gap.first, gap.line, f"entry {gap.first}", found, sentence)
            if opened is not None:
                opened.cover(count)

    def _report_early(self, line: Line) -> None:
        sentence = f"Entry {line.sequence} stands at line {line.number}, before entries that come first."
        expected = f"after entry {line.sequence - 1}"
        self._findings.run(Cause.OUT_OF_ORDER, line.sequence, line.number, expected, f"line {line.number}", sentence)

    def _extra(self, line: Line) -> None:
        """A line that takes no place in the ledger."""
        if line.problem is not None:
            self._lost += 1
            sentence = f"Line {line.number} takes no entry's place. {line.problem.sentence}"
            self._findings.add(Cause.FOREIGN_LINE, None, line.number, "no such line", line.problem.found, sentence)
            return
        known = self._tip.link if line.sequence == self._tip.sequence else self._links.get(line.sequence)
        where = f"line {line.number} claims entry {line.sequence}"
        if known is None and self._fill(line.sequence):
            cause, expected = Cause.OUT_OF_ORDER, f"after entry {line.sequence - 1}"
            sentence = f"Entry {line.sequence} stands at line {line.number}, after entries that come later."
        elif known == line.link or (known is None and line.sequence <= self._tip.sequence):
            cause, expected = Cause.DUPLICATE_LINE, "every entry once"
            sentence = f"Entry {line.sequence} stands there already; line {line.number} repeats it."
        else:
            cause, expected = Cause.FOREIGN_LINE, "no such line"
            sentence = f"Line {line.number} was inserted: it claims to be entry {line.sequence} and is not."
        self._findings.run(cause, line.sequence, line.number, expected, where, sentence, apart=1)

    def _fill(self, sequence: int) -> bool:
        """Whether the entry was missing; then it is not any more."""
        for index, gap in enumerate(self._gaps):
            if gap.first <= sequence <= gap.last:
                halves = (Gap(gap.first, sequence - 1, gap.line), Gap(sequence + 1, gap.last, gap.line))
                self._gaps[index : index + 1] = [half for half in halves if half.first <= half.last]
                return True
        return False


def _follows(line: Line, other: Line) -> bool:
    return line.read is not None and line.sequence == other.sequence + 1 and line.previous == other.link


def _next_in_file(line: Line, after: Line) -> bool:
    return (
        line.read is not None
        and after.read is not None
        and after.number == line.number + 1
        and after.sequence == line.sequence + 1
    )


def _misplaced(line: Line, sequence: int) -> Line:
    """The line standing in an entry's place."""
    if line.read is None:
        return replace(line, sequence=sequence)
    sentence = f"Line {line.number} stands in place of entry {sequence} but claims to be entry {line.sequence}."
    problem = Problem(Cause.SEQUENCE_WRONG, str(sequence), str(line.sequence), sentence)
    return replace(line, sequence=sequence, read=None, previous="", problem=problem)
