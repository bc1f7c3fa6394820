"""One rehearsal: the reference scheduler, Prometheus and Alertmanager on loopback, started and ended together."""

from __future__ import annotations

import json
import os
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from ledger.errors import Unreachable
from ledger.lab import configs
from ledger.lab.debian import working_folder
from ledger.lab.loopback import HOST, Ports, answers, call_json, free_ports, require_free, until
from ledger.lab.occupancy import occupy
from ledger.lab.processes import Processes
from ledger.lab.tools import Tools

_READY_SECONDS = 20.0
_READY_PATHS = {configs.SCHEDULER: "/status", configs.PROMETHEUS: "/-/ready", configs.ALERTMANAGER: "/-/ready"}


@dataclass(frozen=True)
class Addresses:
    """Base URLs of the three servers, without a slash at the end."""

    scheduler: str
    prometheus: str
    alertmanager: str


class Lab:
    """A context manager: on entering, all three servers are started and ready; on leaving, they are gone.

    ``folder`` gets configurations, data, ``log/`` and, while the lab runs, ``lab.json`` (``addresses``, ``pids``).
    Data stays there for the next lab. Enter it from the main thread (see ``ledger.lab.processes``).
    """

    def __init__(
        self,
        folder: Path,
        override: Path,
        ports: Ports | None = None,
        *,
        tools: Tools,
        cycle_seconds: float = 0.5,
        seed: int = 7,
    ) -> None:
        # not resolve(): the scheduler must look at the very path, also where somebody puts a link there
        folder, override = folder.resolve(), Path(os.path.abspath(override))  # noqa: PTH100
        self._plan = configs.Plan(folder, override, tools, ports or free_ports(), cycle_seconds, seed)
        self._processes = Processes(folder / "log")
        self._stack = ExitStack()

    @property
    def folder(self) -> Path:
        """Where the lab's files are; absolute."""
        return self._plan.folder

    @property
    def addresses(self) -> Addresses:
        """Where the servers listen."""
        return Addresses(**{name: f"http://{HOST}:{port}" for name, port in asdict(self._plan.ports).items()})

    def __enter__(self) -> Self:
        """Raises Refused when a lab runs on this folder; Unreachable for a taken port or a server not ready in time."""
        with ExitStack() as stack:
            stack.enter_context(occupy(self._plan.folder))
            require_free(self._plan.ports)
            configs.write(self._plan)
            stack.callback(self._record_path.unlink, missing_ok=True)
            stack.enter_context(self._processes)
            for name in configs.NAMES:
                self._start(name)
            for name in configs.NAMES:
                self._wait_ready(name)
            self._record()
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def check(self) -> None:
        """Raise Unreachable, with the end of its log, when a server ended by itself."""
        self._processes.check()

    def misbehave(self, mode: str) -> None:
        """Let the scheduler report what ``mode`` (a key of ``faults.BREACHES``) breaches. Raises Unreachable."""
        call_json(f"{self.addresses.scheduler}/lab/misbehave", {"mode": mode})

    def stop_server(self, name: str) -> None:
        """End one server in order. Names: ``scheduler``, ``prometheus``, ``alertmanager``."""
        self._processes.stop(_known(name))
        self._record()

    def kill_server(self, name: str) -> None:
        """End one server by SIGKILL, as a crash would."""
        self._processes.kill(_known(name))
        self._record()

    def start_server(self, name: str) -> None:
        """Start one server again, same port and data, and wait until it is ready. One that runs stays as it is."""
        if _known(name) not in self._processes.pids():
            self._start(name)
        self._wait_ready(name)
        self._record()

    @property
    def _record_path(self) -> Path:
        return self._plan.folder / "lab.json"

    def _start(self, name: str) -> None:
        command = configs.command(name, self._plan)
        self._processes.start(name, command, configs.environment(), working_folder(Path(command[0])))

    def _wait_ready(self, name: str) -> None:
        url = asdict(self.addresses)[name] + _READY_PATHS[name]

        def ready() -> bool:
            self._processes.check()
            return answers(url)

        until(ready, _READY_SECONDS, f"{name} to be ready at {url}")

    def _record(self) -> None:
        record = {"addresses": asdict(self.addresses), "pids": self._processes.pids()}
        draft = self._record_path.with_suffix(".json.new")
        draft.write_text(json.dumps(record, indent=2, sort_keys=True) + "\n", "utf-8")
        draft.replace(self._record_path)


def _known(name: str) -> str:
    if name not in configs.NAMES:
        raise Unreachable(f"a lab has no server {name!r}: take one of {', '.join(sorted(configs.NAMES))}")
    return name
