"""The stop: never refused for what we believe. What is seen at the path decides what is still to be done.

docs/runbook.md, "The stop": a good override that is there, whoever made it, is the stop; in every other state of the
world it is carried out.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from ledger.domain.command import Request
from ledger.domain.event import Event
from ledger.domain.facts import FileSeen, SchedulerSeen
from ledger.domain.judge import judge_file
from ledger.domain.opening.decide import opened_event
from ledger.domain.opening.events import EmergencyDeclared
from ledger.domain.rules import Decided, act_as, clock_text, decides, name_rollback, stop_role
from ledger.domain.runbook import Role, Step
from ledger.domain.standing import claims, why_it_does_not_stop
from ledger.domain.state import Rollback, State
from ledger.domain.stopping.commands import Stop, TakeInStop
from ledger.domain.stopping.decide import override_event, put_back_event, standing
from ledger.domain.stopping.events import EffectCancelled, HoldJoined, StopTakenIn, StopTyped
from ledger.domain.text import shorten
from ledger.errors import Conflict, Standing
from ledger.said import Said, joined

OBEYS_WITHIN = timedelta(seconds=10)
"""How old an override must be before a scheduler that is still enabled counts as one that does not obey it."""


@decides(Stop)
def stop(state: State, request: Request, command: Stop) -> tuple[Decided, ...]:
    """One press: opens or joins the rollback, declares the emergency, and has an override that stops the component.

    ``Standing`` where what is seen stops it and nothing is left to be done.
    """
    role, file = stop_role(state, request), command.override.file
    component = command.override.component
    stays = _stay(state, component, role)
    broken = why_it_does_not_stop(file, component, request.at)
    ignored = runs_on(file, command.scheduler)
    holders = state.holders_of(component)
    if not broken and not ignored and _only_drilled(holders, file):
        return _beside_drill(state, command, holders, role, stays)
    if not broken and not ignored and not stays and any(not holder.override.removed_outside for holder in holders):
        raise _stands(holders, file, command.scheduler)
    rollback = holders[0] if holders else stoppable(state, command.opening.ticket, component)
    name = rollback.id if rollback else name_rollback(state, command.opening.ticket)
    if not broken and not ignored and rollback and rollback.holds and not rollback.override.removed_outside:
        return (*stays, *_notes(command, name, role))
    if rollback is not None and any(effect.kind in ("override", "put_back") for effect in rollback.effects):
        raise Conflict(Said("the override of {} is asked for and not written yet", rollback.id))
    acts = _acts(request, command, rollback, role, broken=bool(broken), ignored=ignored)
    decided = (*stays, *(Decided(event, name, role) for event in acts), *_notes(command, name, role))
    return (*_opening(rollback, command, name, role), *decided)


def runs_on(file: FileSeen, scheduler: SchedulerSeen | None) -> bool:
    """Whether the scheduler was just seen enabled although the file has been there long enough to be obeyed."""
    if scheduler is None or scheduler.status != "enabled" or file.changed is None:
        return False
    return scheduler.at - file.changed > OBEYS_WITHIN


def stays_off(gone: datetime | None, scheduler: SchedulerSeen | None) -> bool:
    """Whether the scheduler was just seen disabled although the file has been gone long enough to start again."""
    if gone is None or scheduler is None or scheduler.status != "disabled":
        return False
    return scheduler.at - gone > OBEYS_WITHIN


def _stands(holders: tuple[Rollback, ...], file: FileSeen, scheduler: SchedulerSeen | None) -> Standing:
    """Who stopped it when, what was seen of the file, and what the scheduler says: three facts of this moment."""
    own = next((holder for holder in holders if holder.override.sha384 == file.sha384), None)
    claimed = claims(file.content)
    if own is not None and own.override.written_at is not None:
        by, at = own.override.by, clock_text(own.override.written_at)
        return Standing(
            Said(
                "already stopped by {} at {} ({}): {} was seen in order at {}; {}",
                by,
                at,
                own.id,
                file.path,
                clock_text(file.at),
                _until(scheduler, claimed.ends),
            ),
            own.id,
        )
    first = holders[0]
    return Standing(
        Said(
            "already stopped by {} at {} (claims of a file that {} did not write): {} was seen in order at {}; {}",
            claimed.by,
            claimed.at,
            first.id,
            file.path,
            clock_text(file.at),
            _until(scheduler, claimed.ends),
        ),
        first.id,
    )


def _until(scheduler: SchedulerSeen | None, ends: str) -> str:
    said = _obeyed(scheduler)
    return Said("{}. It ends at {}: stop again then", said, ends) if ends else said


def _obeyed(scheduler: SchedulerSeen | None) -> str:
    if scheduler is None:
        return "the scheduler was not asked"
    if scheduler.status == "unknown":
        return "what the scheduler does is not known"
    if scheduler.status == "enabled":
        return Said("the scheduler still said enabled at {}: look again in a moment", clock_text(scheduler.at))
    return Said("the scheduler said disabled at {}", clock_text(scheduler.at))


def _only_drilled(holders: tuple[Rollback, ...], file: FileSeen) -> bool:
    """Whether drills alone stop it, by the very file that is there: it would run again when they end.

    A file with an end of its own would end what holds by it, too: that is said, and nobody joins it.
    """
    drills = bool(holders) and all(holder.purpose == "drill" for holder in holders)
    return drills and not claims(file.content).ends and judge_file(file, holders[0].override.sha384).verdict == "pass"


def _beside_drill(
    state: State, command: Stop, drills: tuple[Rollback, ...], role: Role, stays: list[Decided]
) -> tuple[Decided, ...]:
    """A stop in a drill is one of its own that holds by the drill's file: the drill's end is no end of it."""
    file, ticket = command.override.file, command.opening.ticket
    rollback = stoppable(state, ticket, command.override.component)
    name = rollback.id if rollback else name_rollback(state, ticket)
    joined = HoldJoined(
        joined=tuple(drill.id for drill in drills),
        path=file.path,
        override_sha384=file.sha384,
        mode=file.mode,
        owner=file.owner,
        seen_at=file.at,
        verdict="pass",
        reasons=(),
    )
    opening = _opening(rollback, command, name, role)
    return (*opening, *stays, Decided(joined, name, role), *_notes(command, name, role))


def _acts(
    request: Request, command: Stop, rollback: Rollback | None, role: Role, *, broken: bool, ignored: bool
) -> list[Event]:
    """What makes the file stop it: one that was declared is put back, a good one adopted, else one is written."""
    file = command.override.file
    if rollback is not None and rollback.holds and not rollback.stoppable_again:
        return [put_back_event(rollback, file, "the stop was pressed", request.at)]
    if not broken and not ignored:
        return [standing(file, "it stood there when the stop was pressed")]
    return [override_event(request, command.override, rollback.ticket if rollback else command.opening.ticket)]


def _stay(state: State, component: str, role: Role) -> list[Decided]:
    """A stop that is pressed, or taken in, while the override is about to be removed: it stays."""
    leaving = [
        (rollback.id, effect)
        for rollback in state.open.values()
        for effect in rollback.effects
        if effect.kind == "removal" and rollback.component == component
    ]
    why = "the stop was pressed"
    return [
        Decided(EffectCancelled(effect=effect.kind, requested=effect.requested, reason=why), name, role)
        for name, effect in leaving
    ]


def stoppable(state: State, ticket: str, component: str) -> Rollback | None:
    """The open rollback that a stop joins: the ticket's own, or without a ticket the only one there is.

    A drill that holds is none: whoever presses then has a stop that outlasts it.
    """
    fresh = [
        rollback
        for rollback in state.open.values()
        if rollback.component == component
        and not rollback.override.removed_at
        and not rollback.aborting
        and not (rollback.purpose == "drill" and rollback.holds)
    ]
    named = [rollback for rollback in fresh if rollback.ticket == ticket] if ticket else fresh
    return named[0] if len(named) == 1 else None


def _opening(rollback: Rollback | None, command: Stop, name: str, role: Role) -> list[Decided]:
    """The opening and the emergency, as far as they are not there yet."""
    decided = [] if rollback else [Decided(opened_event(command.opening), name, role)]
    regular = rollback is not None and rollback.steps[Step.ANNOUNCE].passed and role == "l2_ops"
    if not regular and (rollback is None or not rollback.emergency):
        decided.append(Decided(EmergencyDeclared(reason=command.override.reason, stop=True), name, role))
    return decided


def _notes(command: Stop, name: str, role: Role) -> list[Decided]:
    """What was left out of what was typed, and all of a reason that was too long."""
    if not command.notes:
        return []
    text = shorten(joined(command.notes, "; "))
    return [Decided(StopTyped(text=text, text_sha384=command.opening.reason_sha384), name, role)]


@decides(TakeInStop)
def take_in_stop(state: State, request: Request, command: TakeInStop) -> tuple[Decided, ...]:
    """By the ledger itself: a stop from the spool becomes entries. Its time and person are claims.

    Where drills alone hold it is one of its own, as with :func:`stop`: the drill's end is no end of it.
    """
    role = act_as(state, request, "system")
    component = command.opening.component
    lasting = (holder for holder in state.holders_of(component) if holder.purpose != "drill")
    joined = next(lasting, None) or stoppable(state, command.opening.ticket, component)
    decided: list[Decided] = []
    if joined is None:
        name = name_rollback(state, command.opening.ticket)
        decided.append(Decided(replace(opened_event(command.opening), claimed_at=command.claimed_at), name, role))
    else:
        name = joined.id
    decided += _stay(state, component, role)
    changed_nothing = command.standing and joined is not None and joined.holds
    if not changed_nothing and (joined is None or not joined.emergency):
        decided.append(Decided(EmergencyDeclared(reason=command.opening.reason, stop=True), name, role))
    there = command.file.kind == "file" and not (joined and joined.holds and not joined.stoppable_again)
    judged = judge_file(command.file, "")
    taken = StopTakenIn(
        spool_sha384=command.spool_sha384,
        override_sha384=command.file.sha384 if there else "",
        path=command.file.path,
        claimed_at=command.claimed_at,
        claimed_by=command.claimed_by,
        claimed_person=command.claimed_person,
        why=command.why,
        verdict=judged.verdict,
        reasons=judged.reasons,
    )
    decided.append(Decided(taken, name, role))
    return tuple(decided)
