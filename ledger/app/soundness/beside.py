"""The rows of the store, and what stands beside each line: its key columns, its commit's receipt and checkpoint.

Entries, receipt and checkpoint are one transaction (``Ledger.submit``). So for every run of entries with one request id
there is one receipt that names its first and last, and one checkpoint of exactly that many entries, signed over the
root of all lines up to there. Whatever is missing, doubled or different was not written by us.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Final, Generic, NamedTuple, TypeVar

from ledger.app.soundness.found import Found
from ledger.app.soundness.keyring import ROOT, Keyring
from ledger.domain.keeping.events import ArtefactErased
from ledger.proof.entry import GENESIS, link
from ledger.proof.merkle import Tree, leaf_hash
from ledger.said import Said
from ledger.store.values import Receipt, StoredRow

T = TypeVar("T")
_ARTEFACTS_END: Final = b'},"chain":{'
_ARTEFACT: Final = re.compile(rb'"(\w+_sha384)":"(sha384:[0-9a-f]{96})"')
_SEQUENCE: Final = re.compile(rb'"chain":\{"previous":"[^"]*","sequence":(\d{1,16})\}')
_REQUEST: Final = re.compile(rb'"request_id":"([^"\\]*)"')
_STATUS: Final = b'"status":"'
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
"""A receipt's digest of what was asked: SHA-256, hex (``digest_request``)."""
# In canonical bytes a quote inside a text is escaped, so these marks are real keys; a line that is not canonical is a
# finding of the verifier.

_ERASED: Final = ArtefactErased.status.encode()
_ELSEWHERE: Final = frozenset(
    {
        (b"override_requested", b"content_sha384"),  # follows from the entry; kept once the file was written
        (b"ledger_opened", b"earlier_log_sha384"),  # stands beside the published lines under its own name
        (b"erasure_proposed", b"erased_sha384"),
        (_ERASED, b"erased_sha384"),
    }
)
"""(status, field) of digests that name nothing in the folder of artefacts."""


class Named(NamedTuple):
    """The first entry that names an artefact, and in which field."""

    sequence: int
    field: str


class Mark(NamedTuple):
    """A place from which the rows can be followed on: everything up to it was read and compared."""

    size: int
    tree: Tree
    request: str
    """The request id of the last line."""
    head: str
    """``sha384:…`` of the last line."""


class Trail(NamedTuple):
    """What a look remembers for the next one."""

    start: Mark
    """The rows after it are looked at again."""
    size: int
    """Entries that were there."""
    head: str
    """``sha384:…`` of the last of them."""


class Ahead(Generic[T]):
    """An iterator with a look at what comes next."""

    def __init__(self, items: Iterator[T]) -> None:
        self._items = items
        self.next = next(items, None)

    def take(self) -> T | None:
        """The next one, consumed."""
        taken, self.next = self.next, next(self._items, None)
        return taken


