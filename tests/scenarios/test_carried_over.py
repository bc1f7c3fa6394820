"""Walk 7: a drawdown begins shortly before the stop and fires after it."""

from __future__ import annotations

import json
from datetime import timedelta

from ledger.domain.facts import AlertSeen
from ledger.lab.scenarios import Stage

from .walk import REAL_SERVERS, finish, newest, soon, through_step_2

pytestmark = REAL_SERVERS
NAME = "MultiStrategyPnlDrawdown"


def test_a_drawdown_from_before_the_stop_is_carried_over_and_the_watch_passes(on: Stage) -> None:
    on.lab.misbehave("drawdown")
    # Prometheus keeps activeAt in whole seconds, and what began in the stop's own second counts as new.
    assert soon(on, lambda: began_a_second_ago(on)), "no drawdown began"
    rollback = through_step_2(on, "INC-2042")
    written = on.now(rollback).override.written_at
    assert written
    assert soon(on, lambda: any(one.state == "firing" for one in alerts(on))), "it did not fire after the stop"
    assert all(one.active_at < written for one in alerts(on)), "it began before the stop"
    on.lab.misbehave("none")
    on.stopped(rollback)
    on.watched(rollback)
    finished = newest(on, "watch_finished")
    assert (finished.verdict, finished.new) == ("pass", 0)
    assert finished.carried_over > 0
    report = json.loads(on.installation.artefacts.get(finished.report_sha384))
    assert {one["name"] for one in report["carried_over"]} == {NAME}
    assert any(one["fired"] for one in report["carried_over"])
    on.ended(rollback)
    on.restored(rollback)
    on.closed(rollback)
    finish(on)


def alerts(on: Stage) -> list[AlertSeen]:
    return [one for one in on.installation.prometheus.alerts() if one.name == NAME]


def began_a_second_ago(on: Stage) -> bool:
    latest = on.installation.clock() - timedelta(seconds=1)
    return bool(alerts(on)) and all(one.active_at < latest for one in alerts(on))
