"""The lab on real servers: alerts fire, parts restart, a second lab is refused."""

from __future__ import annotations

import json
import os
import signal
import socket
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from ledger.errors import Refused, Unreachable
from ledger.lab.loopback import HOST, Ports, call, call_json, free_ports, until
from ledger.lab.occupancy import running
from ledger.lab.servers import Lab
from ledger.lab.tools import Tools, fetch, locate

pytestmark = [pytest.mark.enable_socket, pytest.mark.timeout(60)]


def query(lab: Lab, expression: str) -> list[dict[str, Any]]:
    answer = call_json(f"{lab.addresses.prometheus}/api/v1/query?query={quote(expression)}")
    result: list[dict[str, Any]] = answer["data"]["result"]
    return result


def in_alertmanager(lab: Lab) -> list[dict[str, str]]:
    return [alert["labels"] for alert in call_json(f"{lab.addresses.alertmanager}/api/v2/alerts")]


def test_a_breach_fires_a_critical_alert_in_both_servers(lab: Lab) -> None:
    until(lambda: bool(query(lab, "up == 1")), 10, "the first scrape")
    until(lambda: not query(lab, "ALERTS"), 30, "a healthy scheduler without alerts")
    lab.misbehave("latency")
    critical = 'ALERTS{severity="critical"}'
    until(lambda: bool(query(lab, critical)), 15, "the alert to be pending")
    until(lambda: bool(query(lab, 'ALERTS{severity="critical",alertstate="firing"}')), 10, "the alert to fire")
    until(lambda: any(labels["severity"] == "critical" for labels in in_alertmanager(lab)), 5, "Alertmanager to know")
    assert {series["metric"]["env"] for series in query(lab, "ALERTS")} == {"lab"}
    assert {labels["env"] for labels in in_alertmanager(lab)} == {"lab"}


def test_when_an_alert_became_active_can_be_queried(lab: Lab) -> None:
    lab.misbehave("drawdown")
    drawdown = 'ALERTS_FOR_STATE{alertname="MultiStrategyPnlDrawdown"}'
    until(lambda: bool(query(lab, drawdown)), 15, "the alert to be pending")
    alerts = call_json(f"{lab.addresses.prometheus}/api/v1/alerts")["data"]["alerts"]
    (active,) = {alert["activeAt"][:19] for alert in alerts if "Drawdown" in alert["labels"]["alertname"]}
    seconds = {int(series["value"][1]) for series in query(lab, drawdown)}
    assert len(seconds) == 1
    assert datetime.fromtimestamp(seconds.pop(), UTC).isoformat()[:19] == active


def test_the_evaluations_of_the_rules_are_scraped(lab: Lab) -> None:
    stamp = 'prometheus_rule_group_last_evaluation_timestamp_seconds{rule_group=~".*;stage4-multi-strategy"}'
    until(lambda: bool(query(lab, f"{stamp} > 0")), 15, "an evaluation")
    assert {series["metric"]["job"] for series in query(lab, "up")} == {"prometheus", "stage4"}


def test_a_server_restarts_on_the_same_port_with_its_data(lab: Lab, lab_folder: Path) -> None:
    until(lambda: bool(query(lab, "stage4_scheduler_enabled")), 10, "the first scrape")
    before = running(lab_folder)
    lab.kill_server("prometheus")
    lab.check()
    with pytest.raises(Unreachable, match="does not answer"):
        call(f"{lab.addresses.prometheus}/-/ready")
    lab.start_server("prometheus")
    after = running(lab_folder)
    assert before and after
    assert before["addresses"] == after["addresses"]
    assert before["pids"]["prometheus"] != after["pids"]["prometheus"]
    assert query(lab, "count_over_time(stage4_scheduler_enabled[5m])")


def test_the_crash_of_one_part_is_noticed(new_lab: Callable[[], Lab]) -> None:
    lab = new_lab()
    record = running(lab.folder)
    assert record
    os.kill(record["pids"]["alertmanager"], signal.SIGKILL)

    def noticed() -> bool:
        try:
            lab.check()
        except Unreachable as error:
            return "alertmanager ended by itself (signal 9)" in str(error)
        return False

    until(noticed, 5, "the crash to be noticed")
    lab.start_server("alertmanager")
    lab.check()


def test_a_second_lab_on_the_same_folder_is_refused(
    lab: Lab, lab_folder: Path, override: Path, lab_tools: Tools
) -> None:
    with pytest.raises(Refused, match=rf"already runs on .* \(process {os.getpid()}\)"):
        Lab(lab_folder, override, tools=lab_tools).__enter__()
    assert running(lab_folder)


def test_the_record_goes_with_the_lab(tmp_path: Path, lab_tools: Tools) -> None:
    with Lab(tmp_path, tmp_path / "override.json", tools=lab_tools) as lab:
        record = json.loads((tmp_path / "lab.json").read_text())
        assert record["addresses"]["scheduler"] == lab.addresses.scheduler
        assert set(record["pids"]) == {"scheduler", "prometheus", "alertmanager"}
    assert not (tmp_path / "lab.json").exists()
    assert running(tmp_path) is None


def test_a_taken_port_is_named(tmp_path: Path, lab_tools: Tools) -> None:
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        taken.listen()
        port = taken.getsockname()[1]
        ports = Ports(free_ports().scheduler, port, free_ports().alertmanager)
        with pytest.raises(Unreachable, match=f"port {port}"):
            Lab(tmp_path, tmp_path / "override.json", ports, tools=lab_tools).__enter__()


def test_missing_programs_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert locate(tmp_path) is None
    with pytest.raises(Unreachable, match="prometheus, promtool, alertmanager, amtool.*apt-get install"):
        fetch(tmp_path, print)
