"""Append one entry at a time, durably: ours, a bare transaction, the eventsourcing library, SignLedger, auditchain."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from auditchain import SqliteBackend as AuditchainBackend
from auditchain import SyncAuditLog
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event
from signledger import Ledger as SignLedger
from signledger.backends.sqlite import SQLiteBackend
from signledger.crypto.signatures import create_signer

from ledger.app.installation import Installation, new_request_id, now, open_home
from ledger.app.setup import init
from ledger.domain.commands import SYSTEM, Record, Request
from ledger.domain.events.observation import SchedulerObserved

Append = Callable[[], None]
LINE = b'{"x":"' + b"x" * 1000 + b'"}'
NOTE = b"x" * 260
"""Sizes of an entry's line and of a checkpoint as this project writes them."""


def observation() -> SchedulerObserved:
    """An entry of ordinary size that any state allows."""
    return SchedulerObserved(
        scheduler_status="enabled", source="http://127.0.0.1:1/status", seen_at=now(), cycle=1, warnings=("w" * 160,)
    )


def ours(folder: Path) -> Append:
    """Decide, link, sign, append with checkpoint and receipt; not published."""
    init(folder).ledger.log.close()
    ledger = open_home(folder).ledger

    def append() -> None:
        command = Record(event=observation())
        ledger.submit(Request(command=command, actor=SYSTEM, at=now(), id=new_request_id()))

    append()
    return append


def published(folder: Path) -> Append:
    """The same with publishing, as every command does it."""
    init(folder).ledger.log.close()
    installation: Installation = open_home(folder)

    def append() -> None:
        installation.submit(Record(event=observation()), SYSTEM)

    append()
    return append


def bare(folder: Path) -> Append:
    """A transaction that writes the same two rows with the same durability and computes nothing."""
    folder.mkdir()
    connection = sqlite3.connect(folder / "bare.sqlite", isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute(
        "CREATE TABLE entries (owner TEXT, sequence INTEGER, topic TEXT, line BLOB, PRIMARY KEY (owner, sequence))"
    )
    connection.execute("CREATE TABLE checkpoints (size INTEGER PRIMARY KEY, note BLOB)")
    number = 0

    def append() -> None:
        nonlocal number
        number += 1
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("INSERT INTO entries VALUES (?, ?, ?, ?)", ("o" * 32, number, "note_added", LINE))
        connection.execute("INSERT INTO checkpoints VALUES (?, ?)", (number, NOTE))
        connection.execute("COMMIT")

    return append


class Note(Aggregate):
    """The smallest aggregate that takes events of our size."""

    @event("Added")
    def add(self, text: str) -> None:
        """One event."""
        self.text = text


def eventsourcing(folder: Path) -> Append:
    """``Application.save`` of the library, its own serialisation, no chain and no signature."""
    folder.mkdir()
    application: Application[Any] = Application(
        env={"PERSISTENCE_MODULE": "eventsourcing.sqlite", "SQLITE_DBNAME": str(folder / "es.sqlite")}
    )
    note, text = Note(), "x" * 700

    def append() -> None:
        note.add(text)
        application.save(note)

    append()
    return append


def signledger(folder: Path) -> Append:
    """SignLedger on SQLite, its connection set to flush every commit; a hash chain, no signature."""
    folder.mkdir()
    backend = SQLiteBackend(str(folder / "sl.sqlite"))
    backend._get_connection().execute("PRAGMA synchronous=FULL")  # noqa: SLF001 (it has no setting)
    ledger, data = SignLedger(backend=backend), {"text": "x" * 700}

    def append() -> None:
        ledger.append(data, metadata={"bench": "1"})  # without metadata it cannot read its own rows

    return append


def signledger_signed(folder: Path) -> Append:
    """SignLedger with the signer that it makes by default (RSA), so that its entries are signed as ours are."""
    folder.mkdir()
    backend = SQLiteBackend(str(folder / "sls.sqlite"))
    backend._get_connection().execute("PRAGMA synchronous=FULL")  # noqa: SLF001 (it has no setting)
    ledger, signer, data = SignLedger(backend=backend), create_signer(), {"text": "x" * 700}

    def append() -> None:
        ledger.append(data, metadata={"bench": "1"}, sign=True, signer=lambda digest: signer.sign(digest.encode()))

    return append


def auditchain(folder: Path) -> Append:
    """auditchain on SQLite, sealed with HMAC-SHA256; flushes as it does by itself."""
    folder.mkdir()
    log = SyncAuditLog(AuditchainBackend(folder / "ac.sqlite"), seal_key=b"k" * 32)

    def append() -> None:
        log.append("system", "note", "INC-2042", metadata={"text": "x" * 700})

    return append


SUBJECTS: dict[str, Callable[[Path], Append]] = {
    "bare transaction, same two rows": bare,
    "stage4-ledger": ours,
    "stage4-ledger, published": published,
    "eventsourcing Application.save": eventsourcing,
    "SignLedger, signed": signledger_signed,
    "SignLedger, chain only": signledger,
    "auditchain": auditchain,
}


def measure(folder: Path, rounds: int, appends: int) -> dict[str, list[float]]:
    """Appends per second of each subject in each round; the subjects take turns, so that drift hits all alike."""
    ready = {name: make(folder / str(number)) for number, (name, make) in enumerate(SUBJECTS.items())}
    found: dict[str, list[float]] = {name: [] for name in ready}
    for _ in range(rounds):
        for name, append in ready.items():
            started = time.perf_counter()
            for _ in range(appends):
                append()
            found[name].append(appends / (time.perf_counter() - started))
    return found
