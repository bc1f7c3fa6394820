"""Unpacks Debian packages into a folder and makes them run from there; nothing is installed, no service started."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from ledger.errors import Unreachable

_LISTS = Path("/var/lib/apt/lists")
_SECONDS = 300


def unpack(packages: tuple[str, ...], folder: Path, report: Callable[[str], None]) -> None:
    """Download ``packages`` with apt and unpack them into ``folder``; an interrupted run leaves nothing half there.

    Raises Unreachable with the end of a sentence ("apt-get download failed: …").
    """
    if not (shutil.which("apt-get") and shutil.which("dpkg-deb")):
        raise Unreachable("there is no apt-get and dpkg-deb here to get them with")
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".fetch-") as scratch:
        report(f"Downloading {' and '.join(packages)} with apt-get.")
        _download(packages, Path(scratch), report)
        whole = Path(scratch) / "root"
        for archive in sorted(Path(scratch).glob("*.deb")):
            _run(["dpkg-deb", "-x", str(archive), str(whole)])
        for program in (whole / "usr" / "bin").iterdir():
            _relocate(program)
        shutil.rmtree(folder / "usr", ignore_errors=True)
        (whole / "usr").replace(folder / "usr")


def _relocate(program: Path) -> None:
    """Let an unpacked program look for its data below its working folder: ``working_folder`` says which."""
    # Debian builds absolute paths in (Alertmanager does not start without its template file there). The other spelling
    # has the same length, which is what an executable needs.
    program.write_bytes(program.read_bytes().replace(b"/usr/share/prometheus", b"usr//share/prometheus"))


def working_folder(program: Path) -> Path:
    """The folder above ``usr/bin``: where ``unpack`` put things, or the root of the file system."""
    return program.parents[min(2, len(program.parents) - 1)]


def _download(packages: tuple[str, ...], scratch: Path, report: Callable[[str], None]) -> None:
    updated = not any(_LISTS.glob("*_Packages*"))
    if updated:
        _update(report)
    try:
        _run(["apt-get", "download", *packages], scratch)
    except Unreachable:
        if updated:
            raise
        _update(report)  # the lists may be older than the archive
        _run(["apt-get", "download", *packages], scratch)


def _update(report: Callable[[str], None]) -> None:
    report("Updating apt's package lists.")
    _run([*([] if os.geteuid() == 0 else ["sudo", "-n"]), "apt-get", "update"])


def _run(command: list[str], folder: Path | None = None) -> None:
    shown = " ".join(command[:2])
    try:
        subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, timeout=_SECONDS, check=True)
    except subprocess.CalledProcessError as error:
        lines = error.stderr.decode("utf-8", "replace").strip().splitlines() or ["no message"]
        raise Unreachable(f"{shown} failed: {lines[-1]}") from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unreachable(f"{shown} could not be run: {error}") from error
