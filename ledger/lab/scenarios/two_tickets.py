"""Two tickets hold one scheduler: it trades again only when the last of them lets go."""

from __future__ import annotations

from ledger.app.press import Press
from ledger.app.steps import restoring
from ledger.domain.state import Rollback
from ledger.lab.scenarios.frame import Stage


def play(on: Stage) -> None:
    """Both stop it, the first restores, then the second."""
    first = on.open("INC-2042", "Latency")
    on.disable(first)
    on.silenced(first)
    second = on.open("INC-2051", "Wrong risk limits")
    _join(on, first, second)
    on.silenced(second)
    ours, theirs = on.now(first).silence.id, on.now(second).silence.id
    on.expect("each has its own silence", ours and theirs and ours != theirs, (ours, theirs))
    for rollback in (first, second):
        on.stopped(rollback)
        on.watched(rollback)
    _release(on, first, second)
    _let_go(on, second)


def _join(on: Stage, first: Rollback, second: Rollback) -> None:
    before = on.installation.look(on.now(first).override.path)
    joined = on.disable(second)
    after = on.installation.look(on.now(first).override.path)
    on.expect("the second joins the hold", "hold_joined" in on.statuses(second), on.statuses(second))
    on.expect("the file stays the first one's", (after.sha384, after.mode) == (before.sha384, before.mode))
    holders = [holder.id for holder in on.installation.state.holders]
    on.expect("both hold the scheduler", holders == [first.id, joined.id], holders)


def _release(on: Stage, first: Rollback, second: Rollback) -> None:
    on.ended(first)
    after = on.restored(first)
    on.expect(f"its verdict says held by {second.id}", after.override.held_by == (second.id,), after.override.held_by)
    on.expect("the override stays", on.installation.look(after.override.path).kind == "file")
    on.rounds(3)
    on.expect("trading stays stopped", on.installation.scheduler().status == "disabled")
    mine, other = on.silence(first), on.silence(second)
    on.expect("its own silence is ended", mine is None or mine.state == "expired", mine)
    on.expect("the other's is active", other is not None and other.state == "active", other)
    on.closed(first)
    on.expect_refused(
        "a closed one restores nothing",
        lambda: restoring.restore(on.installation, Press(on.person("l2_ops")), on.now(first)),
        "is completed",
    )


def _let_go(on: Stage, second: Rollback) -> None:
    on.ended(second)
    after = on.restored(second)
    on.expect("the file goes with the last one", on.installation.look(after.override.path).kind == "absent")
    on.closed(second)
