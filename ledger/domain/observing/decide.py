"""What was seen is recorded, and what follows from it at once: a step that lapses, an effect that comes too late."""

from __future__ import annotations

from ledger.domain.access import events as access
from ledger.domain.command import Request
from ledger.domain.duties.events import StepLapsed, WindowOverrun
from ledger.domain.event import Event, events_of
from ledger.domain.keeping.events import ForeignLinesFound, RefusalsCounted
from ledger.domain.observing import events
from ledger.domain.observing.commands import ExpireEffect, Record
from ledger.domain.observing.events import OverrideObserved, SchedulerObserved, SilenceObserved
from ledger.domain.restoring.events import (
    OverrideRemovalFailed,
    OverrideRemoved,
    OverrideRemovedOutside,
    RestartChecked,
)
from ledger.domain.rules import Decided, act, decides
from ledger.domain.runbook import Role, Step
from ledger.domain.silencing.events import (
    SilenceCreated,
    SilenceDoubted,
    SilenceEnded,
    SilenceEndFailed,
    SilenceExtended,
    SilenceExtendFailed,
    SilenceFailed,
    SilenceLost,
    SilenceSurplusEnded,
    SilenceSurplusSeen,
)
from ledger.domain.state import State, StepState, file_name
from ledger.domain.stopping.events import EffectExpired, OverrideExpired, OverrideFailed, StopChecked
from ledger.errors import Refused

RECORDED: frozenset[type[Event]] = frozenset(
    {
        OverrideFailed,
        OverrideRemoved,
        OverrideRemovalFailed,
        OverrideRemovedOutside,
        OverrideExpired,
        SilenceCreated,
        SilenceFailed,
        SilenceEnded,
        SilenceEndFailed,
        SilenceExtended,
        SilenceExtendFailed,
        SilenceLost,
        SilenceDoubted,
        SilenceSurplusSeen,
        SilenceSurplusEnded,
        WindowOverrun,
        ForeignLinesFound,
        RefusalsCounted,
        *events_of(events),
        *events_of(access),
    }
)
"""Events that the ledger itself records as they are; ``evolve`` refuses those that nobody asked for."""


@decides(Record)
def record(state: State, request: Request, command: Record) -> tuple[Decided, ...]:
    """By the ledger itself: what its effects came to, what its observer saw."""
    if type(command.event) not in RECORDED:
        raise Refused(f"{command.event.status} is decided, not recorded")
    role = act(state, request, type(command.event))
    _require_own_silence(state, request.rollback, command.event)
    return (Decided(command.event, request.rollback, role), *lapses(state, request.rollback, command.event, role))


def _require_own_silence(state: State, name: str, event: Event) -> None:
    """A rollback has one silence: what is recorded as ended, lost or seen is that one."""
    found = state.rollback(name)
    if not isinstance(event, (SilenceEnded, SilenceLost)) or found is None:
        return
    if event.silence_id != found.silence.id:
        raise Refused(f"{event.silence_id} is not the silence of {name}")


def lapses(state: State, name: str, event: Event, role: Role, judged: int | None = None) -> tuple[Decided, ...]:
    """The verdicts whose condition the event ends (docs/runbook.md, "Order, attempts, lapse and waiving").

    ``name`` is the rollback that the event belongs to, where it belongs to one; ``judged`` its step that gets a verdict
    of its own by the same decision.
    """
    numbers: tuple[int, ...] = (Step.CHECK, Step.WATCH)
    if isinstance(event, SilenceDoubted):
        affected, numbers, why = [name], (2,), f"not every member of Alertmanager mutes: {event.member}"
    elif isinstance(event, (SilenceLost, SilenceObserved)):
        gone = isinstance(event, SilenceLost) or event.found in ("expired", "absent")
        own = state.rollback(name)
        gone = gone and own is not None and own.silence.id == event.silence_id
        affected, numbers, why = [name] if gone else [], (2,), "the silence is gone"
    elif isinstance(event, (SchedulerObserved, StopChecked, RestartChecked)):
        if event.scheduler_status != "enabled":
            return ()
        affected, why = [one.id for one in state.holders], "the scheduler was seen enabled"
    elif isinstance(event, (OverrideObserved, OverrideRemovedOutside)):
        held = [one for one in state.open.values() if one.holds]
        affected = [one.id for one in held if file_name(one.override.path) == file_name(event.path)]
        why = "the override changed"
    else:
        return ()
    return tuple(
        Decided(StepLapsed(number=number, reason=why), one, role)
        for one in affected
        for number in numbers
        if (one, number) != (name, judged)
        and (found := state.open.get(one))
        and not found.restoring
        and _may_lapse(found.steps[number])
    )


def _may_lapse(step: StepState) -> bool:
    return step.verdict == "pass" and not step.lapsed and not step.waived and not step.accepted


@decides(ExpireEffect)
def expire_effect(state: State, request: Request, command: ExpireEffect) -> tuple[Decided, ...]:
    """By the ledger itself, after ``not_after``. A stop never lapses while its rollback is open."""
    role = act(state, request, EffectExpired)
    found = state.rollback(request.rollback)
    effect = next((e for e in found.effects if e.requested == command.requested), None) if found else None
    if effect is None:
        raise Refused(f"entry {command.requested} is not pending")
    if request.at <= effect.not_after or effect.kind == "override":
        raise Refused(f"the {effect.kind} of entry {command.requested} is not late")
    event = EffectExpired(effect=effect.kind, requested=effect.requested, not_after=effect.not_after)
    return (Decided(event, request.rollback, role),)
