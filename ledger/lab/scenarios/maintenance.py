"""Planned maintenance: opened ahead, confirmed, started early, overrun, extended."""

from __future__ import annotations

from datetime import timedelta

from ledger.app.press import Press
from ledger.app.steps import duties, opening, silencing, stopping
from ledger.domain.duties.owed import owed
from ledger.domain.state import Rollback
from ledger.lab.scenarios.frame import Stage

AHEAD = 3
"""Seconds between opening and the window; a day where nobody waits for it."""
WINDOW = 9


def play(on: Stage) -> None:
    """Before the window, in it, after its end."""
    rollback = _announce(on)
    _too_early(on, rollback)
    on.disable(rollback)
    _silence(on, rollback)
    on.stopped(rollback)
    on.watched(rollback)
    _overrun(on, rollback)
    _extend(on, rollback)
    on.ended(rollback)
    on.restored(rollback)
    on.closed(rollback)
    on.expect("nothing is owed: it was planned and confirmed", not owed(on.now(rollback)), owed(on.now(rollback)))


def _announce(on: Stage) -> Rollback:
    start = on.installation.clock() + timedelta(seconds=AHEAD)
    opened = opening.open_rollback(
        on.installation,
        Press(on.person("incident_manager")),
        ticket="CHG-7",
        reason="New risk limits are rolled out",
        purpose="maintenance",
        start=start,
        window=f"{WINDOW}s",
        permalink="https://chat.example/stage4/1",
    )
    on.rollbacks.append(opened.rollback.id)
    on.expect("it is announced with its window", f"{start:%H:%M}" in opened.log and "maintenance" in opened.log)
    confirmed = opening.confirm(on.installation, Press(on.person("product_owner")), opened.rollback)
    return on.expect_verdict("the product owner confirms it ahead", confirmed)


def _too_early(on: Stage, rollback: Rollback) -> None:
    on.expect_refused(
        "started early: refused until the window begins",
        lambda: stopping.disable(on.installation, Press(on.person("l2_ops")), rollback, requested_by="L2 Ops"),
        "starts at",
    )
    on.expect("trading runs on", on.installation.scheduler().status == "enabled")
    on.say("waiting for the window")
    on.wait(lambda: on.installation.clock() > rollback.window_start)


def _silence(on: Stage, rollback: Rollback) -> None:
    done = silencing.silence(on.installation, Press(on.person("observability")), on.now(rollback), "5m")
    on.expect_verdict(f"step 2 of {rollback.id}: the alerts are silenced", done)


def _overrun(on: Stage, rollback: Rollback) -> None:
    on.say("the work takes longer than planned")
    on.expect_soon("the overrun is recorded", lambda: on.now(rollback).overrun)
    words = f"the window of {rollback.id} is over"
    on.expect_soon("the overrun is announced", lambda: any(words in line for line in on.heard.lines))


def _extend(on: Stage, rollback: Rollback) -> None:
    before = on.now(rollback)
    done = duties.extend_window(
        on.installation, Press(on.person("incident_manager")), before, "10m", "The limits need another run"
    )
    after = done.rollback
    on.expect("it is extended, counted from its end", after.window_end == before.window_end + timedelta(minutes=10))
    on.expect("the extension has its text to announce", "is extended to" in done.log, done.log)
    on.expect("the extension revokes nothing", after.steps[0].passed)
    on.expect("its confirmation is owed", any("longer window" in debt.what for debt in owed(after)))
    confirmed = opening.confirm(on.installation, Press(on.person("product_owner")), after).rollback
    on.expect("the product owner confirms the extension", not confirmed.extension and not owed(confirmed))
