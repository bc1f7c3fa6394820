"""Alertmanager is down when the alerts are to be silenced, and again when the silence is to be ended."""

from __future__ import annotations

from pathlib import Path

from ledger.app.press import Press
from ledger.app.steps import closing, duties, restoring, silencing
from ledger.domain.duties.owed import owed
from ledger.domain.state import Rollback
from ledger.errors import Unreachable
from ledger.lab.rehearsal import wait_for_alert
from ledger.lab.scenarios.frame import Stage


def play(on: Stage) -> None:
    """Down, back, down again, back."""
    on.lab.misbehave("latency")
    on.say("the scheduler misbehaves: waiting until a critical alert fires")
    wait_for_alert(on.installation, on.lab)
    rollback = on.open("INC-2051", "Latency, and Alertmanager is unwell")
    on.disable(rollback)
    _no_silence(on, rollback)
    _silence_later(on, rollback)
    on.stopped(rollback)
    on.lab.misbehave("none")
    on.watched(rollback)
    on.ended(rollback)
    _owe_the_end(on, rollback)
    _pay(on, rollback)


def _no_silence(on: Stage, rollback: Rollback) -> None:
    on.say("Alertmanager goes down")
    on.lab.stop_server("alertmanager")
    try:
        failed = silencing.silence(on.installation, Press(on.person("observability")), on.now(rollback))
    except Unreachable as error:
        on.expect("step 2 fails, and the attempt is kept", met=False, found=f"nothing was recorded: {error}")
    else:
        on.expect("step 2 fails, and the attempt is kept", failed.verdict == "error", failed.verdict)
        on.expect("it says why", "Alertmanager" in " ".join(failed.reasons), failed.reasons)
    chat = Path(on.lab.folder) / "silenced_by_hand.txt"
    chat.write_text("03:31 NOC mutes the pager of Stage4 by hand until 05:31\n", "utf-8")
    duties.attach_bytes(
        on.installation,
        Press(on.person("noc")),
        on.now(rollback),
        chat.name,
        chat.read_bytes(),
        2,
        "what was done instead",
    )
    on.expect("what was done by hand is attached to step 2", "evidence_attached" in on.statuses(rollback))
    manager = on.person("incident_manager")
    waived = duties.waive(on.installation, Press(manager), on.now(rollback), 2, "Alertmanager is down; muted by hand")
    on.expect("the incident manager waives step 2", waived.rollback.steps[2].shown == "waived")


def _silence_later(on: Stage, rollback: Rollback) -> None:
    on.say("Alertmanager is back")
    on.lab.start_server("alertmanager")
    wait_for_alert(on.installation, on.lab)  # until Prometheus has sent them again, that none is there is no evidence
    on.silenced(rollback)
    seen = on.silence(rollback)
    on.expect("the silence made later is active", seen is not None and seen.state == "active", seen)


def _owe_the_end(on: Stage, rollback: Rollback) -> None:
    on.say("Alertmanager goes down again")
    on.lab.stop_server("alertmanager")
    l2 = on.person("l2_ops")
    failed = restoring.restore(on.installation, Press(l2), on.now(rollback), on.say)
    on.expect_verdict("step 5 cannot end the silence", failed, "error")
    on.expect("it offers to owe that", any("--owe-silence-end" in reason for reason in failed.reasons), failed.reasons)
    on.expect_refused("closing waits for the silence", lambda: on.closed(rollback), "step 6")
    restoring.owe_silence_end(on.installation, Press(l2), on.now(rollback))
    on.expect("the end is owed", on.now(rollback).silence.state == "end_owed", on.now(rollback).silence)
    on.restored(rollback)
    closing.complete(on.installation, Press(on.person("incident_manager")), on.now(rollback))
    on.expect("it is closed with the debt", on.now(rollback).phase == "completed", on.now(rollback).phase)
    on.rounds(5)
    on.expect("nothing is called paid that was not seen", on.now(rollback).silence.state == "end_owed")


def _pay(on: Stage, rollback: Rollback) -> None:
    on.say("Alertmanager is back")
    on.lab.start_server("alertmanager")
    on.expect_soon("the observer pays the debt", lambda: on.now(rollback).silence.state == "ended")
    seen = on.silence(rollback)
    on.expect("Alertmanager says expired", seen is None or seen.state == "expired", seen)
    duties.review(
        on.installation, Press(on.another("incident_manager")), on.now(rollback), "Alertmanager has a second member now"
    )
    on.expect("the deviations are reviewed: nothing is owed", not owed(on.now(rollback)), owed(on.now(rollback)))
