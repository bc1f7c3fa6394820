"""``decide(state, request) -> events | Refused``: every rule of the runbook. Pure: no clock, no random, no IO."""

from __future__ import annotations

from ledger.domain.closing import decide as _closing
from ledger.domain.command import Request
from ledger.domain.duties import decide as _duties
from ledger.domain.keeping import decide as _keeping
from ledger.domain.keeping import erasing as _erasing
from ledger.domain.keeping.commands import OpenLedger
from ledger.domain.learning import decide as _learning
from ledger.domain.observing import decide as _observing
from ledger.domain.opening import decide as _opening
from ledger.domain.people import decide as _people
from ledger.domain.restoring import decide as _restoring
from ledger.domain.rules import DECISIONS, Decided
from ledger.domain.silencing import decide as _silencing
from ledger.domain.state import State
from ledger.domain.stopping import decide as _stopping
from ledger.domain.stopping import stop as _stop
from ledger.domain.telling import decide as _telling
from ledger.domain.watching import decide as _watching
from ledger.errors import Refused, Undecidable
from ledger.said import Said

__all__ = ["MODULES", "Decided", "decide"]
MODULES = (
    _closing,
    _duties,
    _erasing,
    _keeping,
    _learning,
    _observing,
    _opening,
    _people,
    _restoring,
    _silencing,
    _stop,
    _stopping,
    _telling,
    _watching,
)
"""Where decisions are; a test looks that no folder is missing."""


def decide(state: State, request: Request) -> tuple[Decided, ...]:
    """The events that the request brings, at least one; ``Refused`` or ``Conflict`` where a rule says no.

    A ledger with entries that this build does not know takes no decisions.
    """
    if state.unknown:
        raise Undecidable(
            Said(
                "entry {} is of a kind that this version does not know; install the version that wrote "
                "it. The stop works all the same: scripts/disable_multi_strategy.py",
                state.unknown[0],
            )
        )
    if state.opened is None and type(request.command) is not OpenLedger:
        raise Refused("this ledger was not opened yet; make it with: stage4 init")
    return DECISIONS[type(request.command)](state, request, request.command)
