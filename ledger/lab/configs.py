"""The lab servers' configuration files and command lines. The files are JSON, which is YAML too."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path

import ledger
from ledger.lab.loopback import HOST, Ports
from ledger.lab.rules import shipped, shorten
from ledger.lab.tools import Tools

SCHEDULER = "scheduler"
PROMETHEUS = "prometheus"
ALERTMANAGER = "alertmanager"
NAMES = (SCHEDULER, ALERTMANAGER, PROMETHEUS)  # in the order of starting
ENVIRONMENT_LABEL = {"env": "lab"}


@dataclass(frozen=True)
class Plan:
    """All that the command lines depend on."""

    folder: Path
    override: Path
    tools: Tools
    ports: Ports
    cycle_seconds: float
    seed: int


def write(plan: Plan) -> None:
    """Write ``prometheus.yml``, ``stage4_rules.yml`` and ``alertmanager.yml`` into the lab's folder."""
    (plan.folder / "stage4_rules.yml").write_text(shorten(shipped()), "utf-8")
    for name, value in (("prometheus.yml", _prometheus(plan.ports)), ("alertmanager.yml", _alertmanager())):
        (plan.folder / name).write_text(json.dumps(value, indent=2) + "\n", "utf-8")


def command(name: str, plan: Plan) -> list[str]:
    """The command line of one server; everything listens on loopback only."""
    if name == SCHEDULER:
        return _scheduler_command(plan)
    if name == ALERTMANAGER:
        return [
            str(plan.tools.alertmanager),
            f"--config.file={plan.folder / 'alertmanager.yml'}",
            f"--storage.path={plan.folder / 'alertmanager'}",
            f"--web.listen-address={HOST}:{plan.ports.alertmanager}",
            "--cluster.listen-address=",  # not empty it would listen on every address
            "--data.maintenance-interval=1s",  # how often silences reach the disk
            "--log.level=warn",
        ]
    return [
        str(plan.tools.prometheus),
        f"--config.file={plan.folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={plan.folder / 'tsdb'}",
        "--storage.tsdb.retention.time=1d",
        f"--web.listen-address={HOST}:{plan.ports.prometheus}",
        "--web.enable-lifecycle",
        "--rules.alert.resend-delay=1s",
        "--log.level=warn",
    ]


def environment() -> dict[str, str]:
    """The servers' environment: ours, with this copy of ``ledger`` importable wherever they run."""
    root = str(Path(ledger.__file__).resolve().parents[1])
    others = os.environ.get("PYTHONPATH")
    return {**os.environ, "PYTHONPATH": root + (os.pathsep + others if others else "")}


def _scheduler_command(plan: Plan) -> list[str]:
    listen = ["--listen", f"{HOST}:{plan.ports.scheduler}", "--override", str(plan.override)]
    pace = ["--cycle-seconds", str(plan.cycle_seconds), "--seed", str(plan.seed)]
    return [sys.executable, "-m", "ledger.lab.scheduler", *listen, *pace]


def _prometheus(ports: Ports) -> dict[str, object]:
    jobs = {"prometheus": ports.prometheus, "stage4": ports.scheduler}
    return {
        "global": {
            "scrape_interval": "1s",
            "scrape_timeout": "1s",
            "evaluation_interval": "1s",
            "external_labels": ENVIRONMENT_LABEL,
        },
        "rule_files": ["stage4_rules.yml"],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [f"{HOST}:{ports.alertmanager}"]}]}]},
        # The label is on the targets as well, because external labels do not show in Prometheus' own answers.
        "scrape_configs": [
            {"job_name": job, "static_configs": [{"targets": [f"{HOST}:{port}"], "labels": ENVIRONMENT_LABEL}]}
            for job, port in jobs.items()
        ],
    }


def _alertmanager() -> dict[str, object]:
    route = {
        "receiver": "none",
        "group_by": ["alertname"],
        "group_wait": "0s",
        "group_interval": "1s",
        "repeat_interval": "1m",
    }
    return {"route": route, "receivers": [{"name": "none"}]}
