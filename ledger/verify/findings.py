"""The collector of findings: merges what is one fault, and stays bounded however much is wrong."""

from __future__ import annotations

from dataclasses import dataclass

from ledger.verify.causes import Cause
from ledger.verify.report import Finding

_LONGEST = 400


@dataclass
class _Open:
    finding: Finding
    count: int = 1

    def close(self) -> Finding:
        first = self.finding
        if self.count == 1:
            return first
        sentence = f"{first.sentence} The same goes for {self.count - 1} more"
        sentence += "." if first.sequence is None else f", {self.count} in all from entry {first.sequence} on."
        return Finding(first.sequence, first.line, first.cause, first.expected, first.found, sentence, self.count)


def shorten(text: str) -> str:
    """Evidence for people, at most 400 characters: what is hostile may be long."""
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


class Findings:
    """All findings so far. ``limit`` bounds how many are kept; the others are counted in ``left_out``."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._kept: list[_Open] = []
        self._runs: dict[str, _Open] = {}
        self._tallies: dict[tuple[str, str], _Open] = {}
        self.left_out = 0

    def add(
        self, cause: Cause, sequence: int | None, line: int | None, expected: str, found: str, sentence: str
    ) -> _Open | None:
        """One finding of its own; None where the limit is reached and it was only counted."""
        if len(self._kept) >= self._limit:
            self.left_out += 1
            return None
        evidence = shorten(expected), shorten(found), shorten(sentence)
        opened = _Open(Finding(sequence, line, cause.value, *evidence))
        self._kept.append(opened)
        return opened

    def run(self, cause: Cause, sequence: int, line: int, expected: str, found: str, sentence: str) -> None:
        """Like :meth:`add`; the very next entry with the same cause extends it instead of making another."""
        last = self._runs.get(cause)
        if last is not None and last.finding.sequence is not None and sequence == last.finding.sequence + last.count:
            last.count += 1
            return
        opened = self.add(cause, sequence, line, expected, found, sentence)
        if opened is not None:
            self._runs[cause] = opened

    def tally(self, cause: Cause, sequence: int | None, line: int, expected: str, found: str, sentence: str) -> None:
        """Like :meth:`add`; everything else found to be ``found`` is counted there instead of making another."""
        key = (cause.value, found)
        if key in self._tallies:
            self._tallies[key].count += 1
            return
        opened = self.add(cause, sequence, line, expected, found, sentence)
        if opened is not None:
            self._tallies[key] = opened

    def raise_limit(self, by: int) -> None:
        """Room for the findings about the whole ledger, which always count."""
        self._limit += by

    def close(self) -> tuple[Finding, ...]:
        """All of them in the order of the file; those about the whole ledger last."""
        closed = [opened.close() for opened in self._kept]
        return tuple(sorted(closed, key=lambda finding: finding.line or 1 << 62))
