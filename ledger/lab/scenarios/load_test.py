"""A load test: the alerts that it is expected to raise fire, and then one that nobody expected."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterator

from ledger.app.press import Press
from ledger.app.steps import duties, opening
from ledger.domain.duties.owed import owed
from ledger.domain.state import Rollback
from ledger.lab.configs import environment
from ledger.lab.loopback import HOST, call, call_json, free_ports, until
from ledger.lab.processes import Processes
from ledger.lab.scenarios.frame import Stage

EXPECTED = ("MultiStrategySchedulerLatencyHigh", "MultiStrategySchedulerLatencyCritical")
UNEXPECTED = "MultiStrategyPnlDrawdown"


def play(on: Stage) -> None:
    """The scheduler stands still while a copy of it is put under load."""
    rollback = _open(on)
    on.disable(rollback)
    on.silenced(rollback)
    on.stopped(rollback)
    with load(on) as copy:
        _expected(on, rollback, copy)
        _unexpected(on, rollback, copy)
    on.ended(rollback)
    on.restored(rollback)
    closed = on.closed(rollback)
    entries = [record for record, _ in on.installation.ledger.records() if record.rollback == rollback.id]
    checklist = getattr(
        next(record.event for record in entries if record.status == "rollback_completed"), "checklist", ()
    )
    on.expect("the closing checklist says waived", sum("waived, entry" in line for line in checklist) == 2, checklist)
    on.expect("a review of the waiver is owed", any("waiver" in debt.what for debt in owed(closed)))
    duties.review(on.installation, Press(on.another("incident_manager")), closed, "The drawdown was the replay's own.")
    on.expect("it is done by somebody who took no step", not owed(on.now(rollback)))


def _open(on: Stage) -> Rollback:
    opened = opening.open_rollback(
        on.installation,
        Press(on.person("incident_manager")),
        ticket="LOAD-31",
        reason="Tenfold load on a copy of the scheduler",
        purpose="load_test",
        expected=EXPECTED,
    ).rollback
    on.rollbacks.append(opened.id)
    confirmed = opening.confirm(on.installation, Press(on.person("product_owner")), opened)
    return on.expect_verdict(f"opened with {len(EXPECTED)} expected alerts, and confirmed with them", confirmed)


@contextlib.contextmanager
def load(on: Stage) -> Iterator[str]:
    """A second reference scheduler that Prometheus scrapes too, under the same rules; gives its address."""
    port = free_ports().scheduler
    address = f"{HOST}:{port}"
    absent = on.lab.folder / "no_override_for_the_copy.json"
    command = [sys.executable, "-m", "ledger.lab.scheduler", "--listen", address, "--override", str(absent)]
    path = on.lab.folder / "prometheus.yml"
    before = path.read_text("utf-8")
    page = json.loads(before)
    target = {"targets": [address], "labels": {"env": "lab"}}
    page["scrape_configs"].append({"job_name": "load_test", "static_configs": [target]})
    reload = f"{on.lab.addresses.prometheus}/-/reload"
    with Processes(on.lab.folder / "log") as processes:
        processes.start("load_test", command, environment())
        until(lambda: _answers(address), 10, "the copy of the scheduler to answer")
        path.write_text(json.dumps(page), "utf-8")
        call(reload, {}, timeout=10)
        try:
            yield f"http://{address}"
        finally:
            path.write_text(before, "utf-8")
            call(reload, {}, timeout=10)


def _answers(address: str) -> bool:
    with contextlib.suppress(Exception):
        return call(f"http://{address}/status")[0] == 200
    return False


def _expected(on: Stage, rollback: Rollback, copy: str) -> None:
    call_json(f"{copy}/lab/misbehave", {"mode": "latency"})
    on.expect_soon("under load an expected critical alert fires", lambda: _fires(on, EXPECTED[1]))
    after = on.watched(rollback)
    event = next(record for record, _ in on.installation.ledger.records(after.steps[4].entry - 1)).event
    on.expect("it is counted as expected, not as new", getattr(event, "expected_alerts", 0) > 0, event)


def _unexpected(on: Stage, rollback: Rollback, copy: str) -> None:
    call_json(f"{copy}/lab/misbehave", {"mode": "drawdown"})
    on.expect_soon("the load goes up, and an alert that nobody expected fires", lambda: _fires(on, UNEXPECTED))
    before = on.now(rollback).steps[4].attempts
    again = on.watch(rollback, on.person("noc"))
    on.expect_verdict("a second watch fails", again, "fail")
    on.expect("it names the alert", any(UNEXPECTED in reason for reason in again.reasons), again.reasons)
    on.expect("it does not name an expected one", not any(EXPECTED[1] in reason for reason in again.reasons))
    on.expect("it is an attempt of its own", on.now(rollback).steps[4].attempts == before + 1)
    on.expect_refused("the work cannot be ended on a failed watch", lambda: on.ended(rollback), "step 4")
    why = "the drawdown is the replay's own; the copy trades nothing"
    waived = duties.waive(on.installation, Press(on.person("incident_manager")), on.now(rollback), 4, why).rollback
    on.expect("the incident manager waives it", waived.steps[4].shown == "waived", waived.steps[4].shown)


def _fires(on: Stage, name: str) -> bool:
    return any(alert.name == name and alert.state == "firing" for alert in on.installation.prometheus.alerts())
