"""What somebody asks for, imperative. Facts that a decision needs travel inside the command.

Free text is bounded when it is decided on; digests name artefacts that were stored before the command was submitted.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar, cast, dataclass_transform


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who asks. ``auth`` says how that is known: ``session``, ``os``, ``token``, ``lab`` or ``none``."""

    person: str
    auth: str
    os: dict[str, Any] | None = None
    """For ``os``: ``uid``, ``login_uid``, ``sudo_user``, ``host``."""


FACTS = frozenset(
    ("firing", "members", "muting", "picture_source", "stay_muted", "ticket_state", "will_fire", "will_mute")
)
"""Fields of commands that adapters fill: a second press of the same may find others."""


SYSTEM = Actor(person="system", auth="none")
"""The ledger itself: it records what its own effects came to and what the observer saw."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """Base of all commands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A command with its circumstances. The same ``id`` with the same command is answered with the first receipt."""

    command: Command
    actor: Actor
    at: datetime
    """Wall clock, read once at the edge."""
    id: str
    rollback: str = ""
    decided_on: int | None = None
    """The rollback's last ``rollback_entry`` that the person saw; None where it does not matter."""


_C = TypeVar("_C", bound=type[Command])


@dataclass_transform(frozen_default=True, kw_only_default=True)
def command(kind: _C) -> _C:
    """Make a class a command: frozen, its fields given by name."""
    return cast("_C", dataclass(frozen=True, slots=True, kw_only=True)(kind))
