"""What is derived from the entries of a ledger: its state, the head of its chain, its Merkle tree."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from ledger.domain.evolve import evolve
from ledger.domain.record import parse_body
from ledger.domain.state import State
from ledger.errors import Corrupt
from ledger.proof.entry import GENESIS, link, parse_entry
from ledger.proof.merkle import Tree, leaf_hash
from ledger.said import Said


class View(NamedTuple):
    """Everything derived from the entries up to ``state.sequence``. Disposable: folding the lines gives it again."""

    state: State
    head: str
    """``sha384:…`` of the last line, the next one's ``previous``."""
    tree: Tree

    @property
    def size(self) -> int:
        """How many entries it stands on."""
        return self.state.sequence


def empty_view() -> View:
    """The view of a ledger without entries."""
    return View(State(), GENESIS, Tree())


def fold(view: View, lines: Iterable[bytes]) -> View:
    """The view after more lines; ``Corrupt`` at the first line that does not follow. The view given stays as it is."""
    state, head, tree = view.state, view.head, view.tree.copy()
    for line in lines:
        entry = parse_entry(line)
        if entry.previous != head:
            raise Corrupt(Said("entry {}: previous: expected {}, found {}", state.sequence + 1, head, entry.previous))
        try:
            state = evolve(state, parse_body(entry.sequence, entry.timestamp, entry.body))
        except Corrupt as error:
            raise Corrupt(Said("entry {}: {}", entry.sequence, error)) from error
        tree.append(leaf_hash(line))
        head = link(line)
    return View(state, head, tree)


def fold_stored(view: View, lines: Iterable[bytes]) -> View:
    """Like :func:`fold`, for lines of a store: the error says what to do."""
    try:
        return fold(view, lines)
    except Corrupt as error:
        raise Corrupt(
            Said(
                "the store is not what was signed: {}. Nothing is written. Keep the folders var and "
                "audit as they are and put back a copy of the store from before: see docs/recovery.md",
                error,
            )
        ) from error
