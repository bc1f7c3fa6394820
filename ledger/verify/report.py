"""Step 9: what comes out of a verification."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, Literal

from ledger.errors import Corrupt
from ledger.proof.encoding import format_base64, parse_base64, parse_decimal

Outcome = Literal["verified", "incomplete", "not_verified"]


@dataclass(frozen=True)
class Head:
    """A head that somebody kept: the ledger had ``size`` entries and this Merkle root (32 bytes)."""

    size: int
    root: bytes
    origin: str = ""
    """The ledger that it was said to be of; ``""`` where nothing said so."""


def parse_head(text: str) -> Head:
    """A head written ``N:ROOT``, the root as base64 or as 64 hex digits; ``Corrupt`` otherwise."""
    size, _, root = text.partition(":")
    try:
        decoded = bytes.fromhex(root) if len(root) == 64 else parse_base64(root)
        head = Head(parse_decimal(size), decoded)
    except (Corrupt, ValueError):
        head = Head(0, b"")
    if len(head.root) != 32:
        raise Corrupt(f"a head is N:ROOT with a root of 32 bytes as base64 or hex, found {text[:120]!a}")
    return head


def format_head(head: Head) -> str:
    """``N:ROOT`` with the root in base64."""
    return f"{head.size}:{format_base64(head.root)}"


HEAD_LINE = "Ledger head "
"""How the line begins that names a head in a message."""


def head_line(head: Head, origin: str) -> str:
    """The line that goes out with every message and is found again by :func:`~ledger.verify.mentions.find_heads`."""
    return f"{HEAD_LINE}{format_head(head)} of {origin}"


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong."""

    sequence: int | None
    """Entry (counted from 1) where it shows; None where it is none of an entry's."""
    line: int | None
    """Line of the file, counted from 1."""
    cause: str
    """A :class:`~ledger.verify.causes.Cause`."""
    expected: str
    found: str
    sentence: str
    """For a person."""
    count: int = 1
    """How many entries or lines it stands for, from ``sequence`` and ``line`` on."""
    accuses: bool = True
    """False where nothing is wrong with what it is about, only nothing given proves it."""


@dataclass(frozen=True)
class Report:
    """The outcome of one verification."""

    entries: int
    """Entries judged; missing, doubled and foreign lines are not counted."""
    bytes_read: int
    """Bytes of the log, unpacked."""
    origin: str
    stage: str
    root: str
    """Base64 of the Merkle root of all entries; empty where entries are missing."""
    checkpoint_size: int | None
    findings: tuple[Finding, ...]
    findings_left_out: int
    """Findings beyond ``max_findings``: counted, not kept."""
    checked: tuple[str, ...]
    not_checked: tuple[str, ...]
    people: dict[str, int]
    """How the entries' actors were known (``metadata.auth``) -> entries."""
    unknown_events: int
    proved: int = 0
    """Entries as far as the last checkpoint or kept head that agrees; 0 where there is none."""
    beyond: int = 0
    """Entries after that which follow rightly; nothing given covers them, or nothing whose signature was checked."""

    @property
    def verified(self) -> bool:
        """Whether nothing at all was found."""
        return not self.findings and not self.findings_left_out

    @property
    def outcome(self) -> Outcome:
        """``incomplete`` where all is right as far as the checkpoint and more follows, or where none was given."""
        if self.verified:
            return "verified"
        accused = self.findings_left_out or any(finding.accuses for finding in self.findings)
        return "not_verified" if accused else "incomplete"

    def as_json(self) -> dict[str, Any]:
        """The report as JSON types, with ``verified`` and ``outcome``."""
        return {"verified": self.verified, "outcome": self.outcome, **dataclasses.asdict(self)}
