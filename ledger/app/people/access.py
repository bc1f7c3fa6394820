"""The access ledger ``stage4-access``: who signed in and out, and how often a rule said no; never what was typed.

Nobody waits for it. A refusal or a failed sign-in adds one letter to a file named after its minute
(``var/access/20261123T1026``), anything else is a small file of its own (``var/access/event-…``); the observer turns
them into entries. So a ledger that is missing, locked or full never stands in a sign-in's way.
"""

from __future__ import annotations

import json
import logging
import os
import re
import secrets
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from ledger.app.home import config as settings
from ledger.app.home import keys
from ledger.app.home.folders import Home
from ledger.app.installation import Installation, now, open_home
from ledger.app.press import Press
from ledger.domain.access import events as access
from ledger.domain.access.events import SignInsFailed
from ledger.domain.command import SYSTEM
from ledger.domain.event import Event, events_of
from ledger.domain.events import format_event, parse_event
from ledger.domain.keeping.events import RefusalsCounted
from ledger.domain.observing.commands import Record
from ledger.errors import Conflict, Corrupt, LedgerError, Refused, Unreachable
from ledger.said import Said

STAGE = "stage4-access"
_FORM = "%Y%m%dT%H%M"
_MINUTE = re.compile(r"\d{8}T\d{4}")
_PATIENCE = 0.3
"""Seconds that the observer waits for this ledger: effects wait for the observer."""
_logger = logging.getLogger(__name__)
_lost: dict[Path, str] = {}
"""Homes whose last event could not be kept by this process, and why."""
_KINDS = {(kind.status, kind.version): kind for kind in events_of(access)}


def count_refusal(root: Path, error: LedgerError) -> None:
    """Count one refusal or conflict of a home that has an access ledger. Never fails, never keeps a text."""
    if isinstance(error, (Refused, Conflict)):
        _count(root, b"C" if isinstance(error, Conflict) else b"R")


def count_failed_sign_in(root: Path) -> None:
    """Count one sign-in that failed. Never fails, never keeps a name."""
    _count(root, b"F")


def note(root: Path, event: Event) -> None:
    """Keep an event of the access ledger until the observer enters it. Never fails and waits for nothing."""
    if not wanted(root):
        return
    artefacts, metadata = format_event(event)
    page = json.dumps({"status": event.status, "version": event.version, "fields": artefacts | metadata})
    name = f"event-{time.time_ns():020}-{secrets.token_hex(8)}"

    def keep(folder: Path) -> None:
        _add(folder / f".{name}", page.encode())
        (folder / f".{name}").rename(folder / name)

    _keep(root, keep)


def has_ledger(root: Path) -> bool:
    """Whether this home has an access ledger."""
    return Home(root, STAGE).store.exists()


def had_ledger(root: Path) -> bool:
    """Whether this home has an access ledger, or had one: its published lines are there."""
    return has_ledger(root) or Home(root, STAGE).published.exists()


def wanted(root: Path) -> bool:
    """Whether this home has an access ledger, had one, or is to have one by its configuration. What is noted waits."""
    try:
        if had_ledger(root):
            return True
        config = settings.load(Home(root).config)
        return STAGE in settings.other_stages(config) and Home(root, config.stage).store.exists()
    except (LedgerError, OSError):  # another user's home is no place to note anything
        return False


def trouble(root: Path) -> str:
    """Why sign-ins and refusals do not get into the access ledger; "" where they do, or where none is wanted."""
    if (why := _lost.get(Home(root).root)) is not None:
        return Said("a sign-in or a refusal is lost, it could not be kept: {}", why)
    if has_ledger(root) or not wanted(root):
        return ""
    if had_ledger(root):
        return f"the ledger {STAGE} is missing; put a copy back: what happened since then waits for it"
    if keys.exist(Home(root, STAGE).var / "keys" / STAGE):
        return Said(
            "the ledger stage4-access is not there, and keys of it are: it was removed, or its init "
            "was interrupted. Put a copy back; where there never was one: stage4 init --home {}",
            root,
        )
    return Said(
        "the ledger stage4-access is not there; sign-ins and refusals wait for it. Make it: stage4 init --home {}", root
    )


def roll_up(installation: Installation) -> int:
    """Turn what was kept, and the counts of past minutes, into entries of the access ledger; returns how many files."""
    root = installation.home.root
    folder = _folder(root)
    if not folder.is_dir() or not has_ledger(root):
        return 0
    current = installation.clock().strftime(_FORM)
    names = sorted(path.name for path in folder.iterdir())
    kept = [name for name in names if name.startswith("event-")]
    past = [name for name in names if _MINUTE.fullmatch(name) and name < current]
    if not kept and not past:
        return 0
    ledger = open_home(root, STAGE)
    ledger.ledger.held = installation.ledger.others_held.get(STAGE, "")
    try:
        for name in kept:
            _enter(ledger, folder / name)
        for name in past:
            _enter_counts(ledger, folder / name)
        if ledger.publication.why:  # the entries stand; that they are not published is said by whoever observes
            raise Unreachable(ledger.publication.why)
    finally:
        ledger.ledger.log.close()
    return len(kept) + len(past)


def _enter(ledger: Installation, path: Path) -> None:
    """The file's name is the request's id: a crash between the entry and the unlink enters nothing twice."""
    try:
        page = json.loads(path.read_bytes())
        kind = _KINDS[page["status"], page["version"]]
        event = parse_event(kind, page["fields"])
    except FileNotFoundError:
        return
    except (Corrupt, ValueError, KeyError, TypeError, AttributeError):
        path.rename(path.with_name(f"unreadable-{path.name}"))
        return
    ledger.submit(Record(event=event), Press(SYSTEM, path.name), timeout=_PATIENCE)
    path.unlink(missing_ok=True)


def _enter_counts(ledger: Installation, path: Path) -> None:
    letters = path.read_bytes()
    minute = datetime.strptime(path.name, _FORM).replace(tzinfo=UTC)
    refused, conflicts, failed = (letters.count(letter) for letter in (b"R", b"C", b"F"))
    if refused or conflicts:
        counted = RefusalsCounted(minute=minute, refused=refused, conflicts=conflicts)
        # The minute is the request's id, for the same reason.
        ledger.submit(Record(event=counted), Press(SYSTEM, f"refusals-{path.name}"), timeout=_PATIENCE)
    if failed:
        event = SignInsFailed(minute=minute, failed=failed)
        ledger.submit(Record(event=event), Press(SYSTEM, f"failed-{path.name}"), timeout=_PATIENCE)
    path.unlink(missing_ok=True)


def _count(root: Path, letter: bytes) -> None:
    if not wanted(root):
        return
    _keep(root, lambda folder: _add(folder / now().strftime(_FORM), letter))


def _keep(root: Path, write: Callable[[Path], None]) -> None:
    """Write into the folder of what waits. What cannot be kept is lost and stops nobody; that it is lost is said."""
    root = Home(root).root
    try:
        folder = _folder(root)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write(folder)
    except OSError as error:
        if root not in _lost:  # once, until something can be kept again
            _logger.warning("a sign-in or a refusal is lost, it could not be kept: %s", error)
        _lost[root] = f"{_folder(root)}: {error.strerror}"
    else:
        _lost.pop(root, None)


def _add(path: Path, data: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        os.write(descriptor, data)
    finally:
        os.close(descriptor)


def _folder(root: Path) -> Path:
    return Home(root).var / "access"
