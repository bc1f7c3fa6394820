"""Commands about people and about what is written of them."""

from __future__ import annotations

from dataclasses import dataclass

from ledger.domain.commands.base import Command


@dataclass(frozen=True, slots=True, kw_only=True)
class AddPerson(Command):
    """Let a person act. The first one may be added by nobody in particular (``system``)."""

    person: str
    roles: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeRoles(Command):
    """Grant and revoke roles of a person."""

    person: str
    grant: tuple[str, ...] = ()
    revoke: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ResetPassword(Command):
    """Say that somebody else's password was reset; the hash itself lives outside the ledger."""

    person: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeactivatePerson(Command):
    """A leaver holds no roles any more and cannot get new ones."""

    person: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposeErasure(Command):
    """Say why a free text should be erased; a second person must agree."""

    artefact: str
    ground: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Erase(Command):
    """Agree to an erasure that was proposed."""

    artefact: str
