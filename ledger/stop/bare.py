"""The stop without the ledger: look, write the override, spool what happened."""

from __future__ import annotations

import errno
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from ledger import override
from ledger.domain.asked import Asked
from ledger.domain.override_text import format_override
from ledger.domain.runbook import COMPONENTS
from ledger.domain.standing import why_it_does_not_stop
from ledger.domain.text import clean
from ledger.errors import Unreachable
from ledger.said import Said
from ledger.stop.folder import configured
from ledger.stop.spool import FORMAT, give_up_reserve, login_uid, spool

_SIGNS = ("stage4.toml", "var/ledger", "var/keys/hmac.key", "scripts/disable_multi_strategy.py")
"""One of these is in every home, and in the project, which is the scripts' own. A folder ``var`` is in others too."""


class Stopped(NamedTuple):
    """What the stop did: an override that stops the component was seen at ``path``."""

    path: str
    sha384: str
    spool: str
    """Path of the spool file; "" where none could be made."""
    standing: str = ""
    """Whose override was there already, by its own claims; "" where it was written now."""
    moved_to: str = ""
    """Where something is now that stood in the way."""
    notes: tuple[str, ...] = ()
    """What was left out of what was typed."""
    doubt: str = ""
    """Why it is not known whether the scheduler reads that folder; "" where it does by the configuration."""

    def lines(self) -> list[str]:
        """What a person is told, line by line."""
        told = [f"already stopped {self.standing}; seen just now, the scheduler was not asked"] if self.standing else []
        if self.doubt:
            told.append(
                Said("WHETHER THIS STOPS ANYTHING IS NOT KNOWN: {}, and with it which folder is read", self.doubt)
            )
            told.append("next      look whether the scheduler obeys, or stop its service on its machine")
        told += [f"override  {self.path}", f"digest    {self.sha384}"]
        told += [f"moved     what stood there is {self.moved_to} now"] if self.moved_to else []
        told.append(f"spooled   {self.spool or '(nowhere: note down what you did)'}")
        return told + [f"note      {note}" for note in self.notes]


def stop_without_ledger(
    root: Path, asked: Asked, *, why: str, who: str = "", request_id: str = "", directory: str = ""
) -> Stopped:
    """Have an override that stops the component, and spool what happened. ``why`` says why the ledger was passed over.

    A press that found it stopped already is spooled too: what stands may be a drill's, which would end with the drill.
    ``who`` is the person as far as known, ``directory`` counts only where the configuration names none that can be
    read. ``Unreachable`` where nothing was stopped: the sentence says so and what to type.
    """
    _require_home(root, directory)
    at = datetime.now(UTC)
    by = asked.requested_by or who or f"uid {os.getuid()}"
    content = format_override(
        component=asked.component,
        reason=asked.reason,
        requested_by=by,
        ticket=asked.ticket,
        written_at=at,
        expires_at=at + timedelta(seconds=asked.seconds) if asked.seconds else None,
    )
    folder = configured(root, directory)
    path = folder.path / COMPONENTS[asked.component][0]
    placed = _place(root, path, content, asked.component)
    facts = {
        "claimed_at": at.isoformat(timespec="microseconds"),
        "component": asked.component,
        "format": FORMAT,
        "login_uid": login_uid(),
        "moved_to": placed.moved_to,
        "notes": list(asked.notes),
        "override_sha384": placed.file.sha384,
        "path": str(path),
        "reason": asked.reason,
        "request_id": request_id,
        "requested_by": by,
        "standing": not placed.made,
        "ticket": asked.ticket,
        "uid": os.getuid(),
        "whole_reason": asked.whole_reason,
        "who": who,
        "why": clean(why),
    }
    return Stopped(
        str(path),
        placed.file.sha384,
        spool(root, facts),
        "" if placed.made else override.whose(placed.file),
        moved_to=placed.moved_to,
        notes=asked.notes,
        doubt=folder.doubt,
    )


def _require_home(root: Path, directory: str) -> None:
    """A file in a folder that no scheduler reads would stop nothing, and be told as a stop."""
    named = directory or os.environ.get("STAGE4_OVERRIDE_DIRECTORY")
    if not named and not any(os.path.lexists(root / sign) for sign in _SIGNS):
        raise Unreachable(
            Said(
                "NOTHING WAS STOPPED: {} is no home of a ledger. Say where it is, with --home DIR or STAGE4_HOME=DIR",
                root,
            )
        )


def _place(root: Path, path: Path, content: bytes, component: str) -> override.Placed:
    try:
        try:
            placed = override.place(path, content, component, _now)
        except Unreachable as error:
            full = isinstance(error.__cause__, OSError) and error.__cause__.errno in (errno.ENOSPC, errno.EDQUOT)
            if not full or not give_up_reserve(root):
                raise
            placed = override.place(path, content, component, _now)
    except Unreachable as error:
        raise _by_hand(str(error), path, content) from error
    if why := why_it_does_not_stop(placed.file, component, _now()):
        raise _by_hand(Said("{} was written, but {}", path, why), path, content)
    return placed


def _by_hand(why: str, path: Path, content: bytes) -> Unreachable:
    return Unreachable(
        Said(
            "NOTHING WAS STOPPED: {}. Stop the scheduler by hand, on its machine:\n{}\nor stop its service.",
            why,
            override.manual_way(path, content),
        )
    )


def _now() -> datetime:
    return datetime.now(UTC)
