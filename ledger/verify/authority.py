"""Step 7: who may. Whether an entry's role may do what it tells of, and whether the person holds that role there.

By the table that decisions are made by (`ledger.domain.rights`) and by the ledger's own grants. The stop is judged as
to nobody: it is never refused for who somebody is, and then recorded as what it is.
"""

from __future__ import annotations

from typing import NamedTuple

from ledger.domain.opening.events import EmergencyDeclared
from ledger.domain.record import Recorded
from ledger.domain.rights import RIGHTS, Right, held_in
from ledger.domain.state import Rollback, State
from ledger.domain.stopping.events import StopTakenIn
from ledger.said import Said
from ledger.verify.causes import Cause

_PLAIN: dict[str, frozenset[str]] = {
    status: frozenset(right.allowed(None)) for status, right in RIGHTS.items() if right.judged
}
"""Status -> roles that are right whatever the rollback is in."""
_NOTHING = frozenset[str]()


class Overstepped(NamedTuple):
    """Somebody did what they may not."""

    cause: Cause
    expected: str
    found: str
    reason: str


def overstepped(state: State, rollback: Rollback | None, record: Recorded) -> Overstepped | None:
    """What is wrong with the entry's role, by the ``state`` before it; None where nothing is, or it is not judged.

    ``rollback`` is the entry's own, before it.
    """
    role, actor = record.role, record.actor
    if role in _PLAIN.get(record.status, _NOTHING) and (
        role in state.people.get(actor, _NOTHING) or role == actor == "system"
    ):
        return None  # nearly all of them
    right = RIGHTS.get(record.status)
    if right is None or not right.judged or _is_stop(right, rollback, record):
        return None
    allowed = right.named(record.event) if right.named else right.allowed(rollback)
    if role not in allowed:
        expected, found = " or ".join(allowed), Said("{} in {}", role, record.status)
        reason = Said(
            "{} did this ({}) as {}, a role that may not; {} may", actor, record.status, ascii(role), expected
        )
        return Overstepped(Cause.ROLE_WITHOUT_RIGHT, expected, found, reason)
    if role == "system":
        held = frozenset({"system"}) if actor == "system" else _NOTHING
    elif right.assumed and rollback is not None:
        held = held_in(state, rollback, actor)
    else:
        held = state.people.get(actor, _NOTHING)
    if role in held:
        return None
    has = ", ".join(sorted(held)) or "none"
    told = "{} acts as {}, which they do not hold there; by the entries before they hold: "
    reason = Said(told + "{}", actor, role, has) if held else Said(told + "none", actor, role)
    expected = Said("a role of {}: {}", actor, has) if held else Said("a role of {}: none", actor)
    return Overstepped(Cause.ROLE_NOT_HELD, expected, Said("{} as {}", actor, role), reason)


def _is_stop(right: Right, rollback: Rollback | None, record: Recorded) -> bool:
    """Whether the entry is a part of a stop, by whoever pressed it."""
    if not right.stop or rollback is None:
        return False
    return record.event.stop if type(record.event) is EmergencyDeclared else bool(rollback.emergency)


def goes_on_as_a_stop(after: Recorded) -> bool:
    """Whether an entry right after a rollback's opening shows that a stop opened it, which anybody may press."""
    right = RIGHTS.get(after.status)
    if after.event is None or right is None or isinstance(after.event, StopTakenIn):
        return True
    return after.event.stop if type(after.event) is EmergencyDeclared else right.stop
