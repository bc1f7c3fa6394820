"""Marks: for 24 hours whatever an account does under a role just granted, or after its password was reset, says so.

Who can grant a role or reset a password could act through another's account; a mark points at the entry that made it
possible. The ledger's first person and the lab's invented people are nobody's grant.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

from ledger.domain.record import Recorded
from ledger.domain.remembered import Fresh, Given
from ledger.domain.state import State

LASTS = timedelta(hours=24)
"""How long a grant or reset marks, by the wall clock."""
LAB = "lab-"
"""Ids of the rehearsal's people begin so, in a ledger whose first entry says ``purpose: lab``."""


def marks(state: State, actor: str, role: str, at: datetime) -> tuple[str, ...]:
    """``metadata.marks`` of what ``actor`` does now under ``role``: sorted texts such as ``role_granted:12``."""
    fresh = [change for change in state.fresh.get(actor, ()) if at - change.at < LASTS]
    if not fresh:
        return ()
    held = state.people.get(actor, frozenset())
    roles = ("", role) if role in held else ("", role, *held)  # an assumed role rests on those that are held
    texts = [f"{change.what}:{change.entry}" for change in fresh if change.role in roles]
    return tuple(sorted(set(texts))) if len(texts) > 1 else tuple(texts)


def granted(state: State, record: Recorded, person: str, roles: tuple[str, ...]) -> State:
    """Remember that roles were granted; what the ledger itself gave (its first person) marks nothing."""
    if record.actor == "system":
        return state
    return _remember(state, record, "role_granted", person, roles)


def added(state: State, record: Recorded, person: str, roles: tuple[str, ...]) -> State:
    """Like :func:`granted`, for a new person; the lab's own people are marked by nothing."""
    lab = state.opened is not None and state.opened.purpose == "lab" and person.startswith(LAB)
    return state if lab else granted(state, record, person, roles)


def gave(state: State, record: Recorded, person: str) -> State:
    """Remember for good who gave a person a role or a password; the ledger itself and the lab give to nobody."""
    lab = state.opened is not None and state.opened.purpose == "lab" and person.startswith(LAB)
    if record.actor in ("system", person) or lab:
        return state
    given = (*state.given.get(person, ()), Given(record.actor, record.sequence))
    return state._replace(given={**state.given, person: given})


def reset(state: State, record: Recorded, person: str) -> State:
    """Remember that a password was reset, whatever role is acted under."""
    return _remember(state, record, "password_reset", person, ("",))


def _remember(
    state: State, record: Recorded, what: Literal["password_reset", "role_granted"], person: str, roles: tuple[str, ...]
) -> State:
    """The newest grant of each role and the newest reset are kept."""
    kept = [
        change
        for change in state.fresh.get(person, ())
        if (change.what, change.role) not in {(what, role) for role in roles}
    ]
    new = [Fresh(what, role, record.sequence, record.at) for role in roles]
    return state._replace(fresh={**state.fresh, person: (*kept, *new)})
