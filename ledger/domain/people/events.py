"""People, their roles and passwords."""

from __future__ import annotations

from typing import ClassVar

from ledger.domain.event import Event, event


@event
class PersonAdded(Event):
    """A person may act from now on. Names live outside the chain; ids are never reissued."""

    status: ClassVar[str] = "person_added"
    version: ClassVar[int] = 2
    sentence: ClassVar[str] = "added {person} as {roles}"
    person: str
    roles: tuple[str, ...] = ()


@event
class PersonAdded1(PersonAdded):
    """Version 1, of the time before grants marked what is done under them; it marks nothing."""

    version: ClassVar[int] = 1


@event
class RolesGranted(Event):
    """A person holds these roles too."""

    status: ClassVar[str] = "roles_granted"
    version: ClassVar[int] = 2
    sentence: ClassVar[str] = "granted {roles} to {person}"
    person: str
    roles: tuple[str, ...]


@event
class RolesGranted1(RolesGranted):
    """Version 1; it marks nothing."""

    version: ClassVar[int] = 1


@event
class PasswordReset(Event):
    """An admin gave somebody else a new password: for 24 hours whatever that account does is marked."""

    status: ClassVar[str] = "password_reset"
    sentence: ClassVar[str] = "reset the password of {person}"
    person: str


@event
class RolesRevoked(Event):
    """A person no longer holds these roles."""

    status: ClassVar[str] = "roles_revoked"
    sentence: ClassVar[str] = "revoked {roles} from {person}"
    person: str
    roles: tuple[str, ...]


@event
class PersonDeactivated(Event):
    """A person can no longer act, for good; what was done before stays."""

    status: ClassVar[str] = "person_deactivated"
    sentence: ClassVar[str] = "deactivated {person}"
    person: str
