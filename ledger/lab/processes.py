"""Child processes that all end when their parent ends, however it ends.

Normal end, exception or Ctrl-C: SIGTERM, then SIGKILL for what is left after a grace period. Parent killed: Linux sends
each child SIGKILL (PR_SET_PDEATHSIG). That signal comes when the *thread* that started the child ends, so parts may
only be started from the main thread.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from ledger.errors import Unreachable

_PR_SET_PDEATHSIG = 1
_TAIL_BYTES = 4096
_TAIL_LINES = 8
# Loaded here, because between fork and exec nothing may be imported or allocated that can be avoided.
_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


class Processes:
    """A named set of child processes, each with its own log ``<folder>/<name>.log``; a context manager."""

    def __init__(self, folder: Path, grace_seconds: float = 5.0) -> None:
        self._folder = folder
        self._grace_seconds = grace_seconds
        self._parts: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def start(
        self, name: str, command: list[str], environment: Mapping[str, str] | None = None, where: Path | None = None
    ) -> None:
        """Start ``command`` as ``name`` in the folder ``where``; environment and folder are ours unless given.

        Raises Unreachable when it cannot be started, or not from this thread.
        """
        if threading.current_thread() is not threading.main_thread():
            raise Unreachable(f"start {name} from the main thread: a part ends with the thread that started it")
        self._folder.mkdir(parents=True, exist_ok=True)
        with self._log(name).open("ab") as log:
            try:
                self._parts[name] = subprocess.Popen(
                    command,
                    cwd=where,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    env=None if environment is None else dict(environment),
                    preexec_fn=_end_with(os.getpid()),  # noqa: PLW1509 - takes no lock and allocates next to nothing
                    start_new_session=True,  # Ctrl-C reaches only the parent, which then ends them in order
                )
            except (OSError, subprocess.SubprocessError) as error:
                raise Unreachable(f"{name} cannot be started with {command[0]} ({error})") from error

    def pids(self) -> dict[str, int]:
        """Process ids of the parts that run, by name."""
        return {name: process.pid for name, process in self._parts.items() if process.poll() is None}

    def check(self) -> None:
        """Raise Unreachable, with the end of its log, for a part that ended without being told to."""
        for name, process in self._parts.items():
            if process.poll() is not None:
                raise Unreachable(
                    f"{name} ended by itself ({_ending(process.returncode)}). "
                    f"The end of {self._log(name)}:\n{self._tail(name)}"
                )

    def stop(self, name: str) -> None:
        """End ``name`` by SIGTERM, after the grace period by SIGKILL. Nothing happens if it does not run."""
        if process := self._parts.pop(name, None):
            _end([process], self._grace_seconds)

    def kill(self, name: str) -> None:
        """End ``name`` by SIGKILL, as a crash would; ``check`` does not complain of it."""
        if process := self._parts.pop(name, None):
            process.kill()
            process.wait()

    def close(self) -> None:
        """End all parts, the last started first."""
        processes = list(reversed(self._parts.values()))
        self._parts.clear()
        _end(processes, self._grace_seconds)

    def _log(self, name: str) -> Path:
        return self._folder / f"{name}.log"

    def _tail(self, name: str) -> str:
        lines = self._log(name).read_bytes()[-_TAIL_BYTES:].decode("utf-8", "replace").splitlines()
        return "\n".join(lines[-_TAIL_LINES:]) or "(empty)"


def _end(processes: list[subprocess.Popen[bytes]], grace_seconds: float) -> None:
    try:
        for process in processes:
            process.terminate()
        deadline = time.monotonic() + grace_seconds
        for process in processes:
            process.wait(max(0.0, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        pass  # what is left is killed below, as it is when a second Ctrl-C ends this wait
    finally:
        for process in processes:
            process.kill()
            process.wait()


def _end_with(parent: int) -> Callable[[], None] | None:
    """What the child runs between fork and exec; None where the system has no such signal."""
    if _LIBC is None:
        return None
    prctl = _LIBC.prctl

    def bind() -> None:
        prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
        if os.getppid() != parent:  # the parent ended before prctl took hold: nobody would send the signal
            os._exit(1)

    return bind


def _ending(code: int) -> str:
    return f"exit status {code}" if code >= 0 else f"signal {-code}"
