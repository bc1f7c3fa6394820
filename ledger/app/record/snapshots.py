"""A state that was folded before, so that not every command folds the whole ledger. Never trusted for itself.

A snapshot is bound to this ledger: by a MAC with its HMAC key to what it says, by its size, head and Merkle root to an
entry and a checkpoint that the store has, and by a digest of the rules' own code to the build that folded it. One that
is anything else is dropped, said, and everything is folded from entry 1. What comes after it is folded and compared
with the newest checkpoint as ever.

What it cannot tell is whether a row before it was changed in the store since: whoever verifies (``stage4 verify``,
``doctor``, the observer once a day) reads from entry 1.

Form: the MAC (base64, in the form of the key's algorithm), a newline, then MessagePack: ``[form, rules, origin, size,
head, edge, state, closed, unended, owing]``; ``closed`` is rollback -> ``[opened_entry, SHA-256 of its own bytes]``.
"""

from __future__ import annotations

import functools
import hashlib
import hmac
import logging
from collections.abc import Callable, Iterator, Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final, NamedTuple

import msgspec

from ledger.app.record.view import View, empty_view, fold_stored
from ledger.domain.closed import Closed, Trait
from ledger.domain.duties.owed import owed
from ledger.domain.form import form_of
from ledger.domain.state import Rollback, State
from ledger.errors import Corrupt, LedgerError
from ledger.proof.checkpoint import open_checkpoint
from ledger.proof.entry import HmacKey, link, mac_of
from ledger.proof.merkle import Tree
from ledger.proof.note import Verifier
from ledger.store.contract import Log, SnapshotStore

logger = logging.getLogger(__name__)

EVERY: Final = 500
"""Entries after which a new one is saved."""
_FORM: Final = 1
_SEALED: Final = b"stage4-ledger snapshot\x00"
"""Before what is sealed, so that it is no line of a ledger: those begin with a brace, their chains with an origin."""


class _Known(NamedTuple):
    """What a snapshot says of a closed rollback without reading it."""

    opened_entry: int
    digest: bytes


class Stored:
    """The closed rollbacks of a snapshot, each read when it is asked for (``ledger.domain.closed.Earlier``)."""

    def __init__(
        self,
        known: Mapping[str, _Known],
        traits: Mapping[Trait, tuple[str, ...]],
        store: SnapshotStore,
        fold: Callable[[], Mapping[str, Rollback]],
    ) -> None:
        """``fold`` gives all of them from the entries, for when one cannot be read."""
        self.known, self.traits = known, traits
        self._store, self._fold = store, fold
        self._read = functools.lru_cache(maxsize=256)(self._read_one)

    def __len__(self) -> int:
        return len(self.known)

    def __iter__(self) -> Iterator[str]:
        return iter(self.known)

    def __contains__(self, name: object) -> bool:
        return name in self.known

    def __getitem__(self, name: str) -> Rollback:
        return self._read(name)

    def opened_entry(self, name: str) -> int:
        """The entry that opened it."""
        return self.known[name].opened_entry

    def with_trait(self, trait: Trait) -> tuple[str, ...]:
        """The names of those that have the trait."""
        return self.traits[trait]

    @functools.cached_property
    def _folded(self) -> Mapping[str, Rollback]:
        return self._fold()

    def _read_one(self, name: str) -> Rollback:
        digest = self.known[name].digest
        try:
            row = self._store.rollback(digest)
        except LedgerError:
            row = None
        if row is None or hashlib.sha256(row).digest() != digest:
            return self._folded[name]
        rollback: Rollback = form_of(Rollback).decode(msgspec.msgpack.decode(row))
        return rollback


