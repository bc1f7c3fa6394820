"""What events do: functions by the class of the event, for one rollback and for the stage; used by ``evolve`` alone."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any, TypeVar

from ledger.domain.event import Event, versions_of
from ledger.domain.record import Recorded
from ledger.domain.state import Deviation, Rollback, State, StepState
from ledger.errors import Corrupt
from ledger.said import Said

TRANSITIONS: dict[type[Event], Callable[[Rollback, Recorded, Any], Rollback]] = {}
"""What an event does to its rollback; none where it changes nothing of it. Whole once ``evolve`` is imported."""
STAGE: dict[type[Event], Callable[[State, Recorded, Any], State]] = {}
"""What an event does to what all rollbacks share."""
_E = TypeVar("_E", bound=Event)
_Apply = Callable[[Rollback, Recorded, _E], Rollback]
_ApplyToStage = Callable[[State, Recorded, _E], State]


def applies(*kinds: type[_E]) -> Callable[[_Apply[_E]], _Apply[_E]]:
    """Make a function what these events, of every version, do to their rollback; ``ValueError`` for a second one."""

    def register(function: _Apply[_E]) -> _Apply[_E]:
        for kind in itertools.chain.from_iterable(map(versions_of, kinds)):
            if TRANSITIONS.setdefault(kind, function) is not function:
                raise ValueError(kind)
        return function

    return register


def applies_to_stage(*kinds: type[_E]) -> Callable[[_ApplyToStage[_E]], _ApplyToStage[_E]]:
    """Make a function what these events, of every version, do to the stage; ``ValueError`` for a second one."""

    def register(function: _ApplyToStage[_E]) -> _ApplyToStage[_E]:
        for kind in itertools.chain.from_iterable(map(versions_of, kinds)):
            if STAGE.setdefault(kind, function) is not function:
                raise ValueError(kind)
        return function

    return register


def require(condition: object, template: str, *values: object) -> None:
    """``Corrupt`` with the sentence (:mod:`ledger.said`) where the condition does not hold."""
    if not condition:
        raise Corrupt(Said(template, *values))


def with_step(before: Rollback, number: int, step: StepState) -> Rollback:
    """The rollback with one step replaced."""
    return before._replace(steps=(*before.steps[:number], step, *before.steps[number + 1 :]))


def deviate(before: Rollback, record: Recorded, why: str) -> Rollback:
    """Note something that a review must look at."""
    return before._replace(deviations=(*before.deviations, Deviation(record.sequence, record.at, why, record.actor)))
