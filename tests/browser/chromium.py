"""Finds Chromium; on Debian, where this process may install something, gets it first."""

from __future__ import annotations

import os
import shutil
import subprocess

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--mute-audio",
)
BY_HAND = (
    "the tests in a browser need Chromium, and there is none on PATH. "
    "On Debian or Ubuntu run: apt-get install -y --no-install-recommends chromium"
)


def executable() -> str:
    """Path of the program. Raises FileNotFoundError that says how to get it."""
    return _found() or _installed()


def _found() -> str:
    return next((path for name in NAMES if (path := shutil.which(name))), "")


def _installed() -> str:
    if not shutil.which("apt-get"):
        raise FileNotFoundError(BY_HAND)
    as_root = [] if os.geteuid() == 0 else ["sudo", "-n"]
    said = ""
    for command in (["update"], ["install", "-y", "--no-install-recommends", "chromium"]):
        try:
            done = subprocess.run(
                [*as_root, "apt-get", "-q", *command],
                env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=280,
                check=False,
            )
            said = (done.stderr.strip().splitlines() or [""])[-1]
        except (OSError, subprocess.TimeoutExpired) as error:
            said = str(error)
    if path := _found():
        return path
    raise FileNotFoundError(f"{BY_HAND}. It was tried just now: {said}")
