"""What all decisions share: who may, in which order, on which state."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple, TypeVar

from ledger.domain.command import SYSTEM, Command, Request
from ledger.domain.duties.events import SecondEyesDoubted
from ledger.domain.event import Event
from ledger.domain.rights import RIGHTS, held_in, right_of_step
from ledger.domain.runbook import ALL_ROLES, STEPS, STOP_ROLES, Role, Step
from ledger.domain.state import Rollback, State
from ledger.errors import Conflict, NotYours, Refused
from ledger.said import Said

SIGNED_IN = ("session", "token")
"""How people are known who come by the network, and not by a shell on this machine."""


class Decided(NamedTuple):
    """One event that a decision brings, the rollback it belongs to (or "") and the role acted under."""

    event: Event
    rollback: str
    role: Role


DECISIONS: dict[type[Command], Callable[[State, Request, Any], tuple[Decided, ...]]] = {}
"""Command -> the function that decides on it; whole once :mod:`ledger.domain.decide` is imported."""
_C = TypeVar("_C", bound=Command)
_Decide = Callable[[State, Request, _C], tuple[Decided, ...]]


def decides(kind: type[_C]) -> Callable[[_Decide[_C]], _Decide[_C]]:
    """Make a function the one that decides on a command; ``ValueError`` where there is one already."""

    def register(function: _Decide[_C]) -> _Decide[_C]:
        if DECISIONS.setdefault(kind, function) is not function:
            raise ValueError(kind)
        return function

    return register


def clock_text(moment: datetime) -> str:
    """``03:14:07 UTC``, for sentences."""
    return moment.strftime("%H:%M:%S UTC")


def act_as(state: State, request: Request, *allowed: Role) -> Role:
    """The first of ``allowed`` that the actor holds; ``Refused`` names what is needed and what is held."""
    held = state.people.get(request.actor.person, frozenset())
    for role in allowed:
        if role in held:
            return role
    if request.actor == SYSTEM and "system" in allowed:
        return "system"
    needed = " or ".join(role for role in allowed if role != "system")
    if not held:
        raise NotYours(Said("this needs the role {}; {} holds no role", needed, request.actor.person))
    raise NotYours(Said("this needs the role {}; {} holds {}", needed, request.actor.person, ", ".join(sorted(held))))


def stop_role(state: State, request: Request) -> Role:
    """The role that a stop is recorded under: a fitting one that is held, else any, else ``none``: it is for everybody.

    Only who signed in as an auditor is refused; whoever has a shell here could write the file by hand.
    """
    if request.actor == SYSTEM:
        return "system"
    held = state.people.get(request.actor.person, frozenset())
    if held == {"auditor"} and request.actor.auth in SIGNED_IN:
        raise NotYours(Said("an auditor changes nothing; {} holds no other role", request.actor.person))
    return next((role for role in (*STOP_ROLES, *ALL_ROLES) if role in held), "none")


def second_eyes(state: State, request: Request, first: str, rollback: str, role: Role) -> tuple[Decided, ...]:
    """What a second pair of eyes adds where the first person gave it its role or password, however long ago."""
    given = max((grant.entry for grant in state.given.get(request.actor.person, ()) if grant.by == first), default=0)
    return (Decided(SecondEyesDoubted(given_by=first, given=given), rollback, role),) if given else ()


def act(state: State, request: Request, kind: type[Event], rollback: Rollback | None = None) -> Role:
    """The role under which the actor may bring about an event of this kind (``ledger.domain.rights``)."""
    right = RIGHTS[kind.status]
    allowed = right.allowed(rollback)
    if rollback is not None and right.assumed:
        return act_for(state, request, rollback, *allowed)
    return act_as(state, request, *allowed)


def act_for(state: State, request: Request, rollback: Rollback, *allowed: Role) -> Role:
    """Like :func:`act_as`, counting the roles that the actor assumed for this rollback."""
    held = held_in(state, rollback, request.actor.person)
    return next((role for role in allowed if role in held), None) or act_as(state, request, *allowed)


def act_in_step(state: State, request: Request, rollback: Rollback, number: int) -> Role:
    """The step's role, or in an emergency any runbook role for steps 1 to 4."""
    allowed = right_of_step(number).allowed(rollback) if 1 <= number <= 4 else (STEPS[number].role,)
    return act_for(state, request, rollback, *allowed)


