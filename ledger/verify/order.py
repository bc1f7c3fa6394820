"""Step 3: put the lines in the ledger's order, and say which are missing, twice, swapped or not ours.

The common line continues the one before it (next sequence, and it names that line's bytes). Any other line waits until
a later line shows what it is: a line that goes on from *it* makes it part of the ledger (then the entries between are
missing or damaged), a line that goes on from the one *before* it shows that it does not belong there. So one fault is
named once, and what follows is read cleanly.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from ledger.proof.entry import GENESIS
from ledger.said import Said
from ledger.verify.causes import Cause
from ledger.verify.findings import Findings
from ledger.verify.gaps import Gaps
from ledger.verify.lines import Line, Problem

_WAIT = 64
"""How many lines of the file a line waits for an explanation."""
_RUN = 4
"""So many consecutive sequences are believed although none names the bytes before it."""
_REMEMBERED = 4096
"""How many entries back a line is recognised as one that stands there already."""
_STRAYED = 64
"""How many lines that stand in another entry's place are kept until their own place is reached."""

BEFORE = Line(0, b"", GENESIS, 0, "", None)
"""What the first entry goes on from."""


class Strayed(NamedTuple):
    """A line that stands in the place of entry ``place``. The line after it names ``wanted`` as the one before it."""

    place: int
    line: Line
    wanted: str


class Order:
    """Reads lines in the file's order, yields them in the ledger's (:meth:`arrange`)."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._tip = BEFORE  # the last line that belongs; it is yielded when the next one confirms it
        self._waiting: list[Line] = []
        self._gaps = Gaps(findings)
        self._links: dict[int, str] = {}
        self._late = BEFORE
        self._strayed: dict[int, Strayed] = {}  # by the entry that each claims to be

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
        self._gaps.report()

    # --- one line that is not simply the next ------------------------------------------------------------------------

    def _explain(self, line: Line) -> Iterator[Line]:
        waiting = self._waiting
        waiting.append(line)
        while waiting[0].number < line.number - _WAIT:
            self._extra(waiting.pop(0))
        if line.read is None:
            return
        if self._strayed and self._is_swapped(line):
            waiting.pop()
            strayed = self._strayed.pop(self._tip.sequence + 1)
            _report_swap(self._findings, strayed.line, line)
            yield from self._advance(replace(strayed.line, stood_at=strayed.place))
            yield from self._catch_up(line)
        elif follows(line, self._tip):
            waiting.pop()
            yield from self._advance(line)
            yield from self._catch_up(line)
        elif line.sequence <= self._tip.sequence and follows(line, self._late):
            self._extra(waiting.pop())
            self._late = line
        else:
            yield from self._anchor(line)

    def _is_swapped(self, line: Line) -> bool:
        """Whether ``line`` is the very one that is missing where the tip's successor strayed to."""
        strayed = self._strayed.get(self._tip.sequence + 1)
        return (
            strayed is not None
            and strayed.place == line.sequence
            and strayed.wanted == line.link
            and strayed.line.previous == self._tip.link
        )

    def _anchor(self, line: Line) -> Iterator[Line]:
        """The newest line may show where an earlier one that waits belongs."""
        waiting, tip = self._waiting, self._tip
        before = next((other for other in reversed(waiting[:-1]) if follows(line, other)), None)
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
        waiting, moved = self._waiting, [newest]
        while (early := next((line for line in waiting if follows(line, self._tip)), None)) is not None:
            waiting.remove(early)
            moved.append(early)
            yield from self._advance(early)
        self._report_moved(moved)
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
            self._gaps.note(last + 1, sequence - 1, to.number)
            yield from self._advance(line)
            last = sequence
        self._gaps.note(last + 1, to.sequence - 1, to.number)
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
                if line.sequence > to.sequence == sequence + 1 and len(self._strayed) < _STRAYED:
                    self._strayed[line.sequence] = Strayed(sequence, line, to.previous)
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

    def _report_moved(self, moved: Sequence[Line]) -> None:
        """Consecutive entries that stand in another order: two that were swapped, or lines that stand too early."""
        places = sorted(line.number for line in moved)
        astray = [line for line, place in zip(moved, places, strict=True) if line.number != place]
        if len(astray) == 2:
            _report_swap(self._findings, *astray)
            return
        for line in moved[1:]:
            sentence = Said("Entry {} stands at line {}, before entries that come first.", line.sequence, line.number)
            expected, found = f"after entry {line.sequence - 1}", f"line {line.number}"
            self._findings.run(Cause.OUT_OF_ORDER, line.sequence, line.number, expected, found, sentence)

    def _extra(self, line: Line) -> None:
        """A line that takes no place in the ledger."""
        if line.problem is not None:
            self._gaps.unreadable += 1
            cause = Cause.TOO_LONG if line.problem.cause is Cause.TOO_LONG else Cause.FOREIGN_LINE
            sentence = Said("Line {} takes no entry's place. {}", line.number, line.problem.sentence)
            self._findings.add(cause, None, line.number, "no such line", line.problem.found, sentence)
            return
        known = self._tip.link if line.sequence == self._tip.sequence else self._links.get(line.sequence)
        where = f"line {line.number} claims entry {line.sequence}"
        if known is None and self._gaps.fill(line.sequence):
            cause, expected = Cause.OUT_OF_ORDER, f"after entry {line.sequence - 1}"
            sentence = Said("Entry {} stands at line {}, after entries that come later.", line.sequence, line.number)
        elif known == line.link or (known is None and line.sequence <= self._tip.sequence):
            cause, expected = Cause.DUPLICATE_LINE, "every entry once"
            sentence = Said("Entry {} stands there already; line {} repeats it.", line.sequence, line.number)
        else:
            cause, expected = Cause.FOREIGN_LINE, "no such line"
            sentence = Said("Line {} was inserted: it claims to be entry {} and is not.", line.number, line.sequence)
        self._findings.run(cause, line.sequence, line.number, expected, where, sentence, apart=1)


def _report_swap(findings: Findings, early: Line, late: Line) -> None:
    """Two entries stand in each other's place; the lines say where they stand and what they are."""
    if early.sequence < late.sequence:
        early, late = late, early
    sentence = Said(
        "Entries {} and {} were swapped: entry {} stands at line {}, entry {} at line {}.",
        late.sequence,
        early.sequence,
        early.sequence,
        early.number,
        late.sequence,
        late.number,
    )
    expected, found = f"after entry {early.sequence - 1}", f"line {early.number}"
    findings.add(Cause.OUT_OF_ORDER, early.sequence, early.number, expected, found, sentence)


def follows(line: Line, other: Line) -> bool:
    """Whether ``line`` is the entry after ``other``: the next sequence, and it names the other's bytes."""
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
    sentence = Said(
        "Line {} stands in place of entry {} but claims to be entry {}.", line.number, sequence, line.sequence
    )
    problem = Problem(Cause.SEQUENCE_WRONG, str(sequence), str(line.sequence), sentence)
    return replace(line, sequence=sequence, read=None, previous="", problem=problem)
