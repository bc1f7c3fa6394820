"""Append one entry at a time, one writer, every commit flushed to disk."""

from __future__ import annotations

import fcntl
import hashlib
import os
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event

from bench.others import Auditchain, SignLedger
from bench.rounds import Piece, take_turns
from bench.workloads import BY, NOTE, TICKET, Written, note_request, open_home, payload, written
from ledger.app.press import Press
from ledger.domain.keeping.commands import AddNote
from ledger.proof.entry import mac_of
from ledger.store.sqlite.schema import TABLES, TRIGGERS
from tests.verify.builders import KEY, SIGNER

BARE = "bare transaction, same two rows"
LIMIT = "the C calls of an append alone"
OURS = "Stage4 Ledger, Ledger.submit"
SIGNLEDGER = {
    "SignLedger, signed with Ed25519": "ED25519",
    "SignLedger, signed with RSA": "RSA",
    "SignLedger, hash chain alone": "",
}
Append = Callable[[], None]


def ours(folder: Path) -> Append:
    """Decide, link, sign, append with checkpoint and receipt; not published."""
    ledger = open_home(folder).ledger
    return lambda: void(ledger.submit(note_request()))


def published(folder: Path) -> Append:
    """The same with publishing, as every command does it."""
    installation = open_home(folder)
    return lambda: void(installation.submit(AddNote(text=NOTE), Press(BY), TICKET))


def void(_: object) -> None:
    """Forget an answer."""


def bare(folder: Path, rows: list[Written]) -> Append:
    """A transaction that writes the same two rows with the same durability and computes nothing."""
    connection = sqlite3.connect(folder / "bare.sqlite", isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute(
        "CREATE TABLE entries (owner TEXT, sequence INTEGER, topic TEXT, line BLOB, PRIMARY KEY (owner, sequence))"
    )
    connection.execute("CREATE TABLE checkpoints (size INTEGER PRIMARY KEY, note BLOB)")
    ahead: Iterator[Written] = iter(rows)

    def append() -> None:
        row = next(ahead)
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("INSERT INTO entries VALUES (?, ?, ?, ?)", ("o" * 32, row.sequence, row.status, row.line))
        connection.execute("INSERT INTO checkpoints VALUES (?, ?)", (row.sequence, row.note))
        connection.execute("COMMIT")

    return append


def limit(folder: Path, rows: list[Written]) -> Append:
    """What an append cannot do without: lock, three rows under our triggers, hashes, HMACs, Ed25519, and no Python."""
    connection = sqlite3.connect(folder / "limit.sqlite", isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute(
        "CREATE TABLE stored_events (originator_id TEXT, originator_version INTEGER, topic TEXT, state BLOB, "
        "PRIMARY KEY (originator_id, originator_version))"
    )
    for statement in (*TABLES, *TRIGGERS):
        connection.execute(statement)
    ahead, lock = enumerate(rows, 1), folder / "limit.lock"
    bodies = {row.sequence: orjson.loads(row.line) for row in rows}
    mac, place, key = mac_of(KEY), b"x" * 190, SIGNER.key

    def append() -> None:
        number, row = next(ahead)
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        connection.execute("BEGIN IMMEDIATE")
        line = orjson.dumps(bodies[row.sequence], option=orjson.OPT_SORT_KEYS)
        made = (mac(line), mac(place), hashlib.sha384(line).hexdigest(), hashlib.sha256(line).digest())
        key.sign(row.note)
        connection.execute("INSERT INTO stored_events VALUES (?, ?, ?, ?)", ("o" * 32, number, row.status, row.line))
        connection.execute("INSERT INTO checkpoints VALUES (?, ?)", (number, row.note))
        connection.execute("INSERT INTO requests VALUES (?, ?, ?, ?)", (os.urandom(16).hex(), made[2], number, number))
        connection.execute("COMMIT")
        os.close(descriptor)

    return append


class Note(Aggregate):
    """The smallest aggregate that takes events of a size."""

    @event("Added")
    def add(self, text: str) -> None:
        """One event."""
        self.text = text


def eventsourcing(folder: Path, size: int) -> Append:
    """``Application.save`` of the library with its own settings, an event's ``state`` being ``size`` bytes long."""
    environment = {"PERSISTENCE_MODULE": "eventsourcing.sqlite", "SQLITE_DBNAME": str(folder / "es.sqlite")}
    application: Application[Any] = Application(env=environment)
    note = Note()
    note.add("")
    application.save(note)
    overhead = len(application.recorder.select_events(note.id)[-1].state)
    text = "x" * (size - overhead)

    def append() -> None:
        note.add(text)
        application.save(note)

    return append


def subjects(folder: Path, count: int) -> dict[str, Append]:
    """All that append, each ready for ``count`` appends."""
    for name in ("bare", "limit", "eventsourcing", "others"):
        (folder / name).mkdir()
    rows = written(folder / "written", count)
    data = payload(rows[0].line)
    appends: dict[str, Append] = {
        BARE: bare(folder / "bare", rows),
        "eventsourcing, Application.save": eventsourcing(folder / "eventsourcing", len(rows[0].line)),
        LIMIT: limit(folder / "limit", rows),
        OURS: ours(folder / "ours"),
        "Stage4 Ledger, published": published(folder / "published"),
    }
    for number, (name, algorithm) in enumerate(SIGNLEDGER.items()):
        ledger = SignLedger(folder / "others" / f"{number}.sqlite", algorithm)
        appends[name] = lambda ledger=ledger: ledger.append(data)  # type: ignore[misc]
    chain = Auditchain(folder / "others" / "auditchain.sqlite")
    appends["auditchain, HMAC"] = lambda: chain.append(data)
    return appends


def measure(folder: Path, rounds: int, appends: int) -> dict[str, list[float]]:
    """Appends per second of each in each round, after a tenth of a round to warm up."""
    warm = max(5, appends // 10)
    ready = subjects(folder, rounds * appends + warm)
    for run in ready.values():
        repeat(run, warm)
    return take_turns({name: Piece(appends, repeated(run, appends)) for name, run in ready.items()}, rounds)


def repeat(run: Append, times: int) -> None:
    """So many appends, one after the other."""
    for _ in range(times):
        run()


def repeated(run: Append, times: int) -> Callable[[], None]:
    """So many appends as one piece of work."""
    return lambda: repeat(run, times)
