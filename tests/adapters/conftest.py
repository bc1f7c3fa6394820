"""Real Alertmanager and Prometheus in temporary folders, started once for the whole run."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ledger.adapters.alertmanager import Alertmanager
from ledger.lab.debian import working_folder
from ledger.lab.tools import Tools, fetch

from .neighbours import Handler, Odd, Process, free_port, now, odd, quick

_UNPACKED = Path(__file__).parents[2] / "var" / "lab" / "tools"
_ROUTES = {"route": {"receiver": "none"}, "receivers": [{"name": "none"}]}


@pytest.fixture(scope="session")
def tools() -> Tools:
    return fetch(_UNPACKED, print)


def _alertmanager(tools: Tools, folder: Path, *cluster: str) -> Process:
    """One that is prepared and not started; without ``cluster`` options it gossips with nobody."""
    port = free_port()
    (folder / "am.yml").write_text(json.dumps(_ROUTES))
    options = [f"--config.file={folder}/am.yml", f"--storage.path={folder}/data", "--log.level=warn"]
    listen = [f"--web.listen-address=127.0.0.1:{port}", *(cluster or ("--cluster.listen-address=",))]
    return Process([str(tools.alertmanager), *options, *listen], folder, port, working_folder(tools.alertmanager))


@pytest.fixture(scope="session")
def alertmanager_process(tools: Tools, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    process = _alertmanager(tools, tmp_path_factory.mktemp("alertmanager"))
    process.start()
    yield process
    process.stop()


@pytest.fixture
def apart(tools: Tools, tmp_path: Path) -> Iterator[tuple[Process, Process]]:
    """Two that are members by the configuration and never gossip: a cluster whose halves lost each other."""
    yield from _pair(tools, tmp_path, (), ())


@pytest.fixture
def gossiping(tools: Tools, tmp_path: Path) -> Iterator[tuple[Process, Process]]:
    """Two that are one cluster."""
    ports = free_port(), free_port()
    first, second = (f"--cluster.listen-address=127.0.0.1:{port}" for port in ports)
    often = ("--cluster.gossip-interval=50ms", "--cluster.pushpull-interval=500ms", "--cluster.settle-timeout=0s")
    peer = f"--cluster.peer=127.0.0.1:{ports[0]}"
    yield from _pair(tools, tmp_path, (first, *often), (second, peer, *often))


def _pair(
    tools: Tools, folder: Path, first: tuple[str, ...], second: tuple[str, ...]
) -> Iterator[tuple[Process, Process]]:
    both = []
    for name, options in (("one", first), ("two", second)):
        (folder / name).mkdir()
        both.append(_alertmanager(tools, folder / name, *options))
    for process in both:
        process.start()
    yield both[0], both[1]
    for process in both:
        process.stop()


@pytest.fixture
def alertmanager(alertmanager_process: Process) -> Alertmanager:
    return Alertmanager([quick(alertmanager_process.url)], now)


class Probe:
    """A metric whose value a test sets."""

    value = 0.0

    def __call__(self, handler: Handler) -> None:
        handler.say(200, f"probe_value {self.value}\n".encode(), Content_Type="text/plain; version=0.0.4")


@pytest.fixture(scope="session")
def probe() -> Iterator[tuple[Probe, Odd]]:
    value = Probe()
    with odd(value) as server:
        yield value, server


@pytest.fixture(scope="session")
def make_prometheus(tools: Tools, probe: tuple[Probe, Odd], tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A function that prepares (not starts) a Prometheus; keyword arguments go into its configuration."""
    return lambda **more: _prepare(tools, probe[1], tmp_path_factory.mktemp("prometheus"), more)


def _prepare(tools: Tools, probe: Odd, folder: Path, more: dict[str, object]) -> Process:
    port = free_port()
    jobs = {"prometheus": f"127.0.0.1:{port}", "probe": probe.url.removeprefix("http://")}
    scrapes = [{"job_name": job, "static_configs": [{"targets": [target]}]} for job, target in jobs.items()]
    often = {"scrape_interval": "500ms", "scrape_timeout": "500ms", "evaluation_interval": "500ms"}
    page = {"global": often, "rule_files": [f"{folder}/rules.yml"], "scrape_configs": scrapes, **more}
    (folder / "prometheus.yml").write_text(json.dumps(page))
    (folder / "rules.yml").write_text(json.dumps({"groups": [{"name": "stage4", "rules": RULES}, ELSEWHERE]}))
    options = [f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/tsdb", "--log.level=warn"]
    listen = f"--web.listen-address=127.0.0.1:{port}"
    return Process([str(tools.prometheus), *options, listen], folder, port, working_folder(tools.prometheus))


RULES = [
    {"alert": "MultiStrategyProbeHigh", "expr": "probe_value > 5", "labels": {"severity": "critical"}},
    {"alert": "MultiStrategyProbeSlow", "expr": "probe_value > 3", "for": "1h", "labels": {"severity": "warning"}},
]
ELSEWHERE = {
    "name": "elsewhere",
    "rules": [
        {"alert": "Elsewhere", "expr": "vector(1)", "labels": {"severity": "page"}},
        {"alert": "ElsewhereCritical", "expr": "probe_value > 7", "labels": {"severity": "critical"}},
    ],
}


@pytest.fixture(scope="session")
def prometheus_processes(make_prometheus: Callable[..., Process]) -> Iterator[tuple[Process, Process]]:
    """One to be asked and one to be killed, started together: each takes five seconds to find what to scrape."""
    both = make_prometheus(), make_prometheus()
    for process in both:
        process.start()
    yield both
    for process in both:
        process.stop()


@pytest.fixture(scope="session")
def prometheus_process(prometheus_processes: tuple[Process, Process]) -> Process:
    return prometheus_processes[0]
