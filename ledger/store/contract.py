"""What a store promises, whichever database keeps it. `tests/store/contract` has a test for each rule.

A store of a home is six things: the log of each ledger (:class:`Log`, the only evidence), the locks between processes
(:class:`Locks`), two read models that can be thrown away (:class:`TimelineStore`, :class:`SnapshotStore`), the accounts
(:class:`AccountStore`, no evidence either), and a look at a log as it stands (:class:`RawLog`, for whoever judges it).
`ledger.store.open` opens them.

Errors, for all of them: ``Unreachable`` where something cannot be had (in time), ``Corrupt`` where bytes or rows are
not what was written. No error of a database leaves a store. Sequences count from 1; times to wait are seconds;
sizes are numbers of entries.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Literal, Protocol

from ledger.errors import Unreachable
from ledger.store.values import (
    Account,
    Difference,
    Filter,
    Head,
    Line,
    Mark,
    Receipt,
    Row,
    SessionRow,
    Source,
    StoredRow,
)

LockName = Literal["deliver", "deliver-silences", "publish", "observer"]
"""Who must be the only one at work on a home."""


class NotWritable(Unreachable):
    """The place of a store takes no writes: full, read-only, or somebody else's. It may be read in another way."""


class Unmade(Unreachable):
    """There is a place for the store and nothing in it yet: its making was interrupted."""


class Log(Protocol):
    """The append-only log of one ledger: lines by sequence, checkpoints by size, receipts by request.

    Thread-safe; any number of processes may have it open. Opening makes nothing: ``Unreachable`` where there is no log,
    unless it is to be created, and creating one that exists keeps what it holds. Only its owner may read it.

    Reading sees what is committed and nothing else, and waits for no writer. It needs no write: where the place takes
    none, what is there is read in another way, and :attr:`source` says so; ``NotWritable`` where that cannot be done.
    ``Unmade`` where the log was never finished, ``Corrupt`` where it is damaged or a line is no bytes any more.
    """

    @property
    def source(self) -> Source:
        """Where the last rows came from."""

    def close(self) -> None:
        """Let go of every connection; nothing is asked afterwards."""

    def transaction(self, timeout: float | None = None) -> Transaction:
        """One write transaction, as a context manager; see :class:`Transaction`.

        Waits up to ``timeout`` seconds (the log's own, 10 by default) for other writers and for strangers together.
        """

    def lines(self, after: int = 0, to: int = ...) -> Iterator[bytes]:
        """The lines with ``after < sequence <= to``, in order, byte for byte as they were appended.

        Read in pieces, so that memory stays bounded; lines that are committed meanwhile come too.
        """

    def line(self, sequence: int) -> bytes | None:
        """One line, or None where the ledger is shorter."""

    def numbered(self, sequences: Sequence[int]) -> Iterator[tuple[int, bytes]]:
        """The lines of these sequences (ascending), in order, each with its row's own number, whatever the line claims.

        Those that are not there are left out; b"" stands for what is no bytes.
        """

    def numbered_after(self, sequence: int) -> Iterator[tuple[int, bytes]]:
        """All lines after a sequence in the same form, in order, also where rows are missing."""

    def size(self) -> int:
        """How many entries there are."""

    def newest_checkpoint(self, to: int = ...) -> bytes | None:
        """The signed note of the largest checkpoint of at most ``to`` entries, or None."""

    def newest_checkpoints(self, number: int) -> list[tuple[int, bytes]]:
        """Sizes and notes of the newest checkpoints, the largest first."""

    def checkpoints(self) -> Iterator[tuple[int, bytes]]:
        """Sizes and notes of all checkpoints ever signed, smallest first: none is ever replaced."""

    def receipts(self, start: str) -> list[Receipt]:
        """The receipts of all requests whose ids begin with ``start`` (ASCII, not empty), by id."""


