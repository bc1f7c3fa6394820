"""What the state remembers of messages: the one that waits, since when and why."""

from __future__ import annotations

from typing import Any

from ledger.domain.record import Recorded
from ledger.domain.remembered import Unsent
from ledger.domain.state import State
from ledger.domain.telling.events import MessageExpired, MessageFailed, MessageSent
from ledger.domain.transition import applies_to_stage, require


@applies_to_stage(MessageFailed)
def _failed(state: State, record: Recorded, event: MessageFailed) -> State:
    require(0 < event.entry < record.sequence, "entry {} comes after its message", event.entry)
    before = state.unsent.get(event.connection)
    since = before.since if before else record.at
    return state._replace(unsent={**state.unsent, event.connection: Unsent(event.entry, since, event.reason)})


@applies_to_stage(MessageSent, MessageExpired)
def _done(state: State, record: Recorded, event: Any) -> State:
    require(0 < event.entry < record.sequence, "entry {} comes after its message", event.entry)
    if event.connection not in state.unsent:
        return state
    return state._replace(unsent={name: one for name, one in state.unsent.items() if name != event.connection})
