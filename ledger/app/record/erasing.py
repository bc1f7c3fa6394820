"""Artefacts as people ask for them: who names one, what it says, and its erasure by two people.

The entry comes first, then the bytes go; the observer finishes what a crash in between (or a restored backup) left.
"""

from __future__ import annotations

from typing import NamedTuple

from ledger.app.installation import Installation
from ledger.app.press import Press
from ledger.domain.events import DIGESTS, FREE_TEXT
from ledger.domain.keeping.commands import Erase, ProposeErasure
from ledger.domain.remembered import FreeText
from ledger.errors import Erased, LedgerError, Refused
from ledger.said import Said

SALT = 16
"""Random bytes before a free text, so that its digest tells nothing of it (docs/runbook.md)."""


class Named(NamedTuple):
    """One entry's field that names an artefact."""

    entry: int
    status: str
    field: str


class Artefact(NamedTuple):
    """What is known of an artefact."""

    name: str
    named: tuple[Named, ...]
    data: bytes
    """Empty where it cannot be read; ``error`` says why."""
    free_text: FreeText | None
    error: LedgerError | None = None

    @property
    def text(self) -> str | None:
        """What it says, where that is text."""
        salted = any(named.field in FREE_TEXT for named in self.named)
        try:
            return None if self.error else self.data[SALT if salted else 0 :].decode()
        except UnicodeDecodeError:
            return None


def full_name(digest: str) -> str:
    """``sha384:<hex>``, also from the digits alone."""
    return digest if ":" in digest else f"sha384:{digest}"


def read(installation: Installation, name: str) -> bytes:
    """The bytes of an artefact; ``Erased`` where two people erased it, else ``Unreachable`` where it is missing."""
    text = installation.state.texts.get(name)
    if text is not None and text.erased:
        raise Erased(Said("the artefact {} was erased by entry {}: {}", name, text.erased, text.ground))
    return installation.artefacts.get(name)


def whole_text(installation: Installation, name: str, beginning: str) -> str:
    """A free text in full; the beginning that its entry has, where there is no more of it or that cannot be read."""
    if not name:
        return beginning
    try:
        return read(installation, name)[SALT:].decode()
    except (LedgerError, UnicodeDecodeError):
        return beginning


def show(installation: Installation, digest: str) -> Artefact:
    """Everything about an artefact that an entry names; ``Refused`` where none does."""
    name = full_name(digest)
    installation.artefacts.path(name)  # Refused for what is no digest
    named = tuple(
        Named(record.sequence, record.status, field)
        for record, _ in installation.ledger.records()
        if record.event is not None
        for field in DIGESTS[type(record.event)]
        if getattr(record.event, field) == name
    )
    if not named:
        raise Refused(Said("no entry of this ledger names {}", name))
    text = installation.state.texts.get(name)
    try:
        return Artefact(name, named, read(installation, name), text)
    except LedgerError as error:
        return Artefact(name, named, b"", text, error)


def erase(installation: Installation, press: Press, digest: str, ground: str) -> FreeText:
    """The first call proposes with a ground, the second, by another person, erases; gives how things stand after it."""
    name = full_name(digest)
    remove_erased(installation)
    text = installation.state.texts.get(name)
    if text is not None and text.proposal and not text.erased:
        installation.submit(Erase(artefact=name), press)
        remove_erased(installation)
    else:
        installation.submit(ProposeErasure(artefact=name, ground=ground), press)
    return installation.state.texts[name]


def remove_erased(installation: Installation) -> int:
    """Remove bytes that an entry erased and that are still there; returns how many were."""
    left = [name for name, text in installation.state.texts.items() if text.erased]
    return sum(installation.artefacts.erase(name) for name in left)
