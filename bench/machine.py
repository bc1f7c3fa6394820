"""What the figures were measured on: no host name, no path."""

from __future__ import annotations

import os
import platform
import sqlite3
import time
from pathlib import Path
from typing import Any


def machine(folder: Path) -> dict[str, Any]:
    """Processor, versions, file system of ``folder`` and how many small writes a second it flushes."""
    return {
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 2),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "system": platform.system(),
        "filesystem": _filesystem(folder),
        "fdatasync_per_second": round(flushes(folder)),
    }


def _cpu() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())


def _filesystem(folder: Path) -> str:
    """The type of the innermost mount that holds the folder."""
    mounts = Path("/proc/mounts")
    if not mounts.exists():
        return "unknown"
    fields = [line.split(" ")[1:3] for line in mounts.read_text().splitlines()]
    held = [(len(at), kind) for at, kind in fields if folder.resolve().is_relative_to(at)]
    return max(held)[1] if held else "unknown"


def flushes(folder: Path, seconds: float = 0.3) -> float:
    """Writes of 4,096 bytes one after the other, each followed by ``fdatasync``."""
    path, flush = folder / "flush", getattr(os, "fdatasync", os.fsync)
    with path.open("wb", buffering=0) as stream:
        count, started = 0, time.perf_counter()
        while (passed := time.perf_counter() - started) < seconds:
            stream.write(b"\0" * 4096)
            flush(stream.fileno())
            count += 1
    path.unlink()
    return count / passed
