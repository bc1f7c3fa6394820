"""Up to which entry each check of the guard reaches, and when it looked: what a picture of the chain is drawn from.

Nothing is concluded here. A check that found something wrong, or was not made, says so for itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final, Literal, NamedTuple

from ledger.app.soundness.found import Finding
from ledger.app.soundness.guard import Guard
from ledger.verify.causes import REPLAYED

Name = Literal["lines", "rules", "checkpoints", "published", "artefacts", "elsewhere"]
State = Literal["holds", "wrong", "unknown"]
"""Findings of the replay; all others about the store are about its lines and what stands beside them."""


class Check(NamedTuple):
    """One check of the ledger."""

    name: Name
    state: State
    upto: int
    """The last entry that it reached; 0 where it was not made."""
    at: datetime | None
    """When it looked."""
    number: int
    """How many of its own things it read: lines, checkpoints, artefacts; 0 where that was not counted."""
    wrong: tuple[Finding, ...] = ()


def coverage(guard: Guard) -> tuple[Check, ...]:
    """Every check, in the order of a picture: what is nearest to the entries first, what is out of reach last."""
    whole, findings = guard.whole, guard.findings
    own = [one for one in findings if whole is None or not whole.ledgers or one.ledger == whole.ledgers[0].ledger]
    if whole is None or not whole.ledgers:
        return (*(_check(name, 0, None, 0, own) for name in _NAMES), _elsewhere())
    looked, began = whole.ledgers[0], whole.began
    # The last rows are followed every minute, with their chain, HMACs, receipts and checkpoints; the rest is not.
    recently = max(looked.rows, guard.verified_entries) if not findings else looked.rows
    later = guard.looked or began
    counted = looked.checkpoints if recently == looked.rows else 0
    replayed = looked.rows if looked.report is not None else 0
    return (
        _check("lines", recently, later if not findings else began, recently, own),
        _check("rules", replayed, began, replayed, own),
        _check("checkpoints", recently, later if not findings else began, counted, own),
        _check("published", looked.published, began, looked.published, own),
        _check("artefacts", looked.rows, began, looked.artefacts, own),
        _elsewhere(),
    )


_NAMES: Final[tuple[Name, ...]] = ("lines", "rules", "checkpoints", "published", "artefacts")


def _elsewhere() -> Check:
    """A head that somebody else keeps: no server can know of it, or it would be in its own hands."""
    return Check("elsewhere", "unknown", 0, None, 0)


def _check(name: Name, upto: int, at: datetime | None, number: int, findings: Sequence[Finding]) -> Check:
    wrong = tuple(finding for finding in findings if _part(finding) == name)
    state: State = "wrong" if wrong else "unknown" if at is None or not upto else "holds"
    return Check(name, state, upto, at, number, wrong)


def _part(finding: Finding) -> Name:
    if finding.part == "store":
        return "rules" if finding.cause in REPLAYED else "lines"
    return "checkpoints" if finding.part == "keys" else finding.part