class Transaction(Protocol):
    """One write transaction over a log: read the tail, decide, append. Entered once.

    *Alone*: from its beginning to its end no other transaction is under way, in any thread or process. Who comes second
    waits, then sees what the first committed; ``Unreachable`` when its time is over. A writer that dies holds nobody up
    and leaves nothing.

    *All or nothing*: entries, checkpoint and receipt are committed together when the block ends well; nothing is, when
    it raises. Readers see nothing before.

    *Durable*: when the block has ended, what was appended survives a crash of the process and a power cut.

    ``NotWritable`` where the place takes no writes, ``Unreachable`` where the log was removed or exchanged while it was
    open (it never goes on in a file that nobody else will read).
    """

    def __enter__(self) -> Transaction: ...

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None: ...

    @property
    def mark(self) -> Mark:
        """What the store is at: inside the block before any append, after it with what was appended."""

    def continues(self, mark: Mark | None) -> bool:
        """Whether surely nothing was committed since ``mark`` was taken, by whomever.

        Never true where anything was appended since, be it by this log, another process or a stranger. It may be false
        though nothing was, when the store cannot tell; then the caller reads on. False for None.
        """

    def lines_after(self, sequence: int) -> list[bytes]:
        """All lines after ``sequence``, this transaction's own included."""

    def newest_checkpoint(self) -> bytes | None:
        """The newest signed note, or None."""

    def receipt(self, request_id: str) -> Receipt | None:
        """What the request was answered with before, or None: the same request is answered once, and so again."""

    def append(self, origin: str, lines: Sequence[Line], checkpoint: tuple[int, bytes], receipt: Receipt) -> None:
        """Append entries, the checkpoint (size, note) over them and the receipt of the request.

        ``Corrupt``, and nothing of it is committed, where an entry is not exactly the next one, the origin is not the
        first entry's, the checkpoint is not larger than all before, the request has a receipt, or the store does not
        hold afterwards the very bytes that it was given. What was appended is never changed or removed by anybody.
        """


class Locks(Protocol):
    """Who is the only one at work: one holder of each name in a home, over all threads and processes."""

    def hold(self, name: LockName, timeout: float = 10.0) -> AbstractContextManager[None]:
        """Hold a name for the length of a block; different names do not hinder one another.

        Waits up to ``timeout`` seconds, 0 for not at all, then raises ``Unreachable``. A holder that dies, however,
        lets go at once. Not re-entrant.
        """


class TimelineStore(Protocol):
    """The timeline's read model of one ledger: one row an entry, for filters and search.

    Disposable: nothing is decided and nothing is proved by it. A damaged one is thrown away (``Unreachable``, ask
    again). Each call stands alone; any number of threads and processes may call. ``NotWritable`` where its place takes
    no writes. Only its owner may read it.
    """

    def head(self) -> Head | None:
        """How far it is; None where there is none of this form and this ledger's origin."""

    def make(self) -> None:
        """Begin an empty one in place of whatever is there."""

    def add(self, before: Head, rows: Sequence[tuple[Row, str]], head: str) -> bool:
        """Append rows, each with the text in which words are searched, all or none; ``head`` is the last entry's.

        False where somebody else was quicker: it no longer stands at ``before``, and nothing was added.
        """

    def is_as_made(self) -> bool:
        """Whether the database itself is as it was made, and finds nothing wrong with it. Reads all of it."""

    def stored(self, after: int, to: int) -> list[tuple[Row, str]]:
        """The rows with ``after < sequence <= to`` and their texts, in order, as they stand."""

    def page(self, chosen: Filter, beyond: int | None, limit: int, *, newest_first: bool) -> list[Row]:
        """The next ``limit`` matching rows beyond a sequence, in order; the last page costs as much as the first."""

    def leaders(self, chosen: Filter, beyond: int | None, limit: int, *, newest_first: bool) -> list[tuple[int, int]]:
        """Like :meth:`page`, the leaders of those that belong together, each once with how many of its entries match.

        Only those of whose entries at least one does.
        """

    def members(self, leaders: Sequence[int]) -> list[Row]:
        """All entries that these lead, themselves among them, in order."""

    def sequences(self, chosen: Filter, limit: int) -> list[int]:
        """The first ``limit`` matching entries, the oldest first."""

    def count(self, chosen: Filter, after: int = 0) -> int:
        """How many entries after a sequence match."""

    def neighbours(self, rollback: str, sequence: int) -> tuple[int | None, int | None]:
        """The entries of the same rollback before and after one."""

    def corrections(self, sequence: int) -> list[Row]:
        """The entries that correct one, in order."""

    def rollbacks(self, number: int = -1) -> list[str]:
        """Names of rollbacks, the newest first; at most ``number`` of them unless it is negative."""


class SnapshotStore(Protocol):
    """A state of one ledger, folded from its entries, so that not every command folds all of them.

    Disposable, and bytes only: whoever reads them holds their seal against the ledger. Each call stands alone; any
    number of threads and processes may call. Only its owner may read it. ``Unreachable`` where it cannot be had,
    ``NotWritable`` where its place takes no writes.
    """

    def newest(self) -> bytes | None:
        """The snapshot that was saved last; None where there is none."""

    def rollback(self, digest: bytes) -> bytes | None:
        """A closed rollback by the digest that it was saved under; None where there is none."""

    def save(self, snapshot: bytes, rollbacks: Mapping[bytes, bytes]) -> None:
        """Put a snapshot in the place of the one before, and add rollbacks by digest: all of it or nothing.

        Rollbacks that were saved before stay: whoever read the snapshot before may ask for them. It is not flushed: a
        power cut may take it all.
        """


