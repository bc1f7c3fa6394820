"""Events of the access ledger ``stage4-access``: who signed in and out, whose password changed, what was turned away.

``at`` is when it happened; the entry comes within seconds. No login name, no password and nothing typed is in here.
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Literal

from ledger.domain.event import Event, event


@event
class SignedIn(Event):
    """A browser is this person from now on."""

    status: ClassVar[str] = "signed_in"
    sentence: ClassVar[str] = "{person} signed in from {address}"
    person: str
    address: str
    """Network address that the request came from; a proxy's word where there is one."""
    at: datetime


@event
class SignedOut(Event):
    """A person ended a session of their own."""

    status: ClassVar[str] = "signed_out"
    sentence: ClassVar[str] = "{person} signed out"
    person: str
    at: datetime


@event
class PasswordMade(Event):
    """A person has a first password, and so an account: made by themselves or by an admin (``by``).

    Where no observer ran then, the entry comes only when one does: so the sentence says when it happened.
    """

    status: ClassVar[str] = "password_made"
    sentence: ClassVar[str] = "{by} made the first password of {person} at {at}"
    person: str
    by: str
    at: datetime


@event
class PasswordChanged(Event):
    """A person has another password: by themselves, or by an admin (``by``) who reset it.

    Earlier builds wrote it of a first password too.
    """

    status: ClassVar[str] = "password_changed"
    sentence: ClassVar[str] = "{by} changed the password of {person}"
    person: str
    by: str
    at: datetime


@event
class SessionsEnded(Event):
    """Sessions of a person were ended by something else than signing out."""

    status: ClassVar[str] = "sessions_ended"
    sentence: ClassVar[str] = "{by} ended {number} sessions of {person} ({cause})"
    person: str
    number: int
    cause: Literal["password", "asked", "no_role", "deactivated"]
    by: str
    at: datetime


@event
class SignInsFailed(Event):
    """How many sign-ins failed in one minute. Never for which name."""

    status: ClassVar[str] = "sign_ins_failed"
    sentence: ClassVar[str] = "counted {failed} failed sign-ins in the minute from {minute}"
    minute: datetime
    failed: int
