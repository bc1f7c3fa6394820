"""``doctor --drill``: the override proved end to end, in the window of a drill that two people opened for it.

The drill is a rollback like any other: somebody opened it with the purpose ``drill``, a product owner who is somebody
else confirmed it, and every entry is what happened. Steps 2 and 4 are waived, because nothing is muted or watched. What
was written is removed whatever happens in between; a scheduler that does not obey makes it an aborted rollback.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from datetime import datetime
from typing import Final, NamedTuple

from ledger.app.durations import parse_duration
from ledger.app.installation import Installation
from ledger.app.press import Press
from ledger.app.record.deliver import deliver
from ledger.app.record.spool import take_in
from ledger.app.steps import closing, duties, opening, restoring, stopping
from ledger.app.steps.common import Outcome
from ledger.domain.command import Actor
from ledger.domain.facts import SchedulerSeen
from ledger.domain.rights import held_in
from ledger.domain.runbook import TRADING, Role, Step
from ledger.domain.state import Rollback
from ledger.errors import LedgerError, Refused
from ledger.said import Said

ROLES: Final[tuple[Role, ...]] = ("l2_ops", "incident_manager")
"""Who runs it holds both: L2 Ops stops and restores, an Incident Manager waives, ends and closes."""
WINDOW: Final = (
    'incident_manager: stage4 rollback open --purpose drill --ticket DRILL-1 --reason "test of the stop" --window 30m',
    "product_owner, another person: stage4 rollback confirm DRILL-1",
)
"""How a window is opened for it."""
_UNMUTED: Final = "a drill of the override alone: no alert is muted"
_UNWATCHED: Final = "a drill of the override alone: nothing is watched"
Say = Callable[[str, datetime], None]
"""Called with each thing as it was seen, and when."""


class Drilled(NamedTuple):
    """What came of it."""

    rollback: Rollback
    obeyed: bool
    """Whether the scheduler was seen disabled by it, and enabled again after it."""
    gone: bool
    """Whether the override was seen to be gone at the end."""
    reasons: tuple[str, ...] = ()
    """What did not go as it should."""
    stopped_by: tuple[str, ...] = ()
    """The rollbacks by which somebody stopped trading in earnest meanwhile: what they hold stays as it is."""


def require_window(installation: Installation, actor: Actor) -> tuple[Rollback, SchedulerSeen]:
    """The drill that is to be run and what the scheduler said now; ``Refused`` with what is owed where it may not be.

    Writes nothing.
    """
    rollback = _only_drill(installation)
    owed = _owed(installation, rollback, actor)
    if owed:
        raise Refused(Said("{} cannot be run now", rollback.id), owed)
    file, seen = installation.look(installation.override_path(rollback.component)), installation.scheduler()
    if file.kind != "absent":
        raise Refused(Said("{} is {} already: look at it first", file.path, file.kind))
    if seen.status != "enabled":
        told = seen.error or Said("it says {}", seen.status)
        raise Refused(Said("trading was not seen running, so nothing would be proved: {}", told))
    return rollback, seen


def _only_drill(installation: Installation) -> Rollback:
    rollbacks = tuple(installation.state.open.values())
    others = [rollback.id for rollback in rollbacks if rollback.purpose != "drill"]
    if others:
        raise Refused(Said("{} is open: a drill waits until nothing else is", ", ".join(others)))
    if len(rollbacks) > 1:
        raise Refused(Said("several drills are open ({}): close all but one", ", ".join(r.id for r in rollbacks)))
    if not rollbacks:
        raise Refused("no drill is open; somebody opens a window for it, and somebody else confirms it", WINDOW)
    return rollbacks[0]


def _owed(installation: Installation, rollback: Rollback, actor: Actor) -> tuple[str, ...]:
    """What must be so before it is run, one sentence each."""
    at, owed = installation.clock(), list[str]()
    if rollback.component != TRADING:
        owed.append(Said("it is of {}: only of {} the scheduler's status tells", rollback.component, TRADING))
    if not rollback.confirmed_by or rollback.refused:  # a waiver would be one person's
        owed.append(Said("product_owner, another person: stage4 rollback confirm {}", rollback.id))
    if not rollback.window_start <= at < rollback.window_end:
        begins, ends = (moment.isoformat(timespec="minutes") for moment in (rollback.window_start, rollback.window_end))
        owed.append(Said("its window is from {} to {}", begins, ends))
    if rollback.emergency or rollback.effects or rollback.steps[Step.DISABLE].attempts:
        owed.append("it was begun already: a drill of the override begins with nothing written")
    held = held_in(installation.state, rollback, actor.person)
    for role in (role for role in ROLES if role not in held):
        owed.append(Said("{}: take the role for it: stage4 rollback assume {} --reason …", role, role))
    return tuple(owed)


def drill(installation: Installation, actor: Actor, say: Say, patience: float = 30.0) -> Drilled:
    """Stop, see it obeyed, restore, see it run again; then close. ``Refused`` before anything is written.

    ``patience`` is how many seconds the scheduler has to obey. Whatever happens after the override was asked for, its
    removal is tried; ``gone`` says whether it was seen.
    """
    rollback, seen = require_window(installation, actor)
    say(Said("the scheduler is enabled, cycle {}", "?" if seen.cycle is None else seen.cycle), seen.at)
    _waive(installation, actor, rollback, Step.SILENCE, _UNMUTED)
    failed: tuple[str, ...] = ("it was interrupted",)
    try:
        failed = _stop(installation, actor, rollback.id, say, patience)
    except LedgerError as error:
        failed = (str(error),)
    except KeyboardInterrupt:
        pass  # "it was interrupted": what was written is removed first
    finally:
        drilled = _insist(lambda: _restore(installation, actor, rollback.id, say, failed))
    return drilled


def _insist(restore: Callable[[], Drilled]) -> Drilled:
    """To its end, however often somebody presses Ctrl-C: what was written is removed first."""
    while True:
        with contextlib.suppress(KeyboardInterrupt):
            return restore()


def _stop(installation: Installation, actor: Actor, name: str, say: Say, patience: float) -> tuple[str, ...]:
    """Steps 1 and 3; why the scheduler was not seen to obey, or nothing."""
    rollback = installation.rollback(name)
    done = stopping.disable(installation, Press(actor), rollback, requested_by="drill")
    written = done.rollback.override.written_at
    if done.verdict != "pass" or written is None:
        return done.reasons or ("the override was not written",)
    say(Said("the override is written and read back: {}", done.rollback.override.path), written)
    checked = stopping.check(installation, Press(actor), done.rollback, patience)
    if checked.verdict != "pass":
        return (Said("the scheduler was not seen disabled within {} s", f"{patience:g}"), *checked.reasons)
    seen = checked.rollback.steps[Step.CHECK].at or written
    say(Said("the scheduler is disabled, {} s after", _seconds(written, seen)), seen)
    return ()


def _restore(installation: Installation, actor: Actor, name: str, say: Say, failed: tuple[str, ...]) -> Drilled:
    """Step 5, whatever step 3 came to, and the close; what still stands there is told and never passed over."""
    try:
        take_in(installation)  # a stop that was pressed meanwhile and passed the ledger over
        deliver(installation)
        rollback = installation.rollback(name)
        if rollback.emergency:
            return Drilled(rollback, obeyed=False, gone=False, reasons=failed, stopped_by=(name,))
        rollback = _lead_out(installation, actor, rollback, failed)
        if rollback.is_open and rollback.override.written_at is not None:
            outcome = restoring.restore(installation, Press(actor), rollback, lambda _: None)
            rollback = _told(outcome, say)
            if rollback.restarted_at is None or outcome.verdict != "pass":
                failed = (*failed, *outcome.reasons)
        if rollback.is_open and rollback.steps[Step.RESTORE].passed:
            rollback = closing.complete(installation, Press(actor), rollback).rollback
    except LedgerError as error:
        failed = (*failed, str(error))
    rollback = installation.rollback(name)
    gone = installation.look(installation.override_path(rollback.component)).kind == "absent"
    checked = rollback.steps[Step.CHECK].verdict == "pass"
    others = tuple(holder.id for holder in installation.state.holders if holder.id != name)
    return Drilled(rollback, checked and rollback.restarted_at is not None, gone, failed, others)


def _lead_out(installation: Installation, actor: Actor, rollback: Rollback, failed: tuple[str, ...]) -> Rollback:
    """The end of a drill that obeyed; the abort of one that did not, with why. Somebody else may have ended it."""
    if not rollback.is_open or rollback.aborting or rollback.incident_ended:
        return rollback
    if failed:
        return opening.abort(installation, Press(actor), rollback, failed[0][:200]).rollback
    rollback = _waive(installation, actor, rollback, Step.WATCH, _UNWATCHED)
    return restoring.end_incident(installation, Press(actor), rollback, "the drill is over").rollback


def _told(outcome: Outcome, say: Say) -> Rollback:
    override, restarted = outcome.rollback.override, outcome.rollback.restarted_at
    if override.removed_at is not None and override.held_by:
        say(Said("released; trading stays stopped, held by {}", ", ".join(override.held_by)), override.removed_at)
    elif override.removed_at is not None:
        say(Said("the override is removed: {}", override.path), override.removed_at)
        if restarted is not None:
            took = _seconds(override.removed_at, restarted)
            say(Said("the scheduler is enabled and has finished a cycle, {} s after", took), restarted)
    return outcome.rollback


def _waive(installation: Installation, actor: Actor, rollback: Rollback, number: int, why: str) -> Rollback:
    if rollback.steps[number].passed:
        return rollback
    return duties.waive(installation, Press(actor), rollback, number, why).rollback


def _seconds(begin: datetime, end: datetime) -> str:
    return f"{max(0.0, (end - begin).total_seconds()):.1f}"


def patience_of(installation: Installation) -> float:
    """How long the scheduler has to obey: as long as step 5 waits for the restart."""
    return float(parse_duration(installation.config.rollback.restart_patience))


def by_hand(rollback: Rollback) -> tuple[str, ...]:
    """What a person does where the override could not be removed."""
    return (
        Said("stage4 rollback show {}", rollback.id),
        Said("stage4 rollback restore {}", rollback.id),
        Said("look at {} on the scheduler's machine: trading stays stopped while it is there", rollback.override.path),
    )
