"""Who runs on a lab folder: a lock that ends with its process, and the record beside it."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from ledger.errors import Refused


@contextmanager
def occupy(folder: Path) -> Iterator[None]:
    """Hold ``<folder>/lab.lock``, which names our process. Raises Refused when another lab holds it."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lab.lock").open("a+", encoding="utf-8") as file:
        if not _lock(file):
            file.seek(0)
            holder = file.read(32).strip() or "unknown"
            raise Refused(f"a lab already runs on {folder} (process {holder}): end it, or choose another folder")
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield


def running(folder: Path) -> dict[str, Any] | None:
    """The ``addresses`` and ``pids`` (both by server name) of the lab that runs on ``folder``; None without one.

    A record left behind by a killed lab does not count, because the lock ended with it.
    """
    try:
        with (folder / "lab.lock").open("r", encoding="utf-8") as file:
            if _lock(file):
                return None
        record = json.loads((folder / "lab.json").read_bytes())
    except (OSError, ValueError):
        return None
    return record if isinstance(record, dict) else None


def _lock(file: TextIO) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