class Snapshots:
    """The snapshots of one ledger."""

    def __init__(self, store: SnapshotStore, log: Log, key: HmacKey, verifier: Verifier) -> None:
        self._store, self._log, self._verifier = store, log, verifier
        self._mac = mac_of(key)
        self.size = 0
        """Entries of the one that was loaded or saved last."""
        self.dropped = ""
        """Why the one that was found was not used; ``""`` where it was, or there was none."""

    def load(self) -> View | None:
        """The newest one; None where there is none, or it was dropped."""
        self.dropped = ""
        try:
            sealed = self._store.newest()
            if sealed is None:
                return None
            view = self._opened(sealed)
        except LedgerError as error:
            self.drop(str(error))
            return None
        self.size = view.size
        return view

    def drop(self, why: str) -> None:
        """It was found and is not used, which is said."""
        self.size, self.dropped = 0, why
        logger.warning("the snapshot of %s is not used, everything is read from entry 1: %s", self._verifier.name, why)

    def is_due(self, size: int) -> bool:
        """Whether one of so many entries is to be saved."""
        return size - self.size >= EVERY

    def save(self, view: View) -> View:
        """Save it; the same view, whose closed rollbacks are read when they are asked for, or as it was where not."""
        self.size = view.size  # tried once, then after as many entries again
        closed = view.state.closed
        earlier = closed.earlier if isinstance(closed.earlier, Stored) else None
        form = form_of(Rollback)
        rows = {name: msgspec.msgpack.encode(form.encode(rollback)) for name, rollback in closed.own.items()}
        known = dict(earlier.known) if earlier else {}
        for name, row in rows.items():
            known[name] = _Known(closed.own[name].opened_entry, hashlib.sha256(row).digest())
        traits: dict[Trait, tuple[str, ...]] = {
            "unended": tuple(rollback.id for rollback in closed.candidates("unended") if rollback.unended),
            "owing": tuple(rollback.id for rollback in closed.candidates("owing") if owed(rollback)),
        }
        page = (
            _FORM,
            rules(),
            self._verifier.name,
            view.size,
            view.head,
            view.tree.edge,
            form_of(State).encode(view.state),
            known,
            traits["unended"],
            traits["owing"],
        )
        plain = msgspec.msgpack.encode(page)
        try:
            sealed = b"%s\n%s" % (self._mac(_SEALED + plain), plain)
            self._store.save(sealed, {known[name].digest: row for name, row in rows.items()})
        except LedgerError:
            return view  # whoever reads next folds a little longer
        return self._lazily(view, known, traits)

    def _lazily(self, view: View, known: Mapping[str, _Known], traits: Mapping[Trait, tuple[str, ...]]) -> View:
        size, log = view.size, self._log
        stored = Stored(known, traits, self._store, lambda: fold_stored(empty_view(), log.lines(0, size)).state.closed)
        return view._replace(state=view.state._replace(closed=Closed(earlier=stored)))

    def _opened(self, sealed: bytes) -> View:
        """The view; ``Corrupt`` where it is not this ledger's, or of no place that the store has."""
        mac, _, plain = sealed.partition(b"\n")
        if not hmac.compare_digest(mac, self._mac(_SEALED + plain)):
            raise Corrupt("it is not sealed with this ledger's key")
        form, code, *rest = msgspec.msgpack.decode(plain)
        if form != _FORM or code != rules():
            raise Corrupt("another build of this program made it")
        origin, size, head, edge, state, closed, unended, owing = rest
        if origin != self._verifier.name:
            raise Corrupt("it is another ledger's")
        tree = Tree(edge, size)
        self._require_place(size, head, tree)
        view = View(form_of(State).decode(state), head, tree)
        known = {name: _Known(*fields) for name, fields in closed.items()}
        return self._lazily(view, known, {"unended": tuple(unended), "owing": tuple(owing)})

    def _require_place(self, size: int, head: str, tree: Tree) -> None:
        line, note = self._log.line(size), self._log.newest_checkpoint(size)
        if line is None or link(line) != head:
            raise Corrupt(f"entry {size} of the store is not the one that it was made at")
        signed = open_checkpoint(note, self._verifier) if note else None
        if signed is None or (signed.size, signed.root) != (size, tree.root()):
            raise Corrupt(f"no checkpoint of the store signs its {size} entries")


@functools.cache
def rules() -> bytes:
    """SHA-256 over the code that folds: another build may come to another state."""
    digest = hashlib.sha256()
    for path, data in sorted(_sources(files("ledger.domain"), "")):
        digest.update(f"{path}\n{len(data)}\n".encode() + data)
    return digest.digest()


def _sources(folder: Traversable, before: str) -> Iterator[tuple[str, bytes]]:
    for path in folder.iterdir():
        if path.is_dir():
            yield from _sources(path, f"{before}{path.name}/")
        elif path.name.endswith(".py"):
            yield before + path.name, path.read_bytes()
