"""What the state remembers of messages: what waits, what was refused, which head went where."""

from __future__ import annotations

from typing import Any

from ledger.domain.record import Recorded
from ledger.domain.remembered import HeadSent, Unsent, undelivered
from ledger.domain.state import State
from ledger.domain.telling.events import (
    MessageExpired,
    MessageFailed,
    MessageGivenUp,
    MessageRefused,
    MessageRetryAsked,
    MessageSent,
)
from ledger.domain.transition import applies_to_stage, require


@applies_to_stage(MessageFailed)
def _failed(state: State, record: Recorded, event: MessageFailed) -> State:
    _require_order(record, event)
    before = state.unsent.get(event.connection)
    since = before.since if before else record.at
    waits = Unsent(event.entry, since, event.reason, event.part)
    return state._replace(unsent={**state.unsent, event.connection: waits})


@applies_to_stage(MessageRefused)
def _refused(state: State, record: Recorded, event: MessageRefused) -> State:
    _require_order(record, event)
    name = undelivered(event.connection, event.entry, event.part)
    owed = Unsent(event.entry, record.at, event.reason, event.part)
    return _takes_again(state, event.connection)._replace(refused={**state.refused, name: owed})


@applies_to_stage(MessageSent)
def _sent(state: State, record: Recorded, event: MessageSent) -> State:
    _require_order(record, event)
    state = _not_owed(_takes_again(state, event.connection), event)
    if not event.head:
        return state
    before = state.heads.get(event.connection)
    first, taken = (before.first, before.taken) if before else (record.sequence, 0)
    sent = HeadSent(event.head, record.sequence, record.at, event.link, first, taken + 1)
    return state._replace(heads={**state.heads, event.connection: sent})


@applies_to_stage(MessageExpired, MessageGivenUp)
def _given_up(state: State, record: Recorded, event: Any) -> State:
    """Of one that was refused while another one waits: that one waits on."""
    _require_order(record, event)
    waits = state.unsent.get(event.connection)
    if waits is not None and (waits.entry, waits.part) == (event.entry, event.part):
        state = _takes_again(state, event.connection)
    return _not_owed(state, event)


@applies_to_stage(MessageRetryAsked)
def _asked(state: State, record: Recorded, event: MessageRetryAsked) -> State:
    """What is owed stays owed until it went."""
    _require_order(record, event)
    return state


def _require_order(record: Recorded, event: Any) -> None:
    require(0 < event.entry < record.sequence, "entry {} comes after its message", event.entry)


def _not_owed(state: State, event: Any) -> State:
    name = undelivered(event.connection, event.entry, event.part)
    if name not in state.refused:
        return state
    return state._replace(refused={key: one for key, one in state.refused.items() if key != name})


def _takes_again(state: State, connection: str) -> State:
    if connection not in state.unsent:
        return state
    return state._replace(unsent={name: one for name, one in state.unsent.items() if name != connection})
