"""Step 3, for a file whose newest line comes first: said once, instead of judging every line as out of place."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from ledger.said import Said
from ledger.verify.causes import Cause
from ledger.verify.findings import Findings
from ledger.verify.lines import Line
from ledger.verify.order import follows

_ENOUGH = 64
"""So many lines at the beginning, or the whole file, decide: as far as a line that stands too early is waited for."""
_LEAST = 3
"""Two lines may just as well have been swapped."""


class Backwards:
    """Passes a file's lines on, unless they stand newest first; then they are only counted (``lines``)."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self.lines = 0
        """How many lines stand newest first; 0 for any other file."""

    def pass_on(self, lines: Iterator[Line]) -> Iterator[Line]:
        """All lines, or none where they stand newest first, after a finding that says so."""
        begun = list[Line]()
        for line in lines:
            begun.append(line)
            if len(begun) > 1 and not follows(begun[-2], line):
                return itertools.chain(begun, lines)
            if len(begun) == _ENOUGH:
                break
        if len(begun) < _LEAST:
            return itertools.chain(begun, lines)
        self._count(begun[0], begun[-1], lines)
        return iter(())

    def _count(self, first: Line, last: Line, rest: Iterator[Line]) -> None:
        so_far = first.sequence - last.sequence + 1
        for line in rest:
            if not follows(last, line):
                so_far += 1 + sum(1 for _ in rest)
                break
            last, so_far = line, so_far + 1
        self.lines = so_far
        sentence = Said(
            "The lines stand in reversed order: line 1 is entry {}, the newest, and each line down "
            "to line {}, entry {}, is the one before it. Turn the file around and verify again: tac "
            "FILE | stage4 verify -",
            first.sequence,
            last.number,
            last.sequence,
        )
        found = f"entry {first.sequence} at line 1"
        opened = self._findings.add(Cause.REVERSED_ORDER, None, 1, "the oldest entry first", found, sentence)
        if opened is not None:
            opened.cover(self.lines)
