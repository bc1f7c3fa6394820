"""The collector of findings: merges what is one fault, and stays bounded however much is wrong."""

from __future__ import annotations

import dataclasses

from ledger.said import Said
from ledger.verify.causes import Cause
from ledger.verify.report import Finding

_LONGEST = 400
_APART = 16
"""So many entries in a row with the same cause each have a finding of their own."""


class Opened:
    """A finding that more entries may still join."""

    def __init__(self, finding: Finding) -> None:
        self.finding = finding
        self.count = 1
        self._says_count = False

    def cover(self, count: int) -> None:
        """It stands for ``count`` entries, and its sentence says so."""
        self.count, self._says_count = count, True

    def excuse(self) -> None:
        """It accuses nobody: there is an innocent cause, and nothing given vouches for what it is about."""
        self.finding = dataclasses.replace(self.finding, accuses=False)

    def close(self) -> Finding:
        """What goes into the report."""
        first, more = self.finding, self.count - 1
        sentence = first.sentence
        if more and not self._says_count:
            sentence = Said("{} The same goes for {} more.", first.sentence, more)
        return dataclasses.replace(first, sentence=sentence, count=self.count)


def shorten(text: str) -> str:
    """Evidence for people, at most 400 characters: what is hostile may be long."""
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


@dataclasses.dataclass
class _Run:
    last: int
    length: int = 1
    opened: Opened | None = None


class Findings:
    """All findings so far. ``limit`` bounds how many are kept; the others are counted in ``left_out``."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._kept: list[Opened] = []
        self._runs: dict[str, _Run] = {}
        self._tallies: dict[tuple[str, str], Opened] = {}
        self.left_out = 0
        self._left_out: set[str] = set()
        """Their causes."""

    def accused(self) -> set[str]:
        """The causes of all that is wrong, also of what was only counted."""
        return {opened.finding.cause for opened in self._kept if opened.finding.accuses} | self._left_out

    def add(
        self,
        cause: Cause,
        sequence: int | None,
        line: int | None,
        expected: str,
        found: str,
        sentence: str,
        *,
        accuses: bool = True,
    ) -> Opened | None:
        """One finding of its own; None where the limit is reached and it was only counted."""
        if len(self._kept) >= self._limit:
            self.left_out += 1
            self._left_out.add(cause.value)
            return None
        evidence = shorten(expected), shorten(found), shorten(sentence)
        opened = Opened(Finding(sequence, line, cause.value, *evidence, accuses=accuses))
        self._kept.append(opened)
        return opened

    def run(
        self, cause: Cause, sequence: int, line: int, expected: str, found: str, sentence: str, *, apart: int = _APART
    ) -> None:
        """Like :meth:`add`; after ``apart`` in a row with the same cause the last one counts the rest."""
        run = self._runs.get(cause)
        if run is not None and sequence == run.last + 1:
            run.last, run.length = sequence, run.length + 1
            if run.length > apart and run.opened is not None:
                run.opened.count += 1
                return
        else:
            run = self._runs[cause] = _Run(sequence)
        run.opened = self.add(cause, sequence, line, expected, found, sentence)

    def tally(
        self, cause: Cause, sequence: int | None, line: int, expected: str, found: str, sentence: str
    ) -> Opened | None:
        """Like :meth:`add`; everything else found to be ``found`` is counted there instead of making another."""
        key = (cause.value, shorten(found))
        if key in self._tallies:
            self._tallies[key].count += 1
            return self._tallies[key]
        opened = self.add(cause, sequence, line, expected, found, sentence)
        if opened is not None:
            self._tallies[key] = opened
        return opened

    def retract(self, cause: Cause, sequence: int) -> None:
        """Take back what was found at an entry: a later line has shown what it is. Nothing where it counts others."""
        alone = (
            opened for opened in self._kept if opened.finding.cause == cause and opened.finding.sequence == sequence
        )
        opened = next(alone, None)
        if opened is not None and opened.count == 1:
            self._kept.remove(opened)

    def accused_from(self, sequence: int) -> bool:
        """Whether anything wrong was found at this entry or a later one, or was only counted."""
        wrong = (opened.finding for opened in self._kept if opened.finding.accuses)
        return bool(self.left_out) or any((finding.sequence or 0) >= sequence for finding in wrong)

    def raise_limit(self, by: int) -> None:
        """Room for the findings about the whole ledger, which always count."""
        self._limit += by

    def close(self) -> tuple[Finding, ...]:
        """All of them in the order of the file; those about the whole ledger last."""
        closed = [opened.close() for opened in self._kept]
        return tuple(sorted(closed, key=lambda finding: finding.line or 1 << 62))
