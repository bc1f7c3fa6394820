"""Whether the store has the tables and triggers of a ledger's store, each as some version of this program made it."""

from __future__ import annotations

from ledger.app.home.folders import Home
from ledger.app.home.parts import again
from ledger.app.soundness.found import Found
from ledger.errors import Unreachable
from ledger.said import Said
from ledger.store.contract import RawLog
from ledger.store.values import Difference


class Unfinished(Unreachable):
    """``init`` was interrupted before the first entry, as far as can be seen: there is nothing to be judged."""

    def __init__(self, home: Home, what: str) -> None:
        self.what = Said("{} {}: its init was interrupted", home.store, what)
        super().__init__(Said("the ledger at {}. Run it again: {}", self.what, again(home.root)))


def judge_made(raw: RawLog, home: Home, problems: Found, *, was_used: bool) -> bool:
    """Whether its rows can be read; every difference is a finding.

    ``Unfinished`` where it has nothing at all, unless it ``was_used``: lines of it were published.
    """
    if raw.is_blank():
        if not was_used:
            raise Unfinished(home, "has no tables")
        sentence = Said("The store {} has no tables, and lines of this ledger were published.", home.store)
        problems.add("store", "store_damaged", str(home.store), sentence)
        return False
    readable = True
    for difference in raw.differences():
        problems.add(
            "store", f"made_{difference.what}", f"{difference.kind} {difference.name[:80]}", _sentence(home, difference)
        )
        readable = readable and not difference.unreadable
    return readable


def _sentence(home: Home, difference: Difference) -> str:
    if difference.what == "missing":
        return Said(
            "The store {} has no {} {}: it was made with the ledger and is never removed.",
            home.store,
            difference.kind,
            ascii(difference.name[:80]),
        )
    if difference.what == "changed":
        return Said(
            "The {} {} of the store {} is not what any version of this program makes.",
            difference.kind,
            ascii(difference.name[:80]),
            home.store,
        )
    return Said(
        "The store {} has a {} {}, which no version of this program makes.",
        home.store,
        difference.kind,
        ascii(difference.name[:80]),
    )
