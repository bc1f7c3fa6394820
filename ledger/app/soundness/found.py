"""What a look at a home's own ledger finds: findings, what was read, and what follows from them."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

from ledger.domain.text import shorten
from ledger.said import Said
from ledger.verify import Report

Part = Literal["store", "checkpoints", "published", "artefacts", "keys"]
HOLDS: Final = frozenset({"store", "checkpoints"})
"""What the ledger decides from: where something is wrong with it, nothing is written on top but the stop."""
FURTHER: Final = frozenset({"behind", "another_history"})
"""Causes that say that the published files hold lines of this ledger that the store does not."""
_APART = 8
"""Findings of one cause that are told one by one; the last one counts the rest."""
_ARTEFACTS = 1_000
"""The same of artefacts: each is a piece of evidence of its own."""
_LONGEST = 400
_RECEIPTS: Final = (
    "Receipts: request, first and last entry were compared; of the digest of what was asked only the form, because no "
    "entry holds all that was asked. It decides nothing but whether a press that is sent again is the same."
)
REMEDIES: Final[dict[Part, str]] = {
    "store": (
        "Nothing is written on top of it but the stop. Keep the folders var and audit as they are and put back a copy "
        "of the store from before: see docs/recovery.md"
    ),
    "checkpoints": (
        "Nothing is written on top of it but the stop. Keep the folders var and audit as they are and put back a copy "
        "of the store from before: see docs/recovery.md"
    ),
    "published": (
        "The store has the true lines. The next entry sets what is not ours aside and makes the files again (stage4 "
        "export does too); find out who writes there"
    ),
    "artefacts": "Put the file back from a copy; its name is its digest, so that no other bytes are taken for it",
    "keys": "Put the key back from the escrow: stage4 keys import",
}


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong."""

    ledger: str
    """The stage whose ledger it is."""
    part: Part
    place: str
    """``entry 3``, ``checkpoint 12``, or a path."""
    cause: str
    """A permanent name."""
    sentence: str
    """For a person."""
    remedy: str
    sequence: int | None = None
    """The entry where it shows; None where it is none of an entry's."""
    expected: str = ""
    found: str = ""
    count: int = 1
    """How many of the kind it stands for, from here on."""

    @property
    def holds(self) -> bool:
        """Whether nothing but the stop may be written while it stands."""
        return self.part in HOLDS


class Note(NamedTuple):
    """What is no finding and should be known: what is not so yet, or was not looked at."""

    part: Literal["published", "ledger"]
    sentence: str


class Found:
    """The findings of one ledger so far. Bounded, however much is wrong."""

    def __init__(self, ledger: str) -> None:
        self.ledger = ledger
        self._kept: list[Finding] = []
        self._counts: dict[str, int] = {}

    def add(
        self,
        part: Part,
        cause: str,
        place: str,
        sentence: str,
        *,
        sequence: int | None = None,
        evidence: tuple[str, str] = ("", ""),
        remedy: str = "",
        count: int = 1,
    ) -> None:
        """One more; ``evidence`` is what was expected and what was found, ``count`` how many its sentence stands for.

        Of a cause that was found often already it is only counted.
        """
        self._counts[cause] = self._counts.get(cause, 0) + 1
        if self._counts[cause] <= _most(part):
            expected, found = (shorten(text, _LONGEST) for text in evidence)
            told = shorten(sentence, _LONGEST), remedy or REMEDIES[part]
            self._kept.append(Finding(self.ledger, part, place, cause, *told, sequence, expected, found, count))

    def has(self, *parts: Part) -> bool:
        """Whether anything is wrong with one of these parts."""
        return any(finding.part in parts for finding in self._kept)

    def close(self) -> tuple[Finding, ...]:
        """All of them, what the ledger decides from first; the last of a cause says how many more there were."""
        last = {finding.cause: number for number, finding in enumerate(self._kept)}
        closed = []
        for number, finding in enumerate(self._kept):
            more = self._counts[finding.cause] - _most(finding.part) if last[finding.cause] == number else 0
            if more > 0:
                sentence = Said("{} The same goes for {} more.", finding.sentence, more)
                finding = dataclasses.replace(finding, sentence=sentence, count=finding.count + more)  # noqa: PLW2901
            closed.append(finding)
        return tuple(sorted(closed, key=lambda finding: not finding.holds))


def _most(part: Part) -> int:
    return _ARTEFACTS if part == "artefacts" else _APART


@dataclass(frozen=True)
class Looked:
    """What was read of one ledger."""

    ledger: str
    rows: int = 0
    checkpoints: int = 0
    receipts: int = 0
    published: int = 0
    """Published lines that are the store's."""
    unpublished: int = 0
    """Entries that are not in the published file yet."""
    artefacts: int = 0
    erased: int = 0
    """Artefacts that two people erased: nothing to be there."""
    report: Report | None = None
    """What the verifier says of the lines."""


@dataclass(frozen=True)
class Soundness:
    """The outcome of one look at a home's own ledgers."""

    home: Path
    began: datetime
    """What is said stands for this moment."""
    seconds: float
    ledgers: tuple[Looked, ...]
    """The ledger itself first."""
    findings: tuple[Finding, ...]
    notes: tuple[Note, ...] = ()
    """What is no finding and should be known."""

    @property
    def sound(self) -> bool:
        """Whether nothing at all was found."""
        return not self.findings

    @property
    def entries(self) -> int:
        """Rows of the ledger itself."""
        return self.ledgers[0].rows if self.ledgers else 0

    def holding(self, ledger: str) -> tuple[Finding, ...]:
        """The findings for which nothing but the stop is written into a ledger."""
        return tuple(finding for finding in self.findings if finding.holds and finding.ledger == ledger)

    @property
    def checked(self) -> tuple[str, ...]:
        """The verifier's own sentences about what it checked in the ledger itself."""
        report = self.ledgers[0].report if self.ledgers else None
        return report.checked if report else ()

    @property
    def not_checked(self) -> tuple[str, ...]:
        """The verifier's about what it did not; of the artefacts only it says so, here they were read.

        No entry holds all that a press asked for, so that a receipt's digest cannot be made again from the entries.
        """
        report = self.ledgers[0].report if self.ledgers else None
        if report is None:
            return ()
        return (*(sentence for sentence in report.not_checked if not sentence.startswith("Artefacts:")), _RECEIPTS)

    @property
    def open_questions(self) -> tuple[str, ...]:
        """All that a person should know beside the findings: notes, and what no look proves."""
        return (*(note.sentence for note in self.notes), *self.not_checked)

    def as_json(self) -> dict[str, Any]:
        """JSON types; the report on the ledger's own lines stands at the top as before, with all findings."""
        report = self.ledgers[0].report if self.ledgers else None
        page = report.as_json() if report else {}
        page |= {
            "verified": self.sound,
            "home": str(self.home),
            "at": self.began.isoformat(timespec="seconds"),
            "seconds": round(self.seconds, 3),
            "entries": self.entries,
            "findings": [dataclasses.asdict(finding) | {"holds": finding.holds} for finding in self.findings],
            "notes": [note.sentence for note in self.notes],
            "checked": list(self.checked),
            "not_checked": list(self.not_checked),
            "ledgers": [_plain(looked) for looked in self.ledgers],
        }
        page.pop("findings_left_out", None)
        return page


def _plain(looked: Looked) -> dict[str, Any]:
    return {field.name: getattr(looked, field.name) for field in dataclasses.fields(looked) if field.name != "report"}
