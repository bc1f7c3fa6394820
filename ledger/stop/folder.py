"""The folder that the scheduler reads: by the configuration, else as the ledger knew it last.

``var/override_folder`` has its path, mode 600: for the hour in which ``stage4.toml`` cannot be read.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import NamedTuple

from ledger.files import read_small, replace
from ledger.said import Said

DEFAULT = "var/runtime/overrides"
_REMEMBERED = "var/override_folder"
_LONGEST = 1024 * 1024


class Folder(NamedTuple):
    """A folder of overrides."""

    path: Path
    doubt: str = ""
    """Why it is not known whether the scheduler reads it; "" where that is as configured."""


def configured(root: Path, directory: str = "") -> Folder:
    """By its environment variable or ``stage4.toml``; ``directory`` counts only where that cannot be read.

    Never fails: where nobody knows the folder it is the usual one, and that is said.
    """
    if named := os.environ.get("STAGE4_OVERRIDE_DIRECTORY"):
        return Folder(root / named)
    try:
        return Folder(root / _from_toml(root))
    except Exception as error:  # noqa: BLE001 (whatever is wrong with it, the stop must happen)
        if directory:
            return Folder(root / directory)
        if known := recall(root):
            return Folder(root / known)
        return Folder(root / DEFAULT, Said("stage4.toml cannot be read ({})", _why(error))[:200])


def _why(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def _from_toml(root: Path) -> str:
    try:
        text = read_small(root / "stage4.toml", _LONGEST, follow=True).decode("utf-8")
    except FileNotFoundError:
        return DEFAULT
    import tomllib  # not in every python3 that an operator may have at hand

    directory = tomllib.loads(text).get("override", {}).get("directory", DEFAULT)
    if not isinstance(directory, str) or not directory or "\0" in directory:
        raise ValueError("override.directory is no path")
    return directory


def remember(root: Path, folder: Path) -> None:
    """Keep the folder that an override was asked for in; a disk that is full is no reason to refuse anything."""
    with contextlib.suppress(OSError):
        if recall(root) != str(folder):
            replace(root / _REMEMBERED, os.fsencode(f"{folder}\n"), 0o600, flush=False)


def recall(root: Path) -> str:
    """What was kept; "" where that cannot be read."""
    try:
        return os.fsdecode(read_small(root / _REMEMBERED, 8192)).strip().replace("\0", "")
    except OSError:
        return ""
