"""Homes, requests and what stands in a store, for tests that look at an installation from outside."""

from __future__ import annotations

import contextlib
import itertools
import os
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from ledger.app.home.folders import Home
from ledger.app.installation import Installation
from ledger.app.record.deliver import deliver
from ledger.app.record.view import View, empty_view, fold
from ledger.digest import sha384
from ledger.domain.command import SYSTEM, Actor, Command, Request
from ledger.domain.facts import Matcher, SchedulerSeen, SilenceSeen
from ledger.domain.keeping.commands import KeepLog
from ledger.domain.keeping.events import ForeignLinesFound
from ledger.domain.opening.commands import OpenRollback
from ledger.domain.record import Recorded
from ledger.domain.restoring.commands import RequestRemoval
from ledger.domain.silencing.commands import AdoptSilence, RequestSilence
from ledger.domain.stopping.commands import Stop, WriteOverride
from ledger.domain.stopping.decide import override_content
from ledger.proof.checkpoint import open_checkpoint
from ledger.proof.note import parse_verifier

T = TypeVar("T")
PROJECT = Path(__file__).resolve().parents[2]
WORKER = Path(__file__).with_name("worker.py")
INC = "INC-2042"
_numbers = itertools.count(1)


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.now

    def move(self, **span: float) -> datetime:
        """Let time pass (a negative span: the clock goes back)."""
        self.now += timedelta(**span)
        return self.now


def actor(role: str) -> Actor:
    """One of the lab's five people, by role; ``system`` is the ledger itself."""
    return SYSTEM if role == "system" else Actor(person="lab-" + role.replace("_", "-"), auth="lab")


def ask(installation: Installation, role: str, command: Command, rollback: str = "", **changes: Any) -> Request:
    """A request as the edge makes it."""
    fields = {"at": installation.clock(), "id": f"r-{next(_numbers)}", "rollback": rollback}
    return Request(command=command, actor=actor(role), **fields | changes)


def note(number: int = 0) -> KeepLog:
    """A command that anybody may give at any time."""
    return KeepLog(program=f"note-{number}", exit_status=0, log_sha384=sha384(b"%d" % number))


def opening(installation: Installation, ticket: str = INC, **changes: Any) -> OpenRollback:
    """Step 0."""
    at = installation.clock()
    fields = {"ticket": ticket, "purpose": "incident", "reason": "PnL odjeżdża", "component": "multi_strategy"}
    span = {"channel": "#stage4", "window_start": at, "window_end": at + timedelta(hours=2)}
    return OpenRollback(**fields | span | changes)


def overriding(installation: Installation, **changes: Any) -> WriteOverride:
    """Step 1, by what is at the path."""
    fields = {"reason": "PnL odjeżdża", "requested_by": "l2", "component": "multi_strategy"}
    path = installation.override_path()
    return WriteOverride(**{"path": str(path), "file": installation.look(path)} | fields | changes)


def stopping(installation: Installation, ticket: str = INC, **changes: Any) -> Stop:
    """The stop."""
    return Stop(opening=opening(installation, ticket, **changes), override=overriding(installation))


def silencing(installation: Installation) -> RequestSilence:
    """Step 2."""
    at = installation.clock()
    return RequestSilence(
        matchers=(Matcher("alertname", "MultiStrategy.+", is_regex=True),),
        starts_at=at,
        ends_at=at + timedelta(hours=2),
        created_by="lab-observability",
        comment=f"{INC} [mark]",
        marker="[mark]",
        preview_sha384=sha384(b"[]"),
    )


def adopting_silence(installation: Installation) -> AdoptSilence:
    """A silence that somebody made in Alertmanager's own page."""
    at = installation.clock()
    matchers = (Matcher("alertname", "MultiStrategy.+", is_regex=True),)
    seen = SilenceSeen("s-1", "active", matchers, at, at + timedelta(hours=2), "noc", "by hand", at)
    return AdoptSilence(silence=seen, reason="made by hand", transcript_sha384=sha384(b"transcript"))


def removing(installation: Installation) -> RequestRemoval:
    """Step 5."""
    file = installation.look(installation.override_path())
    return RequestRemoval(file=file, scheduler=SchedulerSeen("disabled", installation.clock(), "lab", cycle=7))


def records(installation: Installation) -> list[Recorded]:
    """All records of the store."""
    return [record for record, _ in installation.ledger.records()]


