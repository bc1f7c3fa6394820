"""What the watch does to a rollback."""

from __future__ import annotations

from ledger.domain.record import Recorded
from ledger.domain.state import Rollback, Watch
from ledger.domain.transition import applies, deviate, require
from ledger.domain.watching.events import AlertExpectationProposed, AlertExpected, WatchFinished, WatchStarted
from ledger.said import Said


@applies(WatchStarted)
def _watch_started(before: Rollback, record: Recorded, event: WatchStarted) -> Rollback:
    return before._replace(watch=Watch(record.sequence, event, record.actor))


@applies(WatchFinished)
def _watch_finished(before: Rollback, record: Recorded, event: WatchFinished) -> Rollback:
    require(before.watch and before.watch.entry == event.started, "entry {} is not the watch running", event.started)
    return before._replace(watch=None)


@applies(AlertExpectationProposed)
def _expectation_proposed(before: Rollback, record: Recorded, event: AlertExpectationProposed) -> Rollback:
    return before._replace(expecting={**before.expecting, event.alert: (record.actor, record.sequence)})


@applies(AlertExpected)
def _expected(before: Rollback, record: Recorded, event: AlertExpected) -> Rollback:
    person, proposal = before.expecting.get(event.alert, ("", 0))
    require(proposal == event.proposal, "entry {} did not propose to expect {}", event.proposal, event.alert)
    require(person != record.actor, "a second person agrees (four eyes)")
    rest = {alert: by for alert, by in before.expecting.items() if alert != event.alert}
    after = before._replace(expecting=rest, expected=(*before.expected, event.alert))
    return deviate(after, record, Said("expected alert {}", event.alert))
