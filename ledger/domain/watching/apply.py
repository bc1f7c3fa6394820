"""What the watch does to a rollback."""

from __future__ import annotations

from ledger.domain.record import Recorded
from ledger.domain.state import Rollback, Watch
from ledger.domain.transition import applies, require
from ledger.domain.watching.events import WatchFinished, WatchStarted


@applies(WatchStarted)
def _watch_started(before: Rollback, record: Recorded, event: WatchStarted) -> Rollback:
    return before._replace(watch=Watch(record.sequence, event, record.actor))


@applies(WatchFinished)
def _watch_finished(before: Rollback, record: Recorded, event: WatchFinished) -> Rollback:
    require(before.watch and before.watch.entry == event.started, f"entry {event.started} is not the watch running")
    return before._replace(watch=None)