def require_window(rollback: Rollback, request: Request) -> None:
    """Planned work does not begin before its window (docs/runbook.md, "Planned work")."""
    if rollback.purpose != "incident" and request.at < rollback.window_start:
        starts = rollback.window_start.isoformat(timespec="minutes")
        raise Refused(Said("the window of {} starts at {}; until then only the stop is taken", rollback.id, starts))


def none_such(state: State, name: str) -> Said:
    """There is no rollback of that name, and which are open."""
    known = ", ".join(state.open)
    if not name:
        told = "there is no rollback (none named); open ones: "
        return Said(told + "{}", known) if known else Said(told + "none")
    told = "there is no rollback {}; open ones: "
    return Said(told + "{}", name, known) if known else Said(told + "none", name)


def known_rollback(state: State, request: Request) -> Rollback:
    """The rollback that the request names, open or closed."""
    rollback = state.rollback(request.rollback)
    if rollback is None:
        raise Refused(none_such(state, request.rollback))
    if request.decided_on is not None and request.decided_on != rollback.entries:
        raise Conflict(
            Said(
                "{} moved since you looked: you saw its entry {}, it has {}",
                rollback.id,
                request.decided_on,
                rollback.entries,
            )
        )
    return rollback


def open_rollback(state: State, request: Request) -> Rollback:
    """The open rollback that the request names; ``Conflict`` where it moved since the person looked."""
    rollback = known_rollback(state, request)
    if rollback.is_open:
        return rollback
    same = ", ".join(other.id for other in state.open.values() if rollback.ticket and other.ticket == rollback.ticket)
    told = "{} is {}; only notes, a late confirmation and logs are taken after that"
    if same:
        raise Refused(Said(told + ". Open under the same ticket: {}", rollback.id, rollback.phase, same))
    raise Refused(Said(told, rollback.id, rollback.phase))


def owed_before(rollback: Rollback, number: int) -> tuple[str, ...]:
    """What must happen before the step may be taken, one sentence each; empty where it is ready."""
    if 1 <= number <= 4:
        before = STEPS[number - 1]
        if rollback.emergency or rollback.steps[before.number].passed:
            return ()
        return (_owed(rollback, before.number),)
    if number == Step.RESTORE:
        if rollback.restoring:
            return ()
        return (Said("incident_manager: end the incident: stage4 rollback end-incident {}", rollback.id),)
    if number == Step.COMPLETE:
        return () if rollback.steps[Step.RESTORE].passed else (_owed(rollback, 5),)
    return ()


def owed_before_end(rollback: Rollback) -> tuple[str, ...]:
    """What must have passed before the incident may be ended: steps 1 to 4."""
    return tuple(_owed(rollback, number) for number in range(1, 5) if not rollback.steps[number].passed)


def _owed(rollback: Rollback, number: int) -> str:
    step = STEPS[number]
    verdict = rollback.steps[number].verdict
    role = "product_owner" if number == Step.ANNOUNCE else step.role
    if not verdict:
        return Said("{}: step {}, {}: stage4 rollback {}", role, number, step.passes_when, step.typed(rollback.id))
    return Said(
        "{}: step {}, {} (last verdict: {}): stage4 rollback {}",
        role,
        number,
        step.passes_when,
        verdict,
        step.typed(rollback.id),
    )


def require_ready(rollback: Rollback, number: int) -> None:
    """``Refused`` with what is owed where the step is not ready."""
    owed = owed_before(rollback, number)
    if owed:
        raise Refused(Said("step {} of {} is not ready", number, rollback.id), owed)


def duration_minutes(rollback: Rollback) -> int | None:
    """Whole minutes from the first stop to ``enabled``, rounded up; None while there is no such span.

    Where others still hold the scheduler, to the release of this rollback's hold.
    """
    end = rollback.override.removed_at if rollback.override.held_by else rollback.restarted_at
    if rollback.stopped_at is None or end is None:
        return None
    return max(0, math.ceil((end - rollback.stopped_at).total_seconds() / 60))


def name_rollback(state: State, ticket: str) -> str:
    """The id of a new rollback: the ticket, ``<ticket>.2`` for its second run, ``STOP-<sequence>`` without one."""
    if not ticket:
        return f"STOP-{state.sequence + 1}"
    name, run = ticket, 1
    while state.rollback(name) is not None:
        run += 1
        name = f"{ticket}.{run}"
    return name


def as_role(name: str) -> Role:
    """A role from its name; ``Refused`` lists the names."""
    if name not in ALL_ROLES:
        raise Refused(Said("{} is no role; roles are {}", ascii(name), ", ".join(ALL_ROLES)))
    return name
