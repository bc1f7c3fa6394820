"""A lab with the dashboard served by a process of its own, and what tests do to it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ledger.app.installation import Installation
from ledger.app.press import Press
from ledger.app.record.deliver import deliver
from ledger.app.steps import closing, duties, opening, restoring, silencing, stopping
from ledger.cli.serve import give_accounts
from ledger.domain.keeping.commands import AddNote
from ledger.domain.state import Rollback
from ledger.lab.loopback import HOST, answers, until
from ledger.lab.processes import Processes
from ledger.lab.rehearsal import lab_home, person
from ledger.lab.servers import Lab
from ledger.store.values import Receipt


class House:
    """The lab, the server's process, and the people's password."""

    def __init__(self, installation: Installation, lab: Lab, processes: Processes, port: int) -> None:
        self.installation, self.lab = installation, lab
        self.password = give_accounts(installation)
        self.port, self.url = port, f"http://{HOST}:{port}"
        self._processes = processes

    def serve(self) -> None:
        """Start the server and wait until it answers."""
        command = [sys.executable, "-m", "ledger.cli", "serve", "--port", str(self.port)]
        self._processes.start("dashboard", [*command, "--home", str(self.installation.home.root)])
        until(lambda: self._processes.check() or answers(f"{self.url}/healthz"), 30, f"the dashboard at {self.url}")

    def kill(self) -> None:
        """End the server as a crash would."""
        self._processes.kill("dashboard")

    def crash(self) -> None:
        """End every process of the server at once, as ``kill -9`` of all or a power cut would."""
        os.killpg(self.server_pid, signal.SIGKILL)
        self.kill()

    def hang(self, source: str) -> None:
        """Stop one of the lab's servers in its tracks: it takes connections and answers none."""
        os.kill(self._lab_pid(source), signal.SIGSTOP)

    def go_on(self, source: str) -> None:
        """Let a server that hangs go on: it answers what it was asked meanwhile."""
        os.kill(self._lab_pid(source), signal.SIGCONT)

    def _lab_pid(self, source: str) -> int:
        return int(json.loads((self.lab.folder / "lab.json").read_text())["pids"][source])

    @property
    def server_pid(self) -> int:
        """The process that listens (its worker is a child)."""
        return self._processes.pids()["dashboard"]

    def stage4(self, *arguments: str) -> str:
        """The command line in a process of its own; what it printed."""
        command = [sys.executable, "-m", "ledger.cli", *arguments, "--home", str(self.installation.home.root)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def open(self, ticket: str, upto: int = -1) -> Rollback:
        """An open rollback whose steps up to ``upto`` have passed, made without a browser."""
        who = {role: person(self.installation, role) for role in ("incident_manager", "product_owner", "l2_ops")}
        made = opening.open_rollback(
            self.installation, Press(who["incident_manager"]), ticket=ticket, reason="Scheduler latency is critical"
        ).rollback
        observability = person(self.installation, "observability")
        steps: tuple[Callable[[Rollback], Any], ...] = (
            lambda r: opening.confirm(self.installation, Press(who["product_owner"]), r),
            lambda r: stopping.disable(self.installation, Press(who["l2_ops"]), r, requested_by="L2 Ops"),
            lambda r: silencing.silence(self.installation, Press(observability), r),
            lambda r: stopping.check(self.installation, Press(who["l2_ops"]), r),
        )
        for step in steps[: upto + 1]:
            outcome = step(made)
            assert outcome.verdict == "pass", outcome
            made = outcome.rollback
        return made

    def note(self, rollback: str, text: str) -> Receipt:
        """Append an entry from this process, which is not the server's."""
        return self.installation.submit(AddNote(text=text), Press(person(self.installation, "noc")), rollback)

    def at_rest(self) -> None:
        """Close whatever a test left open, so that the scheduler runs again."""
        deliver(self.installation)
        manager, l2 = person(self.installation, "incident_manager"), person(self.installation, "l2_ops")
        for name in list(self.installation.state.open):
            rollback = self.installation.rollback(name)
            if not rollback.aborting and not rollback.incident_ended:
                rollback = opening.abort(self.installation, Press(manager), rollback, "the test is over").rollback
            if not rollback.ticket:
                rollback = duties.link_ticket(self.installation, Press(manager), rollback, f"INC-9{self.size}").rollback
            if rollback.is_open:
                rollback = restoring.restore(self.installation, Press(l2), rollback, lambda _: None).rollback
                closing.complete(self.installation, Press(manager), rollback)

    @property
    def size(self) -> int:
        """Entries of the ledger now."""
        return self.installation.ledger.view().size

    def statuses(self, rollback: str) -> list[str]:
        """The names of a rollback's entries, oldest first."""
        return [record.status for record, _ in self.installation.ledger.records() if record.rollback == rollback]


@contextmanager
def house(root: Path) -> Iterator[House]:
    """A lab home with a running dashboard; to be entered from the main thread."""
    with lab_home(root, print, observed=False) as (installation, lab), Processes(lab.folder / "log") as processes:
        with socket.socket() as probe:
            probe.bind((HOST, 0))
            port = probe.getsockname()[1]
        made = House(installation, lab, processes, port)
        made.serve()
        until(lambda: installation.scheduler().status == "enabled", 20, "the scheduler to be enabled")
        yield made


def eventually(true: Callable[[], Any], seconds: float, what: str) -> Any:
    """Poll until something holds."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := true():
            return found
        time.sleep(0.03)
    raise AssertionError(f"not within {seconds} s: {what}")
