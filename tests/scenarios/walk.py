"""What the walks share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ledger.domain.event import Event
from ledger.domain.record import Recorded
from ledger.domain.state import Rollback
from ledger.lab.scenarios import Stage

REAL_SERVERS = [pytest.mark.enable_socket, pytest.mark.timeout(120)]


def finish(on: Stage) -> None:
    """Trading runs, verification and replay are clean, entries are complete, and everything else came true."""
    on.prove()
    missed = [str(line) for line in on.checklist if not line.met]
    assert not missed, "\n".join(missed)


def records(on: Stage, status: str, after: int = 0) -> list[Recorded]:
    """The entries of that status, oldest first, from the one after ``after``."""
    return [record for record, _ in on.installation.ledger.records(after) if record.status == status]


def newest(on: Stage, status: str) -> Any:
    """The newest event of that status."""
    found: Event | None = records(on, status)[-1].event
    return found


def soon(on: Stage, true: Callable[[], object], seconds: float = 20.0) -> bool:
    """Whether it becomes true in time."""
    return on.wait(true, seconds)


def through_step_2(on: Stage, ticket: str) -> Rollback:
    """Opened, confirmed, stopped and silenced."""
    rollback = on.open(ticket, "Latency")
    on.disable(rollback)
    return on.silenced(rollback)


def from_step_3(on: Stage, rollback: Rollback) -> Rollback:
    """Checked, watched, ended, restored and closed."""
    on.stopped(rollback)
    on.watched(rollback)
    on.ended(rollback)
    on.restored(rollback)
    return on.closed(rollback)
