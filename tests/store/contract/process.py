"""A process of a test's own, which does a job of worker.py and can be killed at any moment."""

from __future__ import annotations

import base64
import pickle
import select
import subprocess
import sys
from pathlib import Path
from types import TracebackType

from .common import PATIENCE

_PACKAGE = __package__ or ""
_ROOT = Path(__file__).resolve().parents[len(_PACKAGE.split("."))]
"""Where the other process finds the classes of the places under the names that they have here."""


class Process:
    """It says lines and waits for a word between them; it ends with the block, whatever happens."""

    def __init__(self, job: str, place: object, *given: object) -> None:
        packed = base64.b64encode(pickle.dumps((place, given))).decode()
        command = [sys.executable, "-m", f"{_PACKAGE}.worker", job, packed]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0, cwd=_ROOT)

    def said(self, within: float = PATIENCE) -> str:
        """Its next line; "" where it is over, AssertionError where it says nothing in time."""
        assert self._process.stdout is not None
        ready, _, _ = select.select([self._process.stdout], [], [], within)
        assert ready, "the process says nothing"
        return self._process.stdout.readline().decode().rstrip("\n")

    def says_nothing(self, within: float) -> bool:
        """Whether it says nothing for so long."""
        return not select.select([self._process.stdout], [], [], within)[0]

    def go(self) -> None:
        """Let it go on."""
        assert self._process.stdin is not None
        self._process.stdin.write(b"\n")

    def go_and_hear(self) -> str:
        """Let it go on, until it says the next line."""
        self.go()
        return self.said()

    def kill(self) -> None:
        """Kill it on the spot; it is gone afterwards."""
        self._process.kill()
        self._process.wait(PATIENCE)

    def __enter__(self) -> Process:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None):
        self.kill()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()
