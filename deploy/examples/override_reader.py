"""How a scheduler reads its override: once before each cycle. Copy this file; it needs the standard library alone.

Nothing there: trade. Anything there: stop. What is not the expected file stops too, with a warning, because whoever
wrote it wanted something, and a file that is half written or cannot be read is no reason to trade. ``expires_at`` is
not looked at: an override ends when a person removes it.
"""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

WANTED = {"schema": "stage6.scheduler.override", "action": "disable_multi_strategy"}
"""What an override of the component ``multi_strategy`` says."""
LONGEST = 65_536
"""Bytes; an override is shorter."""


def read_override(path: Path) -> tuple[bool, list[str]]:
    """Whether trading is to stop, and what is odd about the file. Never raises, never follows a link, never waits."""
    try:
        fields = json.loads(_read(path))
    except FileNotFoundError:
        return False, []
    except (OSError, ValueError, RecursionError) as error:
        return True, [f"the override {path} cannot be read: {error}"]
    if not isinstance(fields, dict) or any(fields.get(name) != value for name, value in WANTED.items()):
        return True, [f"the override {path} is not one for this scheduler"]
    return True, []


def _read(path: Path) -> bytes:
    # O_NOFOLLOW: a link is no override. O_NONBLOCK: nobody waits for a pipe.
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError("it is no plain file")
        if len(content := file.read(LONGEST + 1)) > LONGEST:
            raise OSError(f"it is longer than {LONGEST} bytes")
        return content
