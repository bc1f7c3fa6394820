"""Step 3: which entries are missing, kept until a line that stands late may still fill the gap."""

from __future__ import annotations

from dataclasses import dataclass

from ledger.said import Said
from ledger.verify.causes import Cause
from ledger.verify.findings import Findings

_MOST = 1000


@dataclass
class Gap:
    """Entries ``first`` to ``last`` were not there when line ``line`` was read."""

    first: int
    last: int
    line: int


class Gaps:
    """All gaps so far."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._gaps: list[Gap] = []
        self.unreadable = 0
        """Unreadable lines whose place never became known: each may be one of the missing entries."""

    def note(self, first: int, last: int, line: int) -> None:
        """The entries from ``first`` to ``last`` are not there; none where ``last`` is before ``first``."""
        missing = last - first + 1
        if missing <= 0:
            return
        filled, self.unreadable = min(missing, self.unreadable), max(0, self.unreadable - missing)
        if filled < missing and len(self._gaps) < _MOST:
            self._gaps.append(Gap(first + filled, last, line))
        elif filled < missing:
            self._findings.left_out += 1

    def fill(self, sequence: int) -> bool:
        """Whether the entry was missing; then it is not any more."""
        for index, gap in enumerate(self._gaps):
            if gap.first <= sequence <= gap.last:
                halves = (Gap(gap.first, sequence - 1, gap.line), Gap(sequence + 1, gap.last, gap.line))
                self._gaps[index : index + 1] = [half for half in halves if half.first <= half.last]
                return True
        return False

    def report(self) -> None:
        """A finding for each, after the last line."""
        for gap in self._gaps:
            found = f"entry {gap.last + 1} at line {gap.line}"
            sentence = (
                Said("Entry {} is missing before line {}.", gap.first, gap.line)
                if gap.first == gap.last
                else Said("Entries {} to {} are missing before line {}.", gap.first, gap.last, gap.line)
            )
            count = gap.last - gap.first + 1
            opened = self._findings.add(Cause.SEQUENCE_GAP, gap.first, gap.line, f"entry {gap.first}", found, sentence)
            if opened is not None:
                opened.cover(count)