def statuses(installation: Installation) -> list[str]:
    """Their names."""
    return [record.status for record in records(installation)]


def same(view: View, other: View) -> bool:
    """Whether two views say the same (trees are compared by size and root)."""
    return (view.state, view.head, view.tree.size, view.tree.root()) == (
        other.state,
        other.head,
        other.tree.size,
        other.tree.root(),
    )


def tell(installation: Installation, role: str, command: Command, rollback: str = INC) -> None:
    """Say it in the ledger and do nothing: as if the process died right after the commit."""
    installation.ledger.submit(ask(installation, role, command, rollback))


def do(installation: Installation, role: str, command: Command, rollback: str = INC) -> None:
    """Say it and deliver."""
    tell(installation, role, command, rollback)
    deliver(installation)


def asked(installation: Installation) -> bytes:
    """The bytes that the ledger asks to be written."""
    request = installation.rollback(INC).override.request
    assert request is not None
    return override_content(request)


def events(installation: Installation, kind: type) -> list[object]:
    return [record.event for record in records(installation) if type(record.event) is kind]


def append(installation: Installation, count: int = 1) -> None:
    """Entries that are not published yet."""
    for number in range(count):
        installation.ledger.submit(ask(installation, "noc", note(number)))


def foreign_lines(installation: Installation) -> list[ForeignLinesFound]:
    return [record.event for record in records(installation) if isinstance(record.event, ForeignLinesFound)]


# --- what stands on disk, read without our code ----------------------------------------------------------------------


@contextlib.contextmanager
def plain(home: Home) -> Iterator[sqlite3.Connection]:
    """A connection that knows nothing of us."""
    with contextlib.closing(sqlite3.connect(home.store, isolation_level=None)) as connection:
        yield connection


def stored(home: Home) -> tuple[list[Any], list[Any], list[Any]]:
    """All rows of the three tables."""
    with plain(home) as connection:
        return (
            connection.execute("SELECT rowid, * FROM stored_events ORDER BY originator_version, rowid").fetchall(),
            connection.execute("SELECT * FROM checkpoints ORDER BY size").fetchall(),
            connection.execute("SELECT * FROM requests ORDER BY first, id").fetchall(),
        )


def lines_of(home: Home) -> list[bytes]:
    """The stored lines."""
    return [bytes(row[4]) for row in stored(home)[0]]


@contextlib.contextmanager
def behind_the_triggers(home: Home) -> Iterator[sqlite3.Connection]:
    """What somebody with the database's file can do: drop the triggers, edit, put them back."""
    with plain(home) as connection:
        triggers = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        assert triggers
        for name, _ in triggers:
            connection.execute(f"DROP TRIGGER {name}")
        yield connection
        for _, sql in triggers:
            connection.execute(sql)


def assert_published(home: Home) -> None:
    """The published files are the store's lines and its newest checkpoint, which verifies by the published key."""
    lines = lines_of(home)
    data = home.published.read_bytes()
    assert data == b"".join(line + b"\n" for line in lines)
    note = home.published_checkpoint.read_bytes()
    assert note == bytes(stored(home)[1][-1][1])
    checkpoint = open_checkpoint(note, parse_verifier(home.published_key.read_text().rstrip("\n")))
    view = fold(empty_view(), lines)
    assert (checkpoint.size, checkpoint.root) == (view.size, view.tree.root())


# --- processes -------------------------------------------------------------------------------------------------------


def start(*arguments: object, **options: Any) -> subprocess.Popen[str]:
    """Run ``worker.py`` in a process of its own."""
    environment = os.environ | {"PYTHONPATH": str(PROJECT)}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    command = [sys.executable, str(WORKER), *map(str, arguments)]
    return subprocess.Popen(command, cwd=PROJECT, env=environment, **pipes | options)


def finish(process: subprocess.Popen[str], seconds: float = 60.0) -> str:
    """What the process printed; it must have ended well and said nothing on stderr."""
    try:
        out, complaints = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise
    assert (process.returncode, complaints) == (0, ""), complaints[-2000:]
    return out


def end(process: subprocess.Popen[str]) -> None:
    """Kill -9 and reap."""
    process.kill()
    process.communicate()


def until(question: Callable[[], T], seconds: float = 15.0) -> T:
    """Ask until the answer is true, and give it."""
    deadline = time.monotonic() + seconds
    while not (answer := question()):
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.002)
    return answer


def free_port() -> int:
    """A port on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
