"""What follow-ups do to a rollback: those that are to be done are remembered."""

from __future__ import annotations

from ledger.domain.learning.events import FollowUpAdded, FollowUpFinished
from ledger.domain.record import Recorded
from ledger.domain.state import Rollback
from ledger.domain.transition import applies, require


@applies(FollowUpAdded)
def _added(before: Rollback, record: Recorded, event: FollowUpAdded) -> Rollback:
    return before._replace(follow_ups=(*before.follow_ups, record.sequence))


@applies(FollowUpFinished)
def _finished(before: Rollback, record: Recorded, event: FollowUpFinished) -> Rollback:
    require(event.follow_up in before.follow_ups, "entry {} is no follow-up that is to be done", event.follow_up)
    rest = tuple(entry for entry in before.follow_ups if entry != event.follow_up)
    return before._replace(follow_ups=rest)
