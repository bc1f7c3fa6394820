"""What the ledger's own events do to the stage."""

from __future__ import annotations

from ledger.domain.keeping.events import LedgerOpened
from ledger.domain.record import Recorded
from ledger.domain.state import (
    State,
)
from ledger.domain.transition import applies_to_stage


@applies_to_stage(LedgerOpened)
def _ledger_opened(state: State, record: Recorded, event: LedgerOpened) -> State:
    return state._replace(opened=event)
