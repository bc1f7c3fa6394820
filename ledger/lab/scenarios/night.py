"""03:14: two people are awake, the product owner is not."""

from __future__ import annotations

from ledger.app.press import Press
from ledger.app.steps import duties, silencing, stopping
from ledger.app.steps import stop as press
from ledger.domain.asked import fit
from ledger.domain.duties.owed import owed
from ledger.domain.state import Rollback
from ledger.lab.rehearsal import wait_for_alert
from ledger.lab.scenarios.frame import Stage

REASON = "Scheduler latency is critical"


def play(on: Stage) -> None:
    """The stop, the rest of the night by two people, the morning after."""
    on.lab.misbehave("latency")
    on.say("the scheduler misbehaves: waiting until a critical alert fires")
    wait_for_alert(on.installation, on.lab)
    rollback = stop(on)
    go_on(on, rollback)


def stop(on: Stage) -> Rollback:
    """One press, without a ticket and without anybody's confirmation."""
    done = press.stop(on.installation, Press(on.person("l2_ops")), fit(reason=REASON))
    rollback = on.expect_verdict("one press by L2 Ops writes the override, without ticket or confirmation", done)
    on.expect("the rollback is named STOP-<sequence>", rollback.id.startswith("STOP-"), rollback.id)
    again = press.stop(on.installation, Press(on.person("noc")), fit(reason=REASON))
    by = again.said.startswith("already stopped by lab-l2-ops")
    on.expect("a second press, by NOC, looks and says who stopped already", by, again.said)
    return rollback


def go_on(on: Stage, rollback: Rollback) -> None:
    """From the written override to the closing entry."""
    on.rollbacks.append(rollback.id)
    on.expect("the emergency is declared", rollback.emergency)
    _by_the_two(on, rollback)
    _end_by_the_two(on, rollback)
    _the_morning(on, rollback)


def _by_the_two(on: Stage, rollback: Rollback) -> None:
    l2, noc, installation = on.person("l2_ops"), on.person("noc"), on.installation
    quiet = silencing.silence(installation, Press(l2), on.now(rollback))
    on.expect_verdict("L2 Ops silences the alerts in Observability's place", quiet)
    checked = stopping.check(installation, Press(noc), on.now(rollback))
    on.expect_verdict("NOC reads the scheduler's status in L2's place: disabled", checked)
    on.lab.misbehave("none")
    on.expect_verdict("NOC watches: no new critical alert, coverage complete", on.watch(rollback, noc))


def _end_by_the_two(on: Stage, rollback: Rollback) -> None:
    noc = on.person("noc")
    on.expect_refused("NOC cannot end the incident in its own role", lambda: on.ended(rollback, noc), "needs the role")
    duties.assume(
        on.installation, Press(noc), on.now(rollback), "incident_manager", "the incident manager cannot be reached"
    )
    on.ended(rollback, noc)
    on.restored(rollback)


def _the_morning(on: Stage, rollback: Rollback) -> None:
    owner, manager, noc = on.person("product_owner"), on.person("incident_manager"), on.person("noc")
    installation = on.installation
    debts = _debts(on, rollback)
    on.expect(
        "owed: a late confirmation or refusal, a review, a ticket",
        all(any(debt.startswith(word) for debt in debts) for word in ("late conf", "review", "a ticket")),
        debts,
    )
    duties.refuse(installation, Press(owner), on.now(rollback), "I would have waited for the market to close")
    on.expect("the owner refuses in the morning, which undoes nothing", on.now(rollback).steps[5].passed)
    on.expect_refused("closing waits for a ticket", lambda: on.closed(rollback, noc), "a ticket")
    on.expect_refused(
        "none of the two reviews their own night",
        lambda: duties.review(installation, Press(on.person("l2_ops")), on.now(rollback), "all well"),
    )
    duties.review(installation, Press(manager), on.now(rollback), "Read the log and the report: the stop was right.")
    on.expect("a third person reviews it", not any("review" in debt for debt in _debts(on, rollback)))
    duties.link_ticket(installation, Press(manager), on.now(rollback), "INC-2042")
    on.closed(rollback, noc)
    on.expect("nothing is owed any more", not _debts(on, rollback), _debts(on, rollback))


def _debts(on: Stage, rollback: Rollback) -> list[str]:
    return [debt.what for debt in owed(on.now(rollback))]
