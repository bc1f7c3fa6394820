"""The reference scheduler: runs the demo strategies cycle by cycle, unless its override file says otherwise.

    python -m ledger.lab.scheduler --listen 127.0.0.1:9105 --override PATH --cycle-seconds 0.5 --seed 7

SIGTERM and Ctrl-C end it with status 0; an address that cannot be had ends it with status 3 and a sentence.
"""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from ledger.errors import LedgerError, Unreachable
from ledger.lab.faults import NONE, distort
from ledger.lab.feed import Feed
from ledger.lab.override_file import look
from ledger.lab.scheduler_http import listen
from ledger.lab.status import DISABLED, ENABLED, Status
from ledger.lab.strategies import State, run_cycle


@dataclass(frozen=True)
class Options:
    """The command line: ``host`` and ``port`` to listen on, the override's path, seconds per cycle, the feed's seed."""

    host: str
    port: int
    override: Path
    cycle_seconds: float
    seed: int


class Scheduler:
    """One scheduler. ``step`` is called by the loop alone; ``status`` and ``misbehave`` by any thread."""

    def __init__(self, override: Path, seed: int, now: datetime) -> None:
        self._override = override
        self._feed = Feed(seed)
        self._state = State()
        self._mode = NONE
        self._status = Status(DISABLED if look(override).stops else ENABLED, since=now)

    def status(self) -> Status:
        """The newest status; a frozen value, so that a reader never sees half a cycle."""
        return self._status

    def misbehave(self, mode: str) -> None:
        """From the next cycle on, report what ``mode`` (a key of ``faults.BREACHES``) breaches."""
        self._mode = mode

    def step(self, now: datetime) -> None:
        """Look at the override, then finish one cycle or stay stopped. ``now`` is aware UTC."""
        seen = look(self._override)
        before = self._status
        value = DISABLED if seen.stops else ENABLED
        after = before if before.value == value else replace(before, value=value, since=now)
        after = replace(after, warnings=(seen.warning,) if seen.warning else ())
        if seen.stops:
            self._status = replace(after, telemetry=None)
            return
        self._state, telemetry = run_cycle(self._state, self._feed.advance())
        self._status = replace(after, cycle=telemetry.cycle, telemetry=distort(telemetry, self._mode))


def run(options: Options, ended: threading.Event) -> None:
    """Serve and cycle until ``ended`` is set. Raises Unreachable when the address cannot be had."""
    scheduler = Scheduler(options.override, options.seed, datetime.now(UTC))
    server = listen(scheduler, options.host, options.port)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        while not ended.is_set():
            scheduler.step(datetime.now(UTC))
            ended.wait(options.cycle_seconds)
    finally:
        server.shutdown()
        server.server_close()


def main(arguments: list[str] | None = None) -> int:
    """Run as a program; returns the exit status."""
    options = _options(arguments)
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: ended.set())
    try:
        run(options, ended)
    except LedgerError as error:
        print(error, file=sys.stderr)
        return 3 if isinstance(error, Unreachable) else 1
    return 0


def _options(arguments: list[str] | None) -> Options:
    parser = argparse.ArgumentParser(prog="ledger.lab.scheduler", description="The reference scheduler of a rehearsal.")
    parser.add_argument("--listen", type=_address, required=True, metavar="HOST:PORT")
    parser.add_argument("--override", type=Path, required=True, metavar="PATH", help="the override file to obey")
    parser.add_argument("--cycle-seconds", type=_seconds, default=0.5, metavar="SECONDS")
    parser.add_argument("--seed", type=int, default=7, metavar="NUMBER", help="seed of the demo feed")
    given = parser.parse_args(arguments)
    host, port = given.listen
    return Options(host, port, given.override, given.cycle_seconds, given.seed)


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not (port.isascii() and port.isdigit()) or not 0 < int(port) < 65_536:
        raise argparse.ArgumentTypeError(f"{text!r} is not HOST:PORT")
    return host, int(port)


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0.01 <= seconds <= 3600:
        raise argparse.ArgumentTypeError("seconds per cycle must lie between 0.01 and 3600")
    return seconds


if __name__ == "__main__":
    raise SystemExit(main())
