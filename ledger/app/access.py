"""The access ledger ``stage4-access``: how often a rule said no, a minute at a time, and never what was typed.

Each refusal adds one letter to a file named after its minute (``var/access/20261123T1026``); the observer turns the
files of past minutes into entries.
"""

from __future__ import annotations

import contextlib
import os
from datetime import UTC, datetime
from pathlib import Path

from ledger.app.home import Home
from ledger.app.installation import Installation, now, open_home
from ledger.domain.commands import SYSTEM, Record
from ledger.domain.events.ledger import RefusalsCounted
from ledger.errors import Conflict, LedgerError, Refused

STAGE = "stage4-access"
_FORM = "%Y%m%dT%H%M"


def count_refusal(root: Path, error: LedgerError) -> None:
    """Count one refusal or conflict of a home that has an access ledger. Never fails, never keeps a text."""
    if not isinstance(error, (Refused, Conflict)) or not Home(root, STAGE).store.exists():
        return
    folder = _folder(root)
    with contextlib.suppress(OSError):
        folder.mkdir(mode=0o700, exist_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        descriptor = os.open(folder / now().strftime(_FORM), flags, 0o600)
        try:
            os.write(descriptor, b"C" if isinstance(error, Conflict) else b"R")
        finally:
            os.close(descriptor)


def roll_up(installation: Installation) -> int:
    """Turn the files of past minutes into entries of the access ledger; returns how many."""
    folder = _folder(installation.home.root)
    if not folder.is_dir() or not Home(installation.home.root, STAGE).store.exists():
        return 0
    current = installation.clock().strftime(_FORM)
    past = sorted(path for path in folder.iterdir() if path.name < current)
    if not past:
        return 0
    access = open_home(installation.home.root, STAGE)
    try:
        for path in past:
            _enter(access, path)
    finally:
        access.ledger.log.close()
    return len(past)


def _enter(access: Installation, path: Path) -> None:
    letters = path.read_bytes()
    minute = datetime.strptime(path.name, _FORM).replace(tzinfo=UTC)
    event = RefusalsCounted(minute=minute, refused=letters.count(b"R"), conflicts=letters.count(b"C"))
    # The minute is the request's id: a crash between the entry and the unlink counts nothing twice.
    access.submit(Record(event=event), SYSTEM, request_id=f"refusals-{path.name}")
    path.unlink()


def _folder(root: Path) -> Path:
    return Home(root).var / "access"
