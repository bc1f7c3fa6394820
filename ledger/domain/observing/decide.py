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
    SilenceFound,
    SilenceLost,
    SilenceSurplusEnded,
    SilenceSurplusSeen,
)
from ledger.domain.state import State, StepState, file_name
from ledger.domain.stopping.events import EffectExpired, OverrideExpired, OverrideFailed, StopChecked
from ledger.domain.telling import events as telling
from ledger.errors import Refused
from ledger.said import Said

RECORDED: frozenset[type[Event]] = frozenset(
    {
        OverrideFailed,
        OverrideRemoved,
        OverrideRemovalFailed,
        OverrideRemovedOutside,
        OverrideExpired,
        SilenceCreated,
        SilenceFound,
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
        *events_of(telling),
    }
)
"""Events that the ledger itself records as they are; ``evolve`` refuses those that nobody asked for."""


@decides(Record)
def record(state: State, request: Request, command: Record) -> tuple[Decided, ...]:
    """By the ledger itself: what its effects came to, what its observer saw."""
    if type(command.event) not in RECORDED:
        raise Refused(Said("{} is decided, not recorded", command.event.status))
    role = act(state, request, type(command.event))
    _require_own_silence(state, request.rollback, command.event)
    return (Decided(command.event, request.rollback, role), *lapses(state, request.rollback, command.event, role))


def _require_own_silence(state: State, name: str, event: Event) -> None:
    """A rollback has one silence: what is recorded as ended, lost or seen is that one."""
    rollback = state.rollback(name)
    if not isinstance(event, (SilenceEnded, SilenceLost)) or rollback is None:
        return
    if event.silence_id != rollback.silence.id:
        raise Refused(Said("{} is not the silence of {}", event.silence_id, name))


def lapses(state: State, name: str, event: Event, role: Role, judged: int | None = None) -> tuple[Decided, ...]:
    """The verdicts whose condition the event ends (docs/runbook.md, "Order, attempts, lapse and waiving").

    ``name`` is the rollback that the event belongs to, where it belongs to one; ``judged`` its step that gets a verdict
    of its own by the same decision.
    """
    numbers: tuple[int, ...] = (Step.CHECK, Step.WATCH)
    why: str
    if isinstance(event, SilenceDoubted):
        affected, numbers, why = [name], (2,), Said("not every member of Alertmanager mutes: {}", event.member)
    elif isinstance(event, (SilenceLost, SilenceObserved)):
        gone = isinstance(event, SilenceLost) or event.found in ("expired", "absent")
        own = state.rollback(name)
        gone = gone and own is not None and own.silence.id == event.silence_id
        affected, numbers, why = [name] if gone else [], (2,), "the silence is gone"
    elif isinstance(event, (SchedulerObserved, StopChecked, RestartChecked)):
        if event.scheduler_status != "enabled":
            return ()
        affected, why = [rollback.id for rollback in state.holders], "the scheduler was seen enabled"
    elif isinstance(event, (OverrideObserved, OverrideRemovedOutside)):
        held = [rollback for rollback in state.open.values() if rollback.holds]
        affected = [rollback.id for rollback in held if file_name(rollback.override.path) == file_name(event.path)]
        why = "the override changed"
    else:
        return ()
    return tuple(
        Decided(StepLapsed(number=number, reason=why), rollback_name, role)
        for rollback_name in affected
        for number in numbers
        if (rollback_name, number) != (name, judged)
        and (rollback := state.open.get(rollback_name))
        and not rollback.restoring
        and _may_lapse(rollback.steps[number])
    )


def _may_lapse(step: StepState) -> bool:
    return step.verdict == "pass" and not step.lapsed and not step.waived and not step.accepted


@decides(ExpireEffect)
def expire_effect(state: State, request: Request, command: ExpireEffect) -> tuple[Decided, ...]:
    """By the ledger itself, after ``not_after``. A stop never lapses while its rollback is open."""
    role = act(state, request, EffectExpired)
    rollback = state.rollback(request.rollback)
    effect = next((e for e in rollback.effects if e.requested == command.requested), None) if rollback else None
    if effect is None:
        raise Refused(Said("entry {} is not pending", command.requested))
    if request.at <= effect.not_after or effect.kind == "override":
        raise Refused(Said("the {} of entry {} is not late", effect.kind, command.requested))
    event = EffectExpired(effect=effect.kind, requested=effect.requested, not_after=effect.not_after)
    return (Decided(event, request.rollback, role),)
