"""How the reference scheduler reads its override file: once per cycle, and anything it cannot be sure of stops it."""

from __future__ import annotations

import errno
import json
import os
import stat
from dataclasses import dataclass
from pathlib import Path

SCHEMA = "stage6.scheduler.override"
ACTION = "disable_multi_strategy"
_LIMIT = 65_536


@dataclass(frozen=True)
class Look:
    """What was found: ``stops`` says whether the scheduler may run, ``warning`` what is wrong with the file."""

    stops: bool
    warning: str | None = None


def look(path: Path) -> Look:
    """Look at the override once. Absent: run. Valid: stop. Anything else: stop, with a warning. Never raises.

    ``expires_at`` is ignored on purpose: only a person restarts trading.
    """
    try:
        text = _read(path)
    except FileNotFoundError:
        return Look(stops=False)
    except OSError as error:
        return _unsure(path, "a symbolic link" if error.errno == errno.ELOOP else str(error.strerror))
    fault = _fault(text)
    return Look(stops=True) if fault is None else _unsure(path, fault)


def _read(path: Path) -> bytes:
    # O_NONBLOCK: opening a named pipe must not hang the loop.
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "not a regular file")
        return os.read(descriptor, _LIMIT + 1)
    finally:
        os.close(descriptor)


def _fault(text: bytes) -> str | None:
    if len(text) > _LIMIT:
        return f"longer than {_LIMIT} bytes"
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return "not JSON"
    if not isinstance(value, dict):
        return "not a JSON object"
    expected = {"schema": SCHEMA, "action": ACTION}
    wrong = [f"{key} is not {wanted}" for key, wanted in expected.items() if value.get(key) != wanted]
    return ", ".join(wrong) or None


def _unsure(path: Path, fault: str) -> Look:
    return Look(stops=True, warning=f"override {path} is not valid ({fault}): stopped until it is mended or removed")
