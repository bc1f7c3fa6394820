"""Walk 10: given up at three points, run again under the same ticket, handed over in the middle of the watch."""

from __future__ import annotations

from ledger.app.press import Press
from ledger.app.steps import duties, opening, restoring, watching
from ledger.domain.state import Rollback
from ledger.lab.scenarios import Stage

from .walk import REAL_SERVERS, finish, newest, through_step_2

pytestmark = REAL_SERVERS


def abort(on: Stage, rollback: Rollback) -> Rollback:
    return opening.abort(
        on.installation, Press(on.person("incident_manager")), on.now(rollback), "it was the feed"
    ).rollback


def test_an_abort_before_step_1_closes_at_once(shared: Stage) -> None:
    rollback = shared.open("INC-1", "Latency")
    assert abort(shared, rollback).phase == "aborted"
    assert newest(shared, "rollback_aborted").entries == shared.now(rollback).entries
    finish(shared)


def test_an_abort_after_step_1_leads_through_steps_5_and_6(shared: Stage) -> None:
    rollback = shared.open("INC-2", "Latency")
    shared.disable(rollback)
    after = abort(shared, rollback)
    assert after.is_open and after.restoring
    shared.expect_refused("step 6 waits for step 5", lambda: shared.closed(rollback), "step 6")
    shared.restored(rollback)
    shared.closed(rollback, phase="aborted")
    finish(shared)


def test_an_abort_during_the_watch(shared: Stage) -> None:
    rollback = through_step_2(shared, "INC-3")
    shared.stopped(rollback)
    watching.start(shared.installation, Press(shared.person("noc")), shared.now(rollback), 600)
    assert abort(shared, rollback).aborting
    shared.restored(rollback)
    assert newest(shared, "silence_ended").silence_id == shared.now(rollback).silence.id
    shared.closed(rollback, phase="aborted")
    shared.expect_refused(
        "nothing is watched after that",
        lambda: watching.start(shared.installation, Press(shared.person("noc")), shared.now(rollback), 3),
        "is aborted",
    )
    finish(shared)


def test_a_second_rollback_under_the_same_ticket_and_a_handover_in_its_watch(shared: Stage) -> None:
    first = shared.open("INC-4", "Latency")
    abort(shared, first)
    second = through_step_2(shared, "INC-4")
    assert second.id == "INC-4.2"
    assert (second.ticket, first.ticket) == ("INC-4", "INC-4")
    shared.stopped(second)
    handed_over_in_the_watch(shared, second)
    shared.ended(second)
    shared.restored(second)
    shared.closed(second)
    finish(shared)


def handed_over_in_the_watch(on: Stage, rollback: Rollback) -> None:
    installation, giver, receiver = on.installation, on.person("noc"), on.another("noc")
    on.wait(on.covered)
    watching.start(installation, Press(giver), on.now(rollback), 3)
    assert on.now(rollback).duty["noc"] == giver.person
    duties.offer_handover(installation, Press(giver), on.now(rollback), "noc", receiver.person, "the watch runs")
    assert on.now(rollback).duty["noc"] == giver.person, "it counts when the receiver accepts"
    on.expect_refused(
        "nobody accepts what was offered to another",
        lambda: duties.accept_handover(installation, Press(on.person("observability")), on.now(rollback), "noc"),
    )
    duties.accept_handover(installation, Press(receiver), on.now(rollback), "noc")
    assert on.now(rollback).duty["noc"] == receiver.person
    watched = on.watch(rollback, receiver)
    assert watched.verdict == "pass", watched.reasons
    assert on.now(rollback).steps[4].by == receiver.person


def test_the_restore_of_one_that_never_stopped_is_refused(shared: Stage) -> None:
    rollback = shared.open("INC-5", "Latency")
    shared.expect_refused(
        "there is nothing to restore",
        lambda: restoring.restore(shared.installation, Press(shared.person("l2_ops")), shared.now(rollback)),
        "step 5",
    )
    abort(shared, rollback)
    finish(shared)
