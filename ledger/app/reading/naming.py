"""What an artefact is: the first entry that names it, and in which field."""

from __future__ import annotations

import re
from typing import NamedTuple

from ledger.app.installation import Installation
from ledger.app.reading.timeline import Timeline
from ledger.app.soundness.marks import judged
from ledger.domain.duties.events import EvidenceAttached
from ledger.domain.event import Event
from ledger.domain.events import DIGESTS, FREE_TEXT
from ledger.domain.record import Recorded
from ledger.store.values import Filter, Word

_ODD = re.compile(r"[^A-Za-z0-9.]+")
_MOST = 20


class NamedBy(NamedTuple):
    """An entry that names an artefact."""

    sequence: int
    field: str
    """Without ``_sha384``."""
    rollback: str
    step: int | None
    attached: str
    """The name that a person gave it, where somebody attached it."""

    @property
    def salted(self) -> bool:
        """Whether 16 random bytes stand before what it says (docs/runbook.md, "People and free text")."""
        return f"{self.field}_sha384" in FREE_TEXT

    @property
    def name(self) -> str:
        """``INC-2042-step4-report``: a file's name of ours, without an ending; nothing in it was typed by anybody."""
        rollback = _ODD.sub("-", self.rollback).strip("-.")
        step = f"step{self.step}" if self.step is not None else ""
        entry = "" if step and self.field != "attached" else f"entry{self.sequence}"
        return "-".join(filter(None, (rollback, step, self.field, entry)))


def named_by(installation: Installation, timeline: Timeline, digest: str) -> NamedBy | None:
    """The first entry that names ``sha384:<digest>``; None where the timeline finds none (it may still be read)."""
    timeline.catch_up()
    sequences = timeline.store.sequences(Filter(words=(Word(digest),)), _MOST)
    for row in judged(installation, sequences).values():
        if row.record is not None and row.record.event is not None:
            for field in DIGESTS[type(row.record.event)]:
                if getattr(row.record.event, field) == f"sha384:{digest}":
                    return _named(row.record, row.record.event, field)
    return None


def _named(record: Recorded, event: Event, field: str) -> NamedBy:
    step, attached = event.step, ""
    if isinstance(event, EvidenceAttached):
        step, attached = event.number, event.name
    number = int(step) if step is not None else None
    return NamedBy(record.sequence, field.removesuffix("_sha384"), record.rollback, number, attached)