class AccountStore(Protocol):
    """Password hashes, sessions and failed tries of one home. Times are Unix seconds.

    Each call is one short transaction; any number of threads and processes may call. It can be lost: a lost one is made
    anew, empty, at the next call. While its place takes no writes, what signing in and out needs goes on in memory of
    this process, and is put back when it takes them again; accounts are not changed then (``Unreachable``).
    """

    @property
    def made(self) -> int:
        """How often this object made it: more than at first where it was lost under a running server."""

    def account(self, login: str) -> Account | None:
        """The account of a login name."""

    def account_of(self, person: str) -> Account | None:
        """The account of a person."""

    def accounts(self) -> list[Account]:
        """All accounts, by login name."""

    def put(self, account: Account) -> None:
        """Add an account or replace the one of the same person. ``Unreachable`` where the login is another's."""

    def remove(self, person: str) -> None:
        """Forget an account and its sessions."""

    def open(self, session: SessionRow) -> None:
        """Remember a new session."""

    def session(self, token: str) -> SessionRow | None:
        """A session by its token."""

    def session_of(self, token: str) -> tuple[SessionRow, Account | None] | None:
        """A session by its token and its person's account: what every request asks."""

    def sessions(self, person: str) -> list[SessionRow]:
        """A person's sessions, newest first."""

    def touch(self, token: str, at: float) -> None:
        """The session was used."""

    def rename(self, token: str, fresh: str) -> None:
        """The session goes on under another token."""

    def end(self, token: str) -> None:
        """End one session."""

    def end_all(self, person: str, but: str = "") -> int:
        """End a person's sessions, except one; returns how many there were."""

    def seen(self) -> dict[str, float]:
        """Person -> when a session of theirs was used last."""

    def forget_before(self, opened: float) -> None:
        """Drop sessions that were opened before a time, and failures as old."""

    def attempt(self, key: str, at: float, since: float, limit: int) -> bool:
        """Count a try under a key, unless there were ``limit`` since a time: then False. Many at once count singly."""

    def forgive(self, key: str, at: float) -> None:
        """Take back one try."""

    def clear(self, key: str) -> None:
        """Forget a key's failures."""

    def clear_ending(self, end: str) -> None:
        """Forget the failures of every key with that end."""


class RawLog(Protocol):
    """A log as it stands at one moment, for whoever judges it. Looking changes nothing, not even beside it.

    (What processes share while they have it open is no part of it.) Everything comes as it is found, also what our own
    code never wrote: rows of another owner, other types, no key. One look sees one moment, whatever is committed
    meanwhile. An owner is :func:`ledger.store.values.owner_of` an origin. ``Corrupt`` where the database cannot read
    itself. Valid while :func:`ledger.store.open.read_raw` reads.
    """

    def is_blank(self) -> bool:
        """Whether there is nothing at all, not even a table: its making was interrupted."""

    def differences(self) -> Iterator[Difference]:
        """What of the database's tables and guards is missing, changed or nothing that any build of ours makes."""

    def damage(self) -> list[str]:
        """What the database itself finds wrong with its structure, in its own words; the first few."""

    def first_owner(self) -> str:
        """The owner of the first row, by which the ledger finds all others; ``""`` where there is no row."""

    def count(self, owner: str, after: int = 0) -> int:
        """How many rows the owner has after a sequence."""

    def rows(self, owner: str, after: int = 0) -> Iterator[StoredRow]:
        """An owner's rows after a sequence, in the order of the sequence."""

    def row(self, owner: str, sequence: int) -> StoredRow | None:
        """One row."""

    def others(self, owner: str) -> tuple[int, str]:
        """How many rows belong to somebody else or to no place at all, and whose the first one is."""

    def of_status(self, owner: str, status: str) -> Iterator[StoredRow]:
        """An owner's rows of one status, in no order."""

    def checkpoints(self, after: int = 0) -> Iterator[tuple[int, bytes]]:
        """The checkpoints of more than ``after`` entries, smallest first: the row's own size, and the note.

        Those of no entries and of fewer come too, before all others: there are none of ours.
        """

    def newest_checkpoint(self) -> bytes | None:
        """The note of the largest checkpoint."""

    def receipts(self, after: int = 0) -> Iterator[Receipt]:
        """The receipts of requests whose first entry comes after a sequence, in the order of their entries.

        Those whose first entry can be none come too, before all others.
        """