class Beside:
    """Follows the rows in order; :meth:`take` each, then :meth:`end`."""

    def __init__(
        self,
        keys: Keyring,
        problems: Found,
        checkpoints: Iterator[tuple[int, bytes]],
        receipts: Iterator[Receipt],
        tree: Tree,
        known: str = "",
    ) -> None:
        """``tree`` holds the lines before the first row that is taken; ``known`` is the request id of the last one."""
        self._keys, self._found = keys, problems
        self._notes, self._receipts = Ahead(checkpoints), Ahead(receipts)
        self.tree = tree
        self.rows = self.checkpoints = self.receipts = 0
        self.names: dict[str, Named] = {}
        self.erased: dict[str, int] = {}
        self.roots: dict[int, bytes] = {}
        """Size -> root, for the sizes that :meth:`want` asked for."""
        self._wanted: set[int] = set()
        self._request, self._first = known, 0
        self._last = 0
        self._roots_differ: list[int] = []
        self._missing: list[int] = []
        self._mark_at = -1
        self._line = b""
        self.mark: Mark | None = None
        """What a later look can begin from, where :meth:`mark_at` asked for it."""

    def mark_at(self, size: int, here: Mark | None = None) -> None:
        """Remember how things stand after so many lines; the rows begin ``here``, by default with the first."""
        self._mark_at = size
        begin = here or Mark(0, Tree(), "", GENESIS)
        if size == begin.size:
            self.mark = begin

    @property
    def trail(self) -> Trail | None:
        """The mark, and the last line."""
        return Trail(self.mark, self.tree.size, link(self._line)) if self.mark is not None and self._line else None

    def want(self, size: int) -> None:
        """Keep the root of so many lines."""
        self._wanted.add(size)

    def take(self, row: StoredRow, place: int) -> None:
        """The row in ``place``, counted from 1 without gaps."""
        self.rows += 1
        line = row.line
        status = _after(line, _STATUS)
        self._check_columns(row, line, status)
        name = _request_of(line) or f"row {place}"
        if name != self._request:
            self._close()
            self._request, self._first = name, place
        self.tree.append(leaf_hash(line))
        self._last = place
        if place in self._wanted:
            self.roots[place] = self.tree.root()
        if place == self._mark_at:
            self.mark = Mark(place, self.tree.copy(), name, link(line))
        self._line = line
        self._collect(line, status, place)

    def end(self) -> None:
        """After the last row: what is left of receipts and checkpoints belongs to no row."""
        self._close()
        while (receipt := self._receipts.take()) is not None:
            self._surplus(receipt)
        while (note := self._notes.take()) is not None:
            self._beyond(note)
        self._tell()

    # --- one row -----------------------------------------------------------------------------------------------------

    def _check_columns(self, row: StoredRow, line: bytes, status: bytes) -> None:
        """The ledger finds a row by its columns, and judges it by its line: both must say the same."""
        where = Said("row {}", row.sequence)
        if row.kind != "blob":
            sentence = Said("Row {} of the store holds {} where an entry's bytes should be.", row.sequence, row.kind)
            self._found.add("store", "row_type", where, sentence, sequence=row.sequence, evidence=("blob", row.kind))
        claimed = _SEQUENCE.search(line)
        if claimed is not None and int(claimed[1]) != row.sequence:
            sentence = Said(
                "Row {} of the store holds entry {}: rows were moved or renumbered.", row.sequence, int(claimed[1])
            )
            evidence = (str(row.sequence), claimed[1].decode())
            self._found.add("store", "row_moved", where, sentence, sequence=row.sequence, evidence=evidence)
        if claimed is not None and status != row.status.encode():
            said = status.decode("utf-8", "replace")
            sentence = Said(
                "Row {} of the store is filed under {}, its entry says {}.",
                row.sequence,
                ascii(row.status),
                ascii(said),
            )
            self._found.add("store", "row_filed", where, sentence, sequence=row.sequence, evidence=(said, row.status))

    def _collect(self, line: bytes, status: bytes, place: int) -> None:
        if status == _ERASED:
            self.erased |= dict.fromkeys(erased_by(line), place)
        for field, name in _ARTEFACT.findall(line, 0, line.find(_ARTEFACTS_END)):
            if (status, field) not in _ELSEWHERE:
                self.names.setdefault(name.decode(), Named(place, field.decode()))

    # --- one commit --------------------------------------------------------------------------------------------------

    def _close(self) -> None:
        """The last row's commit is over: its receipt and its checkpoint."""
        if not self._last:
            return
        if self._first:
            self._check_receipt()
        while self._notes.next is not None and self._notes.next[0] < self._last:
            size, _ = self._notes.take() or (0, b"")
            sentence = Said("The checkpoint of {} entries belongs to no commit: no entry's request ends there.", size)
            self._found.add("checkpoints", "checkpoint_surplus", Said("checkpoint {}", size), sentence, sequence=size)
        if self._notes.next is not None and self._notes.next[0] == self._last:
            self._check_note(*(self._notes.take() or (0, b"")))
        else:
            self._missing.append(self._last)

    def _check_receipt(self) -> None:
        while self._receipts.next is not None and self._receipts.next.first < self._first:
            self._surplus(self._receipts.next)
            self._receipts.take()
        receipt = self._receipts.next
        if receipt is None or receipt.first > self._first:
            sentence = Said(
                "The request that wrote entry {} has no receipt: it would be done a second time.", self._first
            )
            self._found.add("store", "receipt_missing", Said("entry {}", self._first), sentence, sequence=self._first)
            return
        self._receipts.take()
        self.receipts += 1
        if (receipt.request_id, receipt.last) != (self._request, self._last):
            sentence = Said(
                "The receipt of entry {} names other entries or another request than the entries do: a "
                "press could be taken for one that was answered before.",
                self._first,
            )
            evidence = (f"{self._request}: {self._last}", f"{receipt.request_id}: {receipt.last}")
            where = Said("entry {}", self._first)
            self._found.add("store", "receipt_differs", where, sentence, sequence=self._first, evidence=evidence)
        if not _DIGEST.fullmatch(receipt.digest):
            sentence = Said(
                "The receipt of entry {} has no digest that was made here: the same press, sent again, "
                "would be taken for another.",
                self._first,
            )
            where, evidence = Said("entry {}", self._first), ("64 hex digits", receipt.digest)
            self._found.add("store", "receipt_digest", where, sentence, sequence=self._first, evidence=evidence)

    def _surplus(self, receipt: Receipt) -> None:
        sentence = Said(
            "The receipt of request {} names entries that it did not write: a press could be taken "
            "for one that was answered before.",
            ascii(receipt.request_id[:80]),
        )
        where = Said("entries {} to {}", receipt.first, receipt.last)
        self._found.add("store", "receipt_surplus", where, sentence)

    def _check_note(self, size: int, note: bytes) -> None:
        self.checkpoints += 1
        why = self._keys.why_not(note, size, self.tree.root() if self.tree.size == size else b"\0" * 32)
        if why == ROOT:
            self._roots_differ.append(size)
        elif why:
            sentence = Said("The checkpoint of {} entries is not what was signed: {}.", size, why)
            self._found.add("checkpoints", "checkpoint_wrong", Said("checkpoint {}", size), sentence, sequence=size)

    def _beyond(self, note: tuple[int, bytes]) -> None:
        sentence = Said(
            "There is a checkpoint of {} entries, and the store ends at entry {}: it is behind.", note[0], self._last
        )
        evidence = (str(note[0]), str(self._last))
        self._found.add("checkpoints", "checkpoint_beyond", Said("checkpoint {}", note[0]), sentence, evidence=evidence)

    def _tell(self) -> None:
        for size in self._missing:
            sentence = Said("The checkpoint of {} entries is missing: every commit was signed and kept.", size)
            self._found.add("checkpoints", "checkpoint_missing", Said("checkpoint {}", size), sentence, sequence=size)
        if self._roots_differ:
            first, count = self._roots_differ[0], len(self._roots_differ)
            sentence = Said(
                "The first {} entries give another Merkle root than their checkpoint was signed for: "
                "something in them was changed. {} checkpoints from there on say so.",
                first,
                count,
            )
            self._found.add(
                "checkpoints",
                "checkpoint_roots_differ",
                Said("checkpoint {}", first),
                sentence,
                sequence=first,
                count=count,
            )


def erased_by(line: bytes) -> list[str]:
    """The artefacts that an entry of the status ``artefact_erased`` erased."""
    named = _ARTEFACT.findall(line, 0, line.find(_ARTEFACTS_END))
    return [name.decode() for field, name in named if field == b"erased_sha384"]


def _request_of(line: bytes) -> str:
    match = _REQUEST.search(line)
    if match is not None:
        return match[1].decode("utf-8", "replace")
    try:
        return str(json.loads(line)["metadata"]["request_id"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return ""


def _after(line: bytes, mark: bytes) -> bytes:
    """The text after the last such mark, up to its quote; ``b""`` where there is none."""
    at = line.rfind(mark)
    if at < 0:
        return b""
    at += len(mark)
    return line[at : line.find(b'"', at)]
