"""Decisions about the ledger itself: its opening, notes, kept logs, what was seen."""

from __future__ import annotations

from ledger.domain.commands import (
    AddNote,
    ExpireEffect,
    KeepLog,
    OpenLedger,
    Record,
    RecordSummary,
    Request,
)
from ledger.domain.decide.rules import Decided, act, known_rollback, stop_role
from ledger.domain.events import access, duties, ledger, observation, override, rollback, silence
from ledger.domain.events.base import Event
from ledger.domain.runbook import Role
from ledger.domain.state import State, StepState, file_name
from ledger.domain.text import INLINE, check_text
from ledger.errors import Refused

RECORDED: frozenset[type[Event]] = frozenset(
    {
        override.OverrideFailed,
        override.OverrideRemoved,
        override.OverrideRemovalFailed,
        override.OverrideRemovedOutside,
        override.OverrideExpired,
        silence.SilenceCreated,
        silence.SilenceFailed,
        silence.SilenceEnded,
        silence.SilenceEndFailed,
        silence.SilenceExtended,
        silence.SilenceExtendFailed,
        silence.SilenceLost,
        silence.SilenceDoubted,
        silence.SilenceSurplusSeen,
        silence.SilenceSurplusEnded,
        duties.WindowOverrun,
        ledger.ForeignLinesFound,
        ledger.RefusalsCounted,
        *observation.EVENTS,
        *access.EVENTS,
    }
)
"""Events that the ledger itself records as they are; ``evolve`` refuses those that nobody asked for."""


def open_ledger(state: State, request: Request, command: OpenLedger) -> tuple[Decided, ...]:
    """The first entry."""
    if state.opened is not None:
        raise Refused("this ledger was opened before")
    event = ledger.LedgerOpened(
        purpose=command.purpose,
        checkpoint_key=command.checkpoint_key,
        hmac_key_id=command.hmac_key_id,
        hmac_algorithm=command.hmac_algorithm,
        earlier_log_path=command.earlier_log_path,
        earlier_log_sha384=command.earlier_log_sha384,
    )
    return (Decided(event, "", "none"),)


def add_note(state: State, request: Request, command: AddNote) -> tuple[Decided, ...]:
    """By anybody who may act, also after closing."""
    role = act(state, request, rollback.NoteAdded)
    known_rollback(state, request)
    event = rollback.NoteAdded(
        text=check_text("the note", command.text, longest=INLINE),
        text_sha384=command.text_sha384,
        occurred_at=command.occurred_at,
    )
    return (Decided(event, request.rollback, role),)


STOPS = ("disable_multi_strategy.py", "stage4 stop")
"""Programs that press the stop."""


def keep_log(state: State, request: Request, command: KeepLog) -> tuple[Decided, ...]:
    """By anybody who may act, and of a stop by whoever pressed it; belongs to a rollback where one is named."""
    role = stop_role(state, request) if command.program in STOPS else act(state, request, ledger.LogKept)
    if request.rollback:
        known_rollback(state, request)
    event = ledger.LogKept(program=command.program, exit_status=command.exit_status, log_sha384=command.log_sha384)
    return (Decided(event, request.rollback, role),)


def record_summary(state: State, request: Request, command: RecordSummary) -> tuple[Decided, ...]:
    """By anybody who may act; belongs to no rollback."""
    role = act(state, request, ledger.ExternalSummaryRecorded)
    event = ledger.ExternalSummaryRecorded(external_status=command.external_status, claims=command.claims)
    return (Decided(event, "", role),)


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
    if not isinstance(event, (silence.SilenceEnded, silence.SilenceLost)) or found is None:
        return
    if event.silence_id != found.silence.id:
        raise Refused(f"{event.silence_id} is not the silence of {name}")


def lapses(state: State, name: str, event: Event, role: Role, judged: int | None = None) -> tuple[Decided, ...]:
    """The verdicts whose condition the event ends (docs/runbook.md, "Order, attempts, lapse and waiving").

    ``name`` is the rollback that the event belongs to, where it belongs to one; ``judged`` its step that gets a verdict
    of its own by the same decision.
    """
    numbers: tuple[int, ...] = (3, 4)
    if isinstance(event, silence.SilenceDoubted):
        affected, numbers, why = [name], (2,), f"not every member of Alertmanager mutes: {event.member}"
    elif isinstance(event, (silence.SilenceLost, observation.SilenceObserved)):
        gone = isinstance(event, silence.SilenceLost) or event.found in ("expired", "absent")
        own = state.rollback(name)
        gone = gone and own is not None and own.silence.id == event.silence_id
        affected, numbers, why = [name] if gone else [], (2,), "the silence is gone"
    elif isinstance(event, (observation.SchedulerObserved, rollback.StopChecked, rollback.RestartChecked)):
        if event.scheduler_status != "enabled":
            return ()
        affected, why = [one.id for one in state.holders], "the scheduler was seen enabled"
    elif isinstance(event, (observation.OverrideObserved, override.OverrideRemovedOutside)):
        held = [one for one in state.open.values() if one.holds]
        affected = [one.id for one in held if file_name(one.override.path) == file_name(event.path)]
        why = "the override changed"
    else:
        return ()
    return tuple(
        Decided(duties.StepLapsed(number=number, reason=why), one, role)
        for one in affected
        for number in numbers
        if (one, number) != (name, judged)
        and (found := state.open.get(one))
        and not found.restoring
        and _may_lapse(found.steps[number])
    )


def _may_lapse(step: StepState) -> bool:
    return step.verdict == "pass" and not step.lapsed and not step.waived and not step.accepted


def expire_effect(state: State, request: Request, command: ExpireEffect) -> tuple[Decided, ...]:
    """By the ledger itself, after ``not_after``. A stop never lapses while its rollback is open."""
    role = act(state, request, override.EffectExpired)
    found = state.rollback(request.rollback)
    effect = next((e for e in found.effects if e.requested == command.requested), None) if found else None
    if effect is None:
        raise Refused(f"entry {command.requested} is not pending")
    if request.at <= effect.not_after or effect.kind == "override":
        raise Refused(f"the {effect.kind} of entry {command.requested} is not late")
    event = override.EffectExpired(effect=effect.kind, requested=effect.requested, not_after=effect.not_after)
    return (Decided(event, request.rollback, role),)
