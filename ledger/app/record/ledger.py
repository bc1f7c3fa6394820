"""The ledger as the rest of the application sees it: read the view, submit a request, get a receipt.

``submit`` is the one write path: read the tail, decide, seal, append, all in one transaction; that is the commit point.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from ledger.app.record.snapshots import Snapshots
from ledger.app.record.view import View, empty_view, fold_stored
from ledger.domain.command import FACTS, Command, Request
from ledger.domain.decide import decide
from ledger.domain.evolve import evolve
from ledger.domain.flags import runtime_flags
from ledger.domain.marks import marks
from ledger.domain.record import Recorded, format_body, parse_body
from ledger.domain.rules import Decided
from ledger.domain.state import State
from ledger.errors import Conflict, Corrupt
from ledger.proof.checkpoint import Checkpoint, open_checkpoint, sign_checkpoint
from ledger.proof.entry import HmacKey, check_signatures, link, parse_entry, seal_entry
from ledger.proof.merkle import leaf_hash
from ledger.proof.note import Signer, Verifier
from ledger.said import Said
from ledger.store.contract import Log, Transaction
from ledger.store.values import Line, Mark, Receipt

Clock = Callable[[], datetime]


class Ledger:
    """One stage's ledger. Thread-safe; other processes may write to the same store."""

    def __init__(
        self,
        log: Log,
        *,
        stage: str,
        key: HmacKey,
        signer: Signer,
        clock: Clock,
        snapshots: Snapshots | None = None,
    ) -> None:
        """``snapshots``: where reading begins; without them at entry 1."""
        self.log = log
        self.snapshots = snapshots
        self.stage = stage
        self.clock = clock
        self._key = key
        self._signer = signer
        self.lag = 0.0
        """Seconds for which a look at the store is taken for the present. A server whose many threads read all the
        time sets it; what is decided always stands on the store itself."""
        self._view = empty_view()
        self._sure_until = 0.0
        self._reads = threading.Lock()
        self._writes = threading.RLock()
        self.held = ""
        """Why nothing may be written, whoever asks: a look at the ledger found that it does not hold. The stop goes
        another way then."""
        self.held_anyway = ""
        """Why it stays held whatever a look finds: it does not read the store."""
        self.others_held: Mapping[str, str] = {}
        """The same of other ledgers of the home, by stage."""
        self._mark: Mark | None = None
        """What the store was when the view was last compared with it by a writer; only writers use it."""
        self._unread = 0
        """Entries that a snapshot stands for: this process has not folded them."""

    @property
    def origin(self) -> str:
        """The ledger's name, which is its checkpoint key's name."""
        return self._signer.name

    @property
    def verifier(self) -> Verifier:
        """The public half of the checkpoint key."""
        return self._signer.verifier

    def check(self, line: bytes) -> None:
        """``Corrupt`` where the line's signatures are not this ledger's."""
        check_signatures(parse_entry(line), self._key, self.origin)

    def view(self) -> View:
        """What is true now: new lines of other processes are read and compared with the newest checkpoint.

        ``Corrupt`` where the store is not what was signed. Nobody waits here for who is writing.
        """
        if time.monotonic() < self._sure_until:
            return self._view
        with self._reads:
            size = self.log.size()
            if size < self._view.size:
                raise Corrupt(
                    Said(
                        "the store is behind: it held {} entries and now holds {}. Nothing is written. Keep the "
                        "folders var and audit as they are and put back the store that held them: see "
                        "docs/recovery.md",
                        self._view.size,
                        size,
                    )
                )
            if size > self._view.size:
                self._view = self._read_on()
            if self.snapshots and self.snapshots.is_due(self._view.size):
                self._view = self.snapshots.save(self._view)
            self._sure_until = time.monotonic() + self.lag
            return self._view

    def records(self, after: int = 0) -> Iterator[tuple[Recorded, bytes]]:
        """Records with their lines, in order, from the one after ``after``; ``Corrupt`` at one that is not ours."""
        for number, line in enumerate(self.log.lines(after), after + 1):
            yield self._recorded(number, line), line

    def chosen(self, sequences: Sequence[int]) -> Iterator[Recorded]:
        """The records of these sequences, in order; those that the ledger has not are left out."""
        for number, line in self.log.numbered(sequences):
            yield self._recorded(number, line)

    def _recorded(self, number: int, line: bytes) -> Recorded:
        """The record of a line, whose signatures are looked at where this process has not folded it.

        Whoever asked for many is told which of them it is, and what to do.
        """
        try:
            entry = parse_entry(line)
            if entry.sequence <= self._unread:
                check_signatures(entry, self._key, self.origin)
            return parse_body(entry.sequence, entry.timestamp, entry.body)
        except (Corrupt, RecursionError) as error:
            why = "nested too deeply" if isinstance(error, RecursionError) else error
            raise Corrupt(
                Said(
                    "entry {} does not hold: {}. The timeline shows the others. Keep the folders var and audit as "
                    "they are and put back a copy of the store from before: see docs/recovery.md",
                    number,
                    why,
                )
            ) from error

    def require_read(self, after: int) -> None:
        """``Corrupt`` where the lines after a sequence are not those that were signed; reads all where none were."""
        if after >= self._unread:
            return
        with self._reads:
            self._checked(
                fold_stored(empty_view(), self.log.lines(0, self._view.size)),
                self.log.newest_checkpoint(self._view.size),
            )
            self._unread = 0

    def submit(self, request: Request, timeout: float | None = None) -> Receipt:
        """Decide and append; returns when the entries are on disk.

        Raises ``Refused`` or ``Conflict`` (a rule says no, nothing was written), ``Corrupt`` (the store is not what was
        signed; nothing is written on top of it) or ``Unreachable`` (it cannot be had within ``timeout`` seconds). The
        same request id with the same command gets the first receipt again.
        """
        self.require_sound()
        digest = digest_request(request)
        with self._writes:
            with self.log.transaction(timeout) as transaction:
                known = transaction.receipt(request.id)
                if known is not None:
                    if known.digest != digest:
                        raise Conflict(Said("the request id {} was used for another command", request.id))
                    return known
                before = self._up_to_date(transaction)
                after, lines = self._seal(before, request, decide(before.state, request))
                receipt = Receipt(request.id, digest, before.size + 1, after.size)
                transaction.append(self.origin, lines, (after.size, self._sign(after)), receipt)
            self._keep(after, transaction.mark)
        return receipt

    def require_sound(self) -> None:
        """``Corrupt`` while the ledger is held."""
        if self.held:
            raise Corrupt(self.held)

    def _keep(self, view: View, mark: Mark) -> None:
        """What a writer knows, unless a reader was quicker and knows more by now."""
        with self._reads:
            if view.size >= self._view.size:
                self._view = view
        self._mark = mark

    def _up_to_date(self, transaction: Transaction) -> View:
        """The view with what other processes wrote; the last line known must still be what it was.

        Where nobody else has committed anything since that was looked at, there is nothing to look at.
        """
        view = self._begun()
        if transaction.continues(self._mark):
            return view
        lines = transaction.lines_after(max(0, view.size - 1))
        if view.size and (not lines or link(lines.pop(0)) != view.head):
            raise Corrupt(
                Said(
                    "entry {} is not what it was when it was read. Nothing is written. Keep the folders var "
                    "and audit as they are and put back a copy of the store from before: see docs/recovery.md",
                    view.size,
                )
            )
        if lines or view is not self._view:
            view = self._checked(fold_stored(view, lines), transaction.newest_checkpoint())
        self._keep(view, transaction.mark)
        return view

    def _begun(self) -> View:
        """What is known so far; the snapshot, where nothing is yet."""
        if self._view.size or self.snapshots is None:
            return self._view
        begun = self.snapshots.load() or self._view
        self._unread = begun.size
        return begun

    def _read_on(self) -> View:
        """What is known so far and everything after it; from entry 1 where that does not follow from a snapshot."""
        begun = self._begun()
        try:
            return self._read_after(begun)
        except Corrupt as error:
            if begun is self._view or self.snapshots is None:
                raise
            self.snapshots.drop(Said("what comes after it does not follow: {}", error))
            self._unread = 0
            return self._read_after(self._view)

    def _read_after(self, view: View) -> View:
        """Fold new lines until a checkpoint covers exactly them; a commit may come between the two reads."""
        for _ in range(100):
            view = fold_stored(view, self.log.lines(view.size))
            note = self.log.newest_checkpoint()
            if note is None or open_checkpoint(note, self._signer.verifier).size <= view.size or not self._moved(view):
                break
        return self._checked(view, note)

    def _moved(self, view: View) -> bool:
        return self.log.size() > view.size

    def _checked(self, view: View, note: bytes | None) -> View:
        """The view, if the newest checkpoint signed exactly its lines."""
        if note is None:
            raise Corrupt(
                Said(
                    "the store has {} entries and no checkpoint. Nothing is written. Keep the folders var "
                    "and audit as they are and put back a copy of the store from before: see docs/recovery.md",
                    view.size,
                )
            )
        signed = open_checkpoint(note, self._signer.verifier)
        if (signed.size, signed.root) != (view.size, view.tree.root()):
            raise Corrupt(
                Said(
                    "the store is not what was signed: the checkpoint says {} entries with root {}, the "
                    "store has {} with root {}. Nothing is written. Keep the folders var and audit as they "
                    "are and put back a copy of the store from before: see docs/recovery.md",
                    signed.size,
                    signed.root.hex(),
                    view.size,
                    view.tree.root().hex(),
                )
            )
        return view

    def _seal(self, view: View, request: Request, decided: Iterable[Decided]) -> tuple[View, list[Line]]:
        state, head, tree = view.state, view.head, view.tree.copy()
        lines: list[Line] = []
        for decision in decided:
            record = self._record(state, request, decision)
            state = evolve(state, record)
            line = self._format(state, record, head)
            lines.append(Line(record.sequence, record.status, line))
            tree.append(leaf_hash(line))
            head = link(line)
        return View(state, head, tree), lines

    def _record(self, state: State, request: Request, decision: Decided) -> Recorded:
        rollback = state.rollback(decision.rollback) if decision.rollback else None
        return Recorded(
            decision.event,
            decision.event.status,
            state.sequence + 1,
            max(request.at, state.timestamp),
            request.at,
            request.actor.person,
            request.actor.auth,
            decision.role,
            request.id,
            decision.rollback,
            (rollback.entries if rollback else 0) + 1 if decision.rollback else 0,
            request.actor.os,
            marks(state, request.actor.person, decision.role, request.at),
        )

    def _format(self, state: State, record: Recorded, head: str) -> bytes:
        rollback = state.rollback(record.rollback)
        body = format_body(
            record,
            stage=self.stage,
            origin=self.origin,
            incident=(rollback.ticket or rollback.id) if rollback else "",
            flags=runtime_flags(state),
        )
        return seal_entry(body, origin=self.origin, sequence=record.sequence, previous=head, key=self._key)

    def _sign(self, view: View) -> bytes:
        return sign_checkpoint(Checkpoint(self.origin, view.size, view.tree.root()), self._signer)


def digest_request(request: Request) -> str:
    """SHA-256 (hex) of who asked for what. Facts and times are left out: a second press of the same has others."""
    whole = (request.rollback, request.actor.person, _asked(request.command))
    return hashlib.sha256(repr(whole).encode("utf-8", "backslashreplace")).hexdigest()


def _asked(value: Any) -> Any:
    """What a person typed: texts, numbers and tables of them, through nested commands; no facts, times or digests."""
    if isinstance(value, Command):
        names = _typed(type(value))  # type: ignore[arg-type]  # mypy does not see that a class has a hash
        return type(value).__name__, [(name, _asked(getattr(value, name))) for name in names]
    if isinstance(value, dict):
        return sorted((name, _asked(item)) for name, item in value.items())
    if isinstance(value, (tuple, list)):
        return [_asked(item) for item in value]
    return value if isinstance(value, (str, int, bool)) else None


@functools.cache
def _typed(kind: type[Command]) -> tuple[str, ...]:
    """A command's fields but for facts and digests."""
    names = [field.name for field in dataclasses.fields(kind)]
    return tuple(name for name in names if not name.endswith("_sha384") and name not in FACTS)
