"""The cord: a stop typed at a terminal happens within its two seconds, whatever the ledger or our packages do.

It is armed before anything else is imported. Whoever is done first, the ledger or the deadline, ends the press.
"""

from __future__ import annotations

import json
import os
import secrets
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from ledger.errors import LedgerError
from ledger.stop.bare import Stopped, stop_without_ledger
from ledger.stop.typed import VALUES, Typed, parse

DEADLINE = 1.5
"""Seconds from the start of the process after which the stop happens without the ledger."""
EXIT_UNREACHABLE = 3


class Cord:
    """One press at a terminal. ``claim`` is won once: by the ledger's way, or by the deadline."""

    def __init__(self, typed: Typed, program: str, request_id: str, root: Path | None = None) -> None:
        self.typed = typed
        self.program = program
        self.request_id = request_id
        self.root = root or _root(typed)
        self._first = threading.Lock()
        self._over = threading.Event()

    def arm(self) -> Cord:
        """From now on the deadline runs, counted from the start of the process."""
        try:
            threading.Thread(target=self._wait, daemon=True, name="the cord").start()
        except RuntimeError as error:  # too many processes: nothing is left to wait with
            self.claim()
            sys.exit(self.pull(str(error)))
        return self

    def claim(self) -> bool:
        """Whether the press is the caller's to end. Where it is not this never returns: the deadline ends it."""
        if self._first.acquire(blocking=False):
            self._over.set()
            return True
        threading.Event().wait()
        return False  # not reached

    @property
    def left(self) -> float:
        """Seconds until the deadline."""
        return DEADLINE - elapsed()

    def pull(self, why: str) -> int:
        """Stop without the ledger, and say what happened; the exit status."""
        _tell(2, f"{self.program}: the ledger is passed over: {why}")
        try:
            directory = self.typed.given.get("--output-dir", "")
            stopped = stop_without_ledger(
                self.root,
                self.typed.asked,
                why=why,
                request_id=self.request_id,
                directory=str(Path(directory).absolute()) if directory else "",
            )
        except Exception as error:  # noqa: BLE001 (a person must be told what to do, whatever it is)
            sentence = str(error) if isinstance(error, LedgerError) else _unexpected(error)
            _tell(2, f"{self.program}: {sentence}")
            if "--json" in self.typed.flags:
                _tell(1, json.dumps({"error": "unreachable", "sentence": sentence}, indent=2))
            return EXIT_UNREACHABLE
        self._say(stopped)
        return EXIT_UNREACHABLE if stopped.doubt else 0

    def _say(self, stopped: Stopped) -> None:
        as_json = "--json" in self.typed.flags
        for line in stopped.lines():
            _tell(2 if as_json else 1, line)
        if as_json:
            _tell(1, json.dumps(stopped._asdict(), indent=2, sort_keys=True))

    def _wait(self) -> None:
        if self._over.wait(max(0.0, self.left)) or not self._first.acquire(blocking=False):
            return
        status = EXIT_UNREACHABLE
        try:
            status = self.pull(f"it did not answer within {DEADLINE:g} s of the start")
        finally:
            os._exit(status)  # whatever the ledger's way still waits for, nobody waits for it


_armed: list[Cord] = []


def arm(program: str, arguments: Sequence[str]) -> None:
    """Arm the cord of this process, where what was typed is a stop and no question. Nothing else is imported yet."""
    typed = parse(arguments)
    if not typed.asks_for_help:
        _armed.append(Cord(typed, program, secrets.token_hex(16)).arm())


def arm_for_stage4(arguments: Sequence[str]) -> None:
    """Arm it where the arguments of ``stage4`` are those of its command ``stop``."""
    words = list(arguments)
    at = 0
    while at < len(words) and words[at].startswith("-"):
        at += 2 if words[at] in VALUES else 1
    if words[at : at + 1] == ["stop"]:
        arm("stage4 stop", words[:at] + words[at + 1 :])


def current() -> Cord | None:
    """The cord that was armed when this process began."""
    return _armed[-1] if _armed else None


def elapsed() -> float:
    """Seconds since this process was started (``/proc/self/stat``, field 22; proc(5)); 0.5 where that is not told."""
    try:
        after_name = Path("/proc/self/stat").read_text("ascii", "replace").rpartition(")")[2].split()
        started = int(after_name[19]) / os.sysconf("SC_CLK_TCK")
        return max(0.0, time.clock_gettime(time.CLOCK_BOOTTIME) - started)
    except (OSError, ValueError, IndexError, AttributeError):
        return 0.5


def main(arguments: Sequence[str], why: str) -> int:
    """``disable_multi_strategy.py`` with nothing but the standard library; returns the exit status."""
    typed = parse(arguments)
    if typed.asks_for_help:
        _tell(1, "disable_multi_strategy.py --reason TEXT [--ticket ID] [--requested-by TEAM] [--component NAME]")
        return 0
    return Cord(typed, "disable_multi_strategy.py", "").pull(why)


def _unexpected(error: Exception) -> str:
    return (
        f"WHETHER ANYTHING WAS STOPPED IS NOT KNOWN: {type(error).__name__}: {error}. "
        "Stop the scheduler's service on its machine now"
    )


def _root(typed: Typed) -> Path:
    return Path(typed.given.get("--home") or os.environ.get("STAGE4_HOME") or ".").absolute()


def _tell(descriptor: int, text: str) -> None:
    """Straight to the descriptor: another thread may hold the buffered stream, and it may be closed."""
    stream = sys.stdout if descriptor == 1 else sys.stderr
    encoding = getattr(stream, "encoding", None) or "utf-8"
    data = (text + "\n").encode(encoding, "replace")
    try:
        while data:
            data = data[os.write(descriptor, data) :]
    except OSError:
        return  # nobody listens; the exit status says it
