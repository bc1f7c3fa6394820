"""What only the ledger's own delivery does with the override file: remove it; the path is :mod:`ledger.override`'s."""

from __future__ import annotations

import os
import stat
from datetime import UTC, datetime
from pathlib import Path

from ledger import files
from ledger.domain.facts import FileSeen
from ledger.errors import Refused, Unreachable
from ledger.override import Clock, describe, look, reason_of
from ledger.said import Said

__all__ = ["listing", "remove"]


def remove(path: Path, expected_sha384: str, clock: Clock) -> FileSeen:
    """Delete ``path`` where its bytes have the expected digest; gives what is seen there afterwards (``absent``).

    Gone already is fine. Raises ``Refused`` where something else is there (unknown content is never deleted),
    ``Unreachable`` where it cannot be deleted.
    """
    seen = look(path, clock)
    if seen.kind == "absent":
        return seen
    if seen.kind != "file" or seen.sha384 != expected_sha384:
        raise Refused(
            Said(
                "{} is not the override that was declared ({}…): {}. It is not deleted.",
                path,
                expected_sha384[:23],
                describe(seen),
            )
        )
    try:
        path.unlink(missing_ok=True)
        files.sync_folder(path.parent)
    except OSError as error:
        raise Unreachable(
            Said("the override {} cannot be removed: {}. Check the folder's owner", path, reason_of(error))
        ) from error
    return look(path, clock)


def listing(folder: Path) -> bytes:
    """UTF-8 text, one line per entry of ``folder`` by name: mode, size, time of change (UTC) and name. Never raises."""
    try:
        with os.scandir(folder) as entries:
            names = sorted(entry.name for entry in entries)
    except OSError as error:
        return f"{folder}: {reason_of(error)}\n".encode()
    lines = [_line(folder, name) for name in names]
    return "".join(lines or ["(empty)\n"]).encode("utf-8", "backslashreplace")


def _line(folder: Path, name: str) -> str:
    shown = name if name.isprintable() else repr(name)
    try:
        status = os.lstat(folder / name)
    except OSError as error:
        return f"{reason_of(error)} {shown}\n"
    changed = datetime.fromtimestamp(status.st_mtime, UTC).isoformat(timespec="seconds")
    return f"{stat.filemode(status.st_mode)} {status.st_size:>8} {changed} {shown}\n"
