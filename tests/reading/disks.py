"""Small disks of their own: filled to the last byte, or mounted for reading only."""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

SIZE = "6m"


class Disk:
    """A tmpfs."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def fill(self) -> None:
        """Until nothing more fits, not one block."""
        with (self.path / "fill").open("ab", buffering=0) as stream, contextlib.suppress(OSError):
            for size in (65_536, 4096, 1):
                with contextlib.suppress(OSError):
                    while True:
                        stream.write(b"\0" * size)
        assert os.statvfs(self.path).f_bavail == 0

    def free(self) -> None:
        """There is room again."""
        (self.path / "fill").unlink()

    def remount(self, mode: str) -> None:
        """``ro`` or ``rw``. A file that is still open for writing is waited for."""
        deadline = time.monotonic() + 10
        while subprocess.run(["mount", "-o", f"remount,{mode}", str(self.path)], capture_output=True).returncode:
            assert time.monotonic() < deadline, f"cannot remount {mode}"
            time.sleep(0.05)


@contextlib.contextmanager
def mounted(path: Path) -> Iterator[Disk | None]:
    """A disk for the length of a block; None where nothing can be mounted here."""
    path.mkdir(parents=True, exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={SIZE},mode=755", "stage4-test", str(path)]
    if subprocess.run(command, capture_output=True).returncode:
        yield None
        return
    try:
        yield Disk(path)
    finally:
        subprocess.run(["umount", "-l", str(path)], check=True)
