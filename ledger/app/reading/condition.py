"""How the ledger itself stands, for every reader: behind what was published, not published, read from where.

Looks at this moment and changes nothing. One function, so that terminal, pages and machines say the same.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any, NamedTuple

from ledger.app.installation import Installation
from ledger.app.record.published import not_plain
from ledger.errors import Corrupt, LedgerError
from ledger.said import Said
from ledger.store.values import Source

_AT_WORK = 0.5
"""Seconds within which whoever appended an entry has published it."""


class Condition(NamedTuple):
    """Sentences; ``""`` where there is nothing to say."""

    behind: str
    """The store does not continue what was published: what is read may be an older state."""
    unpublished: str
    """Why entries are not in the published files."""
    reading: str
    """What was read instead of the store as usual."""

    def __iter__(self) -> Iterator[str]:
        return (sentence for sentence in (self.behind, self.unpublished, self.reading) if sentence)

    def as_json(self, source: Source) -> dict[str, Any]:
        """For machines."""
        return {
            "behind": self.behind or None,
            "published": {"ok": not self.unpublished, "why": self.unpublished or None},
            "read_from": source._asdict(),
        }


def condition(installation: Installation, *, settled: bool = False) -> Condition:
    """How it stands now. ``settled``: entries that wait to be published are looked at too, which may take a moment."""
    behind, why = _behind(installation), installation.publication.why
    if settled and not why and not behind:
        why = _unpublished(installation)
    return Condition(behind, why, reading_sentence(installation.ledger.log.source))


def reading_sentence(source: Source) -> str:
    """What was read in the store's place, and why."""
    if source.name == "store":
        return ""
    if source.name == "store, read-only":
        return Said("the store takes no writes ({}): what is shown was read from it read-only", source.why)
    return Said(
        "the store cannot be read ({}): what is shown are the published lines, each verified by this ledger's own key",
        source.why,
    )


def _behind(installation: Installation) -> str:
    try:
        installation.publisher.witness.compare(wait=False)
    except Corrupt as error:
        return str(error)
    except LedgerError:
        return ""  # whoever reads the store says so
    return ""


def _unpublished(installation: Installation) -> str:
    home, witness = installation.home, installation.publisher.witness
    for path in (home.published, home.published_checkpoint, home.published_key):
        if why := not_plain(path):
            return why
    if not witness.lag():
        return ""
    time.sleep(_AT_WORK)
    lag = witness.lag()
    if not lag:
        return ""
    return Said("{} entries are not in the published files, or without their checkpoint: {}", lag, home.published)
