"""The stop through the ledger: what is seen first, then what is still to be done, then what is seen after it."""

from __future__ import annotations

import contextlib
import time
from datetime import timedelta
from pathlib import Path

from ledger.app.durations import parse_duration
from ledger.app.installation import Installation
from ledger.app.press import Press
from ledger.app.record.deliver import deliver_files
from ledger.app.record.spool import take_in
from ledger.app.steps.common import Outcome, rollback_of, salted
from ledger.app.steps.stopping import written
from ledger.domain.asked import Asked
from ledger.domain.command import Actor
from ledger.domain.facts import FileSeen, SchedulerSeen
from ledger.domain.opening.commands import OpenRollback
from ledger.domain.rules import clock_text
from ledger.domain.runbook import TRADING
from ledger.domain.standing import why_it_does_not_stop
from ledger.domain.state import Rollback
from ledger.domain.stopping.commands import Stop, WriteOverride
from ledger.domain.stopping.stop import runs_on
from ledger.errors import LedgerError, Refused, Standing, Unreachable
from ledger.said import Said

PATIENCE = 1.0
"""Seconds that the stop waits for other writers before it passes the ledger over."""


def stop(installation: Installation, press: Press, asked: Asked, *, patience: float = PATIENCE) -> Outcome:
    """Have the component stopped: nothing is taken from the ledger's word for what can be seen.

    Raises where the ledger cannot do it, for whatever reason: the stop then happens without it. After it returns, the
    outcome's verdict is ``pass`` only where an override that stops the component was seen.
    """
    path = installation.override_path(asked.component)
    deadline = time.monotonic() + patience
    _as_far_as_it_is(installation, path, asked.component, patience)
    file = installation.look(path)
    scheduler = _asked_scheduler(installation, file, asked.component)
    command = _command(installation, press.actor, asked, file, scheduler)
    try:
        left = max(0.05, deadline - time.monotonic())
        receipt = installation.record(command, press, timeout=left)
    except Standing as standing:
        return _stands(installation, standing, asked)
    deliver_files(installation, max(0.05, deadline - time.monotonic()))
    rollback = installation.state.rollback(rollback_of(installation, receipt.first))
    assert rollback is not None
    seen = _must_stop(installation, path, asked.component)
    return _after(installation, rollback, asked, seen, scheduler if runs_on(file, scheduler) else None)


def _as_far_as_it_is(installation: Installation, path: Path, component: str, patience: float) -> None:
    """What an earlier press left: its spool is taken in, its override delivered. Neither failing refuses this one."""
    with contextlib.suppress(LedgerError):
        if not why_it_does_not_stop(installation.look(path), component, installation.clock()):
            take_in(installation)
    with contextlib.suppress(Refused, Unreachable):
        deliver_files(installation, patience / 2)


def _asked_scheduler(installation: Installation, file: FileSeen, component: str) -> SchedulerSeen | None:
    """What the scheduler says, where an override that should stop it is there; nobody waits for it otherwise."""
    if component != TRADING or why_it_does_not_stop(file, component, installation.clock()):
        return None
    return installation.scheduler(patience=0.5)


def _command(
    installation: Installation, actor: Actor, asked: Asked, file: FileSeen, scheduler: SchedulerSeen | None
) -> Stop:
    at = installation.clock()
    whole = ""
    with contextlib.suppress(LedgerError, OSError):
        whole = installation.keep(salted(asked.whole_reason)) if asked.whole_reason else ""
        if file.content:
            installation.keep(file.content)
    return Stop(
        opening=OpenRollback(
            ticket=asked.ticket,
            purpose="incident",
            reason=asked.reason,
            reason_sha384=whole,
            component=asked.component,
            channel=installation.config.rollback.channel,
            window_start=at,
            window_end=at + timedelta(seconds=parse_duration(installation.config.rollback.window)),
        ),
        override=WriteOverride(
            path=file.path,
            reason=asked.reason,
            requested_by=asked.requested_by or actor.person,
            component=asked.component,
            file=file,
            expires_at=at + timedelta(seconds=asked.seconds) if asked.seconds else None,
        ),
        scheduler=scheduler,
        notes=asked.notes,
    )


def _must_stop(installation: Installation, path: Path, component: str) -> FileSeen:
    """What is at the path after the delivery; ``Unreachable`` where it stops nothing."""
    seen = installation.look(path)
    if why := why_it_does_not_stop(seen, component, installation.clock()):
        raise Unreachable(Said("the ledger did not stop it: {}: {}", path, why))
    return seen


def _stands(installation: Installation, standing: Standing, asked: Asked) -> Outcome:
    rollback = installation.state.rollback(standing.rollback)
    assert rollback is not None
    lines = [f"rollback  {rollback.id}", *_noted(asked)]
    return Outcome(rollback, "pass", (), "\n".join(lines) + "\n", str(standing))


def _after(
    installation: Installation, rollback: Rollback, asked: Asked, seen: FileSeen, ran_on: SchedulerSeen | None
) -> Outcome:
    """What came of it. A scheduler that had run on with a good override in place is said louder than anything."""
    came = written(installation, rollback)
    log = came.log + "".join(f"{line}\n" for line in _noted(asked))
    if ran_on is not None:
        since = Said("{} (written again at {})", seen.path, clock_text(seen.changed)) if seen.changed else seen.path
        why = Said(
            "the override is there and the scheduler RUNS ON: enabled at {}, with {}. "
            "Stop its service on its machine now, and find out which folder it reads",
            clock_text(ran_on.at),
            since,
        )
        return came._replace(verdict="fail", reasons=(why,), log=log)
    obeyed = "next      has the scheduler obeyed? scripts/smoke_demo_strategies.py --check-disabled\n"
    return came._replace(log=log + obeyed)


def _noted(asked: Asked) -> list[str]:
    return [f"note      {note}" for note in asked.notes]
