"""What is asked for about people and their roles."""

from __future__ import annotations

from ledger.domain.command import Command, command


@command
class AddPerson(Command):
    """Let a person act. The first one may be added by nobody in particular (``system``)."""

    person: str
    roles: tuple[str, ...]


@command
class ChangeRoles(Command):
    """Grant and revoke roles of a person."""

    person: str
    grant: tuple[str, ...] = ()
    revoke: tuple[str, ...] = ()


@command
class ResetPassword(Command):
    """Say that somebody else's password was reset; the hash itself lives outside the ledger."""

    person: str


@command
class DeactivatePerson(Command):
    """A leaver holds no roles any more and cannot get new ones."""

    person: str
