"""What opening and confirming do to a rollback."""

from __future__ import annotations

from ledger.domain.opening.events import EmergencyDeclared, RollbackConfirmed, RollbackOpened
from ledger.domain.record import Recorded
from ledger.domain.state import Rollback
from ledger.domain.transition import applies, deviate, require


def opened(record: Recorded, event: RollbackOpened) -> Rollback:
    """The new rollback."""
    return Rollback(
        record.rollback,
        event.ticket,
        event.purpose,
        event.reason,
        event.component,
        event.channel,
        event.window_start,
        event.window_end,
        record.actor,
        record.at,
        record.sequence,
        expected=event.expected,
    )


@applies(RollbackConfirmed)
def _confirmed(before: Rollback, record: Recorded, event: RollbackConfirmed) -> Rollback:
    require(record.actor != before.opened_by, "{} opened {} and cannot confirm it", record.actor, before.id)
    require(record.role == "product_owner", "only a product_owner confirms")
    return before._replace(confirmed_by=record.actor)


@applies(EmergencyDeclared)
def _emergency(before: Rollback, record: Recorded, event: EmergencyDeclared) -> Rollback:
    require(not before.emergency, "an emergency was declared for {} already", before.id)
    return deviate(before._replace(emergency=record.sequence), record, "emergency")
