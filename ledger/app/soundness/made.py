"""Whether the store has the tables and triggers of a ledger's store, each as some version of this program made it."""

from __future__ import annotations

from ledger.app.home.folders import Home
from ledger.app.home.parts import again
from ledger.app.soundness.found import Found
from ledger.errors import Unreachable
from ledger.store.made import Difference, differences
from ledger.store.snapshot import Snapshot


class Unfinished(Unreachable):
    """``init`` was interrupted before the first entry, as far as can be seen: there is nothing to be judged."""

    def __init__(self, home: Home, what: str) -> None:
        self.what = f"{home.store} {what}: its init was interrupted"
        super().__init__(f"the ledger at {self.what}. Run it again: {again(home.root)}")


def judge_made(snapshot: Snapshot, home: Home, found: Found, *, was_used: bool) -> bool:
    """Whether its rows can be read; every difference is a finding.

    ``Unfinished`` where it has nothing at all, unless it ``was_used``: lines of it were published.
    """
    made = snapshot.made()
    if not made:
        if not was_used:
            raise Unfinished(home, "has no tables")
        sentence = f"The store {home.store} has no tables, and lines of this ledger were published."
        found.add("store", "store_damaged", str(home.store), sentence)
        return False
    readable = True
    for one in differences(made):
        found.add("store", f"made_{one.what}", f"{one.kind} {one.name[:80]}", _sentence(home, one))
        readable = readable and not one.unreadable
    return readable


def _sentence(home: Home, one: Difference) -> str:
    name = f"{one.name[:80]!a}"
    if one.what == "missing":
        return f"The store {home.store} has no {one.kind} {name}: it was made with the ledger and is never removed."
    if one.what == "changed":
        return f"The {one.kind} {name} of the store {home.store} is not what any version of this program makes."
    return f"The store {home.store} has a {one.kind} {name}, which no version of this program makes."
